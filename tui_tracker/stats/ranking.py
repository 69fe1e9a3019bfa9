"""Ranks of instruments: the largest value is rank 1, ties share."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, count
from math import inf
from operator import gt, is_not, itemgetter
from typing import Final, NamedTuple, overload

from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.instrument import LEAST_EXCHANGES, Instrument, InstrumentClass
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.snapshot import Row, Snapshot, value_reader

MIN_COVERAGE = 0.9
"""Observed share of a window from which on its pair is ranked, unless configured otherwise."""
TOO_FEW: Final = f"under {LEAST_EXCHANGES} exchanges"
"""Reason of a pair that is put together of exchanges, while too few of them agree."""
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


class Places(Sequence[Place]):
    """Places in their order; each is made when it is looked at, since of thousands a screen shows a few.

    Args:
        ranked: Those that have a rank, the largest value first.
        unranked: The others, as they follow.
    """

    __slots__ = ("_ranked", "_unranked")

    def __init__(self, ranked: list[_Ranked], unranked: list[_Unranked]) -> None:
        self._ranked: Final = ranked
        self._unranked: Final = unranked

    @property
    def ranked(self) -> int:
        """How many have a rank: the first so many."""
        return len(self._ranked)

    @property
    def rows(self) -> Iterator[Row]:
        """The rows in this order; far faster than to ask each place."""
        yield from map(itemgetter(1), self._ranked)
        for _, _, place in self._unranked:
            yield place.row

    def __len__(self) -> int:
        return len(self._ranked) + len(self._unranked)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Places):
            return NotImplemented
        return (self._ranked, self._unranked) == (other._ranked, other._unranked)

    __hash__ = None  # type: ignore[assignment]

    @overload
    def __getitem__(self, index: int) -> Place: ...

    @overload
    def __getitem__(self, index: slice) -> list[Place]: ...

    def __getitem__(self, index: int | slice) -> Place | list[Place]:
        if not isinstance(index, slice):
            return self._at(range(len(self))[index])
        start, stop, step = index.indices(len(self))
        return list(self._between(start, stop)) if step == 1 else [self._at(at) for at in range(start, stop, step)]

    def __iter__(self) -> Iterator[Place]:
        return self._between(0, len(self))

    def _at(self, index: int) -> Place:
        return next(self._between(index, index + 1))

    def _between(self, start: int, stop: int) -> Iterator[Place]:
        """Those from one index to before another."""
        ranked = self._ranked[start:stop]
        values = [value for value, _ in ranked]
        first = 1 + bisect_left(self._ranked, -values[0], 0, start, key=_descending) if values else 0
        for (value, row), rank in zip(ranked, shared_ranks(values), strict=True):
            yield Place(row, start + rank if rank > 1 else first, value)  # the first ones may share one of before
        known = len(self._ranked)
        for _, _, place in self._unranked[max(0, start - known) : max(0, stop - known)]:
            yield place

    def of(self, standing: _Ranked | _Unranked) -> Place | None:
        """The place of something that is among these, or ``None``."""
        if len(standing) == 3:
            at = bisect_left(self._unranked, _unranked_order(standing), key=_unranked_order)
            is_here = at < len(self._unranked) and self._unranked[at] is standing
            return standing[2] if is_here else None
        at = bisect_left(self._ranked, _ranked_order(standing), key=_ranked_order)
        return self._at(at) if at < len(self._ranked) and self._ranked[at] is standing else None

    def with_changes(self, gone: Iterable[_Standing], fresh: Iterable[_Standing]) -> "Places":
        """The same without some and with others, of as many rows."""
        ranked, unranked = self._ranked.copy(), self._unranked.copy()
        for one in gone:
            if one and len(one) == 2:
                del ranked[bisect_left(ranked, _ranked_order(one), key=_ranked_order)]
            elif one:
                del unranked[bisect_left(unranked, _unranked_order(one), key=_unranked_order)]
        for one in fresh:
            if one and len(one) == 2:
                insort(ranked, one, key=_ranked_order)
            elif one:
                insort(unranked, one, key=_unranked_order)
        return Places(ranked, unranked)


def _descending(one: _Ranked) -> float:
    return -one[0]


def _ranked_order(one: _Ranked) -> tuple[float, str]:
    """The largest first, ties in the order of ids, which is that of a snapshot."""
    return -one[0], one[1].instrument.id


def _unranked_order(one: _Unranked) -> tuple[int, float, str]:
    """By reason, the most traded first, ties in the order of ids."""
    return one[1], one[0], one[2].row.instrument.id


@dataclass(frozen=True, slots=True)
class Ranking:
    """The instruments of a scope, ranked ones first by rank (ties in the order of ids), then the unranked.

    Unranked are those that only lack history, the most traded first; then undefined figures, no trades, halted ones.
    """

    metric: Metric
    measure: Measure
    scope: Scope
    places: Sequence[Place]
    ranked: int
    """N: how many have a rank."""
    mixed_units: bool
    """Whether values in different quote currencies are compared as if they were one."""
    no_usd_route: int = 0
    """Instruments left out only because their volume could not be converted to USD."""
    _rows: tuple[Row, ...] = field(default=(), repr=False, compare=False)
    _standings: Sequence[_Standing] = field(default=(), repr=False, compare=False)
    """Of each of ``_rows``, by ``_least``."""
    _least: tuple[float, float] = field(default=(0.0, 0.0), repr=False, compare=False)

    @property
    def rows(self) -> Iterator[Row]:
        """The rows in the order of the places; far faster than to ask each place."""
        return self.places.rows if isinstance(self.places, Places) else (place.row for place in self.places)

    def place(self, instrument_id: str) -> Place | None:
        """Where one instrument stands, or ``None`` if it is not in the scope. O(log n); O(n) for an unknown one."""
        rows = self._rows
        at = bisect_left(rows, instrument_id, key=_id_of)
        if at >= len(rows) or rows[at].instrument.id != instrument_id:
            at = next((at for at, row in enumerate(rows) if row.instrument.id == instrument_id), -1)
        standing = self._standings[at] if at >= 0 else None
        return self.places.of(standing) if standing and isinstance(self.places, Places) else None


def _id_of(row: Row) -> str:
    return row.instrument.id


class Difference(NamedTuple):
    """Which rows of two snapshots of as many differ."""

    before: tuple[Row, ...]
    now: tuple[Row, ...]
    at: Sequence[int]
    """Their indices."""


def difference(before: tuple[Row, ...], now: tuple[Row, ...]) -> Difference:
    """Find out which rows aren't the same any more; all where there are more or fewer."""
    if len(before) != len(now):
        return Difference(before, now, range(len(now)))
    return Difference(before, now, list(compress(count(), map(is_not, now, before))))


