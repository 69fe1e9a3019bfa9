"""What the help says, whatever its width and the keys in force."""

import pytest

from tests.tui.test_app import Rig, running
from tui_tracker.config.choices import Keymap
from tui_tracker.config.model import Settings
from tui_tracker.tui.bindings import CHART_COMMANDS, KEY_COMMANDS
from tui_tracker.tui.keys import key_book
from tui_tracker.tui.plain_ascii import in_ascii
from tui_tracker.tui.runs import width_of
from tui_tracker.tui.screens.help import HelpScreen, help_lines

VIEWS = ("σ of USD pairs", "Calmest")


def plain(width: int, keymap: Keymap = Keymap.DEFAULT, **chosen: tuple[str, ...]) -> list[str]:
    book = key_book(keymap, chosen)
    commands = (*book.commands, *book.in_force(CHART_COMMANDS))
    return [line.text for line in help_lines("table", ["filter"], commands, VIEWS, width)]


@pytest.mark.parametrize("keymap", list(Keymap))
@pytest.mark.parametrize("width", [36, 56, 72])
def test_nothing_is_cut(width: int, keymap: Keymap) -> None:
    lines = plain(width, keymap)
    assert max(map(width_of, lines)) <= width
    text = " ".join(" ".join(lines).split())
    for command in KEY_COMMANDS:
        if not command.id.startswith("view."):
            assert command.help in text


def test_views_are_called_by_their_names_and_only_those_that_there_are() -> None:
    text = "\n".join(plain(72))
    assert "1          view: σ of USD pairs" in text
    assert "view: Calmest" in text
    assert "saved view 1" not in text


def test_an_action_without_a_key_says_so() -> None:
    lines = plain(72, Keymap.VIM, theme=(), quote=(), poll=())
    assert any(line.strip().startswith("–") and "(no key; palette)" in line for line in lines)
    assert "PgDn ctrl+f  one page down" in "\n".join(lines)


async def test_the_list_of_columns_explains_its_keys() -> None:
    async with running(Rig(), (60, 20)) as rig:
        await rig.press("C", "question_mark")
        assert isinstance(rig.app.screen, HelpScreen)
        await rig.press("escape", "escape")
        assert len(rig.app.screen_stack) == 1


def test_arrows_that_ascii_spells_as_letters_are_explained() -> None:
    assert "^ v are the arrow keys; ^ rose, v fell." in in_ascii("\n".join(plain(72)))


@pytest.mark.parametrize(("keymap", "page"), [(Keymap.DEFAULT, "pagedown"), (Keymap.VIM, "ctrl+f")])
async def test_the_help_scrolls_by_the_keys_that_it_tells(keymap: Keymap, page: str) -> None:
    async with running(Rig(settings=Settings(keymap=keymap)), (80, 24)) as rig:
        await rig.press("question_mark")
        box = rig.app.screen.query_one("#help")
        tops = [box.scroll_y]
        for key in ("j", "ctrl+d", page, "G", "k", "ctrl+u", "pageup", "g"):
            await rig.press(key)
            tops.append(box.scroll_y)
        assert tops[0] < tops[1] < tops[2] < tops[3] < tops[4]
        assert tops[4] > tops[5] > tops[6] > tops[7] > tops[8] == 0
