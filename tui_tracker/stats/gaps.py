"""Where nothing was observed."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """Neighbouring minutes without a sample."""

    start: int
    """Index of its first minute."""
    minutes: int


def find_gaps(values: Sequence[float]) -> list[Gap]:
    """All stretches of NaN, the longest first, equally long ones in order. O(n log n)."""
    found: list[Gap] = []
    start: int | None = None
    for index, value in enumerate((*values, 0.0)):
        is_missing = value != value
        if is_missing and start is None:
            start = index
        elif not is_missing and start is not None:
            found.append(Gap(start, index - start))
            start = None
    return sorted(found, key=lambda gap: -gap.minutes)
