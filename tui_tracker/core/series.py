"""The samples of one window, for a chart."""

from array import array
from dataclasses import dataclass, replace

from tui_tracker.core.metric import Metric

MINUTE_MS = 60_000
"""Milliseconds in a minute."""


@dataclass(frozen=True, slots=True)
class Series:
    """Consecutive minutes, or longer steps, of one metric of one instrument."""

    instrument_id: str
    metric: Metric
    start_ms: int
    """Start of the first minute."""
    values: "array[float]"
    """One double a step; NaN where nothing was observed. A copy that nobody changes."""
    version: int = 0
    """Version of the snapshot that it belongs to."""
    step_minutes: int = 1
    """Minutes from one value to the next."""

    @property
    def end_ms(self) -> int:
        """Start of the last step."""
        return self.start_ms + (len(self.values) - 1) * self.step_ms

    def last(self, minutes: int) -> "Series":
        """The last ``minutes`` minutes, or all where there are fewer."""
        count = minutes // self.step_minutes
        cut = len(self.values) - count
        if cut <= 0 or count <= 0:
            return self
        return replace(self, start_ms=self.start_ms + cut * self.step_ms, values=self.values[cut:])

    @property
    def step_ms(self) -> int:
        """Milliseconds from one value to the next."""
        return self.step_minutes * MINUTE_MS
