"""The sums of ``SquaredReturns``, over a window that moves in both directions over samples that stay."""

from array import array
from itertools import repeat
from math import log1p, sqrt
from operator import mul, sub, truediv
from typing import Final

from tui_tracker.stats.returns import GRID_MINUTES, MAX_SPAN_MINUTES, UNITS, Volatilities, annualised, squared_return

_LAST: Final = GRID_MINUTES - 1
_MOST_STEPS: Final = MAX_SPAN_MINUTES // GRID_MINUTES


def is_grid(minute: int) -> bool:
    """Whether a minute since the epoch is a grid point."""
    return minute % GRID_MINUTES == _LAST


class GlidingReturns:
    """Each return enters and leaves as the same integer, at whichever end; places are indices of one array.

    Only minutes that ``is_grid`` lets through are to be turned. Counting anew is O(length), a turn O(1).
    """

    __slots__ = ("_adjacent", "_found", "_minutes", "_products", "_total")

    def __init__(self) -> None:
        self._total = self._minutes = self._products = self._adjacent = 0
        self._found: Volatilities | None = None

    def begin(self, first: int, values: "array[float]", low: int, high: int) -> None:
        """Count the places ``low`` … ``high`` of an array that begins at minute ``first`` since the epoch."""
        start = low + (_LAST - first - low) % GRID_MINUTES
        points = values[start : high + 1 : GRID_MINUTES].tolist() if high >= low else []
        self._found = None
        try:
            self._begin_whole(points)
        except ValueError:
            self._begin_with_gaps(points)

    def _begin_whole(self, points: list[float]) -> None:
        """Count grid points of which none is missing.

        Raises:
            ValueError: If one is, or isn't above 0.
        """
        if not (min(points, default=1.0) > 0 and sum(points) > 0):
            raise ValueError("a grid point is missing")
        changes = map(truediv, map(sub, points[1:], points), points)
        returns = list(map(log1p, changes))
        squares = list(map(mul, returns, returns))
        self._total = sum(map(int, map(mul, squares, repeat(UNITS))))
        self._products = sum(map(int, map(mul, map(sqrt, map(mul, squares[1:], squares)), repeat(UNITS))))
        self._minutes, self._adjacent = len(squares) * GRID_MINUTES, max(0, len(squares) - 1)

    def _begin_with_gaps(self, points: list[float]) -> None:
        total = steps = products = adjacent = 0
        point, earlier, before, span_before = -_MOST_STEPS - 1, 0.0, 0.0, 0
        for place, later in enumerate(points):
            if not later > 0:
                continue
            span, square = place - point, 0.0
            if span > _MOST_STEPS:
                span = 0
            else:
                steps += span
                if later != earlier:
                    square = squared_return(earlier, later)
                    total += int(square * UNITS)
                if span == span_before == 1:
                    adjacent += 1
                    products += int(sqrt(square * before) * UNITS)
            point, earlier, before, span_before = place, later, square, span
        self._total, self._minutes, self._products, self._adjacent = total, steps * GRID_MINUTES, products, adjacent

    def turn_last(self, values: "array[float]", low: int, place: int, sign: int) -> None:
        """Count (1) or take back (-1) the return that ends in the last place; ``low`` is the first one."""
        if not values[place] > 0:
            return
        for point in range(place - GRID_MINUTES, max(low, place - MAX_SPAN_MINUTES) - 1, -GRID_MINUTES):
            if values[point] > 0:
                before = point - GRID_MINUTES
                self._turn(values, point, place, sign, before if before >= low else -1)
                return

    def turn_first(self, values: "array[float]", place: int, high: int, sign: int) -> None:
        """Count (1) or take back (-1) the return that begins in the first place; ``high`` is the last one."""
        if not values[place] > 0:
            return
        for point in range(place + GRID_MINUTES, min(high, place + MAX_SPAN_MINUTES) + 1, GRID_MINUTES):
            if values[point] > 0:
                after = point + GRID_MINUTES
                self._turn(values, place, point, sign, after if after <= high else -1)
                return

    def _turn(self, values: "array[float]", point: int, place: int, sign: int, beside: int) -> None:
        """Count or take back one return, and its product with the one that a place ``beside`` makes with it."""
        self._found = None
        square = squared_return(values[point], values[place])
        self._total += sign * int(square * UNITS)
        self._minutes += sign * (place - point)
        if place - point == GRID_MINUTES and beside >= 0 and values[beside] > 0:
            near, far = (beside, point) if beside < point else (place, beside)
            self._products += sign * int(sqrt(square * squared_return(values[near], values[far])) * UNITS)
            self._adjacent += sign

    def volatilities(self) -> Volatilities:
        """See ``SquaredReturns.volatilities``."""
        if self._found is None:
            self._found = annualised(self._total, self._minutes, self._products, self._adjacent)
        return self._found
