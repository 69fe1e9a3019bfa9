"""Smallest and largest sample of a sliding window."""

from array import array


class Extrema:
    """Monotonic queues of minutes over a window's ring, brought up to date when asked.

    A query after k new minutes costs O(k) amortised; a query after a change of an older minute rebuilds, O(length).
    The newest minute, which may still be replaced, is never queued. Minutes since the epoch fit 32 bits until 10136.
    """

    __slots__ = ("_maxima", "_minima", "_seen")

    def __init__(self) -> None:
        self._minima = array("I")
        self._maxima = array("I")
        self._seen: int | None = None

    def note_change(self, minute: int) -> None:
        """A sample of this minute was set or removed out of order: what was queued from it on may be wrong."""
        if self._seen is not None and minute <= self._seen:
            self._seen = None

    def query(self, ring: "array[float]", start: int, oldest: int, end: int) -> tuple[float, float]:
        """Return (smallest, largest) of the minutes ``start`` … ``end``.

        At least one is observed, and none before ``oldest``.
        """
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
        self._seen = end - 1 if end > seen else seen
        newest = ring[end % length]
        if not minima:
            return newest, newest
        low, high = ring[minima[0] % length], ring[maxima[0] % length]
        return newest if newest < low else low, newest if newest > high else high
