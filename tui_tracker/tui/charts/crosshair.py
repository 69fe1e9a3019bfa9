"""The crosshair: a line over a picture that is drawn already, and the values under it in words."""

import math
from collections.abc import Sequence
from typing import Final

from tui_tracker.config.choices import ChartStyle
from tui_tracker.core import format as fmt
from tui_tracker.core.hours import POINTS
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.ohlc import candles
from tui_tracker.tui.charts.candles import candle_minutes, centre
from tui_tracker.tui.charts.frame import Frame
from tui_tracker.tui.charts.glyphs import glyphs_for
from tui_tracker.tui.charts.request import ChartRequest, Normal, Picture, Unit
from tui_tracker.tui.charts.values import value_text
from tui_tracker.tui.runs import GAP, Kind, Line, Run, packed, width_of

DAY_MINUTES: Final = 1440
DAY_MS: Final = 86_400_000


class Crosshair:
    """An instant that is marked in each picture of a chart, as long as there is one."""

    def __init__(self) -> None:
        self.instant_ms: int | None = None
        """Where it is, ms since the epoch; before the first move nowhere."""

    def move(self, request: ChartRequest, frame: Frame, step: int) -> None:
        """Move by columns; the first time it appears at the newest minute."""
        self.instant_ms = moved(request, frame, self.instant_ms, step)

    def over(self, picture: Picture, request: ChartRequest) -> Sequence[Line]:
        """The picture with the line."""
        return picture.lines if self.instant_ms is None else with_crosshair(picture, request, self.instant_ms)

    def readout(self, request: ChartRequest, frame: Frame, normal: Normal, width: int) -> Line | None:
        """The values under it, as many as fit."""
        if self.instant_ms is None:
            return None
        groups = readout(request, frame, self.instant_ms, normal, width - 2)
        return Line(((" ", "text"), *packed(groups, width - 2)))


def _is_candles(request: ChartRequest) -> bool:
    return request.style is ChartStyle.CANDLES and not request.traces and request.unit is not Unit.RANK


def moved(request: ChartRequest, frame: Frame, instant_ms: int | None, step: int) -> int:
    """The instant ``step`` columns (or candles, or minutes if these are wider) on; from none to the newest one."""
    last = frame.count - 1
    if instant_ms is None:
        return request.instant(last)
    index = max(0, min(request.index(instant_ms), last))
    if not step:  # minutes went by, and another one is the last of its column
        return request.instant(index)
    if _is_candles(request):
        index += step * candle_minutes(frame.minutes, frame.columns) // frame.step
    elif frame.count <= frame.columns:
        index += step
    else:
        column = frame.column(request.instant(index)) + step
        index = frame.places_of(max(0, min(column, frame.columns - 1)))[-1]
    return request.instant(max(0, min(index, last)))


