"""An engine whose pairs are made of those of other engines, with windows, figures and ranks of their own."""

import asyncio
from array import array
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import nan
from statistics import median_low
from typing import Final

from typing_extensions import override

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import UnknownPairError
from tui_tracker.core.instrument import LEAST_EXCHANGES, InstrumentClass
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.status import BackfillProgress, SourceState, SourceStatus
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.engine import Engine
from tui_tracker.engine.market import Holding, Market
from tui_tracker.engine.turns import Turns
from tui_tracker.sources.consolidated import ConsolidatedSource, Pair, Side
from tui_tracker.stats.consolidation import consolidated_past

LEAST_SOURCES: Final = LEAST_EXCHANGES
"""Sources from which on there is anything to consolidate."""
PATIENCE_S: Final = 10.0
"""Longest that exchanges are waited for that poll in the same second; then what there is counts."""
LOOK_S: Final = 0.5
WATCHED_MS: Final = 10_000
"""What somebody looks at is put together this often while its history is loading."""
LOOK_BACK_S: Final = 300.0
"""While the exchanges' histories are loading, the past is put together this often, and again once they are there."""
NO_LONGER: Final = "nothing across exchanges is kept: longer ranges are those of single exchanges"
_VOLUME, _QUOTE_VOLUME = METRIC_INDEX[Metric.VOLUME], METRIC_INDEX[Metric.QUOTE_VOLUME]


def consolidating_engine(
    engines: Mapping[str, Engine], clock: Clock, *, interval_s: int, window_minutes: int, once: bool = False
) -> "ConsolidatingEngine":
    """Make an engine at rest over others that run.

    Args:
        engines: Those of the exchanges, by the name of their source.
        clock: Where all time comes from.
        interval_s: Seconds between polls, as theirs.
        window_minutes: Length of the windows, as theirs.
        once: Whether they poll a single time.
    """
    exchanges = Exchanges(engines, clock, once=once)
    source = ConsolidatedSource(clock, exchanges.sides, exchanges.offset_ms, partial(asyncio.sleep, 0))
    return ConsolidatingEngine(
        source, exchanges, clock, interval_s=interval_s, window_minutes=window_minutes, once=once
    )


