"""What an engine keeps on disk, and takes up from there when it starts."""

import asyncio
import logging
from array import array
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from math import nan
from typing import Final, TypeVar

from tui_tracker.core.candle import CandleBatch, Provenance
from tui_tracker.core.errors import StorageError
from tui_tracker.core.hours import HOUR_MS
from tui_tracker.core.kept import Kept, Loaded, Rollup, Stretch
from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.status import HistoryStatus
from tui_tracker.engine.lens import Minutes, Past
from tui_tracker.engine.market import COUNT_OF, Holding, Market, is_quiet, provenance_of
from tui_tracker.engine.turns import Turns, in_slices, stand_back
from tui_tracker.stats.hours import hour_of, hours_in
from tui_tracker.stats.ohlc import Ohlc
from tui_tracker.stats.resample import known_trades, minute_counts, minute_samples
from tui_tracker.stats.window import add_samples
from tui_tracker.storage.model import Fill, LastSeen, Latest, Minute
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.standing import StoreStatus
from tui_tracker.storage.store import Store

DAMAGED: Final = "rows of the history are damaged and left out; crypto-tui doctor says how many"
LATER: Final = (
    (Metric.MID, Metric.SPREAD),
    (Metric.VOLUME, Metric.QUOTE_VOLUME),
    (Metric.TRADES,),
    (Metric.FLOW, Metric.TRADES_MIN),
)
"""Metrics that are taken up after the price; those that are coded together are read together."""
DAY_MS: Final = 1_440 * MINUTE_MS
MOST_READ: Final = 16
"""Pairs whose hours are remembered until the next hour."""
Read = TypeVar("Read")
_log = logging.getLogger(__name__)


