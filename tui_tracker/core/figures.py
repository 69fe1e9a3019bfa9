"""What a window says about its samples."""

from enum import StrEnum
from typing import NamedTuple


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
    HL_RANGE = "hl_range"
    """(high − low) / mid of the exchange's 24 h, in percent; of the price alone."""
    PARKINSON = "parkinson"
    """Annualised volatility that the exchange's 24 h high and low tell, a fraction; of the price alone."""
    BIPOWER = "bipower"
    """Annualised bipower volatility of 5-minute log returns, a fraction: jumps count little."""

    @property
    def label(self) -> str:
        """The short name shown to people."""
        return {"stddev": "σ", "hl_range": "24 h high-low", "parkinson": "Parkinson"}.get(self.value, self.value)


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
    bipower: float | None = None
    """√(525,600 · π/2 · Σ|rᵢ||rᵢ₋₁| / minutes) over adjacent returns of 5 minutes, a fraction a year, or ``None``."""

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
