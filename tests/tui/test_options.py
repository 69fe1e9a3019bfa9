"""Settings that are changed while the app runs, remembered, and in force at the next start."""

from textual.pilot import Pilot

from tests.support.feed import FakeFeed, make_pairs
from tests.tui.test_app import Rig, running
from tests.tui.test_own import written
from tui_tracker.config.choices import ChangeColors, ClockFace, Keymap, Preset, Thousands
from tui_tracker.config.looks import NAMES, Looks, chosen_with, known, looks_of, word_of, words_of
from tui_tracker.config.model import Settings
from tui_tracker.config.state import State, View
from tui_tracker.tui.options import options
from tui_tracker.tui.screens.options import OptionsScreen
from tui_tracker.tui.view import Layout, ViewState

ALL = ("dark", "light")


def step_to(rig: Rig, title: str) -> list[str]:
    """The keys that lead from the first setting to one."""
    titles = [option.title for option in options(rig.view, Settings(), rig.app.theme_choices)]
    return ["j"] * titles.index(title)


async def test_each_setting_is_changed_live_and_remembered() -> None:
    async with running(Rig(), (120, 40)) as rig:
        await rig.press("O", *step_to(rig, "ASCII only"), "right")
        assert isinstance(rig.app.screen, OptionsScreen)
        assert written(rig).isascii()
        await rig.press("j", "j", "right", "escape")
        assert "1_" in rig.app.main.table.plain or "2_" in rig.app.main.table.plain
        await rig.press("f2", *step_to(rig, "ASCII only"), "enter", "escape")
        assert not written(rig).isascii()
        await rig.press("O", *step_to(rig, "keys"), "left", "escape", "space")
        assert rig.app.desk.watchlist == (rig.view.selected,), "a key of the set classic"
        assert rig.view.remembered().looks == {"thousands": "underscore", "keymap": "classic"}


async def test_what_was_chosen_is_in_force_at_the_start() -> None:
    view = View(looks={"ascii": "on", "keymap": "classic", "clock": "12"}, layout="chart")
    async with running(Rig(state=State(view)), (120, 30)) as rig:
        assert written(rig).isascii()
        assert rig.app.main.arrangement is Layout.MEDIUM, "the layout too"
        assert "F4" in rig.app.main.keys.plain
        assert "pm" in rig.app.main.header.plain or "am" in rig.app.main.header.plain


async def test_a_configured_layout_is_in_force_at_the_start() -> None:
    async with running(Rig(settings=Settings(layout=Preset.TABLE)), (120, 30)) as rig:
        assert rig.app.main.arrangement is Layout.NARROW


async def test_the_palette_sets_them_too() -> None:
    async with running(Rig(), (120, 40)) as rig:
        await rig.press("ctrl+p", *"blue-orange")
        await palette_is_filled(rig.pilot)
        await rig.press("enter")
        await rig.settle()
        assert rig.view.looks == {"change_colors": "blue-orange"}
        up = rig.app.main.table._style("up", False)
        await rig.press("O", *step_to(rig, "up and down"), "left")
        assert rig.view.looks == {}
        assert rig.app.main.table._style("up", False).color != up.color


async def palette_is_filled(pilot: Pilot[None]) -> None:
    from textual.widgets import OptionList

    for _ in range(50):
        await pilot.pause()
        if any(found.option_count for found in pilot.app.screen.query(OptionList)):
            return
    raise AssertionError("the palette found nothing")


async def test_the_list_has_its_own_keys_and_help() -> None:
    async with running(Rig(FakeFeed(make_pairs())), (80, 24)) as rig:
        await rig.press("O")
        text = written(rig)
        assert "theme in the configuration file" in text
        await rig.press("question_mark")
        assert "next choice" in written(rig)
        await rig.press("escape", "k", "q")
        assert not isinstance(rig.app.screen, OptionsScreen)


def test_every_choice_leads_round_and_back() -> None:
    view, settings = ViewState(theme="dark"), Settings(flash=False, keymap=Keymap.VIM)
    for place, option in enumerate(options(view, settings, ALL)):
        assert option.present in option.words, option.title
        stepped = view
        for _ in option.words:
            stepped = options(stepped, settings, ALL)[place].stepped(1)
        assert stepped == view, option.title
        assert option.stepped(1) != view


def test_looks_are_settings_with_what_was_chosen_in_their_place() -> None:
    settings = Settings(flash=False, clock=ClockFace.H12)
    assert looks_of(settings, {}) == Looks(flash=False, clock=ClockFace.H12)
    chosen = {"flash": "on", "thousands": "space", "change_colors": "none", "keymap": "emacs", "wrong": "on"}
    assert known(chosen) == {"flash": "on", "thousands": "space", "change_colors": "none"}
    assert looks_of(settings, chosen) == Looks(
        change_colors=ChangeColors.NONE, thousands=Thousands.SPACE, clock=ClockFace.H12, flash=True
    )


def test_what_is_as_configured_is_no_choice() -> None:
    settings = Settings()
    chosen = chosen_with({"clock": "12"}, "flash", "off", settings)
    assert chosen == {"clock": "12", "flash": "off"}
    assert chosen_with(chosen, "flash", "on", settings) == {"clock": "12"}
    for name in NAMES:
        assert word_of(settings, name) in words_of(name)
