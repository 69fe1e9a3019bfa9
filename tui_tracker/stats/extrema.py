"""Smallest and largest sample of a sliding window."""

from array import array
from typing import Final

MOST_BEHIND: Final = 60
"""Minutes that a query catches up with in some 10 µs."""

_NEVER: Final = -(2**62)


class Extrema:
    """Monotonic queues of minutes over a window's ring, brought up to date when asked.

    A query after k new minutes costs O(k) amortised. The first one, and one after a change of an older minute, looks at
    all minutes, O(length), and makes no queues, which takes six times as long: they are made when an extreme leaves.
    While both extremes stay and nothing new is beyond them, the queues aren't touched: of thousands of windows they are
    in no cache. The newest minute, which may still be replaced, is never queued. Minutes since the epoch fit 32 bits
    until 10136.
    """

    __slots__ = ("_asked", "_high", "_high_at", "_low", "_low_at", "_maxima", "_minima", "_seen")

    def __init__(self) -> None:
        self._minima = array("I")
        self._maxima = array("I")
        self._seen: int | None = None
        self._asked = -1
        self._low_at = self._high_at = _NEVER
        self._low = self._high = 0.0

    def note_change(self, minute: int) -> None:
        """A sample of this minute was set or removed out of order: what was queued from it on may be wrong."""
        if self._seen is not None and minute <= self._seen:
            self._seen = None
        if minute <= self._asked:
            self._asked, self._low_at, self._high_at = minute - 1, _NEVER, _NEVER

    def is_behind(self, end: int) -> bool:
        """Whether the last query is so long ago that the next one would take long."""
        return end - self._asked > MOST_BEHIND

    def query(self, ring: "array[float]", start: int, oldest: int, end: int) -> tuple[float, float]:
        """Return (smallest, largest) of the minutes ``start`` … ``end``.

        At least one is observed, and none before ``oldest``.
        """
        newest = ring[end % len(ring)]
        if min(self._low_at, self._high_at) < start or end < self._asked or not self._is_known(ring, end):
            is_new = self._seen is None and self._low_at == _NEVER
            if not (self._look(ring, oldest, end) if is_new else self._update(ring, start, oldest, end)):
                return newest, newest
        low, high = self._low, self._high
        return newest if newest < low else low, newest if newest > high else high

    def _look(self, ring: "array[float]", oldest: int, end: int) -> bool:
        """Look at every minute but the newest; return whether any is observed."""
        first, stop = oldest % len(ring), end % len(ring)
        if oldest >= end:
            return False
        values = (ring[first:stop] if first < stop else ring[first:] + ring[:stop]).tolist()
        observed = values if (total := sum(values)) == total else [value for value in values if value == value]
        if not observed:
            return False
        self._low, self._high, self._asked = min(observed), max(observed), end - 1
        values.reverse()
        self._low_at, self._high_at = end - 1 - values.index(self._low), end - 1 - values.index(self._high)
        return True

    def _is_known(self, ring: "array[float]", end: int) -> bool:
        """Whether the extremes are known without queues: those that are made must be told what is beyond them."""
        length, low, high = len(ring), self._low, self._high
        for minute in range(self._asked + 1, end):
            value = ring[minute % length]
            if value < low or value > high:
                if self._seen is not None:
                    return False
                if value < low:
                    low = self._low = value
                    self._low_at = minute
                else:
                    high = self._high = value
                    self._high_at = minute
        self._asked = max(self._asked, end - 1)
        return True

    def _update(self, ring: "array[float]", start: int, oldest: int, end: int) -> bool:
        """Bring the queues up to date; return whether any minute but the newest is observed."""
        length = len(ring)
        minima, maxima, seen = self._minima, self._maxima, self._seen
        if seen is None or seen < start:
            del minima[:], maxima[:]
            seen = oldest - 1
        while minima and minima[0] < start:
            del minima[0]
        while maxima and maxima[0] < start:
            del maxima[0]
        for minute in range(seen + 1, end):
            value = ring[minute % length]
            if value != value:
                continue
            while minima and ring[minima[-1] % length] >= value:
                minima.pop()
            minima.append(minute)
            while maxima and ring[maxima[-1] % length] <= value:
                maxima.pop()
            maxima.append(minute)
        self._seen = self._asked = end - 1 if end > seen else seen
        self._low_at, self._high_at = (minima[0], maxima[0]) if minima else (_NEVER, _NEVER)
        if minima:
            self._low, self._high = ring[minima[0] % length], ring[maxima[0] % length]
        return bool(minima)
