"""What a collector does to its market."""

from dataclasses import dataclass

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.ticker import Ticker


@dataclass(frozen=True, slots=True)
class Polled:
    """A poll was accepted. Instants are corrected clock, ms."""

    tickers: tuple[Ticker, ...]
    at_ms: int
    now_ms: int
    unreadable: tuple[str, ...]
    """Symbols of which no quote could be read."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Candles of an instrument came."""

    instrument_id: str
    batch: CandleBatch
    now_ms: int


@dataclass(frozen=True, slots=True)
class Listed:
    """The exchange told what it lists."""

    instruments: tuple[Instrument, ...]
    now_ms: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """Minutes after one were stamped by a wrong clock and taken out."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Slid:
    """Windows went on without a poll."""

    now_ms: int


Event = Polled | Loaded | Listed | Dropped | Slid
