"""A chart as lines of styled text. The only module that knows plotext, and it loads it when first drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from tui_tracker.core import format as fmt
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.downsample import Column, extremes, min_max_columns, runs, time_ticks, value_ticks
from tui_tracker.tui.runs import Line, Run, fit, joined
from tui_tracker.tui.times import Zone

LEAST_PLOT_WIDTH: Final = 8
LEAST_PLOT_HEIGHT: Final = 2
ROOM_FOR_MARKS: Final = 9
"""Rows from which on the highest and lowest row of the plot are kept free for the marks, and the time axis has two."""
REACH: Final = 6
"""Cells within which a mark stands beside its point."""
DOTS: Final = 2
"""Columns of dots in one cell."""
UNITS: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
Marker = Literal["braille", "hd", "*"]


@dataclass(frozen=True, slots=True)
class ChartRequest:
    """Everything that a picture depends on; equal requests give equal pictures."""

    key: tuple[object, ...]
    """Identifies the data: instrument, metric, version, range."""
    start_ms: int
    values: tuple[float, ...]
    """One a minute, NaN where nothing was observed."""
    width: int
    height: int
    digits: int
    """Decimals of a value."""
    is_price: bool
    zone: Zone
    marker: Marker = "braille"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChartRequest) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    @property
    def identity(self) -> tuple[object, ...]:
        """What distinguishes this request, without its values."""
        return self.key, self.width, self.height, self.zone.name, self.marker


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where values and instants fall in the plot."""

    low: float
    high: float
    rows: int
    columns: int
    start_ms: int
    minutes: int

    def row(self, value: float) -> int:
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.rows - 1 - max(0, min(self.rows - 1, int(share * self.rows)))

    def column(self, instant_ms: int) -> int:
        place = (instant_ms - self.start_ms) / MINUTE_MS + 0.5
        return max(0, min(self.columns - 1, int(place * self.columns / self.minutes)))


