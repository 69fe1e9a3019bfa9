"""What a window says about its samples."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from operator import attrgetter
from typing import Final, NamedTuple


class Measure(StrEnum):
    """The figure that pairs are ranked by; the largest is rank 1."""

    STDDEV = "stddev"
    """Population standard deviation, in the unit of the metric."""
    CV = "cv"
    """Standard deviation over mean, a fraction."""
    VOLATILITY = "volatility"
    """Annualised volatility of 5-minute log returns, a fraction."""
    RANGE = "range"
    """(max − min) / mean, in percent."""

    @property
    def label(self) -> str:
        """The short name shown to people."""
        return {"stddev": "σ", "cv": "cv", "volatility": "volatility", "range": "range"}[self.value]


class Figures(NamedTuple):
    """Statistics of the samples in one window.

    A named tuple, since thousands are made at each poll and it is made in a third of a frozen dataclass's time.
    ``mean``, ``stddev``, ``minimum``, ``maximum``, ``first`` and ``last`` are in the unit of the metric; all are
    ``None`` exactly where ``samples`` is 0.
    """

    length: int
    """Minutes that the window spans."""
    samples: int
    """Minutes that were observed."""
    mean: float | None
    """Correctly rounded rational mean."""
    stddev: float | None
    """Population standard deviation, correctly rounded."""
    minimum: float | None
    maximum: float | None
    first: float | None
    """Oldest sample."""
    first_ms: int | None
    """Minute of the oldest sample."""
    last: float | None
    """Newest sample."""
    last_ms: int | None
    """Minute of the newest sample."""
    volatility: float | None
    """√(525,600 · Σr² / minutes) over 5-minute grid points, a fraction a year; ``None`` without a return."""

    @property
    def coverage(self) -> float:
        """Observed share of the window's minutes, a fraction; the open minute is included."""
        return self.samples / self.length

    @property
    def cv(self) -> float | None:
        """stddev / mean, a fraction; ``None`` unless the mean is positive."""
        if self.stddev is None or self.mean is None or not self.mean > 0:
            return None
        return self.stddev / self.mean

    @property
    def range_pct(self) -> float | None:
        """(maximum − minimum) / mean · 100; ``None`` unless the mean is positive."""
        if self.maximum is None or self.minimum is None or self.mean is None or not self.mean > 0:
            return None
        return (self.maximum - self.minimum) / self.mean * 100

    @property
    def change(self) -> float | None:
        """last − first."""
        return None if self.last is None or self.first is None else self.last - self.first

    @property
    def change_pct(self) -> float | None:
        """(last − first) / first · 100; ``None`` unless the first is positive."""
        if self.last is None or self.first is None or not self.first > 0:
            return None
        return (self.last - self.first) / self.first * 100


VALUE_OF: Final[Mapping[Measure, Callable[[Figures], float | None]]] = {
    Measure.STDDEV: attrgetter("stddev"),
    Measure.CV: attrgetter("cv"),
    Measure.VOLATILITY: attrgetter("volatility"),
    Measure.RANGE: attrgetter("range_pct"),
}
"""How each measure is read off figures; ``None`` where it is undefined."""
