"""A source that is made of others: each of its pairs is the same pair of several exchanges."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final, NamedTuple

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.classes import classes_of
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import RejectedError
from tui_tracker.core.instrument import CONSOLIDATED, LEAST_EXCHANGES, Instrument, consolidated_id
from tui_tracker.core.ticker import Ticker, TickerBatch
from tui_tracker.sources.base import HistoryStep, InstrumentBatch, ServerTime
from tui_tracker.stats.consolidation import MOST_AGE_MS, NOBODY, consolidate

STEP: Final = 64
"""Pairs that are put together before everything else gets its turn."""
Pair = tuple[str, str]
"""Base and quote: USD, USDT and USDC are three."""


class Side(NamedTuple):
    """What one exchange says of one pair."""

    source: str
    mid: float
    age_ms: int
    base_volume: float
    quote_volume: float
    digits: int


@dataclass(slots=True)
class _Standing:
    """What is remembered of a pair from poll to poll."""

    members: frozenset[str] = NOBODY
    left: frozenset[str] = NOBODY


Sides = Callable[[], Awaitable[dict[Pair, list[Side]]]]
"""Reads what all exchanges say now, by pair."""


class ConsolidatedSource:
    """The pairs that at least three exchanges quote. See ``Source`` for what the methods guarantee.

    Args:
        clock: Stamps quotes.
        sides: What the exchanges say.
        offset_ms: The exchanges' clocks minus ours.
        give_turn: Lets everything else go on.
    """

    name = CONSOLIDATED
    is_simulated = False
    history: tuple[HistoryStep, ...] = ()

    def __init__(
        self, clock: Clock, sides: Sides, offset_ms: Callable[[], int], give_turn: Callable[[], Awaitable[None]]
    ) -> None:
        self._clock: Final = clock
        self._sides: Final = sides
        self._offset_ms: Final = offset_ms
        self._give_turn: Final = give_turn
        self._listed: dict[Pair, Instrument] = {}
        self._standings: dict[Pair, _Standing] = {}
        self._changed: list[str] = []

    @property
    def listed(self) -> int:
        """How many pairs were ever found."""
        return len(self._listed)

    async def instruments(self) -> InstrumentBatch:
        """Return every pair that at least three exchanges ever quoted at once.

        Raises:
            RejectedError: If there is none yet.
        """
        self._list(await self._sides())
        if not self._listed:
            raise RejectedError(f"fewer than {LEAST_EXCHANGES} exchanges quote the same pair so far")
        return InstrumentBatch(tuple(self._listed.values()))

    def recall(self, instruments: Sequence[Instrument]) -> None:
        """See ``Source.recall``; pairs are found anew each time."""

    async def tickers(self) -> TickerBatch:
        """Return the level of each pair; of one that too few exchanges agree on, nothing.

        Raises:
            RejectedError: If that is so of every pair.
        """
        sent_ms = self._clock.now_ms()
        sides = await self._sides()
        self._list(sides)
        self._changed = []
        tickers: list[Ticker] = []
        for count, (pair, instrument) in enumerate(self._listed.items(), 1):
            fresh = [side for side in sides.get(pair, ()) if side.age_ms <= MOST_AGE_MS]
            ticker = self._ticker(pair, instrument, fresh)
            if ticker is not None:
                tickers.append(ticker)
            if count % STEP == 0:
                await self._give_turn()
        if not tickers:
            raise RejectedError(f"fewer than {LEAST_EXCHANGES} exchanges agree on any pair")
        return TickerBatch(tuple(tickers), sent_ms=sent_ms)

    def changed(self) -> Sequence[str]:
        """Ids of pairs whose last level was made of other exchanges than the one before."""
        return self._changed

    def members(self) -> dict[str, tuple[str, ...]]:
        """The exchanges that the last level of each pair was made of, by its id."""
        return {
            one.id: tuple(sorted(self._standings[pair].members))
            for pair, one in self._listed.items()
            if pair in self._standings
        }

    def _ticker(self, pair: Pair, instrument: Instrument, fresh: Sequence[Side]) -> Ticker | None:
        standing = self._standings.setdefault(pair, _Standing())
        found = consolidate({side.source: side.mid for side in fresh}, standing.left)
        standing.left = found.left
        if found.level is None:
            return None
        if standing.members and found.members != standing.members:
            self._changed.append(instrument.id)
        standing.members = found.members
        sides = [side for side in fresh if side.source in found.members]
        base, quote = fsum(side.base_volume for side in sides), fsum(side.quote_volume for side in sides)
        return Ticker(instrument.id, found.level, None, None, base, quote, None)

    def _list(self, sides: dict[Pair, list[Side]]) -> None:
        for (base, quote), found in sides.items():
            if len(found) >= LEAST_EXCHANGES and (base, quote) not in self._listed:
                self._listed[base, quote] = _instrument(base, quote, found)

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:  # noqa: ARG002
        """There are none: the past is made of the exchanges' own windows.

        Raises:
            RejectedError: Always.
        """
        raise RejectedError("a consolidated pair has no candles")

    async def server_time(self) -> ServerTime:
        """Return the middle of the exchanges' clocks."""
        now_ms = self._clock.now_ms()
        return ServerTime(now_ms + self._offset_ms(), now_ms, now_ms)

    def next_slot_s(self) -> float:
        """Return 0: nothing is asked over a network."""
        return 0.0

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""


def _instrument(base: str, quote: str, sides: Iterable[Side]) -> Instrument:
    digits = max(side.digits for side in sides)
    return Instrument(
        consolidated_id(base, quote), base, quote, f"{base}/{quote}", (), digits, classes=classes_of(base)
    )
