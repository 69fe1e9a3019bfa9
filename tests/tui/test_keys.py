"""Which keys do what, and what is said about those that can't be meant so."""

import tomllib

import pytest

from tests.tui.test_app import Rig, running
from tests.tui.test_own import written
from tui_tracker.config.choices import Keymap
from tui_tracker.config.model import Settings
from tui_tracker.config.parse import keys
from tui_tracker.core.metric import Metric
from tui_tracker.tui.bindings import BY_ID, KEY_COMMANDS
from tui_tracker.tui.keys import SETS, KeyBook, canonical, key_book, label
from tui_tracker.tui.keys import written as written_key
from tui_tracker.tui.screen_bindings import PLACES
from tui_tracker.tui.screens.help import HelpScreen
from tui_tracker.tui.widgets.canvas import Canvas


def keys_of(book: KeyBook, name: str) -> list[str]:
    return next(command.keys.split(",") for command in book.commands if command.id == name)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("?", "question_mark"),
        ("question_mark", "question_mark"),
        ("S", "S"),
        (" ", "space"),
        ("Space", "space"),
        ("PgDn", "pagedown"),
        ("Esc", "escape"),
        ("F5", "f5"),
        ("Ctrl+D", "ctrl+d"),
        ("shift+up", "shift+up"),
        ("+", "plus"),
        ("plus", "plus"),
        ("ctrl++", "ctrl+plus"),
        ("hyper+x", None),
        ("f25", None),
        ("elephant", None),
        ("", None),
        ("\x1b", None),
    ],
)
def test_keys_have_the_names_that_people_use(text: str, key: str | None) -> None:
    assert canonical(text) == key


@pytest.mark.parametrize(
    ("key", "text"), [("question_mark", "?"), ("pagedown", "PgDn"), ("f5", "F5"), ("ctrl+d", "ctrl+d"), ("S", "S")]
)
def test_keys_are_shown_as_people_know_them(key: str, text: str) -> None:
    assert label(key) == text


def test_every_own_key_has_its_canonical_name() -> None:
    for command in KEY_COMMANDS:
        for key in command.keys.split(","):
            assert canonical(key) == key, command.id


@pytest.mark.parametrize("keymap", Keymap)
def test_no_set_has_two_actions_on_a_key_by_itself(keymap: Keymap) -> None:
    book = key_book(keymap, {})
    changed = [command for command in book.commands if command.id in SETS[keymap]]
    assert not book.problems
    assert {command.id for command in changed} == set(SETS[keymap])
    for command in changed:
        for key in command.keys.split(","):
            assert canonical(key) == key
            owners = [other.id for other in book.commands if key in other.keys.split(",")]
            assert owners == [command.id]
            assert key not in ("ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q")


def test_a_chosen_key_wins_and_the_clash_is_told() -> None:
    book = key_book(Keymap.DEFAULT, {"sort.next": ("p", "F6")})
    assert keys_of(book, "sort.next") == ["p", "f6"]
    assert keys_of(book, "freeze") == [""]
    assert [problem.message for problem in book.problems] == ["p is on sort.next and on freeze; sort.next has it"]
    assert "freeze" in book.problems[0].hint
    assert book.label("sort.next") == "p F6"


def test_of_two_chosen_ones_the_first_has_the_key() -> None:
    book = key_book(Keymap.DEFAULT, {"sort.next": ("%",), "metric": ("%",)})
    assert keys_of(book, "sort.next") == ["percent_sign"]
    assert keys_of(book, "metric") == [""]
    assert len(book.problems) == 1


def test_keys_can_be_swapped_and_taken_off_without_a_word() -> None:
    book = key_book(Keymap.DEFAULT, {"sort.next": ("m",), "metric": ("s",), "demo": (), "freeze": ("d",)})
    assert (keys_of(book, "sort.next"), keys_of(book, "metric"), keys_of(book, "freeze")) == (["m"], ["s"], ["d"])
    assert keys_of(book, "demo") == [""]
    assert not book.problems


def test_unknown_names_are_told_with_what_is_known() -> None:
    book = key_book(Keymap.DEFAULT, {"srt": ("x",), "sort.next": ("elephant",)})
    assert "no action 'srt'" in book.problems[0].message
    assert book.problems[0].hint == "did you mean sort.then?"
    assert "'elephant' is no key" in book.problems[1].message
    assert "F1 to F24" in book.problems[1].hint


def test_hints_show_the_keys_in_force() -> None:
    book = key_book(Keymap.DEFAULT, {"range.shorter": ("9",), "range.longer": ("0",), "sort.next": ()})
    assert book.hints(["range", "sort.next", "metric"]) == [("9 0", "range"), ("m", "metric")]
    assert KeyBook().hints(["range"]) == [("[ ]", "range")]
    assert KeyBook().label("sort.next") == BY_ID["sort.next"].display


