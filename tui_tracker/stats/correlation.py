"""How two pairs move together: correlation of their returns between 5-minute grid points."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from tui_tracker.stats.returns import GRID_MINUTES


class Correlation(NamedTuple):
    """Pearson's coefficient of two samples of returns."""

    coefficient: float
    """−1 … 1."""
    returns: int
    """How many pairs of returns it rests on."""


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Pearson's coefficient of equally many numbers, −1 … 1; ``None`` below two, or where one side doesn't vary."""
    count = len(xs)
    if count < 2 or min(xs) == max(xs) or min(ys) == max(ys):
        return None
    mean_x, mean_y = math.fsum(xs) / count, math.fsum(ys) / count
    dx, dy = [x - mean_x for x in xs], [y - mean_y for y in ys]
    square_x, square_y = math.fsum(d * d for d in dx), math.fsum(d * d for d in dy)
    if not (square_x > 0 and square_y > 0):
        return None
    together = math.fsum(a * b for a, b in zip(dx, dy, strict=True))
    return max(-1.0, min(together / math.sqrt(square_x) / math.sqrt(square_y), 1.0))


def grid_returns(values: Sequence[float], first_minute: int) -> dict[int, float]:
    """Log returns between neighbouring grid points, by the minute in which each ends. O(n).

    Args:
        values: One sample a minute; NaN where nothing was observed.
        first_minute: The minute of the first value, counted from the epoch.
    """
    returns: dict[int, float] = {}
    before = math.nan
    for index in range((GRID_MINUTES - 1 - first_minute) % GRID_MINUTES, len(values), GRID_MINUTES):
        value = values[index]
        if before > 0 and value > 0:
            returns[first_minute + index] = math.log(value / before)
        before = value
    return returns


def return_correlation(one: dict[int, float], other: dict[int, float]) -> Correlation | None:
    """Correlation of the returns that both have; ``None`` where it is undefined."""
    shared = [minute for minute in one if minute in other]
    coefficient = correlation([one[minute] for minute in shared], [other[minute] for minute in shared])
    return None if coefficient is None else Correlation(coefficient, len(shared))
