"""Which rows the two lists show, in which order, formatted only when they are looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from tui_tracker.core import format as fmt
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.stats.ranking import Place, Ranking
from tui_tracker.tui.column_layout import Shown, columns_for
from tui_tracker.tui.columns import GUTTER, Cell, Column, Shift, Subject, change_of, change_run, late_since, value_text
from tui_tracker.tui.derived import column_of
from tui_tracker.tui.highlights import PLAIN, Highlights, shift_text
from tui_tracker.tui.runs import Kind, Line, Run, fit, joined, width_of
from tui_tracker.tui.titles import pair_name
from tui_tracker.tui.view import ViewState

STAR: Final = "★"
CURSOR: Final = "▌"
NAMED: Final = 10
"""Cells of the list that names get before prices do …"""
NAMED_SEVERAL: Final = 16
"""… where each has its exchange behind it."""


class RowsModel(Protocol):
    """What the virtual table shows: rows by index, each named by a key that it keeps when it moves."""

    keys: Sequence[str]
    placeholder: tuple[Line, ...]
    """What is said where there are no rows."""

    def header(self, width: int) -> Line | None:
        """The line above the rows, or ``None``."""
        ...

    def row(self, index: int, width: int) -> tuple[Run, ...]:
        """One row, without the cell of the cursor."""
        ...

    def common(self) -> tuple[object, ...]:
        """All that every row depends on, beside its width."""
        ...

    def stamp(self, index: int) -> tuple[object, ...]:
        """All that one row depends on besides: where both are the same, so is the row."""
        ...

    def column_at(self, x: int, width: int) -> str | None:
        """The key of the column whose heading stands at ``x``."""
        ...

    def index(self, key: str | None) -> int | None:
        """Where a row is."""
        ...


def live_order(ranking: Ranking, view: ViewState, shifts: Mapping[str, Shift] | None = None) -> Sequence[Place]:
    """All places of a ranking in the order that the person asked for; unranked ones last.

    Undefined values come after defined ones in either direction. O(1) for that of the ranks, else O(n log n).
    """
    column, then = column_of(view.sort), column_of(view.then)
    if column is None and then is None and not view.reverse:
        return ranking.places
    ranked, unranked = list(ranking.places[: ranking.ranked]), list(ranking.places[ranking.ranked :])
    if then is not None:
        ranked, unranked = (_sorted(part, then, False, ranking, shifts or {}) for part in (ranked, unranked))
        ranked.sort(key=lambda place: place.rank or 0)
    if column is None:
        return (ranked[::-1] if view.reverse else ranked) + unranked
    if then is not None:
        ranked = _sorted(ranked, then, False, ranking, shifts or {})
    return [
        place for part in (ranked, unranked) for place in _sorted(part, column, view.reverse, ranking, shifts or {})
    ]


def _sorted(
    places: list[Place], column: Column, is_reversed: bool, ranking: Ranking, shifts: Mapping[str, Shift]
) -> list[Place]:
    numbers: list[tuple[float, Place]] = []
    texts: list[tuple[str, Place]] = []
    absent: list[Place] = []
    for place in places:
        shift = shifts.get(place.row.id)
        value = column.value(Subject(place, ranking.metric, ranking.measure, ranking.ranked, shift=shift))
        if value is None:
            absent.append(place)
        elif isinstance(value, str):
            texts.append((value, place))
        else:
            numbers.append((value, place))
    numbers.sort(key=lambda pair: pair[0], reverse=not is_reversed)
    texts.sort(key=lambda pair: pair[0], reverse=is_reversed)
    return [place for _, place in numbers] + [place for _, place in texts] + absent


def frozen_order(live: Sequence[Place], keys: Sequence[str]) -> tuple[list[Place], dict[str, int]]:
    """Places in a frozen order, newcomers at the end, and how many rows each would have moved up since."""
    by_id = {place.row.id: place for place in live}
    kept = [by_id[key] for key in keys if key in by_id]
    known = set(keys)
    shown = kept + [place for place in live if place.row.id not in known]
    now = {place.row.id: index for index, place in enumerate(live)}
    moves = {place.row.id: index - now[place.row.id] for index, place in enumerate(shown)}
    return shown, {key: move for key, move in moves.items() if move}


def list_order(rows: Sequence[Row], watchlist: Sequence[str]) -> list[str]:
    """Ids for the pair list: favourites as they were added, then the most traded in USD, then by name."""
    favourites = {key: index for index, key in enumerate(watchlist)}
    ordered = sorted(
        rows, key=lambda row: (favourites.get(row.id, len(favourites)), -(row.volume_usd or 0.0), row.instrument.pair)
    )
    return [row.id for row in ordered]


@dataclass(slots=True)
class _Indexed:
    keys: Sequence[str]
    placeholder: tuple[Line, ...]
    _places: dict[str, int] = field(default_factory=dict, init=False)

    def index(self, key: str | None) -> int | None:
        """Where a row is."""
        if not self._places:
            self._places = {name: place for place, name in enumerate(self.keys)}
        return None if key is None else self._places.get(key)


@dataclass(slots=True)
class TableModel(_Indexed):
    """The ranked table."""

    places: Sequence[Place]
    view: ViewState
    ranked: int
    watchlist: frozenset[str]
    moves: Mapping[str, int]
    is_dimmed: bool
    """Whether the data is too old to be shown at full strength."""
    window: str
    """How long the window is, for the heading of the change."""
    highlights: Highlights = PLAIN
    end_ms: int | None = None
    """The last minute of the window."""
    is_several: bool = False
    """Whether rows are of several exchanges."""
    dimmed: frozenset[str] = frozenset()
    """Exchanges whose rows are too old to be shown at full strength, where others' aren't."""

    def columns(self, width: int) -> Shown:
        """The columns that are shown at a width."""
        view = self.view
        return columns_for(width, view.measure, view.columns, view.sort, is_several=self.is_several)

    def header(self, width: int) -> Line:
        """The headings, with an arrow at the column that orders the rows."""
        runs: list[Run] = [(" " * GUTTER, "faint")]
        for position, (column, size) in enumerate(self.columns(width)):
            text, is_main = self._heading(column, size)
            runs.append((" " if position else "", "faint"))
            runs.append((fit(text, size, right=not column.is_left), "accent" if is_main else "faint"))
        return Line(joined(runs))

    def _heading(self, column: Column, size: int) -> tuple[str, bool]:
        title = column.title
        if column.key == "change":
            title = f"Δ{self.window.replace(' ', '')} %"
        elif column.key == "shift":
            is_shorter = 0 < self.highlights.shift_minutes < self.view.shift_minutes
            title = f"Δ{'<' if is_shorter else ''}{shift_text(self.view.shift_minutes)}"
        is_main = column is column_of(self.view.sort) or (
            self.view.sort is None and column.measure is self.view.measure
        )
        if not is_main:
            return title, False
        rises = self.view.reverse is not (column.key == "pair")
        arrow = "▴" if rises else "▾"
        short = title if len(title) < 6 else title.removesuffix(" %")
        return f"{short} {arrow}" if len(short) + 2 <= min(size, 7) else f"{short[: size - 1]}{arrow}", True

    def common(self) -> tuple[object, ...]:
        """See ``RowsModel``."""
        view = replace(self.view, selected=None)
        return view, self.ranked, self.is_dimmed, self.dimmed, self.end_ms, self.is_several, self.highlights.looks

    def stamp(self, index: int) -> tuple[object, ...]:
        """See ``RowsModel``."""
        place = self.places[index]
        key = place.row.id
        set_off = self.highlights.of(key, self.view.metric)
        return place, key in self.watchlist, self.moves.get(key, 0), set_off

    def row(self, index: int, width: int) -> tuple[Run, ...]:
        """One row; an unranked one is faint from end to end."""
        place = self.places[index]
        key = place.row.id
        highlights = self.highlights
        shift, trend = highlights.shifts.get(key), highlights.trend(key, self.view.metric)
        subject = Subject(
            place, self.view.metric, self.view.measure, self.ranked, self.moves.get(key, 0), shift, trend, self.end_ms
        )
        override = self._override(place)
        runs: list[Run] = [(STAR if key in self.watchlist else " ", override or "accent")]
        for position, (column, size) in enumerate(self.columns(width)):
            cell = self._highlighted(column, column.cell(subject, size), subject, size)
            if position:
                runs.append((" ", "muted"))
            runs.append((fit(cell.text, size, right=not column.is_left), override or cell.kind))
        return joined(runs)

    def _highlighted(self, column: Column, cell: Cell, subject: Subject, size: int) -> Cell:
        """A cell with what sets it off from others."""
        if column.key == "last" and not self.is_dimmed:
            return self.highlights.flashed(cell, subject, size)
        if column.measure is self.view.measure:
            return self.highlights.shaded(cell, subject, size)
        return cell

    def _override(self, place: Place) -> Kind | None:
        if place.rank is None:
            return "faint"
        is_dimmed = self.is_dimmed or place.row.instrument.source in self.dimmed
        return "muted" if is_dimmed else None

    def column_at(self, x: int, width: int) -> str | None:
        """The key of the column whose heading stands at ``x``."""
        left = GUTTER
        for column, size in self.columns(width):
            if left <= x < left + size:
                return column.key if column.is_sortable else None
            left += size + 1
        return None


@dataclass(slots=True)
class ListModel(_Indexed):
    """The list of pairs."""

    rows: Sequence[Row]
    view: ViewState
    watchlist: frozenset[str]
    is_dimmed: bool
    end_ms: int | None = None
    """The last minute of the window."""
    is_several: bool = False
    """Whether pairs are of several exchanges."""
    dimmed: frozenset[str] = frozenset()
    """As for the table."""

    def header(self, width: int) -> Line | None:  # noqa: ARG002
        """None: the list needs no headings."""
        return None

    def column_at(self, x: int, width: int) -> str | None:  # noqa: ARG002
        """None: the list has one order."""
        return None

    def common(self) -> tuple[object, ...]:
        """See ``RowsModel``."""
        return replace(self.view, selected=None), self.is_dimmed, self.dimmed, self.end_ms, self.is_several

    def stamp(self, index: int) -> tuple[object, ...]:
        """See ``RowsModel``."""
        row = self.rows[index]
        return row, row.id in self.watchlist

    def row(self, index: int, width: int) -> tuple[Run, ...]:
        """Star, pair, last price and change."""
        row = self.rows[index]
        figures = row.figures_of(Metric.PRICE)
        change = change_run(change_of(figures), 7)
        if figures is not None and change.text != fmt.ABSENT and late_since(figures, self.end_ms) is not None:
            change = Cell(f"~{change_run(change_of(figures), 6).text}", "faint")
        pair = pair_name(row.instrument, 40, is_several=self.is_several)
        room = width - GUTTER - 9
        # a name is worth more than a price's last digits, even more so where it tells exchanges apart
        named = max(5, min(NAMED_SEVERAL if self.is_several else NAMED, width_of(pair) + 1))
        price = value_text(row.last, Metric.PRICE, row.instrument.digits, max(6, min(12, room - named)))
        is_dimmed = self.is_dimmed or row.instrument.source in self.dimmed
        override: Kind | None = "faint" if row.halted or row.last is None else "muted" if is_dimmed else None
        name = fit(pair, max(1, room - width_of(price)))
        return joined(
            (
                (STAR if row.id in self.watchlist else " ", override or "accent"),
                (name, override or "text"),
                (" ", "text"),
                (price if price != fmt.ABSENT else row.halted[:10] or price, override or "muted"),
                (fit(change.text, 8, right=True), override or change.kind),
            )
        )
