"""Fewer points for a chart, and where its ticks go. Pure; NaN means that nothing was observed."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

MINUTE_MS: Final = 60_000
TIME_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440)
"""Minutes between ticks of a time axis, finest first; over longer times they are days, Mondays, firsts of months."""
MONTHS: Final = (1, 2, 3, 6)
"""Months between two firsts of months."""
_DAY_MS: Final = 1440 * MINUTE_MS
_EPOCH: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of a chart shows; first and last tell how its line meets its neighbours."""

    first: float
    low: float
    high: float
    last: float
    rising: bool
    """Whether the low came before the high."""

    def path(self) -> tuple[float, ...]:
        """The values in the order of time, without repetitions: at most four."""
        turns = (self.low, self.high) if self.rising else (self.high, self.low)
        points = [self.first]
        points.extend(value for value in (*turns, self.last) if value != points[-1])
        return tuple(points)


def min_max_columns(values: Sequence[float], columns: int) -> list[Column | None]:
    """Reduce a series to the extremes of each of ``columns`` equal spans of time.

    Exactly ``columns`` entries come back, oldest first. An entry is ``None`` where none of its minutes was observed;
    with fewer values than columns, the columns between two neighbouring minutes repeat the earlier one. O(n).
    """
    count = len(values)
    if count == 0 or columns <= 0:
        return [None] * max(0, columns)
    reduced: list[Column | None] = []
    for column in range(columns):
        start = column * count // columns
        stop = max(start + 1, (column + 1) * count // columns)
        reduced.append(_column([value for value in values[start:stop] if math.isfinite(value)]))
    return reduced


def _column(seen: list[float]) -> Column | None:
    if not seen:
        return None
    low, high = min(seen), max(seen)
    return Column(seen[0], low, high, seen[-1], seen.index(low) <= seen.index(high))


def runs(columns: Sequence[Column | None]) -> list[tuple[int, int]]:
    """The spans ``[start, stop)`` of neighbouring columns that have data: each is one unbroken line."""
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for index, column in enumerate((*columns, None)):
        if column is not None and start is None:
            start = index
        elif column is None and start is not None:
            spans.append((start, index))
            start = None
    return spans


def extremes(values: Sequence[float]) -> tuple[int, int] | None:
    """Return the indices of the lowest and of the highest value, the newest where several are equal; or ``None``."""
    low = high = -1
    for index, value in enumerate(values):
        if math.isfinite(value):
            if low < 0 or value <= values[low]:
                low = index
            if high < 0 or value >= values[high]:
                high = index
    return None if low < 0 else (low, high)


def value_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers within ``low … high``: 1, 2, 2.5 or 5 times a power of ten apart, at most ``most``.

    Each is the nearest double of its decimal. Empty where the span is not positive and finite, or ``most`` < 1.
    """
    span = high - low
    if most < 1 or not math.isfinite(span) or span <= 0:
        return []
    exponent = math.floor(math.log10(span / most)) if span / most > 0 else 0
    for power in range(exponent, exponent + 3):
        for mantissa, shift in ((1, 0), (2, 0), (25, 1), (5, 0)):
            ticks = _multiples(low, high, mantissa, power - shift, most)
            if ticks is not None:
                return ticks
    return []


def _multiples(low: float, high: float, mantissa: int, power: int, most: int) -> list[float] | None:
    step = float(f"{mantissa}e{power}")
    if step == 0 or not math.isfinite(low / step) or not math.isfinite(high / step):
        return None
    first, last = math.ceil(low / step), math.floor(high / step)
    if last - first >= most:
        return None
    ticks = (float(f"{index * mantissa}e{power}") for index in range(first, last + 1))
    return [tick for tick in ticks if low <= tick <= high]


def time_ticks(start_ms: int, end_ms: int, most: int, offset_ms: Callable[[int], int]) -> list[int]:
    """Instants within ``start_ms … end_ms`` at round local times, at most ``most``, ms since the epoch.

    ``offset_ms`` gives local minus UTC at an instant, so a repeated hour has its ticks twice and a skipped one none.
    """
    if most < 1 or end_ms < start_ms:
        return []
    for step in TIME_STEPS:
        if (end_ms - start_ms) // (step * MINUTE_MS) <= most * 2:
            ticks = _local_multiples(start_ms, end_ms, step, offset_ms)
            if len(ticks) <= most:
                return ticks
    days = [(date.fromordinal(_EPOCH + day), instant) for day, instant in _midnights(start_ms, end_ms, offset_ms)]
    choices: list[list[int]] = [
        [instant for at, instant in days if at.toordinal() % 2 == 0],
        [instant for at, instant in days if at.weekday() == 0],
        *([instant for at, instant in days if at.day == 1 and (at.month - 1) % months == 0] for months in MONTHS),
    ]
    return next((ticks for ticks in choices if len(ticks) <= most), [])


def _midnights(start_ms: int, end_ms: int, offset_ms: Callable[[int], int]) -> list[tuple[int, int]]:
    """(local days since the epoch, instant) of each local midnight."""
    first, last = ((instant + offset_ms(instant)) // _DAY_MS for instant in (start_ms, end_ms))
    found = [(day, day * _DAY_MS - offset_ms(day * _DAY_MS)) for day in range(first, last + 1)]
    return [(day, instant) for day, instant in found if start_ms <= instant <= end_ms]


def _local_multiples(start_ms: int, end_ms: int, step: int, offset_ms: Callable[[int], int]) -> list[int]:
    """Instants whose local time is a multiple of ``step`` minutes; offsets are multiples of 15 minutes."""
    stride = min(step, 15) * MINUTE_MS
    first = -(-(start_ms + offset_ms(start_ms)) // stride) * stride - offset_ms(start_ms)
    return [
        instant
        for instant in range(first, end_ms + 1, stride)
        if (instant + offset_ms(instant)) % (step * MINUTE_MS) == 0
    ]


def gaps(values: Sequence[float]) -> int:
    """How many stretches of missing minutes lie between observed ones."""
    seen = [index for index, value in enumerate(values) if math.isfinite(value)]
    return sum(1 for left, right in pairwise(seen) if right - left > 1)