def rank(
    snapshot: Snapshot,
    metric: Metric,
    measure: Measure,
    scope: Scope | None = None,
    min_coverage: float = MIN_COVERAGE,
    before: Ranking | None = None,
    differing: Difference | None = None,
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
        before: Another ranking that this function made, of a snapshot before: rows that are still the same aren't
            looked at again, which saves most of the time. The result is the same with and without it.
        differing: How the rows of both differ, where that was found out already.
    """
    scope = scope or Scope()
    known = snapshot.least_coverage(1.0)
    judge = _Judge(metric, measure, scope, (min_coverage * known, known))
    standings, changed = judge.standings(snapshot.rows, before, differing)
    if before is not None and len(changed) < len(standings) * FEW and not scope.unique_base:  # never where all did
        assert isinstance(before.places, Places)
        gone, fresh = ([each[at] for at in changed] for each in (before._standings, standings))
        places = before.places.with_changes(gone, fresh)
        without_route = before.no_usd_route - gone.count(_NO_ROUTE) + fresh.count(_NO_ROUTE)
    else:
        places = _arranged([one for one in standings if one], scope)
        without_route = standings.count(_NO_ROUTE)
    is_in_money = measure is Measure.STDDEV and metric not in _UNITLESS
    return Ranking(
        metric,
        measure,
        scope,
        places,
        places.ranked,
        is_in_money and scope.quote is None and _has_several_quotes(places.rows),
        without_route,
        _rows=snapshot.rows,
        _standings=standings,
        _least=judge.least,
    )


def _arranged(inside: "list[_Ranked | _Unranked]", scope: Scope) -> Places:
    """Those that have a rank and the others, both in order."""
    if scope.unique_base:
        inside = _one_an_asset(inside)
    ranked = [one for one in inside if len(one) == 2]
    unranked = [one for one in inside if len(one) == 3]
    return Places(_by_value(ranked), sorted(unranked, key=_unranked_order))


def _by_value(ranked: list[_Ranked]) -> list[_Ranked]:
    """In the order of ``_ranked_order``, in a fraction of its time: a snapshot's rows are in the order of ids."""
    ids = [row.instrument.id for _, row in ranked]
    if any(map(gt, ids, ids[1:])):
        return sorted(ranked, key=_ranked_order)
    return sorted(ranked, key=itemgetter(0), reverse=True)  # which is stable too


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

    def standings(
        self, rows: tuple[Row, ...], before: Ranking | None, differing: Difference | None
    ) -> tuple[list[_Standing], Sequence[int]]:
        """What each of the rows is, as far as possible from a ranking of before, and the indices of those that changed.

        Where the numbers of rows differ all have changed.
        """
        if before is None or len(rows) != len(before._rows) or not self._is_kind_of(before):
            return self._judged(rows), range(len(rows))
        standings = list(before._standings)
        if differing is None or differing.before is not before._rows or differing.now is not rows:
            differing = difference(before._rows, rows)
        changed = differing.at
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


def _has_several_quotes(rows: Iterator[Row]) -> bool:
    first = next(rows, None)
    return first is not None and any(row.instrument.quote != first.instrument.quote for row in rows)


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
        return 3, TOO_FEW if row.instrument.is_consolidated else f"halted: {row.halted}"
    lacks_history = figures is None or figures.coverage < min_coverage
    if not row.traded and not (lacks_history and row.volume_usd):
        return 2, "no trades"
    if figures is None or not figures.samples:
        return 1, "0 % observed"
    if figures.coverage < min_coverage:
        return 0, f"{int(figures.coverage / known * 100) or '<1'} % observed"
    return 1, UNDEFINED
