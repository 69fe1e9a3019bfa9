"""Ranks of instruments: the largest value is rank 1, ties share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from operator import itemgetter
from typing import Final, NamedTuple

from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.instrument import InstrumentClass
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.snapshot import Row, Snapshot, value_reader

MIN_COVERAGE = 0.9
"""Observed share of a window from which on its pair is ranked, unless configured otherwise."""
UNDEFINED: Final = "undefined"
"""Reason of a row whose figure has no value."""
_UNITLESS: Final = (Metric.SPREAD, Metric.TRADES, Metric.TRADES_MIN)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which instruments are compared. All conditions must hold."""

    quote: str | None = None
    """Only pairs priced in this asset."""
    ids: frozenset[str] | None = None
    """Only these instruments (a watchlist)."""
    min_volume_usd: float = 0.0
    """Only pairs with at least this 24 h volume; one without a route to USD fails any floor above 0."""
    excluded: frozenset[InstrumentClass] = frozenset()
    """Only pairs of none of these classes."""
    unique_base: bool = False
    """Only one pair an asset: of those that meet all else the one that trades most in USD, if possible not halted."""
    source: str | None = None
    """Only pairs of this source. ``None`` for those of all exchanges: what is made of them counts beside them only
    where it is named (``ids``), else each price would count twice."""


class Place(NamedTuple):
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
    """The instruments of a scope, ranked ones first by rank (ties in the snapshot's order), then the unranked.

    Unranked are those that only lack history, the most traded first; then undefined figures, no trades, halted ones.
    """

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
        if not self._index:  # made when it is first needed: most rankings are read from the top
            self._index.update((place.row.instrument.id, place) for place in self.places)
        return self._index.get(instrument_id)


def rank(
    snapshot: Snapshot,
    metric: Metric,
    measure: Measure,
    scope: Scope | None = None,
    min_coverage: float = MIN_COVERAGE,
) -> Ranking:
    """Rank the rows of a snapshot that are in ``scope``: O(n log n), one sort.

    Ranked are rows with at least ``min_coverage`` of the window observed (of as much of it as the history tells of), a
    trade in the window, not halted, and a defined figure.
    """
    scope = scope or Scope()
    known = snapshot.least_coverage(1.0)
    min_coverage *= known
    rows = _in_scope(snapshot.rows, scope)
    floor = scope.min_volume_usd
    liquid = [row for row in rows if row.volume_usd is not None and row.volume_usd >= floor] if floor > 0 else rows
    if scope.unique_base:
        liquid = _one_an_asset(liquid)
    index, value_of = METRIC_INDEX[metric], value_reader(metric, measure)
    ranked: list[tuple[float, Row]] = []
    unranked: list[tuple[int, float, Place]] = []
    for row in liquid:
        figures, value = row.figures[index], value_of(row)
        is_known = figures is not None and figures.samples / figures.length >= min_coverage and figures.samples > 0
        if is_known and value is not None and row.traded and not row.halted:
            ranked.append((value, row))
        else:
            order, reason = _obstacle(row, figures, min_coverage, known)
            unranked.append((order, -(row.volume_usd or 0.0), Place(row, None, value, reason)))
    ranked.sort(key=itemgetter(0), reverse=True)
    unranked.sort(key=itemgetter(0, 1))
    values = [value for value, _ in ranked]
    places = list(map(Place, map(itemgetter(1), ranked), shared_ranks(values), values))
    places += [place for _, _, place in unranked]
    return Ranking(
        metric,
        measure,
        scope,
        tuple(places),
        len(ranked),
        measure is Measure.STDDEV and metric not in _UNITLESS and len({row.instrument.quote for row in liquid}) > 1,
        sum(row.volume_usd is None and not row.halted for row in rows) if floor > 0 else 0,
    )


def shared_ranks(values: Sequence[float]) -> list[int]:
    """Ranks of values that are in descending order: 1 + number of strictly larger ones. O(n)."""
    ranks: list[int] = []
    place, previous = 0, inf
    for position, value in enumerate(values, 1):
        if value != previous:
            place, previous = position, value
        ranks.append(place)
    return ranks


def _in_scope(rows: Sequence[Row], scope: Scope) -> Sequence[Row]:
    """The rows that meet every condition but the floor; what leaves most out comes first."""
    if scope.quote is not None:
        rows = [row for row in rows if row.instrument.quote == scope.quote]
    if scope.ids is not None:
        rows = [row for row in rows if row.instrument.id in scope.ids]
    if scope.source is not None:
        rows = [row for row in rows if row.instrument.source == scope.source]
    elif scope.ids is None:
        rows = [row for row in rows if not row.instrument.is_consolidated]
    if scope.excluded:
        rows = [row for row in rows if scope.excluded.isdisjoint(row.instrument.classes)]
    return rows


def _one_an_asset(rows: Sequence[Row]) -> list[Row]:
    """The most traded pair of each base, in the order of ``rows``; the first of equal ones."""
    best: dict[str, Row] = {}
    for row in rows:
        rival = best.get(row.instrument.base)
        if rival is None or _liquidity(row) > _liquidity(rival):
            best[row.instrument.base] = row
    return [row for row in rows if best[row.instrument.base] is row]


def _liquidity(row: Row) -> tuple[bool, float]:
    return not row.halted, -1.0 if row.volume_usd is None else row.volume_usd


def _obstacle(row: Row, figures: Figures | None, min_coverage: float, known: float) -> tuple[int, str]:
    """(order among the unranked, reason) of a row that can't be ranked."""
    if row.halted:
        return 3, f"halted: {row.halted}"
    lacks_history = figures is None or figures.coverage < min_coverage
    if not row.traded and not (lacks_history and row.volume_usd):
        return 2, "no trades"
    if figures is None or not figures.samples:
        return 1, "0 % observed"
    if figures.coverage < min_coverage:
        return 0, f"{int(figures.coverage / known * 100) or '<1'} % observed"
    return 1, UNDEFINED
