"""Several feeds as one: each source collects by itself, and whoever watches sees all of their rows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar, Final

from tui_tracker.core.errors import NoDataError, SourceError, SourcesError, TrackerError, UnknownPairError
from tui_tracker.core.hours import Hours
from tui_tracker.core.instrument import CONSOLIDATED
from tui_tracker.core.kept import Kept, Loaded, Rollup
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import Series
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import SourceReport, SourceState, SourceStatus
from tui_tracker.engine.hub import Hub
from tui_tracker.feed.base import DeepFeed
from tui_tracker.feed.merging import merged_kept, merged_report, merged_snapshot, merged_status

FEW_SOURCES: Final = 4


def usual_pause_s(sources: int) -> float:
    """Least time between two snapshots of so many sources: those that poll in the same second are told of together.

    More of them have more pairs, all of which are ranked each time.
    """
    return 1.0 if sources <= FEW_SOURCES else 2.0


class MergedFeed:
    """``DeepFeed`` over the feeds of several sources. A source that is slow, broken or ended delays no other.

    Args:
        source: What they are called together.
        parts: The feeds by the name of their source.
        sleep: Passes time between two snapshots.
        is_once: Whether each polls a single time: then the first snapshot comes once all of them have, or failed.
        pause_s: Least time between two snapshots.
        is_reading: Whether a source is still reading its history; no patience is lost with one that is.
    """

    patience_s: ClassVar[float] = 5.0
    """Where each polls once, those that say nothing are left out so long after the last one that did."""

    def __init__(
        self,
        source: str,
        parts: Mapping[str, DeepFeed],
        sleep: Callable[[float], Awaitable[None]],
        *,
        is_once: bool = False,
        pause_s: float = 1.0,
        is_reading: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._source: Final = source
        self._parts: Final = dict(sorted(parts.items(), key=lambda part: f"{part[0]}:"))
        self._named: Final = tuple(parts)
        self._sleep: Final = sleep
        self._pause_s: Final = pause_s
        self._is_once: Final = is_once
        self._is_reading: Final = is_reading
        self._hub: Final = Hub[Snapshot]()
        self._latest: dict[str, Snapshot] = {}
        self._failed: dict[str, TrackerError] = {}
        self._ended: set[str] = set()
        self._left_out: frozenset[str] = frozenset()
        """Sources that are waited for no more."""
        self._changed = asyncio.Event()
        self._version = 0
        self._versions: dict[str, int] = {}
        self._asked: frozenset[str] = frozenset()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["MergedFeed"]:
        """Put together what the parts give while inside."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._follow(name, feed)) for name, feed in self._parts.items()]
                tasks.append(group.create_task(self._publish()))
                if self._is_once:
                    tasks.append(group.create_task(self._lose_patience()))
                try:
                    yield self
                finally:
                    for task in tasks:
                        task.cancel()
        finally:
            self._hub.close()

    async def _follow(self, name: str, feed: DeepFeed) -> None:
        try:
            async for snapshot in feed.updates():
                self._latest[name] = snapshot
                self._changed.set()
        except TrackerError as error:
            self._failed[name] = error
        self._ended.add(name)
        self._changed.set()

    async def _publish(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._is_whole() and self._latest:
                self._hub.publish(self._merge())
            if self._ended == self._parts.keys():
                self._hub.close(self._failure())
                return
            if not self._is_once:
                await self._sleep(self._pause_s)

    def _failure(self) -> TrackerError | None:
        """Why there is nothing, if every source failed: the reason of each."""
        if self._failed.keys() != self._parts.keys():
            return None
        failures = {name: self._failed[name] for name in self._named}
        refusals = {name: error for name, error in failures.items() if isinstance(error, SourceError)}
        if len(refusals) == len(failures) > 1:
            return SourcesError(refusals)
        return next(iter(failures.values()))

    def _is_whole(self) -> bool:
        """Whether there is something to show: at once, or where each polls once when none is waited for any more."""
        return not self._is_once or not self._silent() - self._left_out

    def _silent(self) -> frozenset[str]:
        """The sources that gave no quotes so far, and did not end either."""
        return frozenset(
            name
            for name in self._parts.keys() - self._ended
            if (snapshot := self._latest.get(name)) is None or snapshot.at_ms is None
        )

    async def _lose_patience(self) -> None:
        """Leave out sources that keep all others waiting."""
        silent, waited_s = self._silent(), 0.0
        while silent and waited_s < self.patience_s:
            before = silent
            await self._sleep(self._pause_s)
            silent = self._silent()
            is_stuck = silent == before != self._parts.keys() and not any(map(self._is_reading, silent))
            waited_s = waited_s + self._pause_s if is_stuck else 0.0
        self._left_out = silent
        self._changed.set()

    def _merge(self) -> Snapshot:
        versions = {name: snapshot.version for name, snapshot in self._latest.items()}
        if versions != self._versions:
            self._versions = versions
            self._version += 1
        statuses = [self._status_of(name, snapshot.status) for name, snapshot in self._in_order()]
        return merged_snapshot(self._version, self._told(statuses), self._shown())

    def _in_order(self) -> Iterable[tuple[str, Snapshot]]:
        return ((name, self._latest[name]) for name in self._parts if name in self._latest)

    def _shown(self) -> list[Snapshot]:
        """What is put together."""
        return [snapshot for _, snapshot in self._in_order()]

    def _told(self, parts: Sequence[SourceStatus]) -> SourceStatus:
        """What several statuses say together."""
        return merged_status(self._source, parts)

    def _status_of(self, name: str, status: SourceStatus) -> SourceStatus:
        """What is known of a source; one that gave up says why."""
        error = self._failed.get(name)
        if error is not None:
            return replace(status, state=SourceState.OFFLINE, error=error.message)
        is_left_out = name in self._left_out and not status.last_good_ms
        return replace(status, error=status.error or "no answer so far, left out") if is_left_out else status

    def updates(self) -> AsyncIterator[Snapshot]:
        """See ``Feed.updates``; ends with an error only if every source failed."""
        return self._hub.subscribe()

    def _part(self, instrument_id: str) -> DeepFeed:
        feed = self._parts.get(instrument_id.partition(":")[0])
        if feed is None:
            raise UnknownPairError(instrument_id)
        return feed

    async def series(self, instrument_id: str, metric: Metric) -> Series:
        """See ``Feed.series``."""
        version = self._version
        return replace(await self._part(instrument_id).series(instrument_id, metric), version=version)

    async def hours(self, instrument_id: str, metric: Metric, count: int) -> Hours:
        """See ``Feed.hours``."""
        return await self._part(instrument_id).hours(instrument_id, metric, count)

    async def set_window(self, minutes: int, metric: Metric) -> None:
        """See ``Feed.set_window``; where one source can't, all go back to what they showed."""
        before = next((snapshot.window_minutes for snapshot in self._latest.values()), minutes)
        found = await asyncio.gather(
            *(feed.set_window(minutes, metric) for feed in self._parts.values()), return_exceptions=True
        )
        errors = [one for one in found if isinstance(one, BaseException)]
        if not errors:
            return
        if before != minutes:
            await asyncio.gather(*(feed.set_window(before, metric) for feed in self._parts.values()))
        raise errors[0]

    def status(self) -> SourceStatus:
        """See ``Feed.status``: the worst of all, with each of them."""
        statuses = [self._status_of(name, feed.status()) for name, feed in self._parts.items()]
        return self._told(statuses)

    def health(self) -> SourceReport:
        """See ``Feed.health``: with the report of each source."""
        reports = [feed.health() for feed in self._parts.values()]
        return merged_report(self._source, reports)

    def request_poll(self) -> int:
        """See ``Feed.request_poll``; the instant of the first source that polls."""
        return min(feed.request_poll() for name, feed in self._parts.items() if name != CONSOLIDATED)

    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """See ``Feed.prioritise``; each source is told of its own, and of what a consolidated pair is made of."""
        wanted: dict[str, list[str]] = {name: [] for name in self._parts}
        for instrument_id in instrument_ids:
            source, _, pair = instrument_id.partition(":")
            for name in self._parts if source == CONSOLIDATED else (source,):
                if name in wanted:
                    wanted[name].append(f"{name}:{pair}")
        asked = frozenset(name for name, ids in wanted.items() if ids)
        for name in asked | self._asked:
            self._parts[name].prioritise(wanted[name])
        self._asked = asked

    async def kept(self) -> Kept:
        """See ``History.kept``; what is put together of several exchanges is not kept."""
        exchanges = [feed for name, feed in self._parts.items() if name != CONSOLIDATED]
        return merged_kept(self._source, await asyncio.gather(*(feed.kept() for feed in exchanges)))

    async def minutes(
        self, ids: Collection[str] | None, metrics: Sequence[Metric], start_ms: int, count: int
    ) -> Loaded:
        """See ``History.minutes``."""
        loaded: Loaded = {}
        for feed, some in self._by_part(ids):
            loaded |= await feed.minutes(some, metrics, start_ms, count)
        return loaded

    async def rollups(
        self, ids: Collection[str] | None, start_ms: int, end_ms: int
    ) -> Mapping[str, tuple[Rollup, ...]]:
        """See ``History.rollups``."""
        found: dict[str, tuple[Rollup, ...]] = {}
        for feed, some in self._by_part(ids):
            found |= await feed.rollups(some, start_ms, end_ms)
        return found

    def _by_part(self, ids: Collection[str] | None) -> list[tuple[DeepFeed, Collection[str] | None]]:
        """Which instruments to ask whom for."""
        if ids is None:
            return [(feed, None) for name, feed in self._parts.items() if name != CONSOLIDATED]
        wanted: dict[str, list[str]] = {}
        for instrument_id in ids:
            wanted.setdefault(instrument_id.partition(":")[0], []).append(instrument_id)
        return [(feed, wanted[name]) for name, feed in self._parts.items() if name in wanted]

    async def over(self, minutes: int, metric: Metric) -> Snapshot:
        """See ``DeepFeed.over``; a source that has said nothing yet has no rows in it."""
        version, asked = self._version, [self._parts[name] for name, _ in self._in_order()]
        snapshots = await asyncio.gather(*(feed.over(minutes, metric) for feed in asked))
        if not snapshots:
            raise NoDataError("no exchange has answered yet", "try again")
        return merged_snapshot(version, self.status(), snapshots)
