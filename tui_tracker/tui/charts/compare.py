"""Several pairs as changes from the left edge. They tell themselves apart by letters and dashes, not by colour."""

import math
from collections.abc import Sequence
from typing import Final

from tui_tracker.stats.downsample import Column, min_max_columns
from tui_tracker.tui.charts.frame import Frame
from tui_tracker.tui.charts.glyphs import Glyphs
from tui_tracker.tui.charts.grid import Grid
from tui_tracker.tui.charts.plot import DOTS, plotted, polylines
from tui_tracker.tui.charts.request import LETTERS, ChartRequest, Trace, Unit
from tui_tracker.tui.charts.values import value_text
from tui_tracker.tui.runs import GAP, Kind, Line, Run, packed, width_of

SOLID: Final = (1, 0)
DASHES: Final = (SOLID, (8, 3), (3, 3), (14, 3), (5, 2), (2, 5))
"""Columns of dots drawn and left out, by letter: each line has a style of its own, also where colours can't be told."""
KINDS: Final[tuple[Kind, ...]] = ("trace1", "trace2", "trace3", "trace4", "trace5", "trace6")
NEAR: Final = 6
"""So far beside its place a letter may stand, where the line has a gap there."""
LATE_PLACES: Final = 5
"""Of a line that begins so many steps after the left edge the change is marked, as in the table."""
BETWEEN: Final = 28
"""Columns between two letters on a line."""


def changes(values: Sequence[float]) -> tuple[float, ...]:
    """Changes from the first observed value in percent; all NaN where that isn't positive."""
    base = next((value for value in values if math.isfinite(value)), math.nan)
    if not base > 0:
        return (math.nan,) * len(values)
    return tuple((value / base - 1) * 100 for value in values)


def legend(traces: Sequence[Trace], glyphs: Glyphs, width: int, most: int) -> list[Line]:
    """Letters, names and changes, in at most ``most`` lines; without changes where they don't fit."""
    full, short = ([_entry(trace, glyphs, has_change) for trace in traces] for has_change in (True, False))
    for groups in (full, short):
        lines = _wrapped(groups, width)
        if len(lines) <= most:
            return lines
    return _wrapped(short, width)[:most]


def _entry(trace: Trace, glyphs: Glyphs, has_change: bool) -> list[Run]:
    last = next((value for value in reversed(trace.values) if math.isfinite(value)), None)
    is_late = next((place for place, value in enumerate(trace.values) if math.isfinite(value)), 0) > LATE_PLACES
    change = "–" if last is None else f"{'~' if is_late else ''}{value_text(last, Unit.PERCENT, 0)}"
    kind: Kind = KINDS[LETTERS.index(trace.letter)] if trace.letter else "accent"
    entry: list[Run] = [(trace.letter or glyphs.own, "strong"), (f" {trace.name}", kind)]
    return [*entry, (f" {change}", "muted")] if has_change else entry


def _wrapped(groups: Sequence[Sequence[Run]], width: int) -> list[Line]:
    rows: list[list[Sequence[Run]]] = [[]]
    used = 0
    for group in groups:
        size = sum(width_of(text) for text, _ in group) + len(GAP)
        if rows[-1] and used + size > width:
            rows.append([])
            used = 0
        rows[-1].append(group)
        used += size
    return [Line(packed(row, width, GAP)) for row in rows]


def paint_traces(grid: Grid, request: ChartRequest, frame: Frame, glyphs: Glyphs) -> None:
    """Draw all lines, the selected pair's last; letters stand on them and in the two columns at their right."""
    zero = frame.row(0.0)
    if frame.low <= 0 <= frame.high:
        for column in range(frame.columns):
            grid.put(zero, column, glyphs.mean, "line")
    letters: list[tuple[int, int, str]] = []
    for trace in request.traces:
        place = LETTERS.index(trace.letter) if trace.letter else 0
        columns = min_max_columns(trace.values, DOTS * frame.columns)
        marker = request.marker
        if marker == "*":
            marker = trace.letter or glyphs.own  # type: ignore[assignment]
        dash = DASHES[place] if trace.letter else SOLID
        lines = plotted(polylines(_dashed(columns, dash), frame), frame, marker)
        grid.lay(lines, KINDS[place] if trace.letter else "accent")
        if trace.letter:
            start = min(4 * place + 3, frame.columns)
            for column in range(start, frame.columns, BETWEEN):
                found = _near(lines, column)
                if found is not None:
                    letters.append((*found, trace.letter))
    for row, column, letter in letters:
        grid.put(row, column, letter, "strong")
    _paint_ends(grid, request.traces, frame, glyphs)


def _near(lines: Sequence[str], column: int) -> tuple[int, int] | None:
    """Row and column of a line at a column, or as near as it is drawn."""
    for distance in range(NEAR + 1):
        for place in {column + distance, column - distance}:
            for row, line in enumerate(lines):
                if 0 <= place < len(line) and line[place] not in " ⠀":
                    return row, place
    return None


def _dashed(columns: Sequence[Column | None], dash: tuple[int, int]) -> list[Column | None]:
    drawn, left_out = dash
    return [column if index % (drawn + left_out) < drawn else None for index, column in enumerate(columns)]


def _paint_ends(grid: Grid, traces: Sequence[Trace], frame: Frame, glyphs: Glyphs) -> None:
    """A letter at the end of each line, on rows of their own as long as there are enough."""
    ends = []
    for trace in traces:
        last = next((value for value in reversed(trace.values) if math.isfinite(value)), None)
        if last is not None:
            ends.append((frame.row(last), trace.letter or glyphs.own))
    ends.sort()
    free = 0
    for place, (row, letter) in enumerate(ends):
        row = min(max(row, free), frame.rows - (len(ends) - place))
        grid.put(max(0, row), frame.columns + 1, letter, "strong")
        free = row + 1
