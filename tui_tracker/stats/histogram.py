"""How returns are distributed: counts in equal bins, with open ones at both ends for what is rare."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

RARE: Final = 0.01
"""The open bins begin where about this share of all values is further from 0."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values between edges."""

    edges: tuple[float, ...]
    """Ascending, symmetric about 0; one less than there are counts. Empty where all values are 0."""
    counts: tuple[int, ...]
    """Below the first edge, between edges (the lower one included), and from the last one on."""


def histogram(values: Sequence[float], bins: int) -> Histogram:
    """Count finite ``values`` in ``bins`` bins, an odd number of 3 or more: the middle one is around 0. O(n log n)."""
    sizes = sorted(map(abs, values))
    limit = sizes[math.floor((len(sizes) - 1) * (1 - RARE))] if sizes else 0.0
    limit = limit or (sizes[-1] if sizes else 0.0)
    step = 2 * limit / (bins - 2)
    if not step > 0:
        return Histogram((), (len(sizes),))
    half = (bins - 2) // 2
    positive = [(place + 0.5) * step for place in range(half + 1)]
    edges = tuple(-edge for edge in reversed(positive)) + tuple(positive)
    counts = [0] * bins
    for value in values:
        counts[bisect_right(edges, value)] += 1
    return Histogram(edges, tuple(counts))


def plain_returns(values: Sequence[float]) -> list[float]:
    """Changes from each value to the next, fractions, where both were observed and the former is above 0. O(n)."""
    return [later / earlier - 1 for earlier, later in pairwise(values) if earlier > 0 and later == later]
