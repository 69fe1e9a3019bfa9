"""One price of a pair out of several exchanges' own: the median of those that agree."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from statistics import median
from typing import Final

from tui_tracker.core.instrument import LEAST_EXCHANGES

MOST_OFF: Final = 0.05
"""An exchange further from the median of the others, as a fraction of it, leaves: it is broken, closed off, or lists
another asset under the same name."""
RETURNS_WITHIN: Final = MOST_OFF / 2
"""It comes back once it is nearer than this, so that none goes in and out minute by minute."""
MOST_AGE_MS: Final = 90_000
"""A quote older than this says nothing of now: one missed poll is borne, two aren't."""
NOBODY: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Consolidated:
    """What several exchanges together say of one pair at one instant."""

    level: float | None
    """Median of the mids of ``members``; ``None`` where they are fewer than 3, or not more than half of all."""
    members: frozenset[str]
    """Whose mids count."""
    left: frozenset[str]
    """Whose mids don't, since they are, or were, too far from the others'; to be given to the next call."""


def consolidate(mids: Mapping[str, float], left: frozenset[str] = NOBODY) -> Consolidated:
    """Put the mids of one pair, of one quote currency, together. O(n²) where some are far off, else O(n log n).

    The one that is furthest from the median of the others leaves as long as that is more than ``MOST_OFF``, then the
    median is taken anew, so that a single wrong one can't drive out those that are right. Where two groups of equal
    size contradict each other there is no level.

    Args:
        mids: By exchange, each above 0 and recent.
        left: Those that were too far off the last time; they count again once they are within ``RETURNS_WITHIN``.
    """
    if not left and mids and _is_near(mids.values()):
        return Consolidated(median(mids.values()) if len(mids) >= LEAST_EXCHANGES else None, frozenset(mids), NOBODY)
    inside = {name: mid for name, mid in sorted(mids.items()) if name not in left}
    if 2 * len(inside) <= len(mids):  # those that were believed are gone: who left may be right
        inside = dict(sorted(mids.items()))
    while len(inside) > 1 and (furthest := _furthest(inside)) is not None:
        del inside[furthest]
    if inside:
        middle = median(inside.values())
        inside |= {
            name: mids[name] for name in left & (mids.keys() - inside) if off(mids[name], middle) < RETURNS_WITHIN
        }
    has_majority = len(inside) >= LEAST_EXCHANGES and 2 * len(inside) > len(mids)
    return Consolidated(
        median(inside.values()) if has_majority else None,
        frozenset(inside),
        frozenset(mids.keys() - inside) | (left - mids.keys()),
    )


def off(mid: float, middle: float) -> float:
    """How far a mid is from another value, as a fraction of that."""
    return abs(mid / middle - 1)


def _is_near(mids: Collection[float]) -> bool:
    """Whether all are surely near each other."""
    return max(mids) <= min(mids) * (1 + MOST_OFF)


def _furthest(inside: Mapping[str, float]) -> str | None:
    """The exchange that must leave first, the first by name of equal ones; ``None`` if all are near the others."""
    if _is_near(inside.values()):
        return None
    found: tuple[float, str] | None = None
    for name, mid in inside.items():
        middle = median(other for one, other in inside.items() if one != name)
        ratio = max(mid / middle, middle / mid)
        if off(mid, middle) > MOST_OFF and (found is None or ratio > found[0]):
            found = ratio, name
    return None if found is None else found[1]


def consolidated_past(sides: Mapping[str, Sequence[float]]) -> tuple[list[tuple[int, float]], list[int]]:
    """Put the minutes of one pair together. O(minutes · exchanges).

    A minute that an exchange didn't see holds its minute before, as ``MOST_AGE_MS`` allows.

    Args:
        sides: The minutes of each exchange, all of one span; NaN where it saw nothing.

    Returns:
        (index, level) of the minutes that have one, and the indices of those in which the members changed.
    """
    names, everybody = sorted(sides), frozenset(sides)
    levels: list[tuple[int, float]] = []
    changes: list[int] = []
    left, members = NOBODY, NOBODY
    before: Sequence[float] = [nan] * len(names)
    for index, values in enumerate(zip(*(sides[name] for name in names), strict=True)):
        seen = [value if value > 0 else held for value, held in zip(values, before, strict=True)]
        known = [mid for mid in seen if mid > 0]
        before = values
        if len(known) < LEAST_EXCHANGES:
            continue
        level: float | None
        if len(known) == len(names) and not left and _is_near(known):  # nearly all minutes, in a third of the time
            level, agreed = median(known), everybody
        else:
            found = consolidate({name: mid for name, mid in zip(names, seen, strict=True) if mid > 0}, left)
            level, agreed, left = found.level, found.members, found.left
        if level is None:
            continue
        levels.append((index, level))
        if members and agreed != members:
            changes.append(index)
        members = agreed
    return levels, changes
