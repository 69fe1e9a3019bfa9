"""Bollinger band: mean ± 2σ of the whole window, or of a span that slides over it."""

from typing import Final, NamedTuple

from tui_tracker.stats.rolling import rolling
from tui_tracker.tui.charts.frame import Frame
from tui_tracker.tui.charts.glyphs import Glyphs
from tui_tracker.tui.charts.grid import Grid
from tui_tracker.tui.charts.request import ChartRequest
from tui_tracker.tui.runs import Kind

WIDTH: Final = 2.0
"""Standard deviations from the mean to an edge."""


class Edges(NamedTuple):
    """The band at one minute."""

    low: float
    mean: float
    high: float


def edges(request: ChartRequest) -> list[Edges | None]:
    """The band at each minute shown; empty where none is wanted or known."""
    band = request.band
    if band is None:
        return []
    if not band.minutes:
        if band.mean is None or band.stddev is None:
            return []
        return [_around(band.mean, band.stddev)] * len(request.values)
    found = rolling((*band.before, *request.values), band.minutes)[len(band.before) :]
    return [None if one is None else _around(*one) for one in found]


def _around(mean: float, stddev: float) -> Edges:
    return Edges(mean - WIDTH * stddev, mean, mean + WIDTH * stddev)


def paint_band(grid: Grid, band: list[Edges | None], frame: Frame, glyphs: Glyphs) -> None:
    """Draw mean and edges where nothing else is."""
    lines: tuple[tuple[int, str, Kind], ...] = (
        (0, glyphs.edge, "muted"),
        (1, glyphs.mean, "faint"),
        (2, glyphs.edge, "muted"),
    )
    for part, glyph, kind in lines:
        before: int | None = None
        for column in range(frame.columns if band else 0):
            at = band[min(frame.places_of(column)[-1], len(band) - 1)]
            if at is None:
                before = None
                continue
            row = frame.row(at[part])
            start = row if before is None or abs(row - before) < 2 else before + (1 if row > before else -1)
            for place in range(min(start, row), max(start, row) + 1):
                grid.under(place, column, glyph, kind)
            before = row
