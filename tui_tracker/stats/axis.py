"""Where the values of a chart fall on the rows of a screen, so that ticks are round and evenly spaced. Pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MANTISSAS: Final = ((1, 0), (2, 0), (25, 1), (5, 0))
"""Steps between ticks: a whole number and how many of its digits stand behind the point."""
LEAST_FILL: Final = 0.6
"""Share of the rows that the data should take before another spacing of the ticks is tried."""
MOST_STEPS: Final = 2**50
"""Rows from zero up to which a double tells neighbouring rows apart."""


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis over rows of equal height; each tick is the middle of its row."""

    low: float
    """Value at the lower edge of the lowest row."""
    high: float
    """Value at the upper edge of the highest row."""
    ticks: tuple[float, ...]
    """Round values, a whole number of rows apart, each the nearest double of its decimal."""


@dataclass(frozen=True, slots=True)
class _Step:
    mantissa: int
    power: int
    rows: int
    """Rows from one tick to the next."""

    @property
    def height(self) -> float:
        """Value of one row."""
        return float(f"{self.mantissa}e{self.power}") / self.rows


def even_axis(low: float, high: float, rows: int, free: int = 0, digits: int | None = None) -> Axis | None:
    """An axis on which ``low … high`` fills as many of ``rows`` as round, evenly spaced ticks allow.

    ``free`` rows are left at either end. Ticks have at most ``digits`` decimals, unless they would then be so far
    apart that the data hardly shows. ``None`` where there is no span, no room, or no number precise enough.
    """
    usable = rows - 2 * free
    if usable < 2 or not math.isfinite(high - low) or high <= low:
        return None
    few, many = _spacings(rows)
    best: Axis | None = None
    best_height = math.inf
    for spacings, decimals in ((few, digits), (many, digits), (few, None)):
        for spacing in spacings:
            for step in _steps((high - low) / usable, spacing, decimals):
                axis = _placed(low, high, rows, free, step)
                if axis is not None:
                    if step.height < best_height:
                        best, best_height = axis, step.height
                    break
        if best is not None and (high - low) / (best_height * usable) >= LEAST_FILL:
            break
    return best


def _spacings(rows: int) -> tuple[range, range]:
    """Rows between ticks that look well, and all that leave two ticks."""
    least = 1 if rows < 4 else 2 if rows < 16 else 3 if rows < 30 else 4
    return range(least, min(least + 3, max(2, rows // 2 + 1))), range(least, max(2, rows // 2 + 1))


def _steps(least_height: float, spacing: int, digits: int | None) -> Iterator[_Step]:
    """Steps from about the least that could do, finest first."""
    least = least_height * spacing
    if not 1e-300 < least < 1e300:
        return
    exponent = math.floor(math.log10(least))
    for power in range(exponent - 1, exponent + 4):
        for mantissa, shift in MANTISSAS:
            step = _Step(mantissa, power - shift, spacing)
            if step.height >= least_height and (digits is None or power - shift >= -digits):
                yield step


def _placed(low: float, high: float, rows: int, free: int, step: _Step) -> Axis | None:
    height = step.height
    if not 0 < height < math.inf or max(abs(low), abs(high)) / height > MOST_STEPS:
        return None
    first = math.floor(low / height + 0.5) - free
    slack = first + rows - free - 1 - math.floor(high / height + 0.5)
    if slack < 0:
        return None
    first -= slack // 2
    marks = range(-(-first // step.rows), (first + rows - 1) // step.rows + 1)
    ticks = tuple(float(f"{mark * step.mantissa}e{step.power}") for mark in marks)
    return Axis((first - 0.5) * height, (first - 0.5 + rows) * height, ticks)
