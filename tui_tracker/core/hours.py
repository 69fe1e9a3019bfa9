"""Hours of one metric of one instrument, for charts of weeks and months."""

from array import array
from dataclasses import dataclass, field
from math import nan
from typing import Final

from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS, Series

HOUR_MS: Final = 60 * MINUTE_MS
POINTS: Final = 4
"""Values that stand for an hour in a line: open, low and high in their likely order, close."""
MOST_HOURS: Final = 366 * 24
"""A leap year."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Open, high, low and close of consecutive hours; NaN where nothing was observed. Copies that nobody changes."""

    instrument_id: str
    metric: Metric
    start_ms: int
    """First instant of the first hour."""
    opens: "array[float]"
    highs: "array[float]"
    lows: "array[float]"
    closes: "array[float]"
    volumes: "array[float]" = field(default_factory=lambda: array("d"))
    """Base volume of each hour, NaN where it is unknown; empty where it is known of none."""
    missing: str = ""
    """Why there is no more than this, for a person; empty where all that is asked for was looked up."""

    @property
    def first_ms(self) -> int | None:
        """First instant of the first hour that was observed."""
        place = next((at for at, value in enumerate(self.closes) if value == value), None)
        return None if place is None else self.start_ms + place * HOUR_MS

    def points(self) -> Series:
        """The hours as a line, ``POINTS`` values each: its extremes are those of the hours."""
        values = array("d")
        for each in zip(self.opens, self.lows, self.highs, self.closes, strict=True):
            opening, low, high, close = each
            values.extend(each if close >= opening else (opening, high, low, close))
        return Series(self.instrument_id, self.metric, self.start_ms, values, step_minutes=60 // POINTS)

    def flow(self) -> Series | None:
        """The volumes at the points of the line, each at the first point of its hour; ``None`` where none is known."""
        if not self.volumes:
            return None
        values = array("d")
        for volume in self.volumes:
            values.extend((volume, *[nan] * (POINTS - 1)))
        return Series(self.instrument_id, Metric.FLOW, self.start_ms, values, step_minutes=60 // POINTS)
