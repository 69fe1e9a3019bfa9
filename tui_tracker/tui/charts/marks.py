"""The highest and the lowest point of a chart, each with an arrow, its value and its time."""

from typing import Final

from tui_tracker.tui.charts.frame import Frame
from tui_tracker.tui.charts.grid import Grid
from tui_tracker.tui.charts.request import ChartRequest
from tui_tracker.tui.charts.values import value_text

ROOM_FOR_MARKS: Final = 9
"""Rows from which on the highest and the lowest one are kept free for the marks."""
NO_BREAK: Final = "\u00a0"
"""A day stays in one piece where the value alone must do."""
REACH: Final = 12
"""Cells from a point within which a mark may stand beside it."""


def paint_marks(grid: Grid, request: ChartRequest, frame: Frame, found: tuple[int, int]) -> None:
    """Name the extremes: above and below them if there is room, else beside them, else over the line."""
    low, high = found
    if request.values[low] == request.values[high]:
        return
    has_room = frame.rows >= ROOM_FOR_MARKS
    for index, inward, arrow in ((high, 1, "▾"), (low, -1, "▴")):
        instant, value = request.instant(index), request.values[index]
        when = request.zone.minute(instant) if request.step == 1 else request.zone.day(instant).replace(" ", NO_BREAK)
        label = f"{value_text(value, request.unit, request.digits)} {when}"
        column, row = frame.column(instant), frame.row(value)
        if has_room:
            _at(grid, _free_row(grid, row, -inward, frame.rows, column, len(label) + 2), column, arrow, label)
        elif not _beside(grid, (row, row + inward), column, arrow, label):
            _at(grid, row, column, arrow, label)


def _free_row(grid: Grid, row: int, outward: int, rows: int, column: int, size: int) -> int:
    """The nearest row further out with nothing on either side of the column, or the outermost one."""
    last = 0 if outward < 0 else rows - 1
    for near in range(row + outward, last, outward):
        if grid.is_free(near, max(0, column - size), min(grid.columns, column + size)):
            return near
    return last


def _at(grid: Grid, row: int, column: int, arrow: str, label: str) -> None:
    """Put the arrow at the column itself and the label on the side where it fits; else its value alone."""
    for text in (label, label.rpartition(" ")[0]):
        if column + 2 + len(text) <= grid.columns:
            grid.write(row, column + 1, f" {text}", "muted")
            break
        if column - 1 - len(text) >= 0:
            grid.write(row, column - 1 - len(text), f"{text} ", "muted")
            break
    grid.put(row, column, arrow, "strong")


def _beside(grid: Grid, rows: tuple[int, int], column: int, arrow: str, label: str) -> bool:
    """Put arrow and label into blanks near the point, if there are any."""
    size = len(label) + 2
    for distance in range(1, REACH):
        for row in rows:
            if grid.is_free(row, column + distance, column + distance + size):
                grid.put(row, column + distance, arrow, "strong")
                grid.write(row, column + distance + 1, f" {label}", "muted")
                return True
            left = column - distance - size + 1
            if grid.is_free(row, left, left + size):
                grid.write(row, left, f"{label} ", "muted")
                grid.put(row, left + size - 1, arrow, "strong")
                return True
    return False
