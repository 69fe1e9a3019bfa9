"""The past, minute by minute, from the history on disk: the same windows, rows and snapshots as live ones."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from math import isfinite
from typing import Final, TypeVar

from typing_extensions import override

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import NoDataError, StorageError
from tui_tracker.core.format import rfc3339
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.kept import Loaded
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import Moment, SourceReport, SourceState, SourceStatus
from tui_tracker.engine.archive import LATER, Archive
from tui_tracker.engine.board import Board
from tui_tracker.engine.market import Market
from tui_tracker.engine.past_market import PastMarket
from tui_tracker.engine.past_minutes import PastMinutes, Reaches
from tui_tracker.engine.playing import play_on
from tui_tracker.engine.rows import make_row, market_rates
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.store import Store

AHEAD: Final = 60
"""Minutes before and after the windows that are read ahead, so that a step waits for no disk."""
WARMED: Final = 100
"""Instruments whose figures are made before others get a turn."""
QUOTED: Final = (Metric.MID, Metric.SPREAD, Metric.VOLUME, Metric.QUOTE_VOLUME, Metric.TRADES)
"""What tells a quote, beside the price."""
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
        self._free: Final = asyncio.Event()
        """Set while nobody waits for the ranks of earlier minutes, which come first."""
        self._free.set()
        self.whole: Final = asyncio.Event()
        """Set while the figures of all metrics are there."""
        self._minutes: Final = PastMinutes(self._load)
        self._short: PastMarket | None = None
        self._metric = Metric.PRICE
        self._instruments: tuple[Instrument, ...] = ()

    @property
    @override
    def shown(self) -> Market:
        return self._short or super().shown

    @override
    async def set_window(self, minutes: int, metric: Metric) -> None:
        """See ``Board.set_window``; one shorter than those that are kept glides over the same minutes."""
        if minutes >= self.market.window_minutes:
            self._short = None
            await super().set_window(minutes, metric)
            return
        async with self._moving:
            self._lens, self._short = None, PastMarket(minutes)
            await asyncio.to_thread(self._short.begin, self._instruments)
            if self.market.end_ms is not None:
                await self._move(self._moment.minute_ms, metric)
                await self._show_anew()
        self._thin.set()

    def _markets(self) -> tuple[PastMarket, ...]:
        return (self.past,) if self._short is None else (self.past, self._short)

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
            await self._show_anew()
            self._thin.set()

    async def earlier(self, first_ms: int, minutes: int, metric: Metric) -> AsyncIterator[Snapshot]:
        """Yield the market minute by minute, to rank it: with the figures of price and metric alone.

        Raises:
            NoDataError: If the history begins later.
            StorageError: If it can't be read.
        """
        begins_ms, last_ms = await self._bounds()
        if first_ms < begins_ms:
            raise NoDataError(f"the history begins at {rfc3339(begins_ms)}, which is later")
        full = tuple(dict.fromkeys((Metric.PRICE, metric)))
        market = PastMarket(self.market.window_minutes, full)
        first, last = first_ms // MINUTE_MS, last_ms // MINUTE_MS
        self._free.clear()
        try:
            await self._meet()
            await asyncio.to_thread(market.begin, self._instruments)
            await self._minutes.know(full, first - market.window_minutes + 1, first + minutes, last)
            await self._minutes.know(QUOTED, first, first + minutes, last)
            if not _is_quoted(self._minutes.reaches, first):  # else quotes tell which pairs are traded
                await self._minutes.know((Metric.FLOW,), first - market.window_minutes + 1, first + minutes, last)
            reaches = self._minutes.reaches
            for at_ms in range(first_ms, first_ms + minutes * MINUTE_MS, MINUTE_MS):
                rows = await asyncio.to_thread(_rows_at, market, at_ms, reaches)
                yield Snapshot(0, at_ms, at_ms, market.window_minutes, rows, self.status())
        finally:
            self._free.set()

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
        await play_on(
            self._clock, self._wanted, lambda: self._moment.minute_ms, lambda: self.step(1), lambda: self.play(False)
        )

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
        """After each move, read the metrics that aren't looked at, and make their figures, a little at a time."""
        while True:
            await self._thin.wait()
            self._thin.clear()
            try:
                await self._make_whole()
                await self._read_ahead()
            except StorageError as error:
                _log.warning("the other metrics not read: %s", error)

    async def _make_whole(self) -> None:
        if self.past.figured == frozenset(METRICS):
            return
        for group in ((Metric.PRICE,), *LATER):
            await self._free.wait()
            async with self._moving:
                if self._thin.is_set():
                    return
                at_ms = self._moment.minute_ms
                await self._know(group, at_ms)
                await asyncio.to_thread(self._stand, at_ms, ())
            for metric in group:
                await self._warm(metric)
        async with self._moving:
            if not self._thin.is_set():
                self._figure(METRICS)
                await self._show_anew()
                self.whole.set()

    async def _warm(self, metric: Metric) -> None:
        """Make the figures of one metric."""
        names = [holding.instrument.id for holding in self.past]
        for start in range(0, len(names), WARMED):
            await self._free.wait()
            async with self._moving:
                if self._thin.is_set():
                    return
                for market in self._markets():
                    await asyncio.to_thread(market.warm, metric, names[start : start + WARMED])

    async def _read_ahead(self) -> None:
        """Read what the next steps in either direction need, and let go of what is far."""
        last, (first, end) = self._moment.last_ms // MINUTE_MS, self._span(self._moment.minute_ms)
        if not self._thin.is_set():
            await self._minutes.let_go(first, end)
        for start, stop in ((end - 1, min(end + AHEAD, last + 1)), (first - AHEAD, first + 1)):
            for group in ((Metric.PRICE,), *LATER):
                await self._free.wait()
                if not self._thin.is_set():
                    await self._minutes.know(group, start, stop, last)

    def _span(self, at_ms: int) -> tuple[int, int]:
        """First minute of the windows that end in a minute, and the one after their last, since the epoch."""
        at = at_ms // MINUTE_MS
        return at - self.market.window_minutes + 1, at + 1

    async def _meet(self) -> None:
        """Read once which instruments there are."""
        if not self._instruments:
            source = self._source
            listings = await self._read(lambda reader: reader.listings(source))
            self._instruments = tuple(listing.instrument for listing in listings)
            for market in self._markets():
                await asyncio.to_thread(market.begin, self._instruments)

    async def _move(self, at_ms: int, metric: Metric) -> None:
        """Let the market stand at a minute; price and metric are read over their windows, others at that minute."""
        await self._meet()
        self._metric = metric
        telling = () if self._short is None else (Metric.FLOW,)  # quotes tell of a day's trades alone
        full = tuple(dict.fromkeys((Metric.PRICE, metric, *telling)))
        await self._know(full, at_ms)
        first, end = self._span(at_ms)
        await self._minutes.know(QUOTED, end - 1, end, self._moment.last_ms // MINUTE_MS)
        is_whole = self.whole.is_set() and all(self._minutes.knows(each, first, end) for each in METRICS)
        self._figure(METRICS if is_whole else full)
        if not is_whole:
            self.whole.clear()
        self._rates = await asyncio.to_thread(self._stand, at_ms, full)

    def _stand(self, at_ms: int, metrics: Sequence[Metric]) -> dict[str, float]:
        """Let the market stand at a minute and make the figures of some metrics; return ``market_rates``."""
        for market in self._markets():
            market.stand_at(at_ms, self._minutes.reaches)
            for metric in metrics:
                market.warm(metric, [holding.instrument.id for holding in market])
        return market_rates(self.market)

    def _figure(self, metrics: Sequence[Metric]) -> None:
        for market in self._markets():
            market.figured = frozenset(metrics)

    async def _know(self, metrics: Sequence[Metric], at_ms: int) -> None:
        """Read the windows of some metrics that end in a minute."""
        await self._minutes.know(metrics, *self._span(at_ms), self._moment.last_ms // MINUTE_MS)

    async def _load(self, metrics: Sequence[Metric], first: int, minutes: int) -> Loaded:
        source = self._source
        return await self._read(lambda reader: reader.load(source, metrics, first * MINUTE_MS, minutes))

    async def _read(self, call: Callable[[Reader], _Read]) -> _Read:
        return await asyncio.wrap_future(self._store.read(call))

    def _publish_status(self) -> None:
        latest = self.hub.latest
        self.hub.publish(self._snapshot(()) if latest is None else replace(latest, status=self.status()))


def _is_quoted(reaches: Reaches, minute: int) -> bool:
    """Whether any pair was polled in a minute."""
    volumes = reaches.get(Metric.VOLUME, {}).values()
    return any(reach.first <= minute < reach.end and isfinite(reach.values[minute - reach.first]) for reach in volumes)


def _rows_at(market: PastMarket, at_ms: int, reaches: Reaches) -> tuple[Row, ...]:
    market.stand_at(at_ms, reaches)
    rates = market_rates(market)
    return tuple(make_row(market, holding, rates) for holding in market)
