"""What the statistics of a window must be, computed slowly and exactly from rows, by none of the product's code.

Minutes are whole minutes since the epoch. A series is a list of values, one a minute, ``None`` where nothing was
observed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import fsum, log1p, pi, sqrt
from statistics import pstdev

MINUTES_A_YEAR = 525_600
GRID = 5
LONGEST_SPAN = 60

Rows = Sequence[tuple[int, float]]
"""(minute of the start, close) of closed candles, oldest first."""
Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Expected:
    """Figures of one window, named as ``crypto-tui rank --json`` names them."""

    samples: int
    coverage: float
    mean: float | None
    stddev: float | None
    min: float | None
    max: float | None
    first: float | None
    last: float | None
    change_pct: float | None
    cv: float | None
    range_pct: float | None
    volatility: float | None
    bipower: float | None

    def by(self, measure: str) -> float | None:
        """The figure that a measure (``stddev``, ``cv``, ``volatility``, ``range``, ``bipower``) ranks by."""
        value = getattr(self, "range_pct" if measure == "range" else measure)
        assert value is None or isinstance(value, float)
        return value


def kraken_rows(answer: Mapping[str, object]) -> list[tuple[int, float]]:
    """Closed candles of an OHLC answer: rows up to ``last``, the open one left out."""
    result = answer["result"]
    assert isinstance(result, dict)
    (rows,) = (value for key, value in result.items() if key != "last")
    return [(row[0] // 60, float(row[4])) for row in rows if row[0] <= result["last"]]


def hold(rows: Rows) -> dict[int, float]:
    """Values of 1-minute candles; minutes between two rows hold the earlier close."""
    held = dict(rows)
    for (minute, close), (following, _) in pairwise(rows):
        held.update(dict.fromkeys(range(minute + 1, following), close))
    return held


def hold_5m(rows: Rows) -> dict[int, float]:
    """Values of 5-minute candles: a close belongs to its last minute, the minutes before hold the one before."""
    return hold([(start + GRID - 1, close) for start, close in rows])


def filled(
    end: int,
    length: int,
    polled: float | None,
    rows_1m: Rows = (),
    rows_5m: Rows = (),
    polls: Mapping[int, float] | None = None,
) -> Values:
    """The series of the minutes ``end − length + 1 … end``.

    Args:
        end: The minute of the poll.
        length: Minutes in the window.
        polled: The polled value, which the open minute ``end`` has; where the source answered and nothing traded
            (``None``), it holds the value of the minute before.
        rows_1m: Closed 1-minute candles; these win over all else.
        rows_5m: Closed 5-minute candles; all else wins over these.
        polls: Values polled in closed minutes, by minute.
    """
    values = hold_5m(rows_5m) | dict(polls or {}) | hold(rows_1m)
    series = [values.get(minute) for minute in range(end - length + 1, end)]
    before = series[-1] if series else None
    return [*series, before if polled is None else polled]


def volatility(series: Values, end: int) -> float | None:
    """√(525,600 · Σr² / Σminutes) over neighbouring observed grid points; ``None`` without a return."""
    first = end - len(series) + 1
    points = [
        (minute, value)
        for minute, value in enumerate(series, first)
        if minute % GRID == GRID - 1 and value is not None and value > 0
    ]
    near = [(a, b) for a, b in pairwise(points) if b[0] - a[0] <= LONGEST_SPAN]
    minutes = sum(b[0] - a[0] for a, b in near)
    if not minutes:
        return None
    return sqrt(MINUTES_A_YEAR * fsum(log1p((b[1] - a[1]) / a[1]) ** 2 for a, b in near) / minutes)


def bipower(series: Values, end: int) -> float | None:
    """√(525,600 · π/2 · Σ|rᵢ||rᵢ₋₁| / minutes) over adjacent returns of 5 minutes; ``None`` without a product."""
    first = end - len(series) + 1
    points = {m: v for m, v in enumerate(series, first) if m % GRID == GRID - 1 and v is not None and v > 0}
    sizes = {m: abs(log1p((v - points[m - GRID]) / points[m - GRID])) for m, v in points.items() if m - GRID in points}
    products = [size * sizes[m - GRID] for m, size in sizes.items() if m - GRID in sizes]
    return sqrt(MINUTES_A_YEAR * pi / 2 * fsum(products) / (GRID * len(products))) if products else None


def mean_of(values: Iterable[float]) -> float:
    """The rational mean, correctly rounded."""
    exact = [Fraction(value) for value in values]
    return float(sum(exact) / len(exact))


def expected(series: Values, end: int) -> Expected:
    """All figures of a series that ends at minute ``end``."""
    values = [value for value in series if value is not None]
    if not values:
        return Expected(0, 0.0, None, None, None, None, None, None, None, None, None, None, None)
    mean, stddev = mean_of(values), pstdev(values)
    low, high, first, last = min(values), max(values), values[0], values[-1]
    return Expected(
        samples=len(values),
        coverage=len(values) / len(series),
        mean=mean,
        stddev=stddev,
        min=low,
        max=high,
        first=first,
        last=last,
        change_pct=(last - first) / first * 100 if first > 0 else None,
        cv=stddev / mean if mean > 0 else None,
        range_pct=(high - low) / mean * 100 if mean > 0 else None,
        volatility=volatility(series, end),
        bipower=bipower(series, end),
    )


def ranks(values: Mapping[str, float]) -> dict[str, int]:
    """1 + number of strictly larger values, for each name."""
    return {name: 1 + sum(other > value for other in values.values()) for name, value in values.items()}
