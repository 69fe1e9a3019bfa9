"""Which minutes make a figure what it is."""

import math
from collections.abc import Mapping, Sequence
from heapq import nlargest
from typing import NamedTuple


class Part(NamedTuple):
    """What one minute contributes."""

    minute: int
    """Counted from the start of the values, or as the returns are keyed."""
    value: float
    """The sample, or the return."""
    share: float
    """Of the whole sum of squares, a fraction."""


def heaviest_samples(values: Sequence[float], most: int) -> list[Part]:
    """The samples with the largest (x − mean)², largest first, with their shares of the variance. O(n).

    Empty where nothing varies; NaN stands for what was not observed.
    """
    seen = [(index, value) for index, value in enumerate(values) if math.isfinite(value)]
    if not seen:
        return []
    mean = math.fsum(value for _, value in seen) / len(seen)
    return _heaviest([(index, value, (value - mean) ** 2) for index, value in seen], most)


def heaviest_returns(returns: Mapping[int, float], most: int) -> list[Part]:
    """The returns with the largest squares, largest first, with their shares of the sum of squares. O(n)."""
    return _heaviest([(minute, value, value * value) for minute, value in returns.items()], most)


def _heaviest(weighed: Sequence[tuple[int, float, float]], most: int) -> list[Part]:
    total = math.fsum(weight for _, _, weight in weighed)
    if not total > 0:
        return []
    return [
        Part(minute, value, weight / total) for minute, value, weight in nlargest(most, weighed, key=lambda p: p[2])
    ]