async def test_the_app_obeys_and_shows_the_keys_in_force() -> None:
    settings = Settings(keys={"sort.next": ("x",), "reverse": ("y",), "pane.next": ("o",)}, keymap=Keymap.CLASSIC)
    async with running(Rig(settings=settings)) as rig:
        assert "x sort" in rig.app.main.keys.plain
        assert any("no action 'reverse'" in notice.message for notice in rig.app._notifications)
        await rig.press("s")
        await rig.press("x")
        assert rig.view.sort == "shift"
        await rig.press("o")
        assert rig.app.main.focused_pane == "list"
        await rig.press("tab")
        assert rig.app.main.focused_pane == "list"
        await rig.press("space")
        assert rig.app.desk.watchlist
        await rig.press("f1")
        assert isinstance(rig.app.screen, HelpScreen)
        text = rig.app.screen.query_one("#help-text", Canvas).plain
        assert "x          sort rows" in text
        assert "F1 ?" in text


@pytest.mark.parametrize("width", [140, 80, 60])
async def test_the_help_is_whole_at_any_width(width: int) -> None:
    async with running(Rig(), (width, 40)) as rig:
        await rig.press("question_mark")
        canvas = rig.app.screen.query_one("#help-text", Canvas)
        words = canvas.plain.split()
        assert max(len(line) for line in canvas.plain.split("\n")) <= canvas.size.width
        for command in KEY_COMMANDS:
            if command.id.startswith("view.") or command.id in ("demo", "exchange", "across"):
                continue
            told = command.help.split()
            assert any(words[place : place + len(told)] == told for place in range(len(words))), command.help
        assert "view: Most volatile USD" in canvas.plain


async def test_half_a_page() -> None:
    async with running(Rig()) as rig:
        keys = rig.app.main.table.keys
        half = len(rig.app.main.table.visible_keys) // 2
        await rig.press("g", "ctrl+d")
        assert rig.view.selected == keys[half]
        await rig.press("ctrl+u")
        assert rig.view.selected == keys[0]


def test_the_ids_of_before_are_still_obeyed() -> None:
    book = key_book(Keymap.DEFAULT, {"sort": ("f6",), "watchlist": ("f5",), "quit.now": ()})
    assert (keys_of(book, "sort.next"), keys_of(book, "watchlist.only"), keys_of(book, "quit_now")) == (
        ["f6"],
        ["f5"],
        [""],
    )
    assert book.problems == ()


def test_no_id_begins_another() -> None:
    """So that each can be written in TOML as it is."""
    ids = [command.id for place in PLACES for command in place]
    assert len(ids) == len(set(ids))
    assert not [(one, other) for one in ids for other in ids if other.startswith(f"{one}.")]
    text = "\n".join(f'{name} = "x"' for name in ids)
    assert keys(tomllib.loads(text)) == dict.fromkeys(ids, ("x",))


def all_keys(book: KeyBook, name: str) -> str:
    return next(command.keys for command in (*book.commands, *book.others) if command.id == name)


def test_each_place_has_keys_of_its_own() -> None:
    book = key_book(Keymap.DEFAULT, {"page.down": ("n",), "chart.copy": ("c",), "column_list.show": ("x",)})
    assert all_keys(book, "page.down") == "n"
    assert all_keys(book, "column_list.show") == "x"
    assert [problem.action for problem in book.problems] == [], "c compares in the panes, and copies in the chart"
    clash = key_book(Keymap.DEFAULT, {"page.down": ("g",)}).problems
    assert [problem.message for problem in clash] == ["g is on page.down and on page.first; page.down has it"]


def test_a_page_follows_the_keys_of_the_panes_unless_it_has_its_own() -> None:
    book = key_book(Keymap.DEFAULT, {"poll": ("f5", "j"), "theme": ("ctrl+t",), "page.theme": ("Y",), "quote": ()})
    assert all_keys(book, "page.poll") == "f5,j"
    assert all_keys(book, "page.down") == "down", "j moves nowhere then"
    assert all_keys(key_book(Keymap.DEFAULT, {"poll": ("y",)}), "page.poll") == "", "y copies there"
    swapped = key_book(Keymap.DEFAULT, {"cursor.down": ("space",), "cursor.page_down": ("ctrl+f",)})
    assert (all_keys(swapped, "page.down"), all_keys(swapped, "page.page_down")) == ("space", "ctrl+f")
    assert all_keys(key_book(Keymap.VIM, {}), "page.page_down") == "pagedown,ctrl+f,space"
    assert all_keys(book, "page.theme") == "Y"
    assert all_keys(book, "page.quote") == ""
    assert all_keys(book, "page.why") == "i"


