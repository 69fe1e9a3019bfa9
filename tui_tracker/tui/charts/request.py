"""What a picture of a chart is made from, and what comes out."""

from dataclasses import dataclass
from enum import StrEnum
from string import ascii_uppercase
from typing import Final

from tui_tracker.config.choices import ChartStyle
from tui_tracker.config.views import MOST_COMPARED
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.tui.charts.frame import Frame
from tui_tracker.tui.charts.glyphs import Marker
from tui_tracker.tui.runs import Line
from tui_tracker.tui.times import Zone

MOST: Final = MOST_COMPARED
"""Pairs that can be compared, beside the selected one."""
LETTERS: Final = ascii_uppercase[:MOST]


class Unit(StrEnum):
    """What the values of a chart are."""

    PRICE = "price"
    """Quote currency: the instrument's tick gives the digits."""
    NUMBER = "number"
    PERCENT = "percent"
    RANK = "rank"
    """Negative ranks, so that 1 is at the top."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The line of one pair among several."""

    letter: str
    """What names it on the line and in the legend; empty for the selected pair."""
    name: str
    values: tuple[float, ...]
    """Change from the left edge in percent, one a minute; NaN where nothing was observed."""


@dataclass(frozen=True, slots=True)
class Normal:
    """Mean and σ that values are measured against; ``None`` where they are unknown."""

    mean: float | None = None
    stddev: float | None = None

    def score(self, value: float) -> float | None:
        """How many σ above the mean."""
        if self.mean is None or not self.stddev:
            return None
        return (value - self.mean) / self.stddev


@dataclass(frozen=True, slots=True)
class Band:
    """Mean ± 2σ of a span."""

    minutes: int
    """Length of a sliding span; 0 for the whole window, whose mean and σ are given."""
    before: tuple[float, ...] = ()
    """The values before the first one shown that the sliding span needs."""
    mean: float | None = None
    stddev: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ChartRequest:
    """Everything that a picture depends on; equal requests give equal pictures."""

    key: tuple[object, ...]
    """Identifies the data: instrument, metric, version, span, compared pairs."""
    start_ms: int
    values: tuple[float, ...]
    """One a step, NaN where nothing was observed."""
    width: int
    height: int
    digits: int
    """Decimals of a value, where the unit is a price."""
    unit: Unit
    zone: Zone
    marker: Marker = "braille"
    style: ChartStyle = ChartStyle.LINE
    band: Band | None = None
    volumes: tuple[float, ...] = ()
    """Base volume of each step, for candles; empty where the exchange doesn't give it."""
    traces: tuple[Trace, ...] = ()
    """Compared pairs, the selected one last; they replace ``values``."""
    step: int = 1
    """Minutes from one value to the next; more than one are points of hours (``Hours``)."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChartRequest) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def instant(self, index: int) -> int:
        """When a value is of."""
        return self.start_ms + index * self.step * MINUTE_MS

    def index(self, instant_ms: int) -> int:
        """Which value is of an instant, may be outside of them."""
        return (instant_ms - self.start_ms) // (self.step * MINUTE_MS)

    @property
    def identity(self) -> tuple[object, ...]:
        """What distinguishes this request, without its values."""
        band = None if self.band is None else (self.band.minutes, self.band.mean, self.band.stddev)
        shape = self.step, self.width, self.height, self.zone.name, self.marker
        return self.key, shape, self.style, self.unit, band, tuple((trace.letter, trace.name) for trace in self.traces)


@dataclass(frozen=True, slots=True)
class Picture:
    """What was drawn: no lines where there is no room, or nothing was observed."""

    lines: tuple[Line, ...] = ()
    frame: Frame | None = None
    """Where values and instants fall on it."""
    note: str = ""
    """What the title must say to read it."""
