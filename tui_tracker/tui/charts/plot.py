"""Lines as characters. The only module that knows plotext, and it loads it when first drawing."""

from collections.abc import Sequence
from typing import Final, TypeAlias

from tui_tracker.stats.downsample import Column, runs
from tui_tracker.tui.charts.frame import Frame
from tui_tracker.tui.runs import fit

DOTS: Final = 2
"""Columns of dots in one cell."""
Polyline: TypeAlias = tuple[list[float], list[float]]
"""Abscissas in dots and ordinates in heights of the plot."""


def plotted(lines: Sequence[Polyline], frame: Frame, marker: str) -> list[str]:
    """The rows of a plot with these lines: a private figure, never the shared one of plotext's module."""
    from plotext._figure import _figure_class

    figure = _figure_class()
    figure._limit_size(False, False)
    figure._set_size(frame.columns, frame.rows)
    figure.plot_size(frame.columns, frame.rows)
    figure.theme("clear")
    figure.frame(False)
    figure.xaxes(False, False)
    figure.yaxes(False, False)
    figure.xticks([], [])
    figure.yticks([], [])
    for xs, ys in lines:
        figure.plot(xs, ys, marker=marker)
    figure.xlim(0, DOTS * frame.columns - 1)
    figure.ylim(0, 1)
    rows = figure.build().replace("\x1b[0m", "").split("\n")[: frame.rows]
    rows += [""] * (frame.rows - len(rows))
    return [fit(row, frame.columns) for row in rows]


def polylines(columns: Sequence[Column | None], frame: Frame) -> list[Polyline]:
    """One unbroken line for each run of columns."""
    lines: list[Polyline] = []
    for start, stop in runs(columns):
        xs: list[float] = []
        ys: list[float] = []
        for index in range(start, stop):
            column = columns[index]
            if column is not None:
                path = column.path()
                xs.extend([float(index)] * len(path))
                ys.extend(frame.share(value) for value in path)
        lines.append((xs, ys))
    return lines
