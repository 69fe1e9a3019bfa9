"""Candles made of minutes. Pure; NaN means that nothing was observed."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

MINUTE_MS: Final = 60_000
_DAY: Final = 1_440
STEPS: Final = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, *(days * _DAY for days in (1, 2, 3, 7, 14, 30)))
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


def candles(
    values: Sequence[float], start_ms: int, step: int, volumes: Sequence[float] = (), every: int = 1
) -> list[Ohlc]:
    """Candles of ``step`` minutes from a value each ``every`` minutes; a stretch without samples has none. O(n)."""
    made: list[Ohlc] = []
    length_ms, every_ms = step * MINUTE_MS, every * MINUTE_MS
    index = 0
    while index < len(values):
        begin_ms = (start_ms + index * every_ms) // length_ms * length_ms
        stop = min(len(values), max(index + 1, (begin_ms + length_ms - start_ms) // every_ms))
        seen = [value for value in values[index:stop] if math.isfinite(value)]
        if seen:
            traded = math.fsum(volume for volume in volumes[index:stop] if math.isfinite(volume))
            made.append(Ohlc(begin_ms, seen[0], max(seen), min(seen), seen[-1], traded))
        index = stop
    return made


def joined(parts: Sequence[Ohlc], step: int) -> list[Ohlc]:
    """Candles of ``step`` minutes from shorter ones, oldest first, whose length divides that. O(n)."""
    made: list[Ohlc] = []
    length_ms = step * MINUTE_MS
    for one in parts:
        begin_ms = one.start_ms // length_ms * length_ms
        if made and made[-1].start_ms == begin_ms:
            last = made.pop()
            high, low = max(last.high, one.high), min(last.low, one.low)
            made.append(Ohlc(begin_ms, last.open, high, low, one.close, last.volume + one.volume))
        else:
            made.append(one._replace(start_ms=begin_ms))
    return made
