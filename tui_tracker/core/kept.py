"""What is kept of a market beyond its windows: single minutes, hours, and how far they reach."""

from array import array
from dataclasses import dataclass

from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import Metric


@dataclass(frozen=True, slots=True)
class Stretch:
    """One metric of one instrument over consecutive minutes."""

    values: "array[float]"
    """NaN where nothing was observed."""
    provenance: bytes


Loaded = dict[str, dict[Metric, Stretch]]
"""By instrument and metric, all from the same minute on; what was never observed is absent."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """One hour of one instrument, made of its raw minutes."""

    hour_ms: int
    """Its first instant."""
    open: float
    high: float
    low: float
    close: float
    mean: float
    stddev: float
    """Population standard deviation of the minutes' prices."""
    count: int
    """Minutes with a price."""
    volume: float | None
    """Base volume of the minutes of which it is known; ``None`` where it is known of none."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one minute to another, both included, ms since the epoch."""

    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one source."""

    source: str
    minutes: Span | None
    """Single minutes; ``None`` where there are none."""
    hours: Span | None
    """Hourly sums of prices, to the week."""
    instruments: tuple[Instrument, ...]
    """As they were last listed, by id."""
    ids: tuple[str, ...]
    """Instruments of which anything is kept, in order."""
