"""A line that was made is shown again only while nothing changed of what it says."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from tests.support.feed import FakeFeed, make_pairs
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.stats.ranking import Scope, rank
from tui_tracker.tui.columns import Shift
from tui_tracker.tui.highlights import Highlights
from tui_tracker.tui.table import ListModel, TableModel, live_order
from tui_tracker.tui.view import ViewState

SNAPSHOT = FakeFeed(make_pairs()).current
VIEW = ViewState()
WIDTH = 140


def with_first(change: Callable[[Row], Row]) -> Snapshot:
    """The snapshot with another first row of the ranking."""
    first = rank(SNAPSHOT, Metric.PRICE, Measure.STDDEV, Scope(quote="USD")).places[0].row
    return replace(SNAPSHOT, rows=tuple(change(row) if row is first else row for row in SNAPSHOT.rows))


def table(snapshot: Snapshot = SNAPSHOT, view: ViewState = VIEW, **changes: object) -> TableModel:
    ranking = rank(snapshot, view.metric, view.measure, Scope(quote="USD"))
    places = live_order(ranking, view)
    model = TableModel(
        [place.row.id for place in places], (), places, view, ranking.ranked, frozenset(), {}, False, "24 h"
    )
    return replace_on(model, **changes)


def pairs(snapshot: Snapshot = SNAPSHOT, view: ViewState = VIEW, **changes: object) -> ListModel:
    ranking = rank(snapshot, view.metric, view.measure, Scope(quote="USD"))
    rows = list(ranking.rows)
    return replace_on(ListModel([row.id for row in rows], (), rows, view, frozenset(), False), **changes)


M = TypeVar("M", TableModel, ListModel)


def replace_on(model: M, **changes: object) -> M:
    for name, value in changes.items():
        setattr(model, name, value)
    return model


def made(model: TableModel | ListModel, key: str) -> tuple[object, object]:
    """(what a row depends on, the row)."""
    index = model.index(key)
    assert index is not None
    return (model.common(), model.stamp(index)), model.row(index, WIDTH)


FIRST = table().keys[0]


def highlights(**changes: object) -> Highlights:
    found = Highlights()
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def flashing() -> Highlights:
    found = Highlights()
    before = with_first(lambda row: row._replace(last=1.0))
    found.take(replace(SNAPSHOT, at_ms=(SNAPSHOT.at_ms or 0) + 1), {row.id: row for row in before.rows})
    return found


def with_trend() -> Highlights:
    found = Highlights()
    row = next(row for row in SNAPSHOT.rows if row.id == FIRST)
    found.take_trend(row, Metric.PRICE, [1.0, 2.0, 3.0])
    return found


OTHERS: dict[str, Callable[[], TableModel | ListModel]] = {
    "price": lambda: table(with_first(lambda row: row._replace(last=12.5))),
    "volume": lambda: table(with_first(lambda row: row._replace(volume_usd=1e12))),
    "halted": lambda: table(with_first(lambda row: row._replace(halted="maintenance"))),
    "metric": lambda: table(view=replace(VIEW, metric=Metric.VOLUME)),
    "measure": lambda: table(view=replace(VIEW, measure=Measure.CV)),
    "columns": lambda: table(view=replace(VIEW, columns=("pair", "last"))),
    "others gone": lambda: table(replace(SNAPSHOT, rows=tuple(row for row in SNAPSHOT.rows if row.id <= FIRST))),
    "star": lambda: table(watchlist=frozenset({FIRST})),
    "moves": lambda: table(moves={FIRST: 3}),
    "dim": lambda: table(is_dimmed=True),
    "dim source": lambda: table(dimmed=frozenset({"kraken"})),
    "late": lambda: table(end_ms=(SNAPSHOT.end_ms or 0) + 600 * MINUTE_MS),
    "several": lambda: table(is_several=True),
    "shift": lambda: table(highlights=highlights(shifts={FIRST: Shift(4)})),
    "flash": lambda: table(highlights=flashing()),
    "marks": lambda: table(highlights=highlights(marks_heat=True)),
    "trend": lambda: table(highlights=with_trend()),
    "list price": lambda: pairs(with_first(lambda row: row._replace(last=12.5))),
    "list star": lambda: pairs(watchlist=frozenset({FIRST})),
    "list dim": lambda: pairs(is_dimmed=True),
    "list dim source": lambda: pairs(dimmed=frozenset({"kraken"})),
    "list late": lambda: pairs(end_ms=(SNAPSHOT.end_ms or 0) + 600 * MINUTE_MS),
    "list several": lambda: pairs(is_several=True),
}
SEEN_IN_THE_ROW = OTHERS.keys() - {"moves", "several", "late", "list late", "list several", "columns"}


@pytest.mark.parametrize("name", OTHERS)
def test_rows_that_differ_are_told_apart(name: str) -> None:
    other = OTHERS[name]()
    plain = table() if isinstance(other, TableModel) else pairs()
    (stamp, row), (other_stamp, other_row) = made(plain, FIRST), made(other, FIRST)
    if name in SEEN_IN_THE_ROW:
        assert row != other_row
    assert stamp != other_stamp or row == other_row


def test_the_same_is_the_same() -> None:
    moved = replace(VIEW, selected=FIRST)
    assert made(table(), FIRST) == made(table(view=moved), FIRST)
    assert made(pairs(), FIRST) == made(pairs(view=moved), FIRST)
