"""What the engine needs of an exchange. The next exchange is one module and its tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.ticker import Ticker, TickerBatch


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One candle request that a source can answer."""

    minutes: int
    """Length of a candle."""
    rows: int
    """Most candles that one request gives, the open one included."""

    @property
    def span_minutes(self) -> int:
        """How far back the closed candles reach."""
        return self.minutes * self.rows


@dataclass(frozen=True, slots=True)
class InstrumentBatch:
    """All instruments that an exchange lists."""

    instruments: tuple[Instrument, ...]
    malformed: tuple[tuple[str, str], ...] = ()
    """(symbol, reason) of each entry that could not be read."""


@dataclass(frozen=True, slots=True)
class ServerTime:
    """One reading of the exchange's clock, with the local wall clock around it. All in ms."""

    server_ms: int
    """Middle of the instants that the answer can mean (whole seconds: + 500)."""
    sent_ms: int
    received_ms: int

    @property
    def round_trip_ms(self) -> int:
        """How long the answer was on its way: the offset may be wrong by half of it."""
        return self.received_ms - self.sent_ms

    @property
    def offset_ms(self) -> int:
        """Exchange's clock minus ours, taking the middle of the round trip."""
        return self.server_ms - (self.sent_ms + self.received_ms) // 2


class Source(Protocol):
    """One exchange. Every call is one request; each raises ``SourceError`` where there is no usable answer."""

    @property
    def name(self) -> str:
        """``kraken``; the prefix of its instrument ids."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Whether its market is made up."""
        ...

    @property
    def history(self) -> tuple[HistoryStep, ...]:
        """What ``candles`` can give, coarsest first."""
        ...

    async def instruments(self) -> InstrumentBatch:
        """Read the list of instruments, and remember their symbols for ``tickers``."""
        ...

    def recall(self, instruments: Sequence[Instrument]) -> None:
        """Remember symbols from a list that was read earlier, by another process, instead of reading it again."""
        ...

    async def tickers(self) -> TickerBatch:
        """Read the quotes of all instruments in one request."""
        ...

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        """Read the closed candles of one instrument, as far back as one request reaches."""
        ...

    async def server_time(self) -> ServerTime:
        """Read the exchange's clock."""
        ...

    def next_slot_s(self) -> float:
        """Seconds until the request budget allows a poll."""
        ...

    async def aclose(self) -> None:
        """Close connections; nothing may be called after."""
        ...


class Listener(Protocol):
    """Who hears what a connection of a stream says; called on the event loop, and not to wait."""

    def opened(self) -> None:
        """The exchange said yes to what was asked."""
        ...

    def told(self, tickers: Sequence[Ticker], said_ms: int | None = None) -> None:
        """Quotes came. What one leaves out (``None``) is not told by this stream, or has no value.

        ``said_ms`` is when the exchange said them by its own clock, ``None`` where it doesn't tell.
        """
        ...

    def missed(self) -> None:
        """Messages got lost, as their numbers show."""
        ...

    def rest_s(self) -> float:
        """For so long from now on nobody looks at what is told."""
        ...


class Stream(Protocol):
    """Live quotes of one exchange, beside what polls tell."""

    @property
    def most_pairs(self) -> int:
        """So many instruments may be asked for on one connection."""
        ...

    async def run(self, instruments: Sequence[Instrument], listener: Listener) -> None:
        """Open one connection, ask for all instruments, and hand over what is said, until that ends.

        Raises:
            SourceError: Why it ended; it always does.
        """
        ...

    async def try_open(self) -> None:
        """Open one connection and end it at once, without a word.

        Raises:
            SourceError: Why it can't be opened.
        """
        ...
