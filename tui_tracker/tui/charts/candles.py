"""One pair as candles, with the volume under them."""

import math
from collections.abc import Sequence
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.ohlc import Ohlc, candles, step_for
from tui_tracker.tui.charts.frame import Frame
from tui_tracker.tui.charts.glyphs import Glyphs
from tui_tracker.tui.charts.grid import Grid
from tui_tracker.tui.charts.request import ChartRequest
from tui_tracker.tui.runs import Kind

PITCH: Final = 3
"""Least columns from one candle to the next."""
HALVES: Final = 2
MOST_REACH: Final = 3
"""Columns of a candle's body to either side of its wick at most."""


def candle_minutes(minutes: int, columns: int) -> int:
    """Length of a candle, in minutes, where ``minutes`` are shown in ``columns``."""
    return step_for(minutes, max(1, columns // PITCH))


def paint_candles(grid: Grid, request: ChartRequest, frame: Frame, glyphs: Glyphs) -> None:
    """Draw candles, each as wide as the room between them allows, in halves of rows; volumes below."""
    step = candle_minutes(frame.minutes, frame.columns)
    made = candles(request.values, request.start_ms, step, request.volumes, request.step)
    reach = min(MOST_REACH, (int(step * frame.columns / frame.minutes) - 1) // 2)
    for one in made:
        column = centre(one.start_ms, step, frame)
        room = min(reach, column, frame.columns - 1 - column)  # at an edge a candle is thinner, never cut
        if room > 0 and glyphs.box and not one.is_falling:
            _paint_box(grid, one, column, room, frame, glyphs)
        else:
            _paint(grid, one, column, max(0, room), frame, glyphs)
    if frame.below:
        _paint_volumes(grid, made, step, max(0, reach - 1), frame, glyphs)
        _label_volumes(grid, request, frame)


def centre(start_ms: int, step: int, frame: Frame) -> int:
    """The column in the middle of a candle."""
    return frame.column(start_ms + (step - frame.step) * MINUTE_MS // 2)


def _paint(grid: Grid, one: Ohlc, column: int, reach: int, frame: Frame, glyphs: Glyphs) -> None:
    kind: Kind = "down" if one.is_falling else "up"
    low, high = frame.level(one.low, HALVES), frame.level(one.high, HALVES)
    bottom, top = sorted((frame.level(one.open, HALVES), frame.level(one.close, HALVES)))
    for level in range(low // HALVES, high // HALVES + 1):
        halves = [_part(2 * level + half, low, high, bottom, top) for half in (1, 0)]
        if one.is_falling and set(halves) == {"wick", "body"}:
            halves = ["body", "body"]  # no character has both: a neck would look like more wick
        row = frame.rows - 1 - level
        grid.put(row, column, _glyph(halves[0], halves[1], one.is_falling, glyphs), kind)
        body = [part if part == "body" else "" for part in halves]
        if any(body):
            for distance in range(1, reach + 1):
                is_end = distance == reach and bool(glyphs.sides)
                for side, place in enumerate((column - distance, column + distance)):
                    half = 0 if all(body) else 2 if body[0] else 4
                    char = glyphs.sides[half + side] if is_end else _glyph(body[0], body[1], one.is_falling, glyphs)
                    grid.put(row, place, char, kind)


def _paint_box(grid: Grid, one: Ohlc, column: int, reach: int, frame: Frame, glyphs: Glyphs) -> None:
    """A candle that rose, hollow, in whole rows: so it tells itself from one that fell without colour."""
    top, bottom, high, low = (frame.row(value) for value in (one.close, one.open, one.high, one.low))
    box, left, right = glyphs.box, column - reach, column + reach
    for row in (*range(high, top), *range(bottom + 1, low + 1)):
        grid.put(row, column, glyphs.wick[0], "up")
    if top == bottom:
        grid.write(top, left, box[8] + box[10] * (2 * reach - 1) + box[9], "up")
        if high < top or low > bottom:
            grid.put(top, column, box[13] if high < top and low > bottom else box[11] if high < top else box[12], "up")
        return
    edge = box[1] * (2 * reach - 1)
    grid.write(top, left, box[0] + edge + box[2], "up")
    grid.write(bottom, left, box[4] + edge + box[5], "up")
    for row in range(top + 1, bottom):
        for place in (left, right):
            grid.put(row, place, box[3], "up")
    if high < top:
        grid.put(top, column, box[6], "up")
    if low > bottom:
        grid.put(bottom, column, box[7], "up")


def _part(level: int, low: int, high: int, bottom: int, top: int) -> str:
    if bottom <= level <= top:
        return "body"
    return "wick" if low <= level <= high else ""


def _glyph(upper: str, lower: str, is_falling: bool, glyphs: Glyphs) -> str:
    body = glyphs.fall if is_falling else glyphs.rise
    match upper, lower:
        case "body", "body":
            return body[0]
        case "wick", "wick":
            return glyphs.wick[0]
        case "body", "wick":
            return glyphs.joints[1]
        case "wick", "body":
            return glyphs.joints[0]
        case "body", _:
            return body[1]
        case _, "body":
            return body[2]
        case "wick", _:
            return glyphs.wick[1]
        case _:
            return glyphs.wick[2]


def _paint_volumes(grid: Grid, made: Sequence[Ohlc], step: int, reach: int, frame: Frame, glyphs: Glyphs) -> None:
    most = max((one.volume for one in made), default=0.0)
    parts = len(glyphs.bars)
    for one in made:
        level = round(one.volume / most * frame.below * parts) if most > 0 else 0
        column = centre(one.start_ms, step, frame)
        for row in range(frame.below):
            height = min(parts, level - row * parts)
            if height > 0:
                for place in range(column - reach, column + reach + 1):
                    grid.put(frame.rows + frame.below - 1 - row, place, glyphs.bars[height - 1], "faint")


def _label_volumes(grid: Grid, request: ChartRequest, frame: Frame) -> None:
    """Say from when on volumes are known, where that is later than the left edge and cells are blank."""
    first = next((index for index, volume in enumerate(request.volumes) if math.isfinite(volume)), None)
    if not first:
        return
    text = f"volume, known from {request.zone.label(request.instant(first), request.step)}"
    for row in range(frame.rows + frame.below - 1, frame.rows - 1, -1):
        if grid.is_free(row, 1, 1 + len(text)):
            grid.write(row, 1, text, "faint")
            return


def volume_labels(request: ChartRequest, frame: Frame, width: int) -> dict[int, str]:
    """What stands left of the bars, by row: their largest, and the word, in at most ``width`` cells."""
    if not frame.below:
        return {}
    step = candle_minutes(frame.minutes, frame.columns)
    made = candles(request.values, request.start_ms, step, request.volumes, request.step)
    most = max((one.volume for one in made), default=0.0)
    labels = {frame.rows: fmt.compact(most), frame.rows + frame.below - 1: "volume" if width > 5 else "vol"}
    return {row: label for row, label in labels.items() if len(label) <= width}
