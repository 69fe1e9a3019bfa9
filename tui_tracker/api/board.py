"""The newest snapshot, and what was computed from it: once for all who ask."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Final, TypeVar

from fastapi import Request, Response
from starlette.types import Scope as ASGIScope

from tui_tracker.api.reply import Reply
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import ServiceError
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceState
from tui_tracker.core.symbols import Names
from tui_tracker.core.text import clean
from tui_tracker.feed.base import DeepFeed, Feed
from tui_tracker.stats.ranking import Ranking, Scope, rank

LONGEST_MINUTES: Final = 43_200
"""The longest window that may be asked for: 30 days."""
SHORTEST_MINUTES: Final = 10
READS: Final = 2
"""Readings of the history at a time; what is to be written waits for each."""
MAX_KEPT: Final = 256
"""Rankings, and replies, that are kept of one version; those unused for longest go first."""
T = TypeVar("T")


class Board:
    """What a feed last said. One task follows the feed; whoever reads gets frozen values.

    Args:
        feed: Where snapshots come from.
        clock: The market's clock.
        min_coverage: Observed share of a window from which on a pair is ranked.
        interval_s: Seconds between polls, of the market's clock.
        clock_rate: Seconds of the market's clock in one of real time; other than 1 only in a simulation.
        deep: The same feed, where it tells more than the published window.
    """

    def __init__(
        self,
        feed: Feed,
        clock: Clock,
        *,
        min_coverage: float,
        interval_s: int,
        clock_rate: float = 1.0,
        deep: DeepFeed | None = None,
    ) -> None:
        self.feed: Final = feed
        self.deep: Final = deep
        self.reading: Final = asyncio.Semaphore(READS)
        """Held while the history is read."""
        self.interval_s: Final = interval_s
        self.clock_rate: Final = clock_rate
        self._clock: Final = clock
        self.epoch: Final = secrets.token_hex(8)
        """Another one after each start."""
        self._min_coverage: Final = min_coverage
        self._snapshot: Snapshot | None = None
        self._rows: dict[str, Row] = {}
        self._names = Names((), "")
        self._named_of: Snapshot | None = None
        self._rankings: OrderedDict[Hashable, Ranking] = OrderedDict()
        self._replies: OrderedDict[Hashable, Reply] = OrderedDict()
        self._again: OrderedDict[Hashable, Reply] = OrderedDict()
        self._changed = asyncio.Event()

    async def follow(self) -> None:
        """Take every newer snapshot until the feed ends."""
        async for snapshot in self.feed.updates():
            self.take(snapshot)

    def take(self, snapshot: Snapshot) -> None:
        """Make a snapshot the newest, and wake whoever waits for it."""
        if self._snapshot is None or snapshot.version != self._snapshot.version:
            self._rows = {row.id: row for row in snapshot.rows}
            self._rankings.clear()
            self._replies.clear()
            self._again.clear()
        self._snapshot = snapshot
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    @property
    def latest(self) -> Snapshot | None:
        """The newest snapshot, whatever is in it; ``None`` before the first."""
        return self._snapshot

    async def newer_than(self, snapshot: Snapshot | None) -> Snapshot:
        """Wait for another snapshot than this one, and return it."""
        while self._snapshot is None or self._snapshot is snapshot:
            await self._changed.wait()
        return self._snapshot

    @property
    def has_quotes(self) -> bool:
        """Whether a poll has filled a snapshot."""
        return self._snapshot is not None and self._snapshot.at_ms is not None

    def snapshot(self) -> Snapshot:
        """The newest snapshot.

        Raises:
            ServiceError: If no poll has filled one yet.
        """
        if self._snapshot is None or self._snapshot.at_ms is None:
            error = self.feed.status().error
            if error:
                raise ServiceError(f"no quotes yet: {clean(error)}", "it is tried on; /app/v1/status tells how it goes")
            raise ServiceError("no quotes yet", "the first poll is on its way; try again in a few seconds")
        return self._snapshot

    def row(self, instrument_id: str) -> Row | None:
        """The row of an instrument, by its exact id."""
        return self._rows.get(instrument_id)

    def named(self, name: str, *, has_near: bool = True) -> Row:
        """The row of the pair that a name means, in any usual spelling.

        Args:
            name: What somebody wrote.
            has_near: Whether near names are looked for where it is none: milliseconds.

        Raises:
            ServiceError: If no poll has come yet.
            UnknownPairError: If it is none; with near names.
            AmbiguousPairError: If it may be several.
        """
        snapshot = self.snapshot()
        known = self._rows.get(name)
        return self._rows[self._spellings(snapshot).find(name, has_near=has_near).id] if known is None else known

    def _spellings(self, snapshot: Snapshot) -> Names:
        """Made anew only where other instruments are listed."""
        if self._named_of is not snapshot:
            self._named_of = snapshot
            instruments, source = tuple(row.instrument for row in snapshot.rows), snapshot.status.source
            if instruments != self._names.instruments or source != self._names.default_source:
                self._names = Names(instruments, source)
        return self._names

    @property
    def longest_minutes(self) -> int:
        """The longest window that may be asked for; 0 where there is the published one alone."""
        return 0 if self.deep is None else LONGEST_MINUTES

    async def over(self, minutes: int, metric: Metric) -> Snapshot:
        """The newest snapshot over a window; see ``DeepFeed.over``.

        Raises:
            ServiceError: If no poll has come yet, or this window is not to be had.
        """
        snapshot = self.snapshot()
        if minutes == snapshot.window_minutes:
            return snapshot
        if self.deep is None:
            raise ServiceError("this server has one window alone", f"ask for {snapshot.window_minutes}m")
        return await self.deep.over(minutes, metric)

    def ranking(self, metric: Metric, measure: Measure, scope: Scope, snapshot: Snapshot | None = None) -> Ranking:
        """A ranking of a snapshot, the newest if none is given; computed once for each version and window.

        Raises:
            ServiceError: If no poll has come yet.
        """
        snapshot = self.snapshot() if snapshot is None else snapshot
        key = (metric, measure, scope, snapshot.version, snapshot.window_minutes)
        return _kept(self._rankings, key, lambda: rank(snapshot, metric, measure, scope, self._min_coverage))

    def reply(self, request: Request, key: Hashable, make: Callable[[], Reply]) -> Response:
        """The response with a reply that depends on the rows alone; made once for each version."""
        reply = _kept(self._replies, key, make)
        _kept(self._again, _address(request.scope), lambda: reply)
        return self.told(reply, request.headers)

    def told(self, reply: Reply, asked: Mapping[str, str]) -> Response:
        """The response with a reply made of the newest snapshot: it says of when that is, and for how long it holds."""
        return reply.to(asked, self.fresh_s(), None if self._snapshot is None else self._snapshot.at_ms)

    def again(self, scope: ASGIScope) -> Reply | None:
        """The reply to the same call, if there was one since the last version."""
        return self._again.get(_address(scope))

    def fresh_s(self) -> int:
        """Whole seconds, of real time, until the next poll is due: nothing polled changes before.

        0 while polls fail: better ones may come at any time, and nobody is to take what is old for fresh.
        """
        status = None if self._snapshot is None else self._snapshot.status
        if status is None or status.next_poll_ms is None or status.error or status.state is not SourceState.LIVE:
            return 0
        return max(0, min(3_600, int((status.next_poll_ms - self.now_ms()) / self.clock_rate / 1000)))

    def now_ms(self) -> int:
        """The market's clock, corrected as the instants of snapshots are."""
        skew_ms = None if self._snapshot is None else self._snapshot.status.skew_ms
        return self._clock.now_ms() + (skew_ms or 0)


def _address(scope: ASGIScope) -> Hashable:
    return scope["path"], scope["query_string"]


def _kept(kept: OrderedDict[Hashable, T], key: Hashable, make: Callable[[], T]) -> T:
    made = kept.get(key)
    if made is None:
        made = kept[key] = make()
        if len(kept) > MAX_KEPT:
            kept.popitem(last=False)
    else:
        kept.move_to_end(key)
    return made