class Exchanges:
    """What the engines of the exchanges know by now; nothing is asked of an exchange.

    Args:
        engines: By the name of their source.
        clock: Their clock.
        once: Whether they poll a single time, whatever minute that is of.
    """

    def __init__(self, engines: Mapping[str, Engine], clock: Clock, *, once: bool = False) -> None:
        self._engines: Final = engines
        self._clock: Final = clock
        self._once: Final = once

    def offset_ms(self) -> int:
        """The middle of the exchanges' clocks, less ours."""
        known = [skew for engine in self._engines.values() if (skew := engine.status().skew_ms) is not None]
        return median_low(known) if known else 0

    async def sides(self) -> dict[Pair, list[Side]]:
        """What each exchange says of each pair, after those that are polling now have had their time.

        Where they poll a single time that begins once they have read their histories.
        """
        minute_ms = 1 if self._once else (self._clock.now_ms() + self.offset_ms()) // MINUTE_MS * MINUTE_MS
        while self._once and any(engine.is_reading for engine in self._engines.values()):
            await self._clock.sleep(LOOK_S)
        deadline_s = self._clock.monotonic_s() + PATIENCE_S
        while any(map(partial(_is_awaited, minute_ms), self._engines.values())):
            if self._clock.monotonic_s() >= deadline_s:
                break
            await self._clock.sleep(LOOK_S)
        found: dict[Pair, list[Side]] = {}
        for name, engine in self._engines.items():
            if engine.market.polled_ms is not None:
                self._add(found, name, engine.market, engine.status().skew_ms or 0)
                await asyncio.sleep(0)
        return found

    def _add(self, found: dict[Pair, list[Side]], name: str, market: Market, skew_ms: int) -> None:
        now_ms = self._clock.now_ms() + skew_ms
        for holding in market:
            ticker, mid_ms, one = holding.ticker, holding.mid_ms, holding.instrument
            mid = None if ticker is None else ticker.mid
            if ticker is None or mid is None or mid_ms is None or not mid > 0 or holding.halted:
                continue
            if InstrumentClass.SECOND_VENUE not in one.classes:
                base, quote = ticker.base_volume, ticker.quote_volume
                base = _newest(market, holding, _VOLUME) if base is None else base
                quote = _newest(market, holding, _QUOTE_VOLUME) if quote is None else quote
                side = Side(name, mid, now_ms - mid_ms, base, quote, one.digits)
                found.setdefault((one.base, one.quote), []).append(side)

    def is_loading(self) -> bool:
        """Whether any exchange's history is on its way."""
        return any(engine.backfill.progress().is_running for engine in self._engines.values())

    def pasts(self, pair: Pair) -> dict[str, int]:
        """Numbers of the pasts of a pair, of each exchange that quotes a mid: while they stay, so does what it was."""
        return {name: holding.past for name, _, holding in self._quoting(pair)}

    def past(self, pair: Pair, start_ms: int, minutes: int) -> dict[str, "array[float]"]:
        """The minutes of a pair on each exchange that quotes a mid: mids, and closes where none was polled."""
        found: dict[str, array[float]] = {}
        for name, market, holding in self._quoting(pair):
            mids, closes = (
                _aligned(market, holding.instrument.id, metric, start_ms, minutes)
                for metric in (Metric.MID, Metric.PRICE)
            )
            found[name] = array("d", [mid if mid == mid else close for mid, close in zip(mids, closes, strict=True)])
        return found

    def _quoting(self, pair: Pair) -> Iterator[tuple[str, Market, Holding]]:
        base, quote = pair
        for name, engine in self._engines.items():
            try:
                holding = engine.market.holding(f"{name}:{base}-{quote}")
            except UnknownPairError:
                continue
            if holding.ticker is not None and holding.ticker.mid is not None:
                yield name, engine.market, holding


def _is_awaited(minute_ms: int, engine: Engine) -> bool:
    """Whether an exchange that does well is about to say something of this minute."""
    status, said_ms = engine.status(), engine.market.polled_ms or 0
    is_polling = status.next_poll_ms is None and not status.error
    is_well = status.state is SourceState.LIVE and not status.error
    return (is_polling or is_well) and said_ms < minute_ms


def _newest(market: Market, holding: Holding, index: int) -> float:
    window = market.samples(holding, index)
    return 0.0 if window is None else window.last() or 0.0


def _aligned(market: Market, name: str, metric: Metric, start_ms: int, minutes: int) -> "array[float]":
    series = market.series(name, metric)
    shift = (start_ms - series.start_ms) // MINUTE_MS
    gap = array("d", [nan])
    values = gap * min(max(0, -shift), minutes) + series.values[max(0, shift) :]
    return (values + gap * minutes)[:minutes]


