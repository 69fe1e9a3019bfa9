"""From a snapshot and what the person chose to what each pane shows. Rankings are computed once and remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from tui_tracker.core.classes import DOLLARS
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceState
from tui_tracker.filters.columns import Subject, haystack
from tui_tracker.filters.language import compile_filter
from tui_tracker.stats.conversion import USD
from tui_tracker.stats.ranking import Difference, Place, Ranking, Scope, difference, rank
from tui_tracker.tui.columns import Shift
from tui_tracker.tui.highlights import PLAIN, Highlights
from tui_tracker.tui.runs import Line
from tui_tracker.tui.table import ListModel, TableModel, frozen_order, list_order, live_order
from tui_tracker.tui.texts import Standing
from tui_tracker.tui.titles import Counts, scope_text, window_text
from tui_tracker.tui.view import Frozen, ViewState

Rankings: TypeAlias = dict[tuple[object, ...], Ranking]


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of one snapshot."""

    of: tuple[Row, ...] = ()
    """Its rows."""
    rankings: Rankings = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    """All rows by their ids; empty until they are needed."""


def _key(view: ViewState, scope: Scope) -> tuple[object, ...]:
    return view.metric, view.measure, scope


def _by_id(known: Difference, before: Mapping[str, Row]) -> dict[str, Row]:
    """All rows by their ids; ``before`` has those of the snapshot before, of which most are still the same."""
    if len(before) == len(known.before) == len(known.now):
        changed = [(known.now[at], known.before[at]) for at in known.at]
        if all(row.instrument.id == was.instrument.id for row, was in changed):
            return {**before, **{row.instrument.id: row for row, _ in changed}}
    return {row.instrument.id: row for row in known.now}


def _less_floor(snapshot: Snapshot, view: ViewState) -> ViewState:
    """Without a floor where no volume is known, as of past minutes that candles alone tell: nothing would pass it."""
    if not snapshot.rows or any(row.volume_usd is not None for row in snapshot.rows):
        return view
    return replace(view, min_volume=0.0)


@dataclass(frozen=True, slots=True)
class Scene:
    """What both lists show."""

    ranking: Ranking
    pairs: ListModel
    table: TableModel
    counts: Counts


