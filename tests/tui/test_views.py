"""Named views and watchlists by key and palette."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.feed import FakeFeed, make_pairs
from tests.tui.test_app import BTC, ETH, SOL, Rig, running
from tests.tui.test_own import written as screen_text
from tui_tracker.config.model import Settings
from tui_tracker.config.state import State, View
from tui_tracker.config.views import ViewSpec, view_of, written
from tui_tracker.core.figures import Measure
from tui_tracker.tui.columns import COLUMN_KEYS
from tui_tracker.tui.present import Presenter
from tui_tracker.tui.providers import offers
from tui_tracker.tui.view import ViewState, initial
from tui_tracker.tui.views import BUILT_IN, all_views, captured, following, is_changed, label, taken_up
from tui_tracker.tui.widgets.prompt import Prompt

SNAPSHOT = FakeFeed(make_pairs()).current


@pytest.mark.parametrize("view", BUILT_IN, ids=[view.name for view in BUILT_IN])
def test_built_in_views_are_taken_up_and_show_rows(view: ViewSpec) -> None:
    state = taken_up(view, ViewState(selected=BTC, sort="pair", needle="x"))
    assert label(BUILT_IN, state) == view.name
    assert replace(captured(view.name, state), columns=None, layout=None, window=None) == view
    scene = Presenter(0.9, 0.0).scene(SNAPSHOT, state, (BTC,), ())
    if view.name != "New listings":
        assert scene.table.keys


@pytest.mark.parametrize("view", BUILT_IN, ids=[view.name for view in BUILT_IN])
def test_a_view_survives_the_end_of_the_app(view: ViewSpec) -> None:
    state = taken_up(view, ViewState())
    again = initial(Settings(), state.remembered(), COLUMN_KEYS)
    assert again == state
    assert not is_changed(BUILT_IN, again)


def test_a_later_view_takes_the_place_of_its_name() -> None:
    mine = ViewSpec("Calmest", quote="EUR")
    views = all_views((mine,), (ViewSpec("Own"),))
    assert views[2] is mine
    assert views[-1].name == "Own"
    assert following(views, "Own") is views[0]
    assert following(views, "gone") is views[0]


def test_any_change_is_marked_but_what_is_no_part_of_it() -> None:
    state = taken_up(BUILT_IN[0], ViewState())
    for changed in (state.next_measure(), state.with_quote("EUR"), state.with_range(-1), replace(state, needle="x")):
        assert label(BUILT_IN, changed) == "σ of USD pairs*"
    for same in (replace(state, theme="light"), state.toggled_time_zone(), replace(state, selected=BTC)):
        assert label(BUILT_IN, same) == "σ of USD pairs"
    assert label(BUILT_IN, ViewState()) == ""


def test_a_saved_view_holds_its_window_and_so_does_the_next_run() -> None:
    state = replace(taken_up(BUILT_IN[1], ViewState()), window=60)
    view = captured("hour", state)
    assert view_of("hour", written(view), "here") == view
    assert written(view)["window"] == "1h"
    again = taken_up(view, ViewState())
    assert (again.window, is_changed((view,), again)) == (60, False)
    assert is_changed((view,), replace(again, window=1440))
    assert taken_up(BUILT_IN[0], again).window == 60, "one that says nothing of it leaves it"
    assert initial(Settings(), again.remembered(), COLUMN_KEYS).window == 60
    assert initial(Settings(window=360), None, COLUMN_KEYS).window == 360


def test_a_saved_view_brings_its_comparison_back() -> None:
    state = replace(taken_up(BUILT_IN[1], ViewState()), compared=(BTC,))
    view = captured("beside BTC", state)
    assert taken_up(view, ViewState()).compared == (BTC,)
    assert not is_changed([view], replace(state, name=view.name, compared=()))
    assert taken_up(BUILT_IN[0], state).compared == (BTC,), "one that says nothing of it leaves it"


async def test_digits_and_the_asterisk_take_up_views() -> None:
    async with running(Rig()) as rig:
        await rig.press("2")
        assert (rig.view.measure, rig.view.min_volume) == (Measure.VOLATILITY, 100_000)
        assert rig.title("table").startswith("Most volatile USD ──")
        await rig.press("e")
        assert rig.title("table").startswith("range of price ── USD ── 24 h")
        await rig.press("asterisk")
        assert rig.view.name == "Calmest"
        await rig.press("5")
        assert "spread bps▾" in rig.app.main.table.plain
        await rig.press("9")
        assert rig.view.name == "Widest spreads"
        assert [note.message for note in rig.app._notifications] == ["there is no view 9 yet; V saves this view"]


async def test_a_view_that_is_taken_up_shows_its_top() -> None:
    async with running(Rig()) as rig:
        await rig.press("G", "2")
        table = rig.app.main.table
        assert rig.view.selected == table.keys[0] == table.visible_keys[0]
        await rig.press("3")
        assert rig.view.selected == table.keys[0] == table.visible_keys[0]


async def test_the_stable_coins_are_sorted_by_their_distance() -> None:
    async with running(Rig()) as rig:
        await rig.press("4")
        assert list(rig.app.main.table.keys) == ["kraken:USDT-USD"]
        assert "peg %" in rig.app.main.table.plain


async def test_a_view_is_saved_under_a_name_and_removed() -> None:
    async with running(Rig()) as rig:
        await rig.press("e", "u", "slash", *"rank < 5", "enter")
        shown = list(rig.app.main.table.keys)
        await rig.app.run_action("save_view")
        await rig.settle()
        await rig.press("tab", "enter")
        assert rig.app.query_one(Prompt).field.has_focus
        await rig.press(*"My/1", "enter")
        assert not rig.app.query(Prompt)
        assert rig.app.main.focused_pane == "table"
        saved = rig.store.named_views["My/1"]
        assert (saved.needle, saved.quote, saved.measure) == ("rank < 5", "BTC", Measure.CV)
        assert rig.title("table").startswith("My/1 ──")
        await rig.press("1", "9")
        assert list(rig.app.main.table.keys) == shown
        titles = {offer.title: offer for offer in offers(rig.app)}
        assert "view: My/1  (9)" in titles
        titles["remove view: My/1"].run()
        await rig.settle()
        assert rig.store.named_views == {}
        assert rig.title("table").startswith("Ranked by")


async def test_a_key_saves_the_view_and_offers_the_name_of_ones_own() -> None:
    async with running(Rig()) as rig:
        await rig.press("e", "V")
        assert rig.app.query_one(Prompt).field.value == ""
        await rig.press(*"mine", "enter", "e", "V")
        assert rig.app.query_one(Prompt).field.value == "mine"
        await rig.press("enter")
        assert rig.store.named_views["mine"].measure is rig.view.measure is Measure.VOLATILITY
        assert rig.title("table").startswith("mine ──")
        await rig.press("V", *"new", "enter")
        assert set(rig.store.named_views) == {"mine", "new"}


async def test_a_view_in_place_of_another_says_so_and_can_be_taken_back() -> None:
    async with running(Rig()) as rig:
        await rig.press("e", "V", *"Calmest", "enter")
        (told,) = [note.message for note in rig.app._notifications]
        assert told.startswith("saved the view Calmest; 3 takes it up again")
        assert told.endswith("it stands for the one of that name; remove view (ctrl+p) brings that back")
        await rig.press("e", "V", "enter")
        (told,) = [note.message for note in rig.app._notifications]
        assert told.startswith("saved the view Calmest; 3 takes it up again"), "it is one's own by now"
        assert told.endswith("it was saved before; bring back (ctrl+p) makes it what it was")
        saved = rig.store.named_views["Calmest"]
        rig.app.remove_view("Calmest")
        await rig.settle()
        (told,) = [note.message for note in rig.app._notifications]
        assert told.startswith("removed the view Calmest; bring back (ctrl+p) undoes that")
        assert told.endswith("Calmest is again what it was before")
        assert (rig.app.desk.views[2], rig.store.named_views) == (BUILT_IN[2], {})
        titles = {offer.title: offer for offer in offers(rig.app)}
        titles["bring back: view Calmest"].run()
        await rig.settle()
        assert rig.store.named_views == {"Calmest": saved}
        assert rig.app.desk.views[2] == saved
        assert rig.app.undo is None


async def test_a_name_that_is_too_long_is_told_and_not_cut() -> None:
    async with running(Rig()) as rig:
        await rig.press("V", *("x" * 40))
        assert "Enter save" in screen_text(rig)
        await rig.press("y")
        assert "at most 40 characters" in screen_text(rig)
        await rig.press("enter")
        assert rig.app.query(Prompt)
        assert rig.store.named_views == {}
        assert "at most 40 characters" in screen_text(rig)
        await rig.press("backspace", "enter")
        assert list(rig.store.named_views) == ["x" * 40]


async def test_a_question_is_left_without_an_answer() -> None:
    async with running(Rig()) as rig:
        await rig.app.run_action("save_view")
        await rig.settle()
        await rig.press("a", "escape", "j")
        assert rig.store.named_views == {}
        assert rig.view.selected == rig.app.main.table.keys[1]
        assert not rig.has("filtering")


async def test_several_watchlists() -> None:
    state = State(watchlist=(BTC,), others={"alts": (ETH, SOL)})
    async with running(Rig(state=state)) as rig:
        await rig.press("W")
        assert list(rig.app.main.table.keys) == [BTC]
        await rig.press("W")
        assert set(rig.app.main.table.keys) == {ETH, SOL}
        assert "★ alts" in rig.title("table")
        await rig.press("f")
        assert rig.store.changes[-1][0] == "remove"
        assert rig.store.changes[-1][1].startswith("alts/")
        await rig.press("A")
        await rig.press(*"doge")
        await rig.press("enter")
        if rig.app.screen is not rig.app.main:
            await rig.press("enter")
        assert rig.store.changes[-1] == ("add", "alts/kraken:DOGE-USD")
        assert [note.message for note in rig.app._notifications] == ["DOGE/USD is on the watchlist alts now: 2 in all"]
        assert "kraken:DOGE-USD" in rig.app.main.table.keys
        await rig.app.run_action("new_watchlist")
        await rig.settle()
        await rig.press(*"main", "enter")
        assert rig.app.query(Prompt)
        await rig.press("2", "enter")
        assert rig.view.watchlist == "main2"
        assert list(rig.app.main.table.keys) == []


async def test_one_row_an_asset_and_classes() -> None:
    async with running(Rig()) as rig:
        await rig.press("u", "u", "u", "u", "U")
        assert rig.view.unique_base
        assert "one an asset" in rig.title("table")
        await rig.press("X")
        assert "stable" in rig.view.excluded
        await rig.press("X", "U")
        assert (rig.view.excluded, rig.view.unique_base) == ((), False)


async def test_watchlists_are_renamed_and_removed() -> None:
    state = State(watchlist=(BTC,), others={"alts": (ETH, SOL)}, view=View(watchlist="alts", watchlist_only=True))
    async with running(Rig(state=state)) as rig:
        await rig.app.run_action("rename_watchlist")
        await rig.press(*"2", "enter")
        assert rig.view.watchlist == "2", "the offered name was selected, so typing replaced it"
        assert rig.app.desk.watchlists == {"main": (BTC,), "2": (ETH, SOL)}
        await rig.app.run_action("rename_watchlist")
        await rig.press(*"main", "enter")
        assert rig.app.prompt is not None, "there is one of that name"
        await rig.press("escape")
        rig.app.remove_watchlist("2")
        assert rig.app.desk.watchlists == {"main": (BTC,)}
        assert not rig.view.watchlist_only
        rig.app.remove_watchlist("main")
        await rig.settle()
        assert rig.app.desk.watchlists == {"main": ()}
        assert rig.store.changes == [("rename list", "alts 2"), ("remove list", "2"), ("remove list", "main")]


async def test_a_watchlist_that_was_removed_is_brought_back() -> None:
    async with running(Rig(state=State(watchlist=(BTC,), others={"alts": (ETH, SOL)}))) as rig:
        rig.app.remove_watchlist("alts")
        await rig.settle()
        (told,) = [note.message for note in rig.app._notifications]
        assert told == "removed the watchlist alts of 2 pairs; bring back (ctrl+p) undoes that"
        titles = {offer.title: offer for offer in offers(rig.app)}
        titles["bring back: watchlist alts (2)"].run()
        await rig.settle()
        assert rig.app.desk.watchlists == {"main": (BTC,), "alts": (ETH, SOL)}
        assert rig.store.changes[-1][0] == "add"
        assert not [offer for offer in offers(rig.app) if offer.title.startswith("bring back")]
        rig.app.remove_watchlist("main")
        await rig.settle()
        assert rig.app._notifications
        assert [offer.title for offer in offers(rig.app) if offer.title.startswith("bring")] == [
            "bring back: watchlist main (1)"
        ]


async def test_watchlists_go_out_and_in_as_text(tmp_path: Path) -> None:
    state = State(watchlist=(BTC, SOL))
    async with running(Rig(settings=Settings(export_dir=str(tmp_path)), state=state)) as rig:
        await rig.app.run_action("write_watchlist")
        await rig.settle()
        (file,) = list(tmp_path.iterdir())  # noqa: ASYNC240
        assert file.read_text() == f"# main\n{BTC}\n{SOL}\n"
        file.write_text("ethusd\nbtc/usd # known\nnosuchthing\n")
        await rig.app.run_action("read_watchlist")
        await rig.press("enter")
        assert rig.app.prompt is not None, "no file"
        await rig.press(*str(file), "enter")
        assert rig.app.desk.watchlist == (BTC, SOL, ETH)
        (note,) = [note.message for note in rig.app._notifications]
        assert note.startswith("1 of 3 pairs added to the watchlist\n")
        assert "nosuchthing" in note
        await rig.app.run_action("read_watchlist")
        await rig.press(*"/nowhere.txt", "enter")
        (note,) = [note.message for note in rig.app._notifications]
        assert note == "/nowhere.txt cannot be read: No such file or directory"