def draw(request: ChartRequest) -> list[Line]:
    """Draw one picture of exactly ``height`` lines; empty where there is no room or nothing observed.

    Takes milliseconds: call it in a thread.
    """
    found = extremes(request.values)
    axis_rows = 2 if request.height >= ROOM_FOR_MARKS + 2 else 1
    rows = request.height - axis_rows
    if found is None or rows < LEAST_PLOT_HEIGHT:
        return []
    low, high = (request.values[index] for index in found)
    floor, ceiling = _limits(low, high, rows)
    ticks = value_ticks(floor, ceiling, max(2, rows // 2 if rows < 12 else rows * 2 // 5))
    labels = _value_labels(ticks, request)
    label_width = max((len(label) for label in labels), default=0)
    columns = request.width - label_width - 2
    if columns < LEAST_PLOT_WIDTH:
        return []
    frame = _Frame(floor, ceiling, rows, columns, request.start_ms, len(request.values))
    plot = _marked(_plot(request, frame), request, frame, found)
    at_row = {frame.row(tick): label for tick, label in zip(ticks, labels, strict=True) if label}
    lines = [
        Line(
            joined(
                (
                    (fit(at_row.get(row, ""), label_width, right=True), "faint"),
                    (" ┤" if row in at_row else " │", "line"),
                    *plot[row],
                )
            )
        )
        for row in range(rows)
    ]
    return [*lines, *_time_axis(request, frame, label_width, axis_rows)]


def _limits(low: float, high: float, rows: int) -> tuple[float, float]:
    """The values at the lower and upper edge; a constant series runs through the middle."""
    if high == low:
        margin = abs(low) * 0.01 or 1.0
        return low - margin, high + margin
    if rows < ROOM_FOR_MARKS:
        return low, high
    margin = (high - low) * 1.02 / (rows - 2)
    return low - margin, high + margin


def _value_labels(ticks: Sequence[float], request: ChartRequest) -> list[str]:
    """A label for each tick; an empty one where the instrument's digits can't tell it."""
    if request.is_price:
        digits = request.digits
        return [fmt.price(tick, digits) if round(tick, digits) == tick else "" for tick in ticks]
    largest = max((abs(tick) for tick in ticks), default=0.0)
    if 100_000 <= largest < 1e15:
        unit, suffix = next((unit, suffix) for unit, suffix in UNITS if largest >= unit)
        return [f"{tick / unit:g}{suffix}" for tick in ticks]
    decimals = max((_decimals(tick) for tick in ticks), default=0)
    return [fmt.price(tick, decimals) for tick in ticks]


def _decimals(value: float) -> int:
    """Digits after the point in the shortest decimal of ``value``."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _plot(request: ChartRequest, frame: _Frame) -> list[str]:
    """The lines of the plot area: a private figure, never the shared one of plotext's module."""
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
    dots = DOTS * frame.columns
    columns = min_max_columns(request.values, dots)
    for xs, ys in _polylines(columns, frame):
        figure.plot(xs, ys, marker=request.marker)
    figure.xlim(0, dots - 1)
    figure.ylim(0, 1)
    text = figure.build().replace("\x1b[0m", "")
    lines = text.split("\n")[: frame.rows]
    lines += [""] * (frame.rows - len(lines))
    return [fit(line, frame.columns) for line in lines]


def _polylines(columns: Sequence[Column | None], frame: _Frame) -> list[tuple[list[float], list[float]]]:
    """One unbroken line for each run of columns, in units of dots and of the plot's height."""
    lines: list[tuple[list[float], list[float]]] = []
    half, low = frame.high / 2 - frame.low / 2, frame.low / 2
    for start, stop in runs(columns):
        xs: list[float] = []
        ys: list[float] = []
        for index in range(start, stop):
            column = columns[index]
            if column is not None:
                path = column.path()
                xs.extend([float(index)] * len(path))
                ys.extend((value / 2 - low) / half for value in path)
        lines.append((xs, ys))
    return lines


def _marked(plot: list[str], request: ChartRequest, frame: _Frame, found: tuple[int, int]) -> list[tuple[Run, ...]]:
    """The plot with its highest and lowest point named: above and below them if there is room, else beside them."""
    lines: list[tuple[Run, ...]] = [((line, "accent"),) for line in plot]
    low, high = found
    if request.values[low] == request.values[high]:
        return lines
    has_room = frame.rows >= ROOM_FOR_MARKS
    for index, row, arrow in ((high, 0, "▾"), (low, frame.rows - 1, "▴")):
        instant, value = request.start_ms + index * MINUTE_MS, request.values[index]
        text = fmt.price(value, request.digits) if request.is_price else fmt.figure(value)
        label = f"{text} {request.zone.minute(instant)}"
        column = frame.column(instant)
        lines[row] = (
            _above(label, arrow, column, frame.columns) if has_room else _beside(plot[row], label, arrow, column)
        )
    return lines


def _above(label: str, arrow: str, column: int, columns: int) -> tuple[Run, ...]:
    if column + 2 + len(label) <= columns:
        return (" " * column, "text"), (arrow, "strong"), (f" {label}".ljust(columns - column - 1), "muted")
    left = f"{label} ".rjust(column)
    rest: Run = (" " * (columns - column - 1), "text")
    if len(left) > column:
        return (" " * column, "text"), (arrow, "strong"), rest
    return (left, "muted"), (arrow, "strong"), rest


def _beside(line: str, label: str, arrow: str, column: int) -> tuple[Run, ...]:
    """``line`` with ``label`` in the nearest blanks; with an arrow at the extreme unless the label touches it."""
    for distance in range(2, len(line)):
        for left in (column + distance, column - distance - len(label) + 1):
            stop = left + len(label)
            if left < 0 or stop > len(line) or not line[max(0, left - 1) : stop + 1].isspace():
                continue
            if distance > REACH:
                line = line[:column] + arrow + line[column + 1 :]
            return (line[:left], "accent"), (label, "muted"), (line[stop:], "accent")
    return (line[:column], "accent"), (arrow, "strong"), (line[column + 1 :], "accent")


def _time_axis(request: ChartRequest, frame: _Frame, label_width: int, axis_rows: int) -> list[Line]:
    """A rule with ticks and the labels under it, or in one row a rule with the labels in it."""
    end_ms = frame.start_ms + (frame.minutes - 1) * MINUTE_MS
    ticks = time_ticks(frame.start_ms, end_ms, max(1, frame.columns // 11), request.zone.offset_ms)
    rule, labels = ["─"] * frame.columns, [" "] * frame.columns
    free_from = 0
    for tick in ticks:
        column = frame.column(tick)
        rule[column] = "┬"
        text = request.zone.minute(tick)
        left = max(0, min(column - len(text) // 2, frame.columns - len(text)))
        if left >= free_from:
            labels[left : left + len(text)] = text
            free_from = left + len(text) + 1
    blank = " " * (label_width + 1)
    if axis_rows == 2:
        return [
            Line(((f"{blank}└{''.join(rule)}", "line"),)),
            Line(((f"{blank} {''.join(labels)}", "faint"),)),
        ]
    runs: list[Run] = [(f"{blank}└", "line")]
    runs.extend(("─", "line") if char == " " else (char, "faint") for char in labels)
    return [Line(joined(runs))]
