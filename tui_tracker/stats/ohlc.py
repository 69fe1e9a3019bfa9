"""Candles made of minutes. Pure; NaN means that nothing was observed."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

MINUTE_MS: Final = 60_000
STEPS: Final = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720)
"""Minutes of a candle, shortest first."""


class Ohlc(NamedTuple):
    """What one candle shows."""

    start_ms: int
    """A multiple of its length since the epoch; the first candle may begin before its first sample."""
    open: float
    high: float
    low: float
    close: float
    volume: float
    """Sum over its minutes, 0 where none is known."""

    @property
    def is_falling(self) -> bool:
        """Whether it closed below its open."""
        return self.close < self.open


def step_for(minutes: int, most: int) -> int:
    """Minutes of a candle so that at most ``most`` cover ``minutes``; the longest step if none is long enough."""
    return next((step for step in STEPS if minutes <= step * most), STEPS[-1])


def candles(values: Sequence[float], start_ms: int, step: int, volumes: Sequence[float] = ()) -> list[Ohlc]:
    """Candles of ``step`` minutes from one value a minute; a stretch without samples has none. O(n)."""
    made: list[Ohlc] = []
    length_ms = step * MINUTE_MS
    index = 0
    while index < len(values):
        begin_ms = (start_ms + index * MINUTE_MS) // length_ms * length_ms
        stop = min(len(values), (begin_ms + length_ms - start_ms) // MINUTE_MS)
        seen = [value for value in values[index:stop] if math.isfinite(value)]
        if seen:
            traded = math.fsum(volume for volume in volumes[index:stop] if math.isfinite(volume))
            made.append(Ohlc(begin_ms, seen[0], max(seen), min(seen), seen[-1], traded))
        index = stop
    return made
