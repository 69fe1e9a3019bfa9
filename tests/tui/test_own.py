"""What makes the app one's own, as it looks in the app."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from rich.cells import cell_len

from tests.support.feed import FakeFeed, live_status, make_pairs
from tests.tui.test_app import Rig, running
from tui_tracker.config.choices import ChangeColors, ClockFace, Preset, Theme, Thousands
from tui_tracker.config.model import Settings
from tui_tracker.config.state import State, View
from tui_tracker.config.themes import OwnTheme
from tui_tracker.core.status import SourceState
from tui_tracker.tui.follower import CLEAR_UP_S
from tui_tracker.tui.messages import BackgroundTold
from tui_tracker.tui.plain_ascii import in_ascii, in_words, spelled
from tui_tracker.tui.runs import Line, fit
from tui_tracker.tui.theme import (
    BACKGROUNDS,
    BLUE_ORANGE,
    is_light_by_answer,
    is_light_by_environment,
    textual_themes,
)
from tui_tracker.tui.view import Layout


def written(rig: Rig) -> str:
    """Every character on the screen."""
    app = rig.app
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    assert len(lines) == height
    return "\n".join(line.text[:width] for line in lines)


@asynccontextmanager
async def ascii_rig(size: tuple[int, int]) -> AsyncIterator[Rig]:
    pairs = make_pairs()
    hostile = pairs[3].instrument
    pairs[3].instrument = replace(hostile, base="币安é\u0301")
    async with running(Rig(FakeFeed(pairs), Settings(ascii=True), State(is_new=True)), size) as rig:
        yield rig


@pytest.mark.parametrize("size", [(140, 40), (80, 24), (60, 16), (30, 8)])
async def test_no_character_is_above_ascii_on_any_screen(size: tuple[int, int]) -> None:
    async with ascii_rig(size) as rig:
        for keys in ((), ("m",), ("f", "p"), ("slash", "b"), ("escape",), ("enter",), ("escape",), ("z",), ("tab",)):
            await rig.press(*keys)
            assert written(rig).isascii(), keys
        for keys in (("question_mark",), ("escape",), ("ctrl+p",), ("t", "h")):
            await rig.press(*keys)
            assert written(rig).isascii(), keys


async def test_no_character_is_above_ascii_where_nothing_is_known() -> None:
    status = live_status(state=SourceState.OFFLINE, last_good_ms=None, error="连接 refused … ×")
    async with running(Rig(FakeFeed([], status), Settings(ascii=True))) as rig:
        assert written(rig).isascii()
        assert "o offline" in rig.app.main.header.plain.replace("○", "o")


async def test_ascii_keeps_columns_and_spells_signs() -> None:
    async with ascii_rig((140, 40)) as rig:
        table = rig.app.main.table.plain
        assert "chg24h %" in table
        header, *rows = written(rig).splitlines()
        assert "* live" in header
        assert any("sd v" in row for row in rows)
        assert not any("  s v" in row for row in rows)


@pytest.mark.parametrize("text", ["┌──┐", "≥ ≤ ± ≠ ² ‖ ╸╽", "★BTC ▲ 1.2 σ", "币安", "e\u0301", "⣀⡠", "a–b…"])
def test_ascii_takes_as_many_cells(text: str) -> None:
    assert in_ascii(text).isascii()
    assert len(in_ascii(text)) == cell_len(text)


def test_ascii_tells_the_levels_of_a_small_line_apart() -> None:
    assert in_ascii("▁▂▃▄▅▆▇") == "_.-=+*#"
    assert in_ascii("███▎") == "###-"
    assert in_ascii("σ of USD pa… ── 24 h") == "s of USD ... -- 24 h"
    assert in_ascii("10…50") == "10.50", "not cut"
    assert spelled("loading…   3") == "loading... 3", "where there is room"
    assert spelled("FARTCOIN… ▾ 0.05") == "FARTCO... ▾ 0.05"
    assert "?" not in in_ascii("≥ ≤ ± ≠ ² ‖ ╸╽")
    assert spelled("volume ≥  1M") == "volume >= 1M"


def test_words_take_the_blanks_beside_them() -> None:
    assert spelled("      σ ▾ cv") == "     sd ▾ cv"
    assert spelled("   Δ24h %") == " chg24h %"
    assert spelled("rank  Δ<1h pair") == "rank  d<1h pair", "no room for the word"
    assert spelled("by σ of") == "by sd of"
    assert in_words([Line((("▌", "accent"), ("σ", "text")))])[0].text == ">sd"


@pytest.mark.parametrize("name", ["币安/USD", "e\u0301te/USD", "ＢＴＣ", "한국어한국어한국어", "BTC"])
def test_wide_and_combining_names_keep_columns_straight(name: str) -> None:
    for width in range(1, 20):
        assert cell_len(fit(name, width)) == width
        assert cell_len(fit(name, width, right=True)) == width


async def test_numbers_and_times_are_written_as_wanted() -> None:
    settings = Settings(thousands=Thousands.UNDERSCORE, si_suffixes=False, clock=ClockFace.H12)
    async with running(Rig(settings=settings)) as rig:
        main = rig.app.main
        assert "pm" in main.header.plain or "am" in main.header.plain
        assert "86_099.7" in main.pane.strip.plain
        assert "86_" in main.pane.chart.plain
        assert "e6" in main.table.plain


async def test_presets_share_the_room_out_and_are_remembered() -> None:
    async with running(Rig()) as rig:
        main = rig.app.main
        assert (arrangement(rig), main.pairs.size.width) == ("wide", 32)
        await rig.press("z")
        assert (rig.view.panes.preset, arrangement(rig)) == (Preset.CHART, "medium")
        assert main.pane.outer_size.height > main.table.outer_size.height
        await rig.press("z")
        assert (arrangement(rig), main.table.outer_size) == ("narrow", (120, 26))
        await rig.press("z")
        assert (arrangement(rig), main.pairs.size.width) == ("wide", 32)
        await rig.press("z")
    left = rig.store.views[-1]
    assert isinstance(left, View)
    assert left.layout == "chart"


def arrangement(rig: Rig) -> str:
    return next(layout.value for layout in Layout if rig.has(layout.value))


@pytest.mark.parametrize("size", [(120, 28), (80, 24)])
async def test_panes_are_resized_by_keys_and_stay_sane(size: tuple[int, int]) -> None:
    async with running(Rig(), size) as rig:
        main = rig.app.main
        before = main.pane.outer_size.height
        await rig.press("}")
        assert main.pane.outer_size.height == before + 1
        await rig.press("{", "{")
        assert main.pane.outer_size.height == before - 1
        await rig.press(*"}" * 30)
        assert main.table.outer_size.height >= 6
        await rig.press(*"{" * 30)
        assert main.pane.outer_size.height >= 6
        if size[0] == 120:
            await rig.press(">", ">")
            assert main.pairs.outer_size.width == 38
            await rig.press(*"<" * 20)
            assert main.pairs.outer_size.width == 26


async def test_the_first_start_has_three_lines_of_help_until_keys_are_used() -> None:
    async with running(Rig(state=State(is_new=True)), (80, 24)) as rig:
        main = rig.app.main
        assert rig.has("welcoming")
        assert "Welcome" in main.welcome.plain
        assert main.table.region.bottom <= main.welcome.region.y
        assert main.welcome.region.bottom == main.keys.region.y
        rig.app.say("a message")
        await rig.settle()
        assert rig.app.screen.query_one("Toast").region.bottom <= main.welcome.region.y
        await rig.press(*"jjjjj")
        assert not rig.has("welcoming")
        assert main.table.region.bottom == main.keys.region.y


async def test_there_is_no_such_help_later() -> None:
    async with running(Rig(state=State())) as rig:
        assert not rig.app.main.welcome.display


async def test_auto_follows_what_the_terminal_says() -> None:
    async with running(Rig()) as rig:
        assert rig.app.theme == "tracker-dark"
        rig.app.post_message(BackgroundTold("rgb:ffff/fbfb/f0f0"))
        await rig.settle()
        assert rig.app.theme == "tracker-light"
        await rig.press("T")
        assert rig.view.theme == Theme.TERMINAL
        rig.app.post_message(BackgroundTold("rgb:0000/0000/0000"))
        await rig.settle()
        assert rig.app.theme == "tracker-terminal"


@pytest.mark.parametrize(
    ("answer", "is_light"),
    [("rgb:ffff/ffff/ffff", True), ("rgb:00/00/00", False), ("rgb:f/f/f", True), ("rgba:1/1/1/f", False), ("x", None)],
)
def test_answers_of_terminals(answer: str, is_light: bool | None) -> None:
    assert is_light_by_answer(answer) is is_light


@pytest.mark.parametrize(("value", "is_light"), [("0;15", True), ("15;default;0", False), ("", None), ("x;²", None)])
def test_colorfgbg(value: str, is_light: bool | None) -> None:
    assert is_light_by_environment({"COLORFGBG": value}) is is_light


def test_own_themes_change_what_they_say() -> None:
    own = OwnTheme("sepia", Theme.LIGHT, {"background": "#f4ecd8", "up": "#005500"})
    made = {theme.name: theme for theme in textual_themes([own], ChangeColors.BLUE_ORANGE)}
    sepia = made["tracker-sepia"]
    assert (sepia.background, sepia.success, sepia.error) == ("#f4ecd8", "#005500", BLUE_ORANGE[Theme.LIGHT][1])
    assert made["tracker-light"].background == BACKGROUNDS[Theme.LIGHT]
    none = {theme.name: theme for theme in textual_themes([own], ChangeColors.NONE)}
    assert none["tracker-sepia"].success == none["tracker-sepia"].foreground


async def test_what_a_change_of_the_theme_leaves_is_freed() -> None:
    collected: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            collected.append(info["generation"])

    async with running(Rig()) as rig:
        gc.disable()
        gc.callbacks.append(note)
        try:
            await rig.press("T", "T", "T")
            await rig.pilot.pause(1.5 * CLEAR_UP_S)
        finally:
            gc.callbacks.remove(note)
            gc.enable()
    assert collected
    assert set(collected) == {2}
    assert len(collected) <= 4


@pytest.mark.parametrize(("key", "theme"), [("w", "terminal"), ("C", "terminal"), ("O", "terminal"), ("w", "dark")])
async def test_what_asks_for_a_choice_leaves_the_data_in_sight(key: str, theme: str) -> None:
    async with running(Rig(settings=Settings(theme=theme)), (120, 40)) as rig:
        await rig.press(key)
        assert rig.app.screen is not rig.app.main
        assert written(rig).splitlines()[-4].count("/") >= 2, "the last rows of the table"