class Archive:
    """The history of one source, seen from its engine.

    Only ``restore`` waits for the disk. What the others could not write shows in ``status``, and is written once that
    is possible.

    Args:
        store: The history of the data folder.
        source: Name of the source.
        market: Whose windows are kept.
        on_change: Called, on the event loop, when the status changed.
    """

    def __init__(self, store: Store, source: str, market: Market, on_change: Callable[[], None]) -> None:
        self._store: Final = store
        self._source: Final = source
        self._market: Final = market
        self._on_change: Final = on_change
        self._stored_ms: int | None = None
        """The newest minute that is known to be on disk."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hours: Final[dict[tuple[str, Metric, int, int], Mapping[int, Ohlc]]] = {}
        store.on_change = self._note_change

    def status(self) -> HistoryStatus:
        """How the history is doing."""
        status = self._store.status
        error = status.error
        return HistoryStatus(
            self._stored_ms,
            "" if error is None else error.message,
            "" if error is None else error.hint,
            status.held,
            status.is_stopped,
            status.recovery.notice if status.recovery is not None else DAMAGED if status.has_damage else "",
        )

    async def restore(self, now_ms: int) -> int | None:
        """Take up the prices that were kept of the window that ends now, and what is known beside windows.

        Args:
            now_ms: The corrected clock.

        Returns:
            The last minute of what there was, in ms, for ``restore_others``; ``None`` if there was nothing.
        """
        self._loop = asyncio.get_running_loop()
        try:
            latest = await self._read_state(now_ms)
            if latest is None:
                return None
            await self._restore_windows((Metric.PRICE,), latest.minute_ms)
        except StorageError as error:
            _log.warning("history not read: %s", error)
            return None
        return latest.minute_ms

    async def restore_others(self, end_ms: int, wanted: Collection[Metric] = METRICS) -> bool:
        """Take up other metrics too, up to a minute; what was sampled meanwhile stays. Return whether that went."""
        try:
            for metrics in LATER:
                if some := [metric for metric in metrics if metric in wanted]:
                    await self._restore_windows(some, end_ms)
        except StorageError as error:
            _log.warning("history not read: %s", error)
            return False
        return True

    async def hours(
        self, instrument_id: str, metric: Metric, start_ms: int, end_ms: int
    ) -> tuple[Mapping[int, Ohlc], str]:
        """(hours from ``start_ms`` to before ``end_ms``, by their first instant; why there are none, or nothing).

        Prices are read from roll-ups, and from raw minutes where there are none yet; other metrics from raw minutes
        alone, a day at a time, so that what is to be written waits for a day's reading at most.
        """
        asked = instrument_id, metric, start_ms, end_ms
        found = self._hours.get(asked)
        if found is None:
            try:
                found = await self._read_hours(instrument_id, metric, start_ms, end_ms)
            except StorageError as error:
                return {}, error.message
            if len(self._hours) >= MOST_READ:
                self._hours.clear()
            self._hours[asked] = found
        return found, ""

    async def past(self, metrics: Sequence[Metric], start_ms: int, end_ms: int) -> Past:
        """Raw minutes of all instruments from ``start_ms`` to before ``end_ms``, read a day at a time.

        Raises:
            StorageError: If the history can't be read.
        """
        source, found = self._source, Past()
        count = max(0, end_ms - start_ms) // MINUTE_MS
        span = await self._read(lambda reader: reader.span(source))
        first_ms = end_ms if span is None else max(start_ms, span.first_ms)
        for day_ms in range(first_ms, end_ms, DAY_MS):
            minutes = (min(day_ms + DAY_MS, end_ms) - day_ms) // MINUTE_MS
            loaded = await self._read(partial(_minutes_of, source, metrics, day_ms, minutes))
            turns = Turns()
            for name, series in loaded.items():
                _lay_down(found.setdefault(name, {}), series, (day_ms - start_ms) // MINUTE_MS, count)
                await turns.give()
        return found

    async def kept(self) -> Kept:
        """What is kept of the source.

        Raises:
            StorageError: If the history can't be read.
        """
        return await self._read(partial(_kept_of, self._source))

    async def minutes(
        self, ids: Collection[str] | None, metrics: Sequence[Metric], start_ms: int, count: int
    ) -> Loaded:
        """``count`` raw minutes of some instruments (``None`` for all) from ``start_ms`` on, as far as they are kept.

        They are read in one go, for which what is to be written waits: ask for a day at most.

        Raises:
            StorageError: If the history can't be read.
        """
        source = self._source
        return await self._read(lambda reader: reader.load(source, metrics, start_ms, count, ids))

    async def rollups(
        self, ids: Collection[str] | None, start_ms: int, end_ms: int
    ) -> Mapping[str, tuple[Rollup, ...]]:
        """Hourly sums of some instruments (``None`` for all) that begin from ``start_ms`` to before ``end_ms``.

        Raises:
            StorageError: If the history can't be read.
        """
        source = self._source
        if ids is None:
            ids = await self._read(lambda reader: reader.instrument_ids(source))
        wanted = ids
        return await self._read(lambda reader: reader.rollups_of(source, wanted, start_ms, end_ms))

    async def _read_hours(self, name: str, metric: Metric, start_ms: int, end_ms: int) -> dict[int, Ohlc]:
        source, found = self._source, dict[int, Ohlc]()
        if metric is Metric.PRICE:
            rollups = await self._read(lambda reader: reader.rollups(source, name, start_ms, end_ms))
            found = {each.hour_ms: _candle(each) for each in rollups}
        span = await self._read(lambda reader: reader.span(source))
        if span is None:
            return found
        metrics = (metric, Metric.FLOW) if metric is Metric.PRICE else (metric,)
        first_ms = max(start_ms, hour_of(span.first_ms), max(found, default=-HOUR_MS) + HOUR_MS)
        for day_ms in range(first_ms, end_ms, DAY_MS):
            minutes = (min(day_ms + DAY_MS, end_ms) - day_ms) // MINUTE_MS
            found |= await self._read(partial(_hours_of, source, name, metrics, day_ms, minutes))
        return found

    async def _read(self, call: Callable[[Reader], Read]) -> Read:
        return await asyncio.wrap_future(self._store.read(call))

    async def _read_state(self, now_ms: int) -> Latest | None:
        source = self._source
        start_ms = now_ms - self._market.window_minutes * MINUTE_MS
        latest = await asyncio.wrap_future(self._store.read(lambda reader: reader.latest(source)))
        if latest is None or not start_ms < latest.minute_ms <= now_ms:
            return None
        listings = await asyncio.wrap_future(self._store.read(lambda reader: reader.listings(source)))
        traded = await asyncio.wrap_future(self._store.read(lambda reader: reader.traded(source, start_ms)))
        instruments = {listing.instrument.id: listing.instrument for listing in listings}
        for seen in latest.instruments:
            if (instrument := instruments.get(seen.instrument_id)) is not None:
                self._market.restore(instrument, seen, traded.get(seen.instrument_id, {}))
        self._market.restore_end(latest.minute_ms, latest.polled_ms)
        self._stored_ms = latest.minute_ms
        return latest

    async def _restore_windows(self, metrics: Sequence[Metric], end_ms: int) -> None:
        minutes = self._market.window_minutes
        start_ms = end_ms - (minutes - 1) * MINUTE_MS
        loaded: Loaded = await asyncio.wrap_future(
            self._store.read(lambda reader: reader.load(self._source, metrics, start_ms, minutes))
        )
        turns = Turns()
        for instrument_id, found in loaded.items():
            for metric, series in found.items():
                self._market.restore_window(instrument_id, metric, series.values, series.provenance, end_ms)
                await turns.give()

    async def read_window(self) -> AsyncIterator[tuple[int, Loaded]]:
        """Yield (first minute in ms, what is kept of the window that ends now), some metrics at a time.

        Raises:
            StorageError: If the history can't be read.
        """
        self._hours.clear()
        for metrics in ((Metric.PRICE,), *LATER):
            start_ms, minutes, source = self._market.start_ms, self._market.window_minutes, self._source
            yield start_ms, await self._read(partial(_minutes_of, source, metrics, start_ms, minutes))

    def keep_instruments(self) -> None:
        """Store the list of instruments, where it changed."""
        self._store.put_instruments(self._source, [holding.instrument for holding in self._market])

    def keep_candles(self, instrument_id: str, batch: CandleBatch, closed_ms: int, taken_ms: int) -> None:
        """Store what candles told of minutes that are over, and of samples what the windows took.

        Where a poll is late, a minute may be told by a candle before the windows reach it: were it stored, it would
        stand over the polled sample there, and here it doesn't.

        Args:
            instrument_id: Whose candles.
            batch: Closed candles.
            closed_ms: The first minute that isn't over.
            taken_ms: The first minute that the windows didn't reach when they took the candles, at most ``closed_ms``.
        """
        start_ms, provenance = self._market.start_ms, provenance_of(batch)
        samples = {Metric.PRICE: minute_samples(batch, start_ms, taken_ms)}
        for index, count_of in COUNT_OF:
            samples[METRICS[index]] = minute_counts(batch, start_ms, taken_ms, count_of)
        traded = known_trades(batch, start_ms, closed_ms)
        fill = Fill.of(self._source, instrument_id, samples, provenance, traded)
        if fill is not None:
            self._store.add_fill(fill)
        self._keep_held(instrument_id, closed_ms)

    async def keep_older(self, instrument_id: str, batch: CandleBatch) -> None:
        """Store what candles told of minutes before the windows, a day at a time: an outage may have begun there."""
        first_ms = batch.candles[0].start_ms if batch.candles else self._market.start_ms
        for start_ms in range(first_ms, self._market.start_ms, DAY_MS):
            end_ms = min(start_ms + DAY_MS, self._market.start_ms)
            samples = {Metric.PRICE: minute_samples(batch, start_ms, end_ms)}
            for index, count_of in COUNT_OF:
                samples[METRICS[index]] = minute_counts(batch, start_ms, end_ms, count_of)
            traded = known_trades(batch, start_ms, end_ms)
            fill = Fill.of(self._source, instrument_id, samples, provenance_of(batch), traded)
            if fill is not None:
                self._store.add_fill(fill)
            await stand_back()

    def _keep_held(self, instrument_id: str, before_ms: int) -> None:
        """Store the held price of a quiet pair, which candles told after the polled minute had been stored."""
        holding, polled_ms = self._market.holding(instrument_id), self._market.polled_ms
        window, ticker = holding.windows[METRIC_INDEX[Metric.PRICE]], holding.ticker
        if window is None or ticker is None or polled_ms is None or polled_ms >= before_ms or not is_quiet(ticker):
            return
        value, source = window.sample(polled_ms)
        if source == Provenance.POLL:
            samples = {Metric.PRICE: [(polled_ms, value)]}
            held = Fill.of(self._source, instrument_id, samples, Provenance.POLL)
            assert held is not None
            self._store.add_fill(held)

    async def keep_minute(self, minute_ms: int) -> None:
        """Hand a minute that is over to the disk, which may take its time."""
        loop = self._loop = asyncio.get_running_loop()
        future = self._store.append(await self._minute(minute_ms))

        def done(stored: "Future[bool]") -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._note_stored, minute_ms, stored)

        future.add_done_callback(done)

    def _note_stored(self, minute_ms: int, stored: "Future[bool]") -> None:
        error = stored.exception()
        if error is not None:
            _log.warning("minute not stored: %s", error)
        elif stored.result():
            self.note_stored(minute_ms)
            self._on_change()

    def note_stored(self, minute_ms: int) -> None:
        """A minute is on disk, whoever stored it."""
        self._stored_ms = max(minute_ms, self._stored_ms or 0)

    def drop_after(self, minute_ms: int) -> None:
        """Forget minutes that were stamped by a wrong clock."""
        self._store.drop_after(self._source, minute_ms)
        self._stored_ms = None if self._stored_ms is None else min(self._stored_ms, minute_ms)

    async def _minute(self, minute_ms: int) -> Minute:
        """Everything known of a minute; what lies beside the windows is read in one go, before another poll comes."""
        holdings = tuple(self._market)
        latest = Latest(minute_ms, tuple(map(_last_seen, holdings)), self._market.polled_ms)
        volumes, trades = array("d"), array("d")
        for holding in holdings:
            ticker = holding.ticker if (holding.quoted_ms or 0) >= minute_ms else None
            volumes.append(nan if ticker is None or ticker.today_volume is None else ticker.today_volume)
            trades.append(nan if ticker is None or ticker.today_trades is None else ticker.today_trades)
        values = tuple(array("d") for _ in METRICS)
        provenance = tuple(bytearray() for _ in METRICS)
        async for some in in_slices(holdings):
            for index, (column, origins) in enumerate(zip(values, provenance, strict=True)):
                add_samples([holding.windows[index] for holding in some], minute_ms, column, origins)
        ids = tuple(holding.instrument.id for holding in holdings)
        return Minute(self._source, minute_ms, ids, values, tuple(map(bytes, provenance)), volumes, trades, latest)

    def _note_change(self, _: StoreStatus) -> None:
        """Called on the store's thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._on_change)


