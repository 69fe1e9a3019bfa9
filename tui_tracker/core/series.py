"""The samples of one window, for a chart."""

from array import array
from dataclasses import dataclass

from tui_tracker.core.metric import Metric

MINUTE_MS = 60_000
"""Milliseconds in a minute."""


@dataclass(frozen=True, slots=True)
class Series:
    """Consecutive minutes of one metric of one instrument."""

    instrument_id: str
    metric: Metric
    start_ms: int
    """Start of the first minute."""
    values: "array[float]"
    """One double a minute; NaN where nothing was observed. A copy that nobody changes."""
    version: int = 0
    """Version of the snapshot that it belongs to."""

    @property
    def end_ms(self) -> int:
        """Start of the last minute."""
        return self.start_ms + (len(self.values) - 1) * MINUTE_MS
