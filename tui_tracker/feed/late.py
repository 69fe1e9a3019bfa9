"""A feed that is opened only once somebody follows it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from tui_tracker.core.hours import Hours
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import Series
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import SourceReport, SourceState, SourceStatus
from tui_tracker.feed.base import Feed


class LateFeed:
    """Stands in for a feed until that is there, so that the app can paint before an engine is even loaded.

    Whoever owns the real feed waits for ``wanted``, opens it, and calls ``connect``.

    Args:
        source: Name of the source.
        is_simulated: Whether its market is made up.
        now_ms: Wall clock, ms since the epoch.
    """

    def __init__(self, source: str, is_simulated: bool, now_ms: Callable[[], int]) -> None:
        self.wanted = asyncio.Event()
        """Set once somebody follows the updates."""
        self._connected = asyncio.Event()
        self._feed: Feed | None = None
        self._now_ms = now_ms
        self._status = SourceStatus(source, SourceState.OFFLINE, is_simulated)
        self._asked: Sequence[str] = ()

    def connect(self, feed: Feed) -> None:
        """Stand in no longer."""
        self._feed = feed
        feed.prioritise(self._asked)
        self._connected.set()

    async def updates(self) -> AsyncIterator[Snapshot]:
        """See ``Feed.updates``."""
        self.wanted.set()
        async for snapshot in (await self._opened()).updates():
            yield snapshot

    async def series(self, instrument_id: str, metric: Metric) -> Series:
        """See ``Feed.series``."""
        return await (await self._opened()).series(instrument_id, metric)

    async def hours(self, instrument_id: str, metric: Metric, count: int) -> Hours:
        """See ``Feed.hours``."""
        return await (await self._opened()).hours(instrument_id, metric, count)

    async def set_window(self, minutes: int, metric: Metric) -> None:
        """See ``Feed.set_window``."""
        await (await self._opened()).set_window(minutes, metric)

    def status(self) -> SourceStatus:
        """See ``Feed.status``; before the feed is there: offline, not polled yet."""
        return self._status if self._feed is None else self._feed.status()

    def health(self) -> SourceReport:
        """See ``Feed.health``; before the feed is there: nothing but the status."""
        return SourceReport(self._status) if self._feed is None else self._feed.health()

    def request_poll(self) -> int:
        """See ``Feed.request_poll``; the first poll comes by itself."""
        return self._now_ms() if self._feed is None else self._feed.request_poll()

    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """See ``Feed.prioritise``."""
        self._asked = instrument_ids
        if self._feed is not None:
            self._feed.prioritise(instrument_ids)

    async def _opened(self) -> Feed:
        await self._connected.wait()
        assert self._feed is not None
        return self._feed
