"""A chart as lines of styled text: what is drawn, in its frame."""

from collections.abc import Sequence
from typing import Final

from tui_tracker.config.choices import ChartStyle
from tui_tracker.stats.axis import Axis, even_axis
from tui_tracker.stats.downsample import extremes, value_ticks
from tui_tracker.tui.charts.band import Edges, edges, paint_band
from tui_tracker.tui.charts.candles import candle_minutes, paint_candles, volume_labels
from tui_tracker.tui.charts.compare import legend, paint_traces
from tui_tracker.tui.charts.frame import Frame, time_axis, value_axis
from tui_tracker.tui.charts.glyphs import glyphs_for
from tui_tracker.tui.charts.grid import Grid
from tui_tracker.tui.charts.line import lows, paint_area, paint_line
from tui_tracker.tui.charts.marks import ROOM_FOR_MARKS, paint_marks
from tui_tracker.tui.charts.request import ChartRequest, Picture, Unit
from tui_tracker.tui.charts.values import tick_labels
from tui_tracker.tui.runs import Line, joined, width_of

LEAST_WIDTH: Final = 8
LEAST_HEIGHT: Final = 2
ROOM_FOR_TICKS: Final = ROOM_FOR_MARKS + 2
"""Lines from which on the labels of the time axis stand under its rule."""
ROOM_FOR_VOLUMES: Final = 10
ENDS: Final = 2
"""Columns at the right for the letters of compared pairs."""
NOTHING: Final = Picture()


def draw(request: ChartRequest) -> Picture:
    """Draw one picture of exactly ``height`` lines; an empty one where there is no room or nothing observed.

    Takes milliseconds: call it in a thread.
    """
    glyphs = glyphs_for(request.marker)
    band = [] if request.traces else edges(request)
    extent = _extent(request, band)
    if extent is None:
        return NOTHING
    head = _head(request)
    axis_lines = 2 if request.height >= ROOM_FOR_TICKS else 1
    room = request.height - axis_lines - len(head)
    below = max(2, room // 5) if _has_volumes(request) and room >= ROOM_FOR_VOLUMES else 0
    rows = room - below
    if rows < LEAST_HEIGHT:
        return NOTHING
    axis = _axis(extent, rows, request)
    labels = tick_labels(axis.ticks, request.unit, request.digits)
    label_width = max((len(label) for label in labels), default=0)
    ends = ENDS if request.traces else 0
    columns = request.width - label_width - 2 - ends
    if columns < LEAST_WIDTH:
        return NOTHING
    count = len(request.traces[0].values) if request.traces else len(request.values)
    frame = Frame(
        axis.low, axis.high, rows, columns, request.start_ms, count, len(head), label_width + 2, below, request.step
    )
    grid = Grid(rows + below, columns + ends)
    _paint(grid, request, frame, band)
    at_row = {frame.row(tick): label for tick, label in zip(axis.ticks, labels, strict=True) if label}
    at_row |= volume_labels(request, frame, label_width)
    sides = value_axis(at_row, label_width, grid.rows)
    plot = [Line(joined((*side, *grid.runs(row)))) for row, side in enumerate(sides)]
    foot = [
        Line((*line.runs, (" " * ends, "line"))) if ends else line
        for line in time_axis(frame, request.zone, axis_lines)
    ]
    note = ""
    if request.style is ChartStyle.CANDLES and _is_single(request):
        step = candle_minutes(frame.minutes, columns)
        note = f"{span_text(step)} candles, {glyphs.hollow} up {glyphs.fall[0]} down"
    return Picture((*head, *plot, *foot), frame, note)


def span_text(minutes: int) -> str:
    """``15 min``, ``2 h``, ``3 d``."""
    if minutes % 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes % 1440 else f"{minutes // 1440} d"


def _is_single(request: ChartRequest) -> bool:
    return not request.traces and request.unit is not Unit.RANK


def _has_volumes(request: ChartRequest) -> bool:
    return bool(request.volumes) and request.style is ChartStyle.CANDLES and _is_single(request)


def _head(request: ChartRequest) -> list[Line]:
    """The legend of compared pairs."""
    if not request.traces:
        return []
    most = 1 if request.height < ROOM_FOR_TICKS else 2
    lines = legend(request.traces, glyphs_for(request.marker), request.width - 1, most)
    return [Line(((" ", "text"), *_padded(line, request.width - 1).runs)) for line in lines]


def _padded(line: Line, width: int) -> Line:
    return Line((*line.runs, (" " * (width - width_of(line.text)), "text")))


def _extent(request: ChartRequest, band: Sequence[Edges | None]) -> tuple[float, float] | None:
    """The least and the largest value to be drawn."""
    ranges: list[tuple[float, float]] = []
    for values in [trace.values for trace in request.traces] or [request.values]:
        found = extremes(values)
        if found is not None:
            ranges.append((values[found[0]], values[found[1]]))
    if not ranges:
        return None
    ranges.extend((one.low, one.high) for one in band if one is not None)
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _axis(extent: tuple[float, float], rows: int, request: ChartRequest) -> Axis:
    """Evenly spaced ticks where there are any; a constant series runs through the middle."""
    low, high = extent
    has_marks = rows >= ROOM_FOR_MARKS and not request.traces
    free = 1 if has_marks and low != high else 0
    if low == high:
        margin = 1.0 if request.unit is Unit.RANK else abs(low) * 0.01 or 1.0
        low, high = low - margin, high + margin
    digits = {Unit.PRICE: request.digits, Unit.RANK: 0}.get(request.unit)
    axis = even_axis(low, high, rows, free, digits)
    if axis is not None:
        return axis
    margin = (high - low) * 1.02 / (rows - 2) if free else 0.0
    low, high = low - margin, high + margin
    return Axis(low, high, tuple(value_ticks(low, high, max(2, rows * 2 // 5))))


def _paint(grid: Grid, request: ChartRequest, frame: Frame, band: list[Edges | None]) -> None:
    glyphs = glyphs_for(request.marker)
    if request.traces:
        paint_traces(grid, request, frame, glyphs)
        return
    if request.style is ChartStyle.CANDLES and request.unit is not Unit.RANK:
        paint_candles(grid, request, frame, glyphs)
        paint_band(grid, band, frame, glyphs)
    else:
        paint_line(grid, request, frame)
        under = lows(grid, frame) if request.style is ChartStyle.AREA and request.unit is not Unit.RANK else []
        paint_band(grid, band, frame, glyphs)
        paint_area(grid, under, frame, glyphs)
    found = extremes(request.values)
    if found is not None:
        paint_marks(grid, request, frame, found)
