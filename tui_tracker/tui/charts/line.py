"""One pair as a line, and as an area under it."""

from tui_tracker.stats.downsample import min_max_columns
from tui_tracker.tui.charts.frame import Frame
from tui_tracker.tui.charts.glyphs import Glyphs
from tui_tracker.tui.charts.grid import Grid
from tui_tracker.tui.charts.plot import DOTS, plotted, polylines
from tui_tracker.tui.charts.request import ChartRequest


def paint_line(grid: Grid, request: ChartRequest, frame: Frame) -> None:
    """Draw the line."""
    columns = min_max_columns(request.values, DOTS * frame.columns)
    grid.lay(plotted(polylines(columns, frame), frame, request.marker), "accent")


def lows(grid: Grid, frame: Frame) -> list[int | None]:
    """The lowest row of the line in each column; ``None`` in gaps."""
    return [grid.lowest(column) for column in range(frame.columns)]


def paint_area(grid: Grid, under: list[int | None], frame: Frame, glyphs: Glyphs) -> None:
    """Fill what is ``under`` the line."""
    for column, low in enumerate(under):
        if low is not None:
            for row in range(low + 1, frame.rows):
                grid.under(row, column, glyphs.fill, "line")