class Presenter:
    """Turns snapshots into scenes.

    Args:
        min_coverage: Observed share of the window from which on a pair is ranked.
        min_volume_usd: Floor of the 24 h volume of the quote scopes.
    """

    def __init__(self, min_coverage: float, min_volume_usd: float) -> None:
        self._min_coverage = min_coverage
        self._min_volume_usd = min_volume_usd
        self._version: int | None = None
        self._made = Made()
        self._before = Made()
        """Of the snapshot before, of which most rows are still the same."""
        self._differing: Difference | None = None
        self._haystacks: dict[str, str] = {}
        self._listed: Ranking | None = None
        self._list_key: tuple[object, ...] = ()
        self._list_order: list[str] = []
        self._dollar = USD
        self._dollar_of = 0

    def forget(self) -> None:
        """Drop everything remembered; needed when another feed takes over."""
        self._version = None
        self._made = Made()
        self._dollar, self._dollar_of = USD, 0

    def row(self, snapshot: Snapshot, key: str | None) -> Row | None:
        """One row by its id."""
        return None if key is None else self._rows_of(snapshot).get(key)

    def _rows_of(self, snapshot: Snapshot) -> dict[str, Row]:
        """All rows, by their ids."""
        self._turn_to(snapshot)
        if not self._made.rows:
            self._made.rows.update(_by_id(self._difference(self._before, snapshot), self._before.rows))
        return self._made.rows

    def quotes(self, snapshot: Snapshot) -> list[str]:
        """All quote currencies, the one with most pairs first."""
        counts: dict[str, int] = {}
        for row in snapshot.rows:
            counts[row.instrument.quote] = counts.get(row.instrument.quote, 0) + 1
        return sorted(counts, key=lambda quote: (-counts[quote], quote))

    def dollar(self, snapshot: Snapshot) -> str:
        """USD, or, where no pair is priced in it, what most are, kinds of dollars first; O(n) after a change."""
        if len(snapshot.rows) != self._dollar_of:
            quotes = self.quotes(snapshot)
            kinds = [quote for quote in quotes if quote in DOLLARS]
            self._dollar = USD if USD in quotes or not quotes else (kinds or quotes)[0]
            self._dollar_of = len(snapshot.rows)
        return self._dollar

    def scope(self, snapshot: Snapshot, view: ViewState, watchlist: Sequence[str]) -> Scope:
        """What is compared with what."""
        return _less_floor(snapshot, view).scope(frozenset(watchlist), self._min_volume_usd)

    def ranking(self, snapshot: Snapshot, view: ViewState, scope: Scope) -> Ranking:
        """The ranking of a scope, computed at most once a version."""
        self._turn_to(snapshot)
        key = _key(view, scope)
        found = self._made.rankings.get(key)
        if found is None:
            found = self._made.rankings[key] = self._ranked(snapshot, view, scope, self._before)
        return found

    def _ranked(self, snapshot: Snapshot, view: ViewState, scope: Scope, before: Made) -> Ranking:
        earlier, known = before.rankings.get(_key(view, scope)), self._difference(before, snapshot)
        return rank(snapshot, view.metric, view.measure, scope, self._min_coverage, earlier, known)

    def _difference(self, before: Made, snapshot: Snapshot) -> Difference:
        """How rows differ from those of before; remembered, since each ranking asks."""
        known = self._differing
        if known is None or known.before is not before.of or known.now is not snapshot.rows:
            known = self._differing = difference(before.of, snapshot.rows)
        return known

    def prepared(self, snapshot: Snapshot, view: ViewState, watchlist: Sequence[str]) -> Made | None:
        """All that scene and strip need; ``None`` if it is known. Nothing of it is remembered: a thread may call it."""
        is_known = snapshot.version == self._version
        known, before = (self._made, self._before) if is_known else (Made(snapshot.rows), self._made)
        scopes = {self.scope(snapshot, view, watchlist), *self._standing_scopes(snapshot, view, watchlist).values()}
        wanted = [scope for scope in scopes if _key(view, scope) not in known.rankings]
        if is_known and not wanted:
            return None
        rankings = {_key(view, scope): self._ranked(snapshot, view, scope, before) for scope in wanted}
        return Made(snapshot.rows, rankings, known.rows or _by_id(self._difference(before, snapshot), before.rows))

    def is_ranked(self, snapshot: Snapshot, view: ViewState, scope: Scope) -> bool:
        """Whether the ranking of a scope is known already."""
        return snapshot.version == self._version and _key(view, scope) in self._made.rankings

    def take(self, snapshot: Snapshot, ahead: Made | None) -> Mapping[str, Row]:
        """Turn to a snapshot, of which something may have been made ahead; return the rows of the one before by id."""
        before = self._made.rows
        self._turn_to(snapshot)
        if ahead is not None:
            self._made = Made(snapshot.rows, self._made.rankings | ahead.rankings, ahead.rows)
        return before

    def standings(self, snapshot: Snapshot, view: ViewState, watchlist: Sequence[str]) -> list[Standing]:
        """The rankings in which the strip places the selected pair: the scope, everything, the watchlist."""
        scopes = self._standing_scopes(snapshot, view, watchlist)
        return [Standing(word, self.ranking(snapshot, view, scope)) for word, scope in scopes.items()]

    def _standing_scopes(self, snapshot: Snapshot, view: ViewState, watchlist: Sequence[str]) -> dict[str, Scope]:
        """By what the strip calls them."""
        view = _less_floor(snapshot, view)
        scopes: dict[str, Scope] = {}
        if view.quote is not None:
            scope = replace(view, watchlist_only=False).scope(frozenset(), self._min_volume_usd)
            scopes[f" {scope_text(ViewState(quote=view.quote, source=view.source))}"] = scope
        scopes[" all"] = Scope(min_volume_usd=view.floor(self._min_volume_usd), source=view.source)
        if watchlist:
            scopes[" ★"] = Scope(ids=frozenset(watchlist))
        return scopes

    def freeze(
        self,
        snapshot: Snapshot,
        view: ViewState,
        watchlist: Sequence[str],
        at_ms: int,
        shifts: Mapping[str, Shift] | None = None,
    ) -> Frozen:
        """The present order of all rows of the scope."""
        ranking = self.ranking(snapshot, view, self.scope(snapshot, view, watchlist))
        return Frozen(at_ms, tuple(place.row.id for place in live_order(ranking, view, shifts)))

    def scene(
        self,
        snapshot: Snapshot,
        view: ViewState,
        watchlist: Sequence[str],
        placeholder: Sequence[Line],
        highlights: Highlights = PLAIN,
    ) -> Scene:
        """What both lists show."""
        watched = frozenset(watchlist)
        ranking = self.ranking(snapshot, view, self.scope(snapshot, view, watchlist))
        places: Sequence[Place] = live_order(ranking, view, highlights.shifts)
        moves: dict[str, int] = {}
        if view.frozen is not None:
            places, moves = frozen_order(places, view.frozen.keys)
        keys = self._ordered_keys(ranking, view, watchlist)
        if view.needle:
            places = self._filtered(places, view, highlights.shifts)
            shown = {place.row.id for place in places}
            keys = [key for key in keys if key in shown]
        parts = snapshot.status.parts
        dimmed = frozenset(part.source for part in parts if part.state is not SourceState.LIVE)
        is_dimmed = snapshot.status.state is not SourceState.LIVE and len(dimmed) == len(parts)
        by_id = self._rows_of(snapshot)
        rows = ranking.rows if places is ranking.places else (place.row for place in places)
        return Scene(
            ranking,
            ListModel(
                keys=keys,
                placeholder=tuple(placeholder) if snapshot.rows else (),
                rows=[by_id[key] for key in keys],
                view=view,
                watchlist=watched,
                is_dimmed=is_dimmed,
                end_ms=snapshot.end_ms,
                is_several=bool(parts),
                dimmed=dimmed,
            ),
            TableModel(
                keys=[row.instrument.id for row in rows],
                placeholder=tuple(placeholder),
                places=places,
                view=view,
                ranked=ranking.ranked,
                watchlist=watched,
                moves=moves,
                is_dimmed=is_dimmed,
                window=window_text(snapshot.window_minutes),
                highlights=highlights,
                end_ms=snapshot.end_ms,
                is_several=bool(parts),
                dimmed=dimmed,
            ),
            Counts(len(places), len(ranking.places), len(snapshot.rows)),
        )

    def _turn_to(self, snapshot: Snapshot) -> None:
        if snapshot.version != self._version:
            self._version = snapshot.version
            self._made, self._before = Made(snapshot.rows), self._made

    def is_any(self, ranking: Ranking, view: ViewState, shifts: Mapping[str, Shift]) -> bool:
        """Whether the filter lets any pair of a ranking through. O(n)."""
        return bool(self._filtered(ranking.places, view, shifts))

    def _filtered(self, places: Sequence[Place], view: ViewState, shifts: Mapping[str, Shift]) -> list[Place]:
        """Places that the filter lets through: O(n), at most 10 ms for 3,000."""
        matches = compile_filter(view.needle).matches
        metric, is_price = METRIC_INDEX[view.metric], view.metric is Metric.PRICE
        kept: list[Place] = []
        for place in places:
            row = place.row
            figures = row.figures[metric]
            last = row.last if is_price or figures is None else figures.last
            shift = shifts.get(row.instrument.id)
            places_up = None if shift is None else shift.places
            if matches(Subject(row, figures, place.rank, last, self._haystack(row), places_up)):
                kept.append(place)
        return kept

    def _haystack(self, row: Row) -> str:
        text = self._haystacks.get(row.id)
        if text is None:
            text = self._haystacks[row.id] = haystack(row)
        return text

    def _ordered_keys(self, ranking: Ranking, view: ViewState, watchlist: Sequence[str]) -> list[str]:
        """Order of the pair list: it doesn't dance, since only pairs that come, go or become favourites change it."""
        wanted = view.quote, view.source, view.watchlist_only, tuple(watchlist)
        if ranking is self._listed and wanted == self._list_key[:-1]:
            return self._list_order
        rows = list(ranking.rows)
        key = (*wanted, frozenset([row.instrument.id for row in rows]))
        if key != self._list_key:
            self._list_key, self._list_order = key, list_order(rows, watchlist)
        self._listed = ranking
        return self._list_order
