"""The ranked table's keys, through the app."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.feed import FakeFeed, make_pairs
from tests.tui.test_app import BTC, Rig, running
from tui_tracker.config.model import Settings
from tui_tracker.config.state import State, View
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.ranking import Ranking, Scope, rank
from tui_tracker.tui.columns import Shift
from tui_tracker.tui.highlights import Highlights, heat, settled, shifts
from tui_tracker.tui.rank_history import RankTrack
from tui_tracker.tui.screens.columns import ColumnsScreen
from tui_tracker.tui.table import TableModel
from tui_tracker.tui.view import ViewState


def next_poll(rig: Rig, factor: float = 1.01) -> None:
    """A poll a minute later, in which BTC has another price."""
    pair = rig.feed.pairs[0]
    pair.values[-1] *= factor
    snapshot = rig.feed.snapshot(version=rig.feed.current.version + 1)
    at_ms, end_ms = rig.feed.current.at_ms, rig.feed.current.end_ms
    assert at_ms is not None
    assert end_ms is not None
    rig.feed.publish(replace(snapshot, at_ms=at_ms + MINUTE_MS, end_ms=end_ms + MINUTE_MS))


def texts_in(folder: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in folder.iterdir()]


def row_of(rig: Rig, pair: str) -> str:
    return next(line for line in rig.app.main.table.plain.splitlines() if f" {pair} " in line)


async def test_a_changed_value_carries_its_direction_until_the_flash_ends() -> None:
    async with running(Rig()) as rig:
        assert "▲ 8" not in row_of(rig, "BTC/USD")
        next_poll(rig)
        await rig.settle()
        rig.app.show()
        flashing = "▲ 84,961.7" in row_of(rig, "BTC/USD")
        rig.app.end_flash()
        assert flashing
        assert "▲ 84,961.7" not in row_of(rig, "BTC/USD")
        assert not rig.app.desk.highlights.is_comparing


async def test_nothing_flashes_where_that_is_off() -> None:
    async with running(Rig(settings=Settings(flash=False))) as rig:
        next_poll(rig)
        await rig.settle()
        assert rig.app.desk.highlights.is_comparing
        assert "▲ 84,961.7" not in row_of(rig, "BTC/USD")
        assert "84,961.7" in row_of(rig, "BTC/USD")


async def test_rows_in_view_get_their_small_lines_once() -> None:
    async with running(Rig()) as rig:
        rig.app.load_trends()
        await rig.settle()
        assert "▇" in row_of(rig, "BTC/USD")
        calls = len(rig.feed.series_calls)
        assert calls <= len(rig.app.main.table.visible_keys) + 3
        rig.app.load_trends()
        await rig.settle()
        assert len(rig.feed.series_calls) == calls


async def test_the_cursor_stays_at_its_line_if_it_is_told_to() -> None:
    async with running(Rig()) as rig:
        await rig.press("l")
        assert "stays at line" in rig.title("table")
        before = rig.app.main.table.keys
        next_poll(rig, 0.2)
        pair = rig.feed.pairs[0]
        pair.halted = "maintenance"
        next_poll(rig)
        await rig.settle()
        assert rig.view.selected == rig.app.main.table.keys[before.index(BTC)] != BTC
        assert rig.cursors == (rig.view.selected, rig.view.selected)
        await rig.press("l")
        assert "follows pair" in rig.title("table")


async def test_columns_are_chosen_with_a_live_effect_and_remembered() -> None:
    rig = Rig()
    async with running(rig) as rig:
        await rig.press("C")
        assert isinstance(rig.app.screen, ColumnsScreen)
        await rig.press("j", "space")
        assert "Δ1h" not in rig.app.main.table.plain
        await rig.press("J", "right", "escape")
        assert "shift" not in rig.view.columns
        assert len(rig.app.screen_stack) == 1
        await rig.press("C", "r")
        assert rig.view.columns == ()
        await rig.press("k", "j", "left", "escape")
    left = rig.store.views[-1]
    assert isinstance(left, View)
    assert left.columns == rig.view.columns != ()


async def test_configured_columns_and_a_second_key() -> None:
    settings = Settings(quote=None, columns=("rank", "quote", "pair", "sigma:12"))
    async with running(Rig(settings=settings)) as rig:
        assert rig.app.main.table.plain.splitlines()[0].split() == ["rank", "quote", "pair", "σ", "▾"]
        await rig.press("s", "a", "a")
        assert "by quote, then σ" in rig.title("table")
        model = rig.app.desk.scene
        assert model is not None
        found = [
            (place.row.instrument.quote, -(place.value or 0)) for place in model.table.places if place.rank is not None
        ]
        assert found == sorted(found)


async def test_state_of_before_wins_over_the_settings() -> None:
    state = State(View(columns=("rank", "pair", "gone"), shift_minutes=5, keeps_line=True))
    async with running(Rig(state=state)) as rig:
        assert rig.view.columns == ("rank", "pair")
        assert (rig.view.shift_minutes, rig.view.keeps_line) == (5, True)
        await rig.press("D")
        assert rig.view.shift_minutes == 60


async def test_a_change_of_rank_that_is_not_in_view_is_told() -> None:
    async with running(Rig(settings=Settings(columns=("rank", "pair")))) as rig:
        await rig.press("D")
        assert [note.message for note in rig.app._notifications] == [
            "compares with ranks of 24h ago; Δrank isn't in view"
        ]


async def test_a_row_and_the_view_are_copied() -> None:
    async with running(Rig()) as rig:
        await rig.press("y")
        assert rig.app.clipboard.split("\t")[:2] == [BTC, "price"]
        await rig.press("Y")
        assert len(rig.app.clipboard.splitlines()) == 79


async def test_the_view_is_written_to_a_file(tmp_path: Path) -> None:
    async with running(Rig(settings=Settings(export_dir=str(tmp_path)))) as rig:
        await rig.press("w", "escape")
        assert files(tmp_path) == []
        await rig.press("w", "enter")
        await rig.press("w", "w")
        await rig.press("P")
    found = files(tmp_path)
    assert [path.suffix for path in found] == [".svg", ".csv", ".json"]
    assert all(path.name.startswith("crypto-tui-20251124-2157") for path in found)
    assert len(json.loads(text_of(found[2]))) == 78


def text_of(path: Path) -> str:
    return path.read_text()


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_changes_of_rank_are_against_the_past() -> None:
    feed = FakeFeed(make_pairs())
    before = rank(feed.current, Metric.PRICE, Measure.STDDEV, Scope(quote="USD"))
    track = RankTrack()
    assert feed.current.end_ms is not None
    track.record(before, feed.current.end_ms)
    feed.pairs[0].halted = "maintenance"
    after = rank(feed.snapshot(), Metric.PRICE, Measure.STDDEV, Scope(quote="USD"))
    end_ms = feed.current.end_ms + 5 * MINUTE_MS
    track.record(after, end_ms)
    found = shifts(after, track, end_ms, 5)
    assert BTC not in found
    assert {shift.places for shift in found.values()} == {1}
    entered = [place.rank for place in after.places if found.get(place.row.id, Shift(0)).enters_top]
    assert entered == [20]
    assert shifts(after, track, end_ms, 60) == {}
    assert settled(after, track, end_ms, 5) == 5
    assert settled(after, track, end_ms, 60) == 0


FAKE = FakeFeed(make_pairs(count=30))
VALUES = st.lists(st.sampled_from([None, 1.0, 2.0, 3.0, 4.0]), min_size=12, max_size=12)


@given(VALUES, VALUES, st.frozensets(st.integers(0, 11), max_size=4))
def test_changes_of_rank_are_those_of_one_pair_after_the_other(
    then: list[float | None], now: list[float | None], new: frozenset[int]
) -> None:
    """As counted from the top, where pairs that were known before and had no rank move nobody."""
    current = FAKE.current
    rows, end_ms = [row for row in current.rows if row.figures[0] is not None][:12], current.end_ms
    assert end_ms is not None

    def ranking(values: list[float | None], first_ms: Callable[[int], int]) -> Ranking:
        made = []
        for at, (row, value) in enumerate(zip(rows, values, strict=True)):
            figures = next(one for one in row.figures if one is not None)._replace(stddev=value, first_ms=first_ms(at))
            made.append(row._replace(halted="", traded=True, figures=(figures,) * len(METRICS)))
        snapshot = replace(current, rows=tuple(made))
        return rank(snapshot, Metric.PRICE, Measure.STDDEV, Scope(), min_coverage=0.0)

    before = ranking(then, lambda _: 0)
    after = ranking(now, lambda at: end_ms if at in new else 0)
    track = RankTrack()
    track.record(before, end_ms - 5 * MINUTE_MS)
    was = {place.row.id: place.rank for place in before.places}
    ranked = after.places[: after.ranked]
    late = [place for place in ranked if was[place.row.id] is None and place.row.figures[0].first_ms == 0]  # type: ignore[union-attr]
    expected = {}
    for place in ranked:
        rank_, earlier = place.rank or 0, was[place.row.id]
        if place not in late:
            above = sum((other.rank or 0) < rank_ for other in late)
            moved = None if earlier is None else earlier - (rank_ - above)
            expected[place.row.id] = Shift(moved, enters_top=earlier is None)
    if 2 * sum(was[place.row.id] is not None for place in ranked) < len(ranked):
        expected = {}
    found = shifts(after, track, end_ms, 5)
    assert dict(found) == expected
    assert (len(found), list(found)) == (len(expected), list(expected))
    assert [found.get(row.id) for row in rows] == [expected.get(row.id) for row in rows]


def test_a_pair_whose_history_was_loaded_late_is_not_new() -> None:
    feed = FakeFeed(make_pairs())
    scope = Scope(quote="USD")
    late = feed.pairs[0].values
    feed.pairs[0].values = [float("nan")] * len(late)
    track = RankTrack()
    end_ms = feed.current.end_ms
    assert end_ms is not None
    track.record(rank(feed.snapshot(), Metric.PRICE, Measure.STDDEV, scope), end_ms)
    feed.pairs[0].values = late
    after = rank(feed.snapshot(), Metric.PRICE, Measure.STDDEV, scope)
    track.record(after, end_ms + 5 * MINUTE_MS)
    found = shifts(after, track, end_ms + 5 * MINUTE_MS, 5)
    assert BTC not in found
    assert {shift.places for shift in found.values()} == {0}, "nobody moved but by what was loaded"


def test_heat_follows_the_share_of_the_rank() -> None:
    assert [heat(place, 100) for place in (1, 3, 4, 10, 11, 25, 26, 50, 51, 100)] == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]
    assert heat(None, 100) is None
    assert heat(1, 1) == 4


async def test_the_ranked_figure_is_shaded_and_the_coldest_is_the_palest() -> None:
    async with running(Rig()) as rig:
        scene = rig.app.desk.scene
        assert scene is not None
        highlights = rig.app.desk.highlights
        for measure in (Measure.STDDEV, Measure.CV):
            rig.app.choose(rig.view.with_measure(measure))
            model = rig.app.desk.scene.table if rig.app.desk.scene is not None else scene.table
            highlights.marks_heat = False
            kinds = [kind for index in (0, model.ranked - 1) for _, kind in model.row(index, 118)]
            assert "heat4" in kinds
            assert "strong" not in kinds
            highlights.marks_heat = True
            hot, cold = ("".join(text for text, _ in model.row(index, 118)) for index in (0, model.ranked - 1))
            assert " █ " in hot, "the mark stands apart from its neighbours"
            assert not set("░▒▓█") & set(cold[:80])


def test_the_heading_of_the_rank_change_stays_and_says_where_less_is_known() -> None:
    ranking = rank(FakeFeed(make_pairs()).current, Metric.PRICE, Measure.STDDEV, Scope(quote="USD"))
    highlights = Highlights()
    model = TableModel((), (), ranking.places, ViewState(), ranking.ranked, frozenset(), {}, False, "24 h", highlights)
    assert " Δ1h " in model.header(118).text
    highlights.shift_minutes = 19
    assert " Δ<1h " in model.header(118).text


@pytest.mark.parametrize("screen", [(), ("o",), ("enter",), ("H",), ("i",), ("C",), ("question_mark",), ("tab",)])
async def test_a_picture_is_taken_of_any_screen(screen: tuple[str, ...], tmp_path: Path) -> None:
    async with running(Rig(settings=Settings(export_dir=str(tmp_path)))) as rig:
        await rig.press(*screen)
        shown = rig.app.screen
        await rig.press("P")
        assert rig.app.screen is shown
        assert "saved a picture" in [note.message for note in rig.app._notifications][-1]
    (text,) = texts_in(tmp_path)
    assert "<svg" in text


async def test_where_one_types_a_capital_p_is_a_letter(tmp_path: Path) -> None:
    async with running(Rig(settings=Settings(export_dir=str(tmp_path)))) as rig:
        await rig.press("slash", "P")
        assert rig.view.needle == "P"
        await rig.press("escape", "ctrl+p", "P")
    assert not texts_in(tmp_path)
