"""A window that glides over kept samples in either direction, a minute at a time."""

from array import array
from dataclasses import dataclass
from math import inf, nan
from typing import Final

from tui_tracker.core.figures import Figures
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.exact import sqrt_ratio
from tui_tracker.stats.gliding_returns import GlidingReturns, is_grid
from tui_tracker.stats.window import DAY_MINUTES, LARGEST, SMALLEST, accepted, exact_sums

MOST_STEPS: Final = 90
"""Minutes that sums are brought along; further away they are made anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Consecutive minutes of one metric, as they were kept; what is outside is not known."""

    first: int
    """The first minute, since the epoch."""
    values: "array[float]"
    """NaN where nothing was observed."""
    origins: bytes
    """``Provenance`` of each, 0 where nothing was observed."""

    @property
    def end(self) -> int:
        """The minute after the last one."""
        return self.first + len(self.values)

    def joined(self, other: "Reach") -> "Reach":
        """Both, with what is between them unobserved; where both tell of a minute, the other counts."""
        first, end = min(self.first, other.first), max(self.end, other.end)
        values, origins = array("d", [nan]) * (end - first), bytearray(end - first)
        for each in (self, other):
            place = slice(each.first - first, each.end - first)
            values[place], origins[place] = each.values, each.origins
        return Reach(first, values, bytes(origins))

    def cut(self, first: int, end: int) -> "Reach":
        """The part from ``first`` to before ``end``."""
        start = max(first, self.first)
        part = slice(start - self.first, max(end, start) - self.first)
        return Reach(start, self.values[part], self.origins[part])


