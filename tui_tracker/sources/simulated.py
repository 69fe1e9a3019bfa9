"""A simulated exchange, for the demo and for tests of everything above a source."""

import asyncio
from collections.abc import Sequence
from typing import Final

from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import RejectedError
from tui_tracker.core.foreground import QUIET
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.ticker import Ticker, TickerBatch
from tui_tracker.sources.base import HistoryStep, InstrumentBatch, ServerTime
from tui_tracker.sources.simulated_listings import NAME, START_MS, universe
from tui_tracker.sources.simulated_market import SimulatedMarket
from tui_tracker.sources.simulated_noise import HOUR_MINUTES
from tui_tracker.sources.simulated_pair import MINUTE_MS, SimulatedPair

__all__ = ["START_MS", "SimulatedSource"]

_DAY_MINUTES: Final = 1_440
_BUILDS_AT_A_TIME: Final = 4
_TICKERS_AT_A_TIME: Final = 256


class SimulatedSource:
    """A market that exists only in here: equal for equal seeds, whatever is asked for and when.

    The clock decides which minute it is; every minute of any day exists, and memory doesn't grow with time (some
    10 kB a pair). Work is done in pieces of about a millisecond, between which other tasks run.

    Args:
        clock: Tells which minute it is; the demo's starts at ``START_MS``.
        seed: Which market, 0 or more.
        pairs: How many pairs it lists, 1 to 10,000.

    Raises:
        ValueError: If ``pairs`` is out of range.
    """

    name = NAME
    is_simulated = True
    history = (HistoryStep(1, _DAY_MINUTES + 1),)

    def __init__(self, clock: Clock, seed: int = 1, pairs: int = 300) -> None:
        listed = universe(seed, pairs)
        market = SimulatedMarket(listed.assets, seed)
        self._clock = clock
        self._pairs = tuple(SimulatedPair(listing, market, seed) for listing in listed.listings)
        self._by_id = {pair.listing.instrument.id: pair for pair in self._pairs}
        self._known: frozenset[str] = frozenset()
        self._has_answered = False

    async def instruments(self) -> InstrumentBatch:
        """Return the pairs that are listed at this minute, the most traded first."""
        minute = self._clock.now_ms() // MINUTE_MS
        instruments = tuple(pair.listing.instrument for pair in self._pairs if pair.is_listed(minute))
        self._known = frozenset(instrument.id for instrument in instruments)
        return InstrumentBatch(instruments)

    def recall(self, instruments: Sequence[Instrument]) -> None:
        """See ``Source.recall``; symbols are known from the start."""

    async def tickers(self) -> TickerBatch:
        """Return the quotes of this minute; pairs listed since ``instruments`` was asked are unknown."""
        sent_ms = self._clock.now_ms()
        minute = sent_ms // MINUTE_MS
        hour = minute // HOUR_MINUTES
        await self._prepare(self._pairs, hour)
        tickers: list[Ticker] = []
        unknown: list[str] = []
        for count, pair in enumerate(self._pairs, 1):
            instrument = pair.listing.instrument
            if not pair.is_listed(minute) or instrument.trading is Trading.MAINTENANCE:
                continue
            if instrument.id in self._known:
                tickers.append(pair.ticker(minute))
            else:
                unknown.append(instrument.symbol)
            if count % _TICKERS_AT_A_TIME == 0:
                await _give_way()
        if self._has_answered:  # who waits for the first answer sees nothing yet
            due = minute % HOUR_MINUTES + 1
            ahead = tuple(pair for place, pair in enumerate(self._pairs) if place % HOUR_MINUTES < due)
            await self._prepare(ahead, hour + 1)
        self._has_answered = True
        return TickerBatch(tuple(tickers), unknown=tuple(unknown), sent_ms=sent_ms)

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        """Return the closed 1-minute candles of the last 24 h; minutes that the exchange lost count as malformed.

        Raises:
            RejectedError: If there is no such pair, or candles of another length are asked for.
        """
        now = self._clock.now_ms() // MINUTE_MS
        pair = self._by_id.get(instrument.id)
        if pair is None or not pair.is_listed(now):
            raise RejectedError(f"{NAME}: no such pair: {instrument.id}")
        if step_minutes != 1:
            raise RejectedError(f"{NAME}: candles are of 1 minute, not {step_minutes}")
        first, end = now - _DAY_MINUTES, now if pair.listing.end_minute is None else min(now, pair.listing.end_minute)
        hours = range(first // HOUR_MINUTES, -(-end // HOUR_MINUTES))
        candles: list[Candle] = []
        close = pair.close_before(hours.start)
        for count, hour in enumerate(hours, 1):
            candles += pair.candles(hour, close)
            close = candles[-1].close if candles else close
            if count % _BUILDS_AT_A_TIME == 0:
                await _give_way()
        return _batch(candles, first, end, pair.listing.lost_minutes)

    async def server_time(self) -> ServerTime:
        """Return the clock's own time: there is no offset."""
        now_ms = self._clock.now_ms()
        return ServerTime(now_ms, now_ms, now_ms)

    def next_slot_s(self) -> float:
        """Return 0: there is no request budget."""
        return 0.0

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""

    async def _prepare(self, pairs: tuple[SimulatedPair, ...], hour: int) -> None:
        missing = [pair for pair in pairs if not pair.is_ready(hour)]
        for count, pair in enumerate(missing, 1):
            pair.prepare(hour)
            if count % _BUILDS_AT_A_TIME == 0:
                await _give_way()


async def _give_way() -> None:
    """Let the loop go on with other things: they would not wait for an exchange either."""
    await asyncio.sleep(0)
    await QUIET.get()()


def _batch(candles: list[Candle], first: int, end: int, lost_minutes: range) -> CandleBatch:
    """Keep the candles of the minutes ``first`` to before ``end``, and move the lost ones out."""
    closed = [candle for candle in candles if first <= candle.start_ms // MINUTE_MS < end]
    if not lost_minutes:
        return CandleBatch(1, tuple(closed))
    is_lost = [candle.start_ms // MINUTE_MS % _DAY_MINUTES in lost_minutes for candle in closed]
    kept = tuple(candle for candle, lost in zip(closed, is_lost, strict=True) if not lost)
    return CandleBatch(1, kept, tuple(candle.start_ms for candle, lost in zip(closed, is_lost, strict=True) if lost))