class ConsolidatingEngine(Engine):
    """Collects what other engines say together. See ``Engine``; nothing of it is stored, since theirs is.

    Args:
        source: Puts quotes together.
        exchanges: Where they come from, and the past.
        clock: Where all time comes from.
        interval_s: Seconds between polls.
        window_minutes: Length of the windows.
        once: Whether the exchanges poll a single time; then the past of what is asked for is put together alone.
    """

    def __init__(
        self,
        source: ConsolidatedSource,
        exchanges: Exchanges,
        clock: Clock,
        *,
        interval_s: int,
        window_minutes: int,
        once: bool = False,
    ) -> None:
        super().__init__(source, clock, interval_s=interval_s, window_minutes=window_minutes, once=once)
        self._levels: Final = source
        self._exchanges: Final = exchanges
        self._wanted: tuple[str, ...] = ()
        self._is_wanted = asyncio.Event()
        self._has_past = False
        self._pasts: dict[str, dict[str, int]] = {}
        """What the exchanges knew when the past of a pair was put together."""
        self._live_from_ms: int | None = None
        self._no_hours = NO_LONGER

    @override
    def _jobs(self) -> list[Coroutine[None, None, None]]:
        return [*super()._jobs(), self._look_back_once() if self._once else self._look_back()]

    @override
    def status(self) -> SourceStatus:
        """See ``Engine.status``; where it is asked for once, the past is on its way until it is put together."""
        status = super().status()
        if not (self._once and self._wanted):
            return status
        return replace(status, backfill=BackfillProgress(int(self._has_past), 1))

    @override
    async def _poll(self) -> None:
        if self._levels.listed != len(self.market):
            self._listed_s = None  # pairs that were found since are listed with this poll
        await super()._poll()

    @override
    async def _sample(self, tickers: Sequence[Ticker], at_ms: int, malformed: frozenset[str]) -> None:
        await super()._sample(tickers, at_ms, malformed)
        if self._live_from_ms is None:
            self._live_from_ms = at_ms - at_ms % MINUTE_MS
            self._is_wanted.set()
        for name in self._levels.changed():
            if name in self.market:
                self.market.break_returns(name, [at_ms])
        self.market.set_members(self._levels.members())

    @override
    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """See ``Engine``: the past of these is put together at once, from what the exchanges know of it."""
        self._wanted = tuple(instrument_ids)
        self._is_wanted.set()
        self._see(instrument_ids)
        if self._once:
            self._publish_status()

    async def _look_back(self) -> None:
        """Put the past together: of what somebody looks at at once, of all pairs when the exchanges know theirs."""
        due_s, is_behind = self._clock.monotonic_s() + LOOK_BACK_S, True
        while True:
            is_wanted = self._is_wanted.is_set()
            self._is_wanted.clear()
            if self._live_from_ms is not None:
                is_loading = self._exchanges.is_loading()
                if is_wanted or is_behind:
                    await self._fill_past(self._wanted)
                if is_behind and (not is_loading or self._clock.monotonic_s() >= due_s):
                    await self._fill_past([holding.instrument.id for holding in self.market])
                    due_s = self._clock.monotonic_s() + LOOK_BACK_S
                is_behind = is_loading
            await self._timekeeper.sleep_until(self._timekeeper.now_ms() + WATCHED_MS, self._is_wanted)

    async def _look_back_once(self) -> None:
        """Put the past of what is asked for together when the exchanges know theirs."""
        while not self._wanted or self._live_from_ms is None or self._exchanges.is_loading():
            await self._clock.sleep(LOOK_S)
        self._has_past = True
        await self._fill_past(self._wanted)
        self._publish_status()

    async def _fill_past(self, names: Iterable[str]) -> None:
        """Fill the minutes before this engine began, of pairs of which the exchanges have learned more."""
        turns = Turns()
        for name in names:
            async with self._sliding:  # not in the middle of a poll
                self._fill_one(name)
            await turns.give()
        if self._dirty:
            await self._publish_dirty()

    def _fill_one(self, name: str) -> None:
        try:
            one = self.market.holding(name).instrument
        except UnknownPairError:
            return
        pair = one.base, one.quote
        pasts = self._exchanges.pasts(pair)
        if pasts == self._pasts.get(name):
            return
        self._pasts[name] = pasts
        start_ms, before_ms = self.market.start_ms, self._live_from_ms or 0
        levels, changes = consolidated_past(self._exchanges.past(pair, start_ms, self.market.window_minutes))
        samples = [(start_ms + index * MINUTE_MS, level) for index, level in levels]
        if self.market.fill_prices(name, samples, before_ms):
            broken = (start_ms + index * MINUTE_MS for index in changes)
            self.market.break_returns(name, [minute_ms for minute_ms in broken if minute_ms < before_ms])
            self._dirty.add(name)
