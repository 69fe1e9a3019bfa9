"""One pair as candles, with the volume under them."""

from collections.abc import Sequence
from typing import Final

from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.ohlc import Ohlc, candles, step_for
from tui_tracker.tui.charts.frame import Frame
from tui_tracker.tui.charts.glyphs import Glyphs
from tui_tracker.tui.charts.grid import Grid
from tui_tracker.tui.charts.request import ChartRequest
from tui_tracker.tui.runs import Kind

PITCH: Final = 2
"""Least columns from one candle to the next."""
HALVES: Final = 2


def candle_minutes(minutes: int, columns: int) -> int:
    """Length of a candle where ``minutes`` are shown in ``columns``."""
    return step_for(minutes, max(1, columns // PITCH))


def paint_candles(grid: Grid, request: ChartRequest, frame: Frame, glyphs: Glyphs) -> None:
    """Draw candles, each as wide as the room between them allows, in halves of rows; volumes below."""
    step = candle_minutes(frame.minutes, frame.columns)
    made = candles(request.values, request.start_ms, step, request.volumes)
    reach = max(0, int(step * frame.columns / frame.minutes) - 2) // 2
    for one in made:
        _paint(grid, one, centre(one.start_ms, step, frame), reach, frame, glyphs)
    if frame.below:
        _paint_volumes(grid, made, step, reach, frame, glyphs)


def centre(start_ms: int, step: int, frame: Frame) -> int:
    """The column in the middle of a candle."""
    return frame.column(start_ms + (step - 1) * MINUTE_MS // 2)


def _paint(grid: Grid, one: Ohlc, column: int, reach: int, frame: Frame, glyphs: Glyphs) -> None:
    kind: Kind = "down" if one.is_falling else "up"
    low, high = frame.level(one.low, HALVES), frame.level(one.high, HALVES)
    bottom, top = sorted((frame.level(one.open, HALVES), frame.level(one.close, HALVES)))
    for level in range(low // HALVES, high // HALVES + 1):
        halves = [_part(2 * level + half, low, high, bottom, top) for half in (1, 0)]
        row = frame.rows - 1 - level
        grid.put(row, column, _glyph(halves[0], halves[1], one.is_falling, glyphs), kind)
        body = [part if part == "body" else "" for part in halves]
        if any(body):
            for place in (*range(column - reach, column), *range(column + 1, column + reach + 1)):
                grid.put(row, place, _glyph(body[0], body[1], one.is_falling, glyphs), kind)


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
        case "body", "wick" if not is_falling:
            return glyphs.joints[1]
        case "wick", "body" if not is_falling:
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
