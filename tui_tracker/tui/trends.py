"""Small pictures of one row: its window as a line, a share as a bar. Pure."""

import math
from collections.abc import Sequence
from typing import Final

PARTS: Final = 48
"""Into how many parts a window is reduced: half hours of a day."""
LEVELS: Final = "▁▂▃▄▅▆▇"
"""Never a full block: those of neighbouring rows would touch."""


def reduced(values: Sequence[float], parts: int = PARTS) -> tuple[float, ...]:
    """The means of ``parts`` equal spans of a series, oldest first; NaN where nothing was observed. O(n)."""
    count = len(values)
    means: list[float] = []
    for part in range(parts):
        span = values[part * count // parts : max((part + 1) * count // parts, part * count // parts + 1)]
        seen = [value for value in span if math.isfinite(value)]
        means.append(math.fsum(seen) / len(seen) if seen else math.nan)
    return tuple(means)


def sparkline(values: Sequence[float], width: int) -> str:
    """Values as ``width`` blocks between their lowest and highest; blank in gaps, the lowest block if all are equal."""
    if not values or width <= 0:
        return " " * max(0, width)
    cells = reduced(values, width)
    seen = [value for value in cells if math.isfinite(value)]
    if not seen:
        return " " * width
    low, span = min(seen), max(seen) - min(seen)
    return "".join(_block(value, low, span) for value in cells)


def _block(value: float, low: float, span: float) -> str:
    if not math.isfinite(value):
        return " "
    place = (value - low) / span if 0 < span < math.inf else 0.0
    return LEVELS[min(len(LEVELS) - 1, int(place * len(LEVELS)))]


def bar(share: float, width: int) -> str:
    """A share of 0 … 1 as a thin bar of ``width`` cells, in half cells; only nothing is empty, only all is full."""
    halves = round(max(0.0, min(share, 1.0)) * width * 2)
    if 0 < share < 1:
        halves = max(1, min(halves, width * 2 - 1))
    whole, rest = divmod(halves, 2)
    return ("━" * whole + "╸" * rest).ljust(width)
