from dataclasses import replace

import pytest

from tests.support.feed import FakeFeed, live_status, loading, make_pairs
from tui_tracker.config.choices import Theme, TimeZone
from tui_tracker.config.model import Settings
from tui_tracker.config.state import View
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.stats.ranking import Ranking, Scope, rank
from tui_tracker.tui.column_layout import columns_for, default_keys
from tui_tracker.tui.columns import (
    COLUMN_KEYS,
    COLUMNS,
    Subject,
    change_run,
    number,
    value_text,
)
from tui_tracker.tui.present import Presenter
from tui_tracker.tui.runs import width_of
from tui_tracker.tui.table import TableModel, frozen_order, list_order, live_order
from tui_tracker.tui.view import Frozen, Layout, ViewState, initial, layout_for

FEED = FakeFeed(make_pairs())
SNAPSHOT = FEED.current
SORTED = [column for column in COLUMNS if column.is_sortable and column.key != "shift"]


def ranking(view: ViewState) -> Ranking:
    return rank(SNAPSHOT, view.metric, view.measure, Scope(quote=view.quote))


@pytest.mark.parametrize(
    ("size", "layout"),
    [
        ((120, 28), Layout.WIDE),
        ((100, 24), Layout.WIDE),
        ((100, 23), Layout.MEDIUM),
        ((80, 24), Layout.MEDIUM),
        ((79, 24), Layout.NARROW),
        ((60, 20), Layout.NARROW),
        ((200, 12), Layout.NARROW),
        ((40, 12), Layout.NARROW),
        ((39, 40), Layout.TOO_SMALL),
        ((200, 11), Layout.TOO_SMALL),
    ],
)
def test_layouts(size: tuple[int, int], layout: Layout) -> None:
    assert layout_for(*size) is layout


def test_the_view_opens_as_configured() -> None:
    settings = Settings(quote="EUR", metric=Metric.SPREAD, by=Measure.CV, theme=Theme.LIGHT, time_zone=TimeZone.LOCAL)
    view = initial(settings, None, COLUMN_KEYS)
    assert (view.quote, view.metric, view.measure) == ("EUR", Metric.SPREAD, Measure.CV)
    assert (view.theme, view.time_zone, view.range_hours) == (Theme.LIGHT, TimeZone.LOCAL, 24)


def test_the_view_opens_as_it_was_left() -> None:
    left = ViewState(
        selected="kraken:ETH-USD",
        quote=None,
        watchlist_only=True,
        metric=Metric.VOLUME,
        measure=Measure.RANGE,
        range_hours=6,
        sort="last",
        reverse=True,
        theme=Theme.TERMINAL,
        time_zone=TimeZone.LOCAL,
    )
    assert initial(Settings(), left.remembered(), COLUMN_KEYS) == left


def test_what_makes_no_sense_any_more_is_as_configured() -> None:
    view = View(metric="gone", measure="gone", layout="gone", time_zone="gone", range_hours=7, sort="gone")
    assert initial(Settings(), view, COLUMN_KEYS) == ViewState()


def test_each_key_steps_through_its_choices() -> None:
    view = ViewState()
    assert [view := view.next_measure() for _ in Measure][-1] == ViewState()
    assert [view := view.next_metric() for _ in Metric][-1] == ViewState()
    assert view.next_quote(["USD", "EUR"]).quote == "EUR"
    assert view.with_quote("EUR").next_quote(["USD", "EUR"]).quote is None
    assert view.with_quote(None).next_quote(["USD", "EUR"]).quote == "USD"
    assert view.with_range(1).range_hours == 168
    assert view.with_range(1).with_range(1).with_range(1).with_range(1).range_hours == 8760
    assert view.with_range(-1).with_range(-1).with_range(-1).range_hours == 1


def test_sorting_goes_through_the_columns_and_back_to_the_rank() -> None:
    view = ViewState()
    assert view.next_sort(["rank", "pair", "last"]).sort == "pair"
    assert replace(view, sort="last").next_sort(["rank", "pair", "last"]).sort is None
    assert replace(view, sort="gone").next_sort(["rank", "pair"]).sort is None
    assert view.with_sort("last").with_sort("last").reverse


@pytest.mark.parametrize("choice", ["sort", "measure", "metric", "quote", "watchlist", "reverse"])
def test_a_frozen_order_ends_with_another_order(choice: str) -> None:
    view = ViewState(frozen=Frozen(0, ()))
    after = {
        "sort": view.with_sort("last"),
        "measure": view.next_measure(),
        "metric": view.next_metric(),
        "quote": view.with_quote("EUR"),
        "watchlist": view.toggled_watchlist(),
        "reverse": view.reversed(),
    }[choice]
    assert after.frozen is None


def test_the_live_order_is_the_ranking_with_the_unranked_last() -> None:
    places = live_order(ranking(ViewState()), ViewState())
    ranks = [place.rank for place in places]
    ranked = [value for value in ranks if value is not None]
    assert ranked == sorted(ranked)
    assert ranks == ranked + [None] * (len(ranks) - len(ranked))
    backwards = live_order(ranking(ViewState()), ViewState(reverse=True))
    assert [place.rank for place in backwards[: len(ranked)]] == ranked[::-1]
    assert backwards[len(ranked) :] == places[len(ranked) :]


