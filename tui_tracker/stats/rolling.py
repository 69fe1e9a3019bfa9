"""Mean and standard deviation of a span that slides over a series, precise enough to be drawn. Pure."""

import math
from collections.abc import Sequence


def rolling(values: Sequence[float], minutes: int) -> list[tuple[float, float] | None]:
    """(mean, population σ) of the ``minutes`` values that end at each one. O(n), in floats about the first value.

    ``None`` where the span begins before the first value, or fewer than half of it was observed (NaN: not observed).
    """
    base = next((value for value in values if math.isfinite(value)), 0.0)
    found: list[tuple[float, float] | None] = []
    count, total, squares = 0, 0.0, 0.0
    for index, value in enumerate(values):
        if math.isfinite(value):
            count, total, squares = count + 1, total + (value - base), squares + (value - base) ** 2
        leaving = values[index - minutes] if index >= minutes else math.nan
        if math.isfinite(leaving):
            count, total, squares = count - 1, total - (leaving - base), squares - (leaving - base) ** 2
        if index < minutes - 1 or 2 * count < minutes or not math.isfinite(squares):
            found.append(None)
            continue
        mean = total / count
        found.append((base + mean, math.sqrt(max(0.0, squares / count - mean * mean))))
    return found
