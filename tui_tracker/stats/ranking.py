"""Ranks of instruments: the largest value is rank 1, ties share."""

from dataclasses import dataclass, field

from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row, Snapshot

MIN_COVERAGE = 0.9
"""Observed share of a window from which on its pair is ranked, unless configured otherwise."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which instruments are compared. All conditions must hold."""

    quote: str | None = None
    """Only pairs priced in this asset."""
    ids: frozenset[str] | None = None
    """Only these instruments (a watchlist)."""
    min_volume_usd: float = 0.0
    """Only pairs with at least this 24 h volume; one without a route to USD fails any floor above 0."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one instrument stands."""

    row: Row
    rank: int | None
    """1 + number of ranked instruments with a strictly larger value; ``None`` if unranked."""
    value: float | None
    """The figure that it is ranked by, where it is defined."""
    reason: str = ""
    """Why it is unranked (``12 % observed``, ``no trades``, ``halted``); empty if ranked."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The instruments of a scope, ranked ones first by rank, then the unranked; ties in order of id."""

    metric: Metric
    measure: Measure
    scope: Scope
    places: tuple[Place, ...]
    ranked: int
    """N: how many have a rank."""
    mixed_units: bool
    """Whether values in different quote currencies are compared as if they were one."""
    no_usd_route: int = 0
    """Instruments left out only because their volume could not be converted to USD."""
    _index: dict[str, Place] = field(default_factory=dict, repr=False, compare=False)

    def place(self, instrument_id: str) -> Place | None:
        """Where one instrument stands, or ``None`` if it is not in the scope."""
        return self._index.get(instrument_id)


def rank(
    snapshot: Snapshot,
    metric: Metric,
    measure: Measure,
    scope: Scope | None = None,
    min_coverage: float = MIN_COVERAGE,
) -> Ranking:
    """Rank the rows of a snapshot that are in ``scope``: O(n log n), one sort.

    Ranked are rows with at least ``min_coverage`` of the window observed, a trade in the window, not halted, and a
    defined figure.
    """
    raise NotImplementedError


def memo_key(snapshot: Snapshot, metric: Metric, measure: Measure, scope: Scope) -> tuple[object, ...]:
    """What a ranking depends on; equal keys mean equal rankings."""
    return snapshot.version, metric, measure, scope