@pytest.mark.parametrize("column", SORTED, ids=[column.key for column in SORTED])
@pytest.mark.parametrize("reverse", [False, True])
def test_sorting_by_a_column_keeps_ranks_and_puts_the_unranked_last(column: object, reverse: bool) -> None:
    key = next(each.key for each in COLUMNS if each is column)
    view = ViewState(sort=None if key == "rank" else key, reverse=reverse)
    order = live_order(ranking(view), view)
    assert {place.row.id: place.rank for place in order} == {place.row.id: place.rank for place in ranking(view).places}
    ranked = [place for place in order if place.rank is not None]
    assert order[: len(ranked)] == ranked
    chosen = next(each for each in COLUMNS if each.key == key)
    values = [chosen.value(Subject(place, view.metric, view.measure, len(ranked))) for place in ranked]
    values = [value for value in values if value is not None]
    rises = reverse is (key not in ("pair", "quote", "rank"))
    assert values == sorted(values, reverse=not rises)  # type: ignore[type-var]


def test_a_frozen_order_says_where_rows_would_be() -> None:
    places = live_order(ranking(ViewState()), ViewState())
    keys = [place.row.id for place in places]
    shown, moves = frozen_order(places, [keys[2], keys[0], keys[1], "kraken:GONE", *keys[3:-1]])
    assert [place.row.id for place in shown] == [keys[2], keys[0], keys[1], *keys[3:]]
    assert moves == {keys[2]: -2, keys[0]: 1, keys[1]: 1}


def test_the_pair_list_begins_with_favourites_then_volume() -> None:
    order = list_order(SNAPSHOT.rows, ("kraken:ADA-USD", "kraken:BTC-USD"))
    assert order[:4] == ["kraken:ADA-USD", "kraken:BTC-USD", "kraken:ETH-USD", "kraken:SOL-USD"]
    assert sorted(order) == sorted(row.id for row in SNAPSHOT.rows)


def test_rows_are_those_of_the_newest_snapshot_whatever_changed() -> None:
    presenter = Presenter(0.9, 0.0)
    first, second, *others = SNAPSHOT.rows
    moved = first._replace(last=5.0)
    newcomer = second._replace(instrument=replace(second.instrument, id="kraken:NEW-USD", base="NEW"))
    for version, rows in enumerate(
        [(first, second, *others), (moved, second, *others), (moved, newcomer, *others), (moved, *others)], 2
    ):
        snapshot = replace(SNAPSHOT, version=version, rows=rows)
        ahead = presenter.prepared(snapshot, ViewState(), ()) if version % 2 else None
        presenter.take(snapshot, ahead)
        assert presenter.row(snapshot, first.id) is rows[0]
        assert presenter.row(snapshot, newcomer.id) is (newcomer if newcomer in rows else None)
        assert presenter.row(snapshot, second.id) is (second if second in rows else None)
        assert all(presenter.row(snapshot, row.id) is row for row in others)


def test_the_pair_list_does_not_dance() -> None:
    pairs = make_pairs(count=30)
    feed = FakeFeed(pairs)
    presenter = Presenter(0.9, 0.0)
    before = presenter.scene(feed.current, ViewState(), (), ()).pairs.keys
    pairs[2].volume, pairs[0].volume = 1.0, 2.0
    feed.publish()
    assert presenter.scene(feed.current, ViewState(), (), ()).pairs.keys == before


def test_a_filter_changes_neither_ranks_nor_their_number() -> None:
    presenter = Presenter(0.9, 0.0)
    whole = presenter.scene(SNAPSHOT, ViewState(), (), ())
    some = presenter.scene(SNAPSHOT, ViewState(needle="sol"), (), ())
    assert list(some.table.keys) == list(some.pairs.keys) == ["kraken:SOL-USD"]
    index = whole.table.index("kraken:SOL-USD")
    assert index is not None
    assert some.table.row(0, 120) == whole.table.row(index, 120)
    assert some.counts.in_scope == whole.counts.shown


def test_a_ranking_is_computed_once_a_version() -> None:
    presenter = Presenter(0.9, 0.0)
    view, scope = ViewState(), Scope(quote="USD")
    first = presenter.ranking(SNAPSHOT, view, scope)
    same = replace(SNAPSHOT, status=live_status(backfill=loading(1, 2)))
    assert presenter.ranking(same, view, scope) is first
    assert presenter.ranking(replace(SNAPSHOT, version=2), view, scope) is not first


def test_columns_keep_their_order_whatever_fits() -> None:
    for width in range(58, 240):
        shown = columns_for(width, Measure.STDDEV)
        keys = [column.key for column, _ in shown]
        assert keys == [key for key in default_keys() if key in keys]
        assert 2 + sum(size for _, size in shown) + len(shown) - 1 <= width
    assert [column.key for column, _ in columns_for(240, Measure.STDDEV)] == list(default_keys())
    keys = [column.key for column, _ in columns_for(38, Measure.CV)]
    assert keys == ["rank", "pair", "last", "cv"]
    assert "range" in [column.key for column, _ in columns_for(58, Measure.RANGE)]


