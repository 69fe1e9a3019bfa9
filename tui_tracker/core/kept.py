"""What is kept of a market beyond its windows: single minutes, hours, and how far they reach."""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS

HOUR_MINUTES: Final = 60


@dataclass(frozen=True, slots=True)
class Stretch:
    """One metric of one instrument over consecutive minutes."""

    values: "array[float]"
    """NaN where nothing was observed."""
    provenance: bytes


Loaded = dict[str, dict[Metric, Stretch]]
"""By instrument and metric, all from the same minute on; what was never observed is absent."""


def by_hours(load: Callable[[int, int], Loaded], start_ms: int, end_ms: int) -> Iterator[tuple[int, Loaded]]:
    """Yield (start in ms, samples) of each hour from ``start_ms`` to before ``end_ms``, oldest first.

    The first and the last one are cut; hours without a sample are left out.

    Args:
        load: Reads so many minutes from an instant on.
        start_ms: Where to begin, ms since the epoch.
        end_ms: Where to end.
    """
    first, end = start_ms // MINUTE_MS, -(-end_ms // MINUTE_MS)
    while first < end:
        stop = min(end, first - first % HOUR_MINUTES + HOUR_MINUTES)
        if loaded := load(first * MINUTE_MS, stop - first):
            yield first * MINUTE_MS, loaded
        first = stop


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
