"""The past, minute by minute, from the history on disk: the same windows, rows and snapshots as live ones."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, TypeVar

from typing_extensions import override

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import NoDataError, StorageError
from tui_tracker.core.format import rfc3339
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.kept import Loaded, Stretch
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import Moment, SourceReport, SourceState, SourceStatus
from tui_tracker.engine.archive import LATER, Archive
from tui_tracker.engine.board import Board
from tui_tracker.engine.market import Holding
from tui_tracker.engine.past_market import PastMarket
from tui_tracker.engine.rows import make_row, market_rates
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.store import Store

STEP_S: Final = 1.0
"""Seconds that a minute takes when time goes on: sixty times as fast as it was."""
MOST_STEPS: Final = 120
"""Minutes that windows are moved by; further away all are read anew."""
BLOCK_MS: Final = 60 * MINUTE_MS
MOST_BLOCKS: Final = 6
"""Hours that are kept decoded."""
_Read = TypeVar("_Read")
_log = logging.getLogger(__name__)


class Replay(Board):
    """A market that stands where it is put, or goes on by a minute a second.

    Args:
        store: The history; only read.
        source: Whose.
        clock: What a second is measured by.
        last_ms: The last minute to be shown; ``None`` for the end of the history.
        window_minutes: Length of the windows.
    """

    def __init__(
        self, store: Store, source: str, clock: Clock, last_ms: int | None = None, window_minutes: int = 1_440
    ) -> None:
        super().__init__(PastMarket(window_minutes), clock.monotonic_s)
        self._store: Final = store
        self._source: Final = source
        self._clock: Final = clock
        self._until_ms: Final = last_ms
        self._archive = Archive(store, source, self.market, lambda: None)
        self._moment = Moment(0)
        self._moving: Final = asyncio.Lock()
        self._wanted: Final = asyncio.Event()
        self._thin: Final = asyncio.Event()
        self.whole: Final = asyncio.Event()
        """Set while the figures of all metrics are there."""
        self._full: set[Metric] = set()
        self._metric = Metric.PRICE
        self._instruments: tuple[Instrument, ...] = ()
        self._blocks: dict[int, Loaded] = {}

    @property
    def past(self) -> PastMarket:
        """The market."""
        assert isinstance(self.market, PastMarket)
        return self.market

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Replay"]:
        """Play, where that is wanted, while inside."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._play()), group.create_task(self._complete())]
                try:
                    yield self
                finally:
                    for task in tasks:
                        task.cancel()
        finally:
            self.hub.close()

    @override
    def status(self) -> SourceStatus:
        moment = self._moment
        return SourceStatus(
            self._source, SourceState.LIVE, last_good_ms=moment.minute_ms, instruments=len(self.market), moment=moment
        )

    def request_poll(self) -> int:
        """See ``Engine.request_poll``: the past has been polled."""
        return self._moment.minute_ms

    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """See ``Engine.prioritise``: everything is there."""

    def report(self) -> SourceReport:
        """See ``Engine.report``; nothing is asked of an exchange."""
        return SourceReport(self.status())

    async def go(self, minute_ms: int, metric: Metric = Metric.PRICE) -> None:
        """Show a minute; one outside of the history is the nearest inside.

        Price and ``metric`` are there at once, the other metrics some seconds later (``whole``).

        Raises:
            NoDataError: If there is no history of this source.
            StorageError: If it can't be read.
        """
        async with self._moving:
            first_ms, last_ms = await self._bounds()
            at_ms = max(first_ms, min(minute_ms - minute_ms % MINUTE_MS, last_ms))
            self._moment = replace(self._moment, is_moving=True, first_ms=first_ms, last_ms=last_ms)
            self._publish_status()
            try:
                await self._move(at_ms, metric)
                self._moment = replace(self._moment, minute_ms=at_ms)
            finally:
                self._moment = replace(self._moment, is_moving=False)
            self._at_ms = at_ms
            self._rates = market_rates(self.market)
            await self._show_anew()

    async def earlier(self, first_ms: int, minutes: int, metric: Metric) -> AsyncIterator[Snapshot]:
        """Yield the market minute by minute, to rank it: with the figures of price and metric alone.

        Raises:
            StorageError: If it can't be read.
        """
        full = tuple(dict.fromkeys((Metric.PRICE, metric)))
        market = PastMarket(self.market.window_minutes, full)
        await self._begin(market, first_ms, full, tuple(each for each in METRICS if each not in full))
        for at_ms in range(first_ms, first_ms + minutes * MINUTE_MS, MINUTE_MS):
            if at_ms > first_ms:
                loaded = _part(await self._block(at_ms - at_ms % BLOCK_MS), at_ms, at_ms + MINUTE_MS)
                await asyncio.to_thread(market.move, at_ms, at_ms, loaded)
                await asyncio.to_thread(market.settle)
            rates = market_rates(market)
            rows = await asyncio.to_thread(_rows_of, market, rates)
            yield Snapshot(0, at_ms, at_ms, market.window_minutes, rows, self.status())

    async def step(self, minutes: int) -> None:
        """Show a minute so much later, or earlier."""
        await self.go(self._moment.minute_ms + minutes * MINUTE_MS, self._metric)

    def play(self, is_playing: bool) -> None:
        """Let time go on, or stand."""
        self._moment = replace(self._moment, is_playing=is_playing)
        if is_playing:
            self._wanted.set()
        else:
            self._wanted.clear()
        self._publish_status()

    async def _play(self) -> None:
        now_s, due_s = self._clock.monotonic_s, 0.0
        while True:
            if not self._wanted.is_set():
                await self._wanted.wait()
                due_s = now_s()
            due_s = max(due_s + STEP_S, now_s())
            await self._clock.sleep(due_s - now_s())
            if not self._wanted.is_set():
                continue
            before_ms = self._moment.minute_ms
            try:
                await self.step(1)
            except StorageError as error:
                _log.warning("not played on: %s", error)
                self.play(False)
            if self._moment.minute_ms == before_ms:
                self.play(False)

    async def _bounds(self) -> tuple[int, int]:
        """First and last minute that can be shown."""
        source = self._source
        span = await self._read(lambda reader: reader.span(source))
        if span is None:
            raise NoDataError(f"there is no history of {source}", "it begins with the app, or with crypto-tui import")
        last_ms = span.last_ms if self._until_ms is None else min(span.last_ms, self._until_ms)
        if last_ms < span.first_ms:
            raise NoDataError(f"the history begins at {rfc3339(span.first_ms)}, which is later")
        return span.first_ms, last_ms

    async def _complete(self) -> None:
        """After each jump, read the metrics that aren't looked at, and make their figures, a little at a time."""
        while True:
            await self._thin.wait()
            self._thin.clear()
            try:
                await self._read_rest()
            except StorageError as error:
                _log.warning("the other metrics not read: %s", error)

    async def _read_rest(self) -> None:
        for group in ((Metric.PRICE,), *LATER):
            async with self._moving:
                if self._thin.is_set():
                    return
                missing = [metric for metric in group if metric not in self._full]
                if missing and self.market.end_ms is not None:
                    await self._take_whole(self.past, missing, self.market.end_ms)
                    self._full |= set(missing)
        for holding in tuple(self.past):
            async with self._moving:
                if self._thin.is_set():
                    return
                await asyncio.to_thread(_warm, holding)
        async with self._moving:
            if not self._thin.is_set():
                self.past.figured = frozenset(METRICS)
                await self._show_anew()
                self.whole.set()

    def _look_at(self, metric: Metric) -> None:
        """Make the figures of price and a metric alone, until those of the others are there too."""
        self._metric = metric
        self.past.figured = frozenset((Metric.PRICE, metric))
        self.whole.clear()
        self._thin.set()

    async def _move(self, at_ms: int, metric: Metric) -> None:
        before_ms = self.market.end_ms
        if before_ms is None or abs(at_ms - before_ms) > MOST_STEPS * MINUTE_MS:
            full = tuple(dict.fromkeys((Metric.PRICE, metric)))
            self._full = set(full)
            await self._begin(self.past, at_ms, full, tuple(each for each in METRICS if each not in full))
            self._look_at(metric)
            return
        if metric not in self._full:
            await self._take_whole(self.past, (metric,), before_ms)
            self._full.add(metric)
        if at_ms < before_ms or metric not in self.past.figured:
            self._look_at(metric)
        self._metric = metric
        if at_ms == before_ms:
            return
        if at_ms > before_ms:
            first_ms, stop_ms = before_ms + MINUTE_MS, at_ms + MINUTE_MS
        else:
            ago_ms = self.market.window_minutes * MINUTE_MS
            first_ms, stop_ms = at_ms + MINUTE_MS - ago_ms, before_ms + MINUTE_MS - ago_ms
        while first_ms < stop_ms:
            end_ms = min(stop_ms, first_ms - first_ms % BLOCK_MS + BLOCK_MS)
            loaded = _part(await self._block(first_ms - first_ms % BLOCK_MS), first_ms, end_ms)
            await asyncio.to_thread(self.past.move, at_ms, first_ms, loaded)
            first_ms = end_ms
        await asyncio.to_thread(self.past.settle)

    async def _block(self, hour_ms: int) -> Loaded:
        """All samples of an hour; those that are whole are kept for the next minute."""
        found = self._blocks.get(hour_ms)
        if found is None:
            found = await self._load(METRICS, hour_ms, BLOCK_MS // MINUTE_MS)
            if len(self._blocks) >= MOST_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            if hour_ms + BLOCK_MS <= self._moment.last_ms:
                self._blocks[hour_ms] = found
        return found

    async def _begin(self, market: PastMarket, at_ms: int, full: Sequence[Metric], thin: Sequence[Metric]) -> None:
        """Read all windows of some metrics up to a minute, and of others that minute alone."""
        source = self._source
        if not self._instruments:
            listings = await self._read(lambda reader: reader.listings(source))
            self._instruments = tuple(listing.instrument for listing in listings)
        market.begin(self._instruments, at_ms)
        await self._take_whole(market, full, at_ms)
        if thin:
            await asyncio.to_thread(market.take, await self._load(thin, at_ms, 1))
        await asyncio.to_thread(market.settle)

    async def _take_whole(self, market: PastMarket, metrics: Sequence[Metric], at_ms: int) -> None:
        """Read the windows of some metrics; those that are coded together are read together."""
        minutes = market.window_minutes
        for group in ((Metric.PRICE,), *LATER):
            wanted = [metric for metric in group if metric in metrics]
            if wanted:
                loaded = await self._load(wanted, at_ms - (minutes - 1) * MINUTE_MS, minutes)
                await asyncio.to_thread(market.take, loaded)

    async def _load(self, metrics: Sequence[Metric], start_ms: int, minutes: int) -> Loaded:
        source = self._source
        return await self._read(lambda reader: reader.load(source, metrics, start_ms, minutes))

    async def _read(self, call: Callable[[Reader], _Read]) -> _Read:
        return await asyncio.wrap_future(self._store.read(call))

    def _publish_status(self) -> None:
        latest = self.hub.latest
        self.hub.publish(self._snapshot(()) if latest is None else replace(latest, status=self.status()))


def _warm(holding: Holding) -> None:
    """Build what figures are brought up to date from."""
    for window in holding.windows:
        if window is not None:
            window.figures()


def _rows_of(market: PastMarket, rates: Mapping[str, float]) -> tuple[Row, ...]:
    return tuple(make_row(market, holding, rates) for holding in market)


def _part(loaded: Loaded, first_ms: int, end_ms: int) -> Mapping[str, Mapping[Metric, Stretch]]:
    """Some minutes of one hour."""
    start, stop = (first_ms % BLOCK_MS) // MINUTE_MS, ((end_ms - 1) % BLOCK_MS) // MINUTE_MS + 1
    return {
        name: {metric: Stretch(one.values[start:stop], one.provenance[start:stop]) for metric, one in found.items()}
        for name, found in loaded.items()
    }