def test_no_cell_is_left_over_at_the_usual_widths() -> None:
    for width in (118, 158):
        shown = columns_for(width, Measure.STDDEV)
        assert "trend" in [column.key for column, _ in shown]
        assert width - 2 - sum(size + 1 for _, size in shown) + 1 <= 2


@pytest.mark.parametrize("measure", list(Measure))
@pytest.mark.parametrize("metric", list(Metric))
@pytest.mark.parametrize("width", [38, 58, 78, 98, 118, 138])
def test_every_row_fills_its_columns_exactly(measure: Measure, metric: Metric, width: int) -> None:
    scene = Presenter(0.9, 0.0).scene(
        SNAPSHOT, ViewState(metric=metric, measure=measure, quote=None), ("kraken:BTC-USD",), ()
    )
    columns = columns_for(width, measure)
    expected = 1 + sum(size for _, size in columns) + len(columns) - 1
    header = scene.table.header(width)
    assert width_of(header.text) == expected + 1
    for index in range(len(scene.table.keys)):
        text = "".join(part for part, _ in scene.table.row(index, width))
        assert width_of(text) == expected, text
        assert "\x1b" not in text


@pytest.mark.parametrize("width", [28, 32, 36])
def test_every_row_of_the_list_fits(width: int) -> None:
    scene = Presenter(0.9, 0.0).scene(SNAPSHOT, ViewState(quote=None), (), ())
    for index in range(len(scene.pairs.keys)):
        text = "".join(part for part, _ in scene.pairs.row(index, width))
        assert width_of(text) == width - 1, text
        assert "\x1b" not in text
        assert "‮" not in text


def row_text(model: TableModel, key: str, width: int = 120) -> str:
    index = model.index(key)
    assert index is not None
    return "".join(text for text, _ in model.row(index, width))


def test_ranked_and_unranked_rows_say_how_they_stand() -> None:
    scene = Presenter(0.9, 0.0).scene(SNAPSHOT, ViewState(), ("kraken:BTC-USD",), ())
    best = scene.table.keys[0]
    assert f" 1/{scene.ranking.ranked} " in row_text(scene.table, best)
    assert row_text(scene.table, "kraken:BTC-USD").startswith("★")
    assert "~9 %" in row_text(scene.table, "kraken:AVAX-USD")
    assert "no trades" in row_text(scene.table, "kraken:LTC-USD")
    halted = row_text(scene.table, "kraken:TRX-USD")
    assert "~halted" in halted
    assert "~0.0" in halted
    index = scene.table.index("kraken:TRX-USD")
    assert index is not None
    assert {kind for _, kind in scene.table.row(index, 120)} == {"faint"}


def test_rows_of_a_frozen_order_show_where_they_belong() -> None:
    presenter = Presenter(0.9, 0.0)
    frozen = presenter.freeze(SNAPSHOT, ViewState(), (), 0)
    keys = (frozen.keys[12], *frozen.keys[:12], *frozen.keys[13:])
    scene = presenter.scene(SNAPSHOT, ViewState(frozen=Frozen(0, keys)), (), ())
    assert tuple(scene.table.keys) == keys
    assert " 13 ↓12 " in row_text(scene.table, keys[0])
    assert " 1 ↑1 " in row_text(scene.table, keys[1])


def test_headings_are_found_by_the_mouse() -> None:
    scene = Presenter(0.9, 0.0).scene(SNAPSHOT, ViewState(), (), ())
    header = scene.table.header(120).text
    assert scene.table.column_at(header.index("last"), 120) == "last"
    assert scene.table.column_at(header.index("σ"), 120) == "stddev"
    assert scene.table.column_at(0, 120) is None
    assert "σ ▾" in header
    for sort, told in (("range", "range ▾"), ("shift", "Δ1h ▾"), ("pair", "pair ▴"), ("change", "Δ24h ▾")):
        sorted_scene = Presenter(0.9, 0.0).scene(SNAPSHOT, ViewState(sort=sort), (), ())
        assert told in sorted_scene.table.header(140).text
    assert scene.pairs.column_at(3, 30) is None


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        (912.4444, 10, "912.44"),
        (1.7621e-7, 10, "1.7621e-7"),
        (0.0000123, 10, "0.00001230"),
        (123_456_789.0, 7, "1.235e8"),
        (1e300, 5, "1e300"),
        (1e300, 3, "###"),
    ],
)
def test_numbers_are_never_cut(value: float, width: int, text: str) -> None:
    assert number(value, value_text(value, Metric.VOLUME, 2, 40), width) == text


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        (1.214, "▲ 1.21", "up"),
        (-0.5, "▼ 0.50", "down"),
        (0.0, "0.00", "faint"),
        (-0.001, "0.00", "faint"),
        (None, "–", "faint"),
        (123_456.0, "▲ 123k", "up"),
    ],
)
def test_changes_show_their_direction_without_colour(value: float | None, text: str, kind: str) -> None:
    cell = change_run(value, 7)
    assert (cell.text, cell.kind) == (text, kind)