class Glide:
    """``Samples`` over the minutes up to one that may be moved; every figure equals that of a ``Window`` there.

    Bringing the figures along is O(1) amortised a minute, in both directions; O(length) after a leap.
    """

    __slots__ = (
        "_counted",
        "_high",
        "_highs",
        "_k",
        "_low",
        "_lows",
        "_newest",
        "_oldest",
        "_reach",
        "_returns",
        "_samples",
        "_scale",
        "_squares",
        "_sum",
        "end",
        "length",
    )

    def __init__(self, reach: Reach, end: int, length: int = DAY_MINUTES, *, has_returns: bool = True) -> None:
        """Make a window of ``length`` minutes whose last one is ``end`` (since the epoch)."""
        self.length: Final = length
        self.end = end
        """The last minute; may be set."""
        self._reach = reach
        self._returns: Final = GlidingReturns() if has_returns else None
        self._counted: int | None = None
        self._clear()

    def _clear(self) -> None:
        self._samples = self._sum = self._squares = self._k = self._lows = self._highs = 0
        self._scale, self._low, self._high = 1.0, inf, -inf
        self._oldest = self._newest = -1

    @property
    def reach(self) -> Reach:
        """What it glides over."""
        return self._reach

    @reach.setter
    def reach(self, reach: Reach) -> None:
        """Glide over other minutes; they are the same as before where both know them."""
        before, self._reach = self._reach, reach
        if self._counted is None:
            return
        first, end = self._counted - self.length + 1, self._counted + 1
        seen = max(first, before.first), min(end, before.end)
        if seen != (max(first, reach.first), min(end, reach.end)):
            self._counted = None

    @property
    def end_ms(self) -> int:
        """See ``Samples``."""
        return self.end * MINUTE_MS

    @property
    def breaks_ms(self) -> tuple[int, ...]:
        """See ``Samples``: none is kept."""
        return ()

    def _places(self, end: int) -> tuple[int, int]:
        """First and last index of the window that ends in a minute, as far as it is known."""
        reach = self._reach
        low, high = end - self.length + 1 - reach.first, end - reach.first
        return max(0, low), min(high, len(reach.values) - 1)

    def sample(self, minute_ms: int) -> tuple[float, int]:
        """See ``Samples``."""
        minute, reach = minute_ms // MINUTE_MS, self._reach
        if not self.end - self.length < minute <= self.end or not reach.first <= minute < reach.end:
            return nan, 0
        return reach.values[minute - reach.first], reach.origins[minute - reach.first]

    def last(self) -> float | None:
        """See ``Samples``."""
        values, place = self._reach.values, self.end - self._reach.first
        if 0 <= place < len(values) and (value := values[place]) == value:
            return value
        low, high = self._places(self.end)
        for place in range(high, low - 1, -1):
            if (value := values[place]) == value:
                return value
        return None

    def values(self) -> "array[float]":
        """See ``Samples``."""
        low, high, before, after = self._parts()
        unknown = array("d", [nan])
        return unknown * before + self._reach.values[low : high + 1] + unknown * after

    def origins(self) -> bytes:
        """See ``Samples``."""
        low, high, before, after = self._parts()
        return bytes(before) + self._reach.origins[low : high + 1] + bytes(after)

    def _parts(self) -> tuple[int, int, int, int]:
        """(first and last index, unknown minutes before, and after)."""
        low, high = self._places(self.end)
        if high < low:
            return 0, -1, self.length, 0
        first = self._reach.first
        return low, high, low + first - (self.end - self.length + 1), self.end - high - first

    def provenance_counts(self) -> tuple[int, int, int, int]:
        """See ``Samples``."""
        count = self.origins().count
        return count(1), count(2), count(3), count(4)

    def extrema(self) -> tuple[float, float] | None:
        """See ``Samples``."""
        self._bring_along()
        return (self._low, self._high) if self._samples else None

    def figures(self) -> Figures:
        """See ``Samples``."""
        self._bring_along()
        n, total, k = self._samples, self._sum, self._k
        if not n:
            return Figures(self.length, 0, None, None, None, None, None, None, None, None, None)
        volatility, bipower = (None, None) if self._returns is None else self._returns.volatilities()
        values, first = self._reach.values, self._reach.first
        return Figures(
            self.length,
            n,
            total / (n << k),
            sqrt_ratio(n * self._squares - total * total, n * n, -k),
            self._low,
            self._high,
            values[self._oldest - first] or 0.0,
            self._oldest * MINUTE_MS,
            values[self._newest - first] or 0.0,
            self._newest * MINUTE_MS,
            volatility,
            bipower,
        )

    def _value(self, minute: int) -> float:
        """The sample of a minute; NaN where there is none, or it isn't known."""
        place = minute - self._reach.first
        return self._reach.values[place] or 0.0 if 0 <= place < len(self._reach.values) else nan

    def _bring_along(self) -> None:
        """Let everything that is counted be of the window that ends in ``end``."""
        counted = self._counted
        if counted == self.end:
            return
        if counted is None or abs(self.end - counted) > MOST_STEPS:
            self._count_anew()
            return
        step = 1 if counted < self.end else -1
        for minute in range(counted, self.end, step):
            self._go(minute, step)
        self._counted = self.end
        if self._samples and (self._lows <= 0 or self._highs <= 0):
            observed = self._observed()
            self._low, self._high = min(observed) or 0.0, max(observed) or 0.0
            self._lows, self._highs = observed.count(self._low), observed.count(self._high)

    def _observed(self) -> list[float]:
        low, high = self._places(self.end)
        observed = self._reach.values[low : high + 1].tolist() if high >= low else []
        if 0 in self._reach.origins[low : high + 1]:
            observed = [value for value in observed if value == value]
        return observed

    def _count_anew(self) -> None:
        self._clear()
        self._counted = self.end
        (low, high), first, values = self._places(self.end), self._reach.first, self._reach.values
        if self._returns is not None:
            self._returns.begin(first, values, low, high)
        observed = self._observed()
        if not observed:
            return
        self._low, self._high = min(observed) or 0.0, max(observed) or 0.0
        self._k, self._sum, self._squares = exact_sums(observed, self._low, self._high, is_least=False)
        self._samples, self._scale = len(observed), 2.0**self._k
        self._lows = self._highs = 1  # at least
        self._oldest = first + next(place for place in range(low, high + 1) if values[place] == values[place])
        self._newest = first + next(place for place in range(high, low - 1, -1) if values[place] == values[place])

    def _go(self, end: int, step: int) -> None:
        """Move by one minute from the window that ends in ``end``."""
        first, values, start = self._reach.first, self._reach.values, end - self.length + 1
        gone, come = (start, end + 1) if step > 0 else (end, start - 1)
        if self._swap(gone - first, come - first, step):
            return
        size = len(values)
        low, high = max(0, start - first), min(end - first, size - 1)
        if 0 <= (place := gone - first) < size and (value := values[place]) == value:
            if self._returns is not None and is_grid(gone):
                if step > 0:
                    self._returns.turn_first(values, place, high, -1)
                else:
                    self._returns.turn_last(values, low, place, -1)
            self._leave(gone, value, step)
        if 0 <= (place := come - first) < size and (value := values[place]) == value:
            self._join(come, value, step)
            if self._returns is not None and is_grid(come):
                if step > 0:
                    self._returns.turn_last(values, max(0, start + 1 - first), place, 1)
                else:
                    self._returns.turn_first(values, place, min(end - 1 - first, size - 1), 1)

    def _swap(self, gone: int, come: int, step: int) -> bool:
        """Exchange two places, where nothing but sums change: the usual case, in one step."""
        first, values, scale = self._reach.first, self._reach.values, self._scale
        size, oldest, newest = len(values), self._oldest + step, self._newest + step
        if not (0 <= gone < size and 0 <= come < size and 0 <= oldest - first < size and 0 <= newest - first < size):
            return False
        old, new = values[gone], values[come]
        exact = new * scale
        if old != old or new != new or not SMALLEST <= new <= LARGEST or exact != (number := int(exact)):
            return False
        if self._returns is not None and (is_grid(gone + first) or is_grid(come + first)):
            return False
        if values[oldest - first] != values[oldest - first] or values[newest - first] != values[newest - first]:
            return False
        out = int(old * scale)
        self._sum += number - out
        self._squares += (number - out) * (number + out)
        self._oldest, self._newest = oldest, newest
        self._lows -= old == self._low
        self._highs -= old == self._high
        self._note_extremes(new)
        return True

    def _note_extremes(self, value: float) -> None:
        if value <= self._low:
            self._lows = self._lows + 1 if value == self._low else 1
            self._low = value
        if value >= self._high:
            self._highs = self._highs + 1 if value == self._high else 1
            self._high = value

    def _leave(self, minute: int, value: float, step: int) -> None:
        number = int(value * self._scale)
        self._sum -= number
        self._squares -= number * number
        self._samples -= 1
        self._lows -= value == self._low
        self._highs -= value == self._high
        if not self._samples:
            self._clear()
        elif step > 0 and minute == self._oldest:
            self._oldest = self._next_observed(minute, 1)
        elif step < 0 and minute == self._newest:
            self._newest = self._next_observed(minute, -1)

    def _next_observed(self, minute: int, step: int) -> int:
        minute += step
        while (value := self._value(minute)) != value:
            minute += step
        return minute

    def _join(self, minute: int, value: float, step: int) -> None:
        if not SMALLEST <= value <= LARGEST:
            value = accepted(value)
        number = int(value * self._scale)
        if number != value * self._scale:
            k = value.as_integer_ratio()[1].bit_length() - 1
            self._sum <<= k - self._k
            self._squares <<= 2 * (k - self._k)
            self._k, self._scale = k, 2.0**k
            number = int(value * self._scale)
        self._sum += number
        self._squares += number * number
        if not self._samples:
            self._oldest = self._newest = minute
        elif step > 0:
            self._newest = minute
        else:
            self._oldest = minute
        self._samples += 1
        self._note_extremes(value)
