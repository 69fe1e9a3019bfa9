"""Ranks of instruments: the largest value is rank 1, ties share."""

from bisect import insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from math import inf
from operator import itemgetter
from typing import Final, NamedTuple

from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.instrument import Instrument, InstrumentClass
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.snapshot import Row, Snapshot, value_reader

MIN_COVERAGE = 0.9
"""Observed share of a window from which on its pair is ranked, unless configured otherwise."""
UNDEFINED: Final = "undefined"
"""Reason of a row whose figure has no value."""
FEW: Final = 1 / 16
"""Share of the rows up to which changed ones are put to their places one by one."""
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


_Ranked = tuple[float, Row]
"""(value, row) of a row that has a rank."""
_Unranked = tuple[float, int, Place]
"""(−24 h volume in USD, order of the reason, place) of one that has none."""
_NO_ROUTE: Final = ()
"""Stands for a row that is left out only because its volume could not be converted to USD."""
_Standing = _Ranked | _Unranked | tuple[()] | None
"""What a row is by itself, whatever the others are; ``None`` out of the scope."""


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
    _rows: tuple[Row, ...] = field(default=(), repr=False, compare=False)
    _standings: tuple[_Standing, ...] = field(default=(), repr=False, compare=False)
    """Of each of ``_rows``, by ``_least``."""
    _unranked: tuple[_Unranked, ...] = field(default=(), repr=False, compare=False)
    _least: tuple[float, float] = field(default=(0.0, 0.0), repr=False, compare=False)

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
    before: Ranking | None = None,
) -> Ranking:
    """Rank the rows of a snapshot that are in ``scope``: O(n log n), one sort.

    Ranked are rows with at least ``min_coverage`` of the window observed (of as much of it as the history tells of), a
    trade in the window, not halted, and a defined figure.

    Args:
        snapshot: What is ranked.
        metric: Which samples.
        measure: Which figure of them.
        scope: What is compared; everything if ``None``.
        min_coverage: A fraction.
        before: Another ranking, of a snapshot before: rows that are still the same aren't looked at again, which saves
            most of the time. The result is the same with and without it.
    """
    scope = scope or Scope()
    known = snapshot.least_coverage(1.0)
    judge = _Judge(metric, measure, scope, (min_coverage * known, known))
    standings, changed = judge.standings(snapshot.rows, before)
    if before is not None and len(changed) < len(standings) * FEW and not scope.unique_base:  # never where all did
        gone = {id(before._rows[at]) for at in changed}
        ranked, unranked = _rearranged(before, gone, [one for at in changed if (one := standings[at])])
    else:
        ranked, unranked = _arranged([one for one in standings if one], scope)
    places = ranked + [place for _, _, place in unranked]
    return Ranking(
        metric,
        measure,
        scope,
        tuple(places),
        len(ranked),
        measure is Measure.STDDEV and metric not in _UNITLESS and scope.quote is None and _has_several_quotes(places),
        standings.count(_NO_ROUTE) if scope.min_volume_usd > 0 else 0,
        _rows=snapshot.rows,
        _standings=tuple(standings),
        _unranked=tuple(unranked),
        _least=judge.least,
    )


def _arranged(inside: "list[_Ranked | _Unranked]", scope: Scope) -> tuple[list[Place], list[_Unranked]]:
    """Those that have a rank, at their places, and the others, both in order."""
    if scope.unique_base:
        inside = _one_an_asset(inside)
    ranked = [one for one in inside if len(one) == 2]
    ranked.sort(key=itemgetter(0), reverse=True)
    values = [value for value, _ in ranked]
    places = list(map(Place, map(itemgetter(1), ranked), shared_ranks(values), values))
    unranked = [one for one in inside if len(one) == 3]
    unranked.sort(key=itemgetter(0))
    unranked.sort(key=itemgetter(1))
    return places, unranked


def _rearranged(
    before: Ranking, gone: Collection[int], fresh: "Sequence[_Ranked | _Unranked]"
) -> tuple[list[Place], list[_Unranked]]:
    """The same, from a ranking of before.

    Args:
        before: Of rows that are the same but for a few.
        gone: Identities of the rows that are no more.
        fresh: Those that are there instead.
    """
    unranked = [one for one in before._unranked if id(one[2].row) not in gone]
    for one in fresh:
        if len(one) == 3:
            insort(unranked, one, key=_reason_order_of)
    return _reordered(before.places[: before.ranked], gone, [one for one in fresh if len(one) == 2]), unranked