def test_no_key_means_two_things_at_one_place() -> None:
    for place in PLACES:
        keys = [key for command in place for key in command.keys.split(",")]
        assert sorted(set(keys)) == sorted(keys)


async def test_screens_obey_and_show_the_keys_in_force() -> None:
    own = {"page.close": ("x",), "poll": ("f5",), "crosshair.left": ("[",), "column_list.close": ("d",)}
    async with running(Rig(settings=Settings(keys=own)), (120, 40)) as rig:
        await rig.press("i")
        assert "x back" in written(rig)
        polls = rig.feed.polls
        await rig.press("R", "f5")
        assert rig.feed.polls == polls + 1
        await rig.press("question_mark")
        assert "F5" in rig.app.screen.query_one("#help-text", Canvas).plain
        await rig.press("escape", "q", "x")
        assert rig.app.screen is rig.app.main
        await rig.press("C", "escape", "d", "tab", "tab", "left_square_bracket")
        assert rig.app.main.pane.chart.crosshair_ms is not None


def test_a_key_is_written_as_it_is_read() -> None:
    for place in PLACES:
        for command in place:
            for key in command.keys.split(","):
                assert canonical(written_key(key)) == key


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("ctrl+s", "flow control stops the output by it"),
        ("Ctrl+Q", "flow control"),
        ("ctrl+a", "the prefix of screen"),
        ("ctrl+b", "the prefix of tmux"),
        ("ctrl+[", "terminals send Esc for it"),
        ("ctrl+i", "terminals send Tab for it"),
        ("ctrl+,", "most terminals can't send it"),
        ("ctrl+1", "most terminals can't send it"),
        ("ctrl+Enter", "most terminals can't send it"),
        ("Ctrl+Alt+Del", "desktops keep most keys with ctrl and alt"),
        ("ctrl+shift+x", "terminals keep it, or send ctrl+x"),
        ("shift+x", "terminals send X for it"),
        ("shift+up", "tmux and some terminals keep arrows with shift"),
        ("alt+x", "macOS writes a sign by it"),
        ("F11", "most terminals fill the screen by it"),
        ("ctrl+t", ""),
        ("ctrl+]", ""),
        ("ctrl+up", ""),
        ("alt+F6", ""),
        ("F6", ""),
        ("%", ""),
    ],
)
def test_keys_that_may_not_arrive_are_warned_of(key: str, why: str) -> None:
    book = key_book(Keymap.DEFAULT, {"sort.next": (key,)})
    assert not book.problems
    assert [why in warning.message for warning in book.warnings] == ([True] if why else [])


def test_nobody_is_warned_of_what_is_usual() -> None:
    usual = {command.id: tuple(map(written_key, command.keys.split(","))) for command in KEY_COMMANDS}
    book = key_book(Keymap.DEFAULT, usual)
    assert (book.problems, book.warnings) == ((), ())


def test_a_way_out_is_left() -> None:
    none = {"quit": (), "quit_now": ()}
    (warning,) = key_book(Keymap.DEFAULT, none).warnings
    assert warning.message.endswith("which leaves ctrl+q and quit in the palette (ctrl+p)")
    (warning,) = key_book(Keymap.DEFAULT, {**none, "palette": ()}).warnings
    assert warning.message.endswith("which leaves ctrl+q")
    book = key_book(Keymap.DEFAULT, {**none, "palette": (), "sort.next": ("ctrl+q",)})
    (problem,) = book.problems
    assert problem.message == "neither quit nor quit_now has a key, and nothing else quits the app"
    assert not key_book(Keymap.DEFAULT, {"quit": ()}).warnings


async def test_what_is_said_of_quitting_is_true() -> None:
    async with running(Rig(settings=Settings(keys={"quit": (), "quit_now": ()}))) as rig:
        await rig.press("q", "ctrl+c")
        assert not rig.app._exit
        await rig.pilot.press("ctrl+q")
        assert [rig.app._exit] == [True]
    async with running(Rig(settings=Settings(keys={"sort.next": ("ctrl+q",), "metric": ("ä",)}))) as rig:
        await rig.press("ctrl+q", "ä")
        assert not rig.app._exit
        assert (rig.view.sort, rig.view.metric) == ("shift", Metric.MID)


@pytest.mark.parametrize("keymap", Keymap)
def test_every_set_has_a_key_for_everything(keymap: Keymap) -> None:
    book = key_book(keymap, {})
    assert not [command.id for command in (*book.commands, *book.others) if not command.keys]