def _candle(rollup: Rollup) -> Ohlc:
    volume = nan if rollup.volume is None else rollup.volume
    return Ohlc(rollup.hour_ms, rollup.open, rollup.high, rollup.low, rollup.close, volume)


def _hours_of(
    source: str, name: str, metrics: Sequence[Metric], start_ms: int, minutes: int, reader: Reader
) -> dict[int, Ohlc]:
    """Hours of one instrument, of the first of some metrics."""
    loaded = reader.load(source, metrics, start_ms, minutes).get(name, {})
    found = loaded.get(metrics[0])
    if found is None:
        return {}
    flow = loaded.get(Metric.FLOW)
    volumes = None if flow is None else Series(name, Metric.FLOW, start_ms, flow.values)
    return hours_in(Series(name, metrics[0], start_ms, found.values), volumes)


def _kept_of(source: str, reader: Reader) -> Kept:
    listed = tuple(listing.instrument for listing in reader.listings(source))
    return Kept(source, reader.span(source), reader.rollup_span(source), listed, reader.instrument_ids(source))


def _minutes_of(source: str, metrics: Sequence[Metric], start_ms: int, minutes: int, reader: Reader) -> Loaded:
    return reader.load(source, metrics, start_ms, minutes)


def _lay_down(found: Minutes, loaded: Mapping[Metric, Stretch], at: int, count: int) -> None:
    """Put minutes of one instrument to their place among ``count``."""
    for metric, series in loaded.items():
        if metric not in found:
            found[metric] = array("d", [nan]) * count, bytearray(count)
        values, origins = found[metric]
        values[at : at + len(series.values)] = series.values
        origins[at : at + len(series.values)] = series.provenance


def _last_seen(holding: Holding) -> LastSeen:
    return LastSeen(
        holding.instrument.id,
        holding.ticker,
        holding.quoted_ms,
        holding.is_suspect,
        holding.halted,
        holding.halted_since_ms,
        holding.last_trade_ms,
        *holding.activity.state,
    )
