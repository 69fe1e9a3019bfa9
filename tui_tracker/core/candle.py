"""Candles as an exchange gives them, and where a sample came from."""

from dataclasses import dataclass
from enum import IntEnum


class Provenance(IntEnum):
    """Where a sample came from; for a closed minute the larger one wins."""

    CANDLE_5M = 1
    POLL = 2
    STREAM = 3
    CANDLE_1M = 4


@dataclass(frozen=True, slots=True)
class Candle:
    """Trades of one interval, summed up."""

    start_ms: int
    """First instant of the interval, UTC."""
    close: float
    """Price of the last trade in or before the interval."""
    volume: float
    """Base volume; 0 where nothing traded."""
    trades: int | None = None
    """Number of trades, where the exchange tells it."""


@dataclass(frozen=True, slots=True)
class CandleBatch:
    """Closed candles of one instrument, oldest first, of equal length, without duplicates."""

    step_minutes: int
    candles: tuple[Candle, ...]
    malformed: tuple[int, ...] = ()
    """Start, in ms, of each interval whose candle could not be read (0 where not even that could)."""
