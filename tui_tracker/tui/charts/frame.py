"""The frame of a chart: where values and instants fall in the plot, and the axes around it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.downsample import time_ticks
from tui_tracker.tui.runs import Line, Run, fit, joined
from tui_tracker.tui.times import Zone

LONGEST_OF_TIMES: Final = 2 * 1440
"""Minutes up to which ticks are times of day; over more they are days."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where values and instants fall in the plot."""

    low: float
    """Value at the lower edge."""
    high: float
    rows: int
    """Rows of the values; a legend may stand above them and volumes below."""
    columns: int
    start_ms: int
    count: int
    """Values from left to right."""
    top: int = 0
    """Lines above the first row."""
    left: int = 0
    """Cells before the first column."""
    below: int = 0
    """Rows of the plot under those of the values."""
    step: int = 1
    """Minutes from one value to the next."""

    @property
    def minutes(self) -> int:
        """Minutes that are shown."""
        return self.count * self.step

    def share(self, value: float) -> float:
        """How far up the plot a value is: 0 at its lower edge, 1 at its upper one."""
        return (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)

    def level(self, value: float, parts: int = 1) -> int:
        """The row of a value from the bottom, each divided into ``parts``."""
        return max(0, min(self.rows * parts - 1, int(self.share(value) * self.rows * parts)))

    def row(self, value: float) -> int:
        """The row of a value from the top."""
        return self.rows - 1 - self.level(value)

    def column(self, instant_ms: int) -> int:
        """The column of an instant."""
        place = (instant_ms - self.start_ms) / (self.step * MINUTE_MS) + 0.5
        return max(0, min(self.columns - 1, int(place * self.columns / self.count)))

    def places_of(self, column: int) -> range:
        """Indices of the values that a column shows, at least one."""
        start = column * self.count // self.columns
        return range(start, max(start + 1, (column + 1) * self.count // self.columns))


def value_axis(labels: Mapping[int, str], width: int, rows: int) -> list[tuple[Run, ...]]:
    """The cells left of each row: labels where ticks are, and the rule."""
    return [
        ((fit(labels.get(row, ""), width, right=True), "faint"), (" ┤" if row in labels else " │", "line"))
        for row in range(rows)
    ]


def time_axis(frame: Frame, zone: Zone, lines: int) -> list[Line]:
    """A rule with ticks and the labels under it, or in one row a rule with the labels in it."""
    end_ms = frame.start_ms + (frame.count - 1) * frame.step * MINUTE_MS
    ticks = time_ticks(frame.start_ms, end_ms, max(1, frame.columns // 11), zone.offset_ms)
    rule, labels = ["─"] * frame.columns, [" "] * frame.columns
    free_from = 0
    for tick in ticks:
        column = frame.column(tick)
        rule[column] = "┬"
        text = zone.minute(tick) if frame.minutes <= LONGEST_OF_TIMES else zone.day(tick)
        left = max(0, min(column - len(text) // 2, frame.columns - len(text)))
        if left >= free_from:
            labels[left : left + len(text)] = text
            free_from = left + len(text) + 1
    blank = " " * (frame.left - 1)
    if lines == 2:
        return [
            Line(((f"{blank}└{''.join(rule)}", "line"),)),
            Line(((f"{blank} {''.join(labels)}", "faint"),)),
        ]
    runs: list[Run] = [(f"{blank}└", "line")]
    runs.extend(("─", "line") if char == " " else (char, "faint") for char in labels)
    return [Line(joined(runs))]