def _reordered(before: Sequence[Place], gone: Collection[int], fresh: Sequence[_Ranked]) -> list[Place]:
    """The places of all that have a rank, from those of before; see ``_rearranged``."""
    places = [place for place in before if id(place.row) not in gone]
    for value, row in fresh:
        insort(places, Place(row, None, value), key=_order_of)
    rank, last = 0, inf
    for at, place in enumerate(places):
        if place.value != last:
            rank, last = at + 1, place.value or 0.0
        if place.rank != rank:
            places[at] = Place(place.row, rank, place.value)
    return places


def _order_of(place: Place) -> tuple[float, str]:
    """The largest first, ties in the order of ids, which is that of a snapshot."""
    return -(place.value or 0.0), place.row.instrument.id


def _reason_order_of(one: _Unranked) -> tuple[int, float, str]:
    """By reason, the most traded first, ties in the order of ids."""
    return one[1], one[0], one[2].row.instrument.id


class _Judge:
    """Tells what rows are by themselves.

    Args:
        metric: Which samples.
        measure: Which figure of them.
        scope: What is compared.
        least: (Share of the window that must be observed, share that is known at all).
    """

    def __init__(self, metric: Metric, measure: Measure, scope: Scope, least: tuple[float, float]) -> None:
        self.least: Final = least
        self._kind: Final = metric, measure, scope
        self._scope: Final = scope
        self._index: Final = METRIC_INDEX[metric]
        self._value_of: Final = value_reader(metric, measure)

    def standings(self, rows: Sequence[Row], before: Ranking | None) -> tuple[list[_Standing], Sequence[int]]:
        """What each of the rows is, as far as possible from a ranking of before, and the indices of those that changed.

        Where the numbers of rows differ all have changed.
        """
        if before is None or len(rows) != len(before._rows) or not self._is_kind_of(before):
            return self._judged(rows), range(len(rows))
        standings = list(before._standings)
        changed = [at for at, (row, was) in enumerate(zip(rows, before._rows, strict=True)) if row is not was]
        for at, standing in zip(changed, self._judged([rows[at] for at in changed]), strict=True):
            standings[at] = standing
        return standings, changed

    def _is_kind_of(self, ranking: Ranking) -> bool:
        return (ranking.metric, ranking.measure, ranking.scope) == self._kind and ranking._least == self.least

    def _judged(self, rows: Sequence[Row]) -> list[_Standing]:
        scope, index, value_of, (least, known) = self._scope, self._index, self._value_of, self.least
        quote, floor = scope.quote, scope.min_volume_usd
        is_plain = scope.ids is None and scope.source is None and not scope.excluded
        standings: list[_Standing] = []
        note = standings.append
        for row in rows:
            one, volume = row.instrument, row.volume_usd
            if (quote is not None and one.quote != quote) or (
                one.is_consolidated if is_plain else not _is_inside(one, scope)
            ):
                note(None)
            elif floor > 0 and (volume is None or volume < floor):
                note(_NO_ROUTE if volume is None and not row.halted else None)
            else:
                figures, value = row.figures[index], value_of(row)
                is_known = figures is not None and figures.samples / figures.length >= least and figures.samples > 0
                if is_known and value is not None and row.traded and not row.halted:
                    note((value, row))
                else:
                    order, reason = _obstacle(row, figures, least, known)
                    note((-(volume or 0.0), order, Place(row, None, value, reason)))
        return standings


def _is_inside(one: Instrument, scope: Scope) -> bool:
    """Whether an instrument meets every condition of a scope but quote and floor."""
    if scope.ids is not None and one.id not in scope.ids:
        return False
    if scope.source is None:
        if scope.ids is None and one.is_consolidated:
            return False
    elif one.source != scope.source:
        return False
    return scope.excluded.isdisjoint(one.classes)


def _has_several_quotes(places: Sequence[Place]) -> bool:
    return any(place.row.instrument.quote != places[0].row.instrument.quote for place in places)


def shared_ranks(values: Sequence[float]) -> list[int]:
    """Ranks of values that are in descending order: 1 + number of strictly larger ones. O(n)."""
    ranks: list[int] = []
    place, previous = 0, inf
    for position, value in enumerate(values, 1):
        if value != previous:
            place, previous = position, value
        ranks.append(place)
    return ranks


def _one_an_asset(inside: "Sequence[_Ranked | _Unranked]") -> "list[_Ranked | _Unranked]":
    """The most traded pair of each base, in the same order; the first of equal ones."""
    rows = [one[1] if len(one) == 2 else one[2].row for one in inside]
    best: dict[str, Row] = {}
    for row in rows:
        rival = best.get(row.instrument.base)
        if rival is None or _liquidity(row) > _liquidity(rival):
            best[row.instrument.base] = row
    return [one for one, row in zip(inside, rows, strict=True) if best[row.instrument.base] is row]


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
