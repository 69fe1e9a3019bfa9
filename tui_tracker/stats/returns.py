"""Sums over log returns between 5-minute grid points of a sliding window: of squares, and of neighbours' products."""

from array import array
from math import log, log1p, pi, sqrt
from typing import Final

GRID_MINUTES: Final = 5
"""Distance of grid points: 1-minute returns of last trades mostly measure the bounce between bid and ask."""
MAX_SPAN_MINUTES: Final = 60
"""A return over a longer gap says little of the minutes between, and is dropped."""
MINUTES_A_YEAR: Final = 525_600
_UNIT_BITS: Final = 128
UNITS: Final = 2.0**_UNIT_BITS
_BIPOWER: Final = MINUTES_A_YEAR / GRID_MINUTES * pi / 2
Volatilities = tuple[float | None, float | None]
"""Volatility and bipower volatility."""


class SquaredReturns:
    """Σr² and Σminutes over neighbouring observed grid points, Σ|rᵢ||rᵢ₋₁| over adjacent returns, kept up to date.

    A grid point is the last minute of a UTC 5-minute interval with a sample above 0. Two returns are adjacent if each
    spans 5 minutes and one begins where the other ends. Each r² and each product, √(rᵢ²·rᵢ₋₁²), enters and leaves as
    the same integer, in units of 2^-128, so that nothing drifts; what leaves is computed again from the samples, which
    takes less memory than keeping it. A query after k new minutes costs O(k) amortised; a query after a change of an
    older minute, or after several grid points left at once, rebuilds, O(length). The newest minute, which may still be
    replaced, is counted for the query alone. A minute can be marked as a break: what it says can't be compared with
    what was said before, so that no return leads into it.
    """

    __slots__ = (
        "_adjacent",
        "_ahead",
        "_ahead_minute",
        "_base",
        "_breaks",
        "_cached",
        "_expiry",
        "_minutes",
        "_next",
        "_oldest",
        "_point",
        "_products",
        "_seen",
        "_spans",
        "_square",
        "_sum",
    )

    def __init__(self) -> None:
        self._spans: bytearray | None = None
        self._seen: int | None = None
        self._breaks: tuple[int, ...] = ()
        self._next = self._expiry = 0
        self._cached: Volatilities | None = None
        self._clear(0, -1)

    def _clear(self, oldest: int, point: int) -> None:
        self._sum = self._minutes = self._products = self._adjacent = 0
        self._oldest = oldest - oldest % GRID_MINUTES + GRID_MINUTES - 1
        self._point = point
        self._base = self._square = self._ahead = 0.0
        self._ahead_minute = -1

    def note_change(self, minute: int) -> None:
        """A sample of this minute was set or removed out of order: what was counted may be wrong."""
        if minute < self._next and minute % GRID_MINUTES == GRID_MINUTES - 1:
            self.forget()

    def forget(self) -> None:
        """Count anew at the next query."""
        self._seen = None
        self._next = 0

    @property
    def breaks(self) -> tuple[int, ...]:
        """Minutes that no return leads into from before, oldest first."""
        return self._breaks

    def break_at(self, minute: int, oldest: int) -> None:
        """Let no return lead into a minute from before; breaks before ``oldest`` are forgotten."""
        if minute not in self._breaks:
            self._breaks = tuple(sorted((minute, *(other for other in self._breaks if other >= oldest))))
            if minute <= self._next - GRID_MINUTES:
                self.forget()

    def volatilities(self, ring: "array[float]", start: int, oldest: int, end: int) -> Volatilities:
        """Volatility and bipower volatility over the minutes ``start`` … ``end``, fractions a year of 365 days.

        √(525,600 · Σr² / minutes), uncentred, ``None`` without a return; and √(525,600 · π/2 · Σ|rᵢ||rᵢ₋₁| / minutes)
        with 5 minutes a product, ``None`` without one (Barndorff-Nielsen and Shephard 2004): a step of the price enters
        it only multiplied by the small returns beside it. No minute before ``oldest`` is observed.
        """
        self.keep_up(ring, start, oldest, end)
        if end % GRID_MINUTES == GRID_MINUTES - 1:
            return self._with_open(ring, start, end)
        if self._cached is None:
            self._cached = annualised(self._sum, self._minutes, self._products, self._adjacent)
        return self._cached

    def _with_open(self, ring: "array[float]", start: int, end: int) -> Volatilities:
        """The two figures where the open minute, which may yet be replaced, is a grid point."""
        assert self._spans is not None
        square, span = self._return_to(ring, end, start)
        total, products, adjacent = self._sum + int(square * UNITS), self._products, self._adjacent
        if span == self._spans[end // GRID_MINUTES % len(self._spans) - 1] == GRID_MINUTES:
            products, adjacent = products + int(sqrt(square * self._square) * UNITS), adjacent + 1
        return annualised(total, self._minutes + span, products, adjacent)

    def keep_up(self, ring: "array[float]", start: int, oldest: int, end: int) -> None:
        """Count what came and take out what left; arguments as for ``volatilities``."""
        if end <= self._next and start < self._expiry:
            return
        self._cached = None
        if self._go_on(ring, start, end):
            return
        spans = self._spans
        if spans is None:
            spans = self._spans = bytearray(len(ring) // GRID_MINUTES + 2)
        is_new = self._seen is None or self._seen < start - 1 or not self._expire(ring, spans, start)
        if is_new:
            self._clear(oldest, start - 1)
            self._seen = oldest - 1
        assert self._seen is not None
        grid_minute = self._seen + GRID_MINUTES - (self._seen + 1) % GRID_MINUTES
        while grid_minute < end:
            self._take(ring, spans, grid_minute, start)
            grid_minute += GRID_MINUTES
        self._next = grid_minute
        self._seen = max(self._seen, end - 1)
        if is_new:
            self._expire(ring, spans, start)

    def _go_on(self, ring: "array[float]", start: int, end: int) -> bool:
        """Take in one return and take out another, all of 5 minutes: the usual case, in one step."""
        spans, last, out = self._spans, self._next, self._oldest
        if self._seen is None or spans is None or not last < end <= last + GRID_MINUTES:
            return False
        if self._breaks and self._breaks[-1] > last - GRID_MINUTES:
            return False
        length, size = len(ring), len(spans)
        slot, new = out // GRID_MINUTES % size, last // GRID_MINUTES % size
        is_usual = spans[slot] == spans[(slot + 1) % size] == spans[new - 1] == GRID_MINUTES
        if not is_usual or not out - GRID_MINUTES < start <= out or out != self._ahead_minute:
            return False
        later, earlier = ring[last % length], ring[(last - GRID_MINUTES) % length]
        if not later > 0 or self._point != last - GRID_MINUTES or last - out < 3 * GRID_MINUTES:
            return False
        here = ring[out % length]
        square, gone = squared_return(earlier, later), self._ahead
        ahead = squared_return(here, ring[(out + GRID_MINUTES) % length])
        self._sum += int(square * UNITS) - int(gone * UNITS)
        self._products += int(sqrt(square * self._square) * UNITS) - int(sqrt(gone * ahead) * UNITS)
        spans[slot], spans[new] = 0, GRID_MINUTES
        self._base, self._square, self._ahead, self._point = here, square, ahead, last
        self._oldest = self._ahead_minute = out + GRID_MINUTES
        self._expiry, self._next, self._seen = out + 1, last + GRID_MINUTES, end - 1
        return True

    def _expire(self, ring: "array[float]", spans: bytearray, start: int) -> bool:
        """Take out the return that begins before ``start``; whether its end is still there to compute it from."""
        minute, last, length = self._oldest, self._point, len(ring)
        while minute <= last:
            slot = minute // GRID_MINUTES % len(spans)
            span = spans[slot]
            if span and minute - span >= start:
                self._base = ring[(minute - span) % length]
                if span == GRID_MINUTES and minute != self._ahead_minute:
                    self._ahead, self._ahead_minute = squared_return(self._base, ring[minute % length]), minute
                break
            if span:
                if minute < start:
                    return False
                here, following = ring[minute % length], (slot + 1) % len(spans)
                square = self._ahead if minute == self._ahead_minute else squared_return(self._base, here)
                self._sum -= int(square * UNITS)
                self._minutes -= span
                if span == spans[following] == GRID_MINUTES and minute < last:
                    self._ahead_minute = minute + GRID_MINUTES
                    self._ahead = squared_return(here, ring[self._ahead_minute % length])
                    self._products -= int(sqrt(square * self._ahead) * UNITS)
                    self._adjacent -= 1
                spans[slot] = 0
            minute += GRID_MINUTES
        self._oldest = minute
        self._expiry = minute - spans[minute // GRID_MINUTES % len(spans)] + 1 if minute <= last else start + 1
        return True

    def _take(self, ring: "array[float]", spans: bytearray, minute: int, start: int) -> None:
        """Count the return that ends in a closed grid minute."""
        slot, before = minute // GRID_MINUTES % len(spans), self._square
        square, span = self._return_to(ring, minute, start)
        self._square, spans[slot] = square, span
        if span:
            if not self._minutes:
                self._base = ring[self._point % len(ring)]
            self._sum += int(square * UNITS)
            self._minutes += span
            if span == spans[slot - 1] == GRID_MINUTES:  # the last slot, where this is the first
                self._products += int(sqrt(square * before) * UNITS)
                self._adjacent += 1
        if ring[minute % len(ring)] > 0:
            self._point = minute

    def _return_to(self, ring: "array[float]", minute: int, start: int) -> tuple[float, int]:
        """(r², minutes) from the grid point before; (0, 0) if there is none near enough, or nothing here."""
        length, point = len(ring), self._point
        later = ring[minute % length]
        if not later > 0 or point < start or minute - point > MAX_SPAN_MINUTES:
            return 0.0, 0
        if self._breaks and any(point < broken <= minute for broken in self._breaks):
            return 0.0, 0
        return squared_return(ring[point % length], later), minute - point


def annualised(total: int, minutes: int, products: int, adjacent: int) -> Volatilities:
    """The two figures of the sums of squares and of products, each in units of 2^-128, and what they are over."""
    return (
        sqrt(MINUTES_A_YEAR * (total / (minutes << _UNIT_BITS))) if minutes else None,
        sqrt(_BIPOWER * (products / (adjacent << _UNIT_BITS))) if adjacent else None,
    )


def squared_return(earlier: float, later: float) -> float:
    """r² of two samples above 0, with r = ln(later / earlier)."""
    change = (later - earlier) / earlier
    r = log1p(change) if change > -1 else log(later / earlier)
    return r * r