def with_crosshair(picture: Picture, request: ChartRequest, instant_ms: int) -> tuple[Line, ...]:
    """The lines of a picture with a line at an instant; only the cells of one column differ."""
    frame, glyphs = picture.frame, glyphs_for(request.marker)
    if frame is None:
        return picture.lines
    column = frame.column(instant_ms)
    if _is_candles(request):
        step = candle_minutes(frame.minutes, frame.columns)
        column = centre(instant_ms // (step * MINUTE_MS) * step * MINUTE_MS, step, frame)
    place = frame.left + column
    lines = list(picture.lines)
    for row in range(frame.rows + frame.below):
        lines[frame.top + row] = _with_cell(lines[frame.top + row], place, glyphs.hair, "muted")
    value = _value(request, instant_ms)
    if value is not None and not request.traces and not _is_candles(request):
        row = _drawn_row(picture, frame, frame.row(value), place)
        lines[row] = _with_cell(picture.lines[row], place, glyphs.cross, "strong", is_over=True)
    return tuple(lines)


def _drawn_row(picture: Picture, frame: Frame, row: int, place: int) -> int:
    """The line of the picture where a value is drawn: rounding may put it into the next one."""
    near = [frame.top + other for other in (row, row - 1, row + 1) if 0 <= other < frame.rows]
    return next((line for line in near if picture.lines[line].text[place] != " "), near[0])


def _with_cell(line: Line, place: int, char: str, kind: Kind, *, is_over: bool = False) -> Line:
    """A line with one cell changed, if it is blank or ``is_over``."""
    start = 0
    for index, (text, was) in enumerate(line.runs):
        if start <= place < start + len(text):
            inside = place - start
            if not is_over and text[inside] != " ":
                return line
            parts: tuple[Run, ...] = ((text[:inside], was), (char, kind), (text[inside + 1 :], was))
            runs = (*line.runs[:index], *(part for part in parts if part[0]), *line.runs[index + 1 :])
            return Line(runs, line.is_cursor)
        start += len(text)
    return line


def _value(request: ChartRequest, instant_ms: int, values: Sequence[float] | None = None) -> float | None:
    values = request.values if values is None else values
    index = request.index(instant_ms)
    if not 0 <= index < len(values) or not math.isfinite(values[index]):
        return None
    return values[index]


def readout(request: ChartRequest, frame: Frame, instant_ms: int, normal: Normal, width: int = 1000) -> list[list[Run]]:
    """What is under the crosshair, in groups: time, value, change from the left edge, z-score.

    Compared pairs are called by their letters alone where their names don't fit into ``width`` cells.
    """
    when: Run = (request.zone.label(instant_ms, request.step), "strong")
    if request.traces:
        groups = [[when], *_trace_groups(request, instant_ms)]
        used = sum(len(GAP) + sum(width_of(text) for text, _ in group) for group in groups)
        return groups if used <= width else [[when], *_trace_groups(request, instant_ms, has_names=False)]
    if _is_candles(request):
        step = candle_minutes(frame.minutes, frame.columns)
        return _candle_groups(request, step, instant_ms, normal)
    if request.step > 1 and request.unit is not Unit.RANK:
        return _candle_groups(request, POINTS * request.step, instant_ms, normal)
    value = _value(request, instant_ms)
    if value is None:
        return [[when], [("not observed", "muted")]]
    word = "rank " if request.unit is Unit.RANK else ""
    return [
        [when, (f"  {word}{value_text(value, request.unit, request.digits)}", "strong")],
        *_change_groups(request, value, instant_ms),
        *_score_groups(normal, value),
    ]


def _trace_groups(request: ChartRequest, instant_ms: int, *, has_names: bool = True) -> list[list[Run]]:
    groups: list[list[Run]] = []
    for trace in sorted(request.traces, key=lambda trace: trace.letter):
        value = _value(request, instant_ms, trace.values)
        text = fmt.ABSENT if value is None else value_text(value, Unit.PERCENT, 0)
        letter = trace.letter or glyphs_for(request.marker).own
        name = f" {trace.name}" if has_names else ""
        groups.append([(letter, "strong"), (name, "muted"), (f" {text}", "text")])
    return groups


def _candle_groups(request: ChartRequest, step: int, instant_ms: int, normal: Normal) -> list[list[Run]]:
    """What happened in the ``step`` minutes around an instant."""
    start_ms = instant_ms // (step * MINUTE_MS) * step * MINUTE_MS
    end = request.zone.minute(start_ms + step * MINUTE_MS)
    if step >= DAY_MINUTES:
        end = request.zone.day(start_ms + (step - 1) * MINUTE_MS)
    start = request.zone.day(start_ms) if step >= DAY_MINUTES else request.zone.label(start_ms, request.step)
    when: Run = (start if start == end else f"{start}–{end}", "strong")
    made = candles(request.values, request.start_ms, step, request.volumes, request.step)
    one = next((one for one in made if one.start_ms == start_ms), None)
    if one is None:
        return [[when], [("not observed", "muted")]]
    named = (("open ", one.open), ("high ", one.high), ("low ", one.low), ("close ", one.close))
    prices: list[list[Run]] = [
        [(word, "muted"), (value_text(value, request.unit, request.digits), "text")] for word, value in named
    ]
    volume: list[list[Run]] = [[("volume ", "muted"), (fmt.compact(one.volume), "text")]] if request.volumes else []
    return [
        [when],
        *prices,
        *_change_groups(request, one.close, instant_ms),
        *_score_groups(normal, one.close),
        *volume,
    ]


def _since(request: ChartRequest, start_ms: int, instant_ms: int) -> str:
    """The time of day; ``yesterday`` where that is not the day of the crosshair."""
    zone = request.zone
    if request.step > 1:
        return zone.day(start_ms)
    days = [(ms + zone.offset_ms(ms)) // DAY_MS for ms in (start_ms, instant_ms)]
    return f"{'yesterday ' if days[0] < days[1] else ''}{zone.minute(start_ms)}"


def _change_groups(request: ChartRequest, value: float, instant_ms: int) -> list[list[Run]]:
    first = next((index for index, one in enumerate(request.values) if math.isfinite(one)), None)
    if first is None:
        return []
    base = request.values[first]
    since = f" from {_since(request, request.instant(first), instant_ms)}"
    if request.unit is Unit.RANK:
        places = round(value - base)
        word = f"▲ {places:,}" if places > 0 else f"▼ {-places:,}" if places < 0 else "same rank"
        return [[(word, "up" if places > 0 else "down" if places < 0 else "muted"), (since, "faint")]]
    if base <= 0:
        return []
    change = (value / base - 1) * 100
    text = fmt.percent(change, signed=True)
    kind: Kind = "muted" if not text.strip("0.") else "up" if change > 0 else "down"
    return [[(f"{text} %", kind), (since, "faint")]]


def _score_groups(normal: Normal, value: float) -> list[list[Run]]:
    score = normal.score(value)
    if score is None:
        return []
    return [[("z ", "muted"), (fmt.percent(score, signed=True), "text")]]
