"""What people do with the app, from its start to its end: each journey in several sizes and kinds of terminal.

Not every journey in every one: each size and each mode is met by several journeys, each journey by several of both.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.e2e.app import RANKED, App, started
from tests.e2e.commands import at
from tests.e2e.modes import ASCII, LIGHT, LINUX, NO_COLOR, XTERM, Mode, background, lightness
from tests.support.fake_kraken import FakeKrakenThread

pytestmark = pytest.mark.timeout(60)
ESC, CTRL_P, SHIFT_TAB, LEFT, RIGHT = "\x1b", "\x10", "\x1b[Z", "\x1b[D", "\x1b[C"
SMALL, USUAL, LARGE = (80, 24), (120, 40), (200, 60)
ALL_RANKED = re.compile(r" 1/3[7-9] ")
"""The first of so many that only few can still be loading."""
Size: TypeAlias = tuple[int, int]


def through(*terminals: tuple[Size, Mode]) -> pytest.MarkDecorator:
    """Run a journey in these terminals."""
    ids = [f"{size[0]}x{size[1]}-{mode.name}" for size, mode in terminals]
    return pytest.mark.parametrize(("size", "mode"), terminals, ids=ids)


@contextmanager
def opened(home: Path, size: Size, mode: Mode, *arguments: str) -> Iterator[App]:
    """The app; what the mode promises is checked before it is quit."""
    with started(
        home,
        *arguments,
        *mode.arguments,
        cols=size[0],
        rows=size[1],
        stdin=None,
        stderr=None,
        stdout=None,
        **mode.environ,
    ) as app:
        app.until_shown(RANKED)
        yield app
        mode.promise(app)
        assert "Traceback" not in app.text
        app.press("q")
        app.assert_left_clean(0)


@contextmanager
def demo(home: Path, size: Size, mode: Mode, *arguments: str) -> Iterator[App]:
    """The app on a small simulated market, all history loaded; polls come every ten seconds, which leaves time."""
    with opened(home, size, mode, "--demo", "--pairs", "60", *(arguments or ("--interval", "600"))) as app:
        app.until_shown(ALL_RANKED)
        yield app


def choose(app: App, query: str, choice: str) -> None:
    """Choose something in the palette by its name."""
    app.press(CTRL_P)
    app.until_shown("search for a command")
    app.press(query)
    app.until_shown(choice)
    app.press("\r")


def choose_theme(app: App, name: str) -> None:
    """Choose a theme in the palette, and see the palette go."""
    choose(app, name, f"theme: {name}")
    app.until_gone(name)


def save_view(app: App, name: str) -> None:
    """Give the present view a name."""
    choose(app, "save this", "save this view as")
    app.until(lambda: app.keys.lstrip().startswith("save this view as"), "the question for a name")
    app.press(f"{name}\r")
    app.until_titled(name)


def chart_title(app: App) -> str:
    """The title of the chart: it alone says which zone its times are in."""
    return next((title for title in app.titles if title.endswith(("UTC", "down"))), "")


@through((SMALL, LINUX), (USUAL, XTERM), (LARGE, ASCII))
def test_find_a_pair(size: Size, mode: Mode, tmp_path: Path) -> None:
    """`/` and a few letters leave one row; Enter keeps it, Enter again tells everything about it, Esc leads back."""
    with demo(tmp_path, size, mode) as app:
        app.press("/xmr")
        app.until(lambda: "1 of 4" in app.keys and app.marked == {"XMR/USD"}, "the only match, selected")
        app.press("\r")
        app.until(lambda: app.table_pairs == ["XMR/USD"], "its row alone")
        app.until(lambda: chart_title(app).startswith("XMR/USD ── price") and "sort" in app.keys, "its chart")
        app.press("\r")
        app.until_shown("Highs and lows")
        app.until_shown("XMRUSD")
        app.press(ESC)
        app.until_gone("Highs and lows")
        app.press(ESC)
        app.until(lambda: len(app.table_pairs) > 1 and app.marked == {"XMR/USD"}, "all rows, the same pair selected")


@through((USUAL, LIGHT), (SMALL, NO_COLOR))
def test_filter_by_what_pairs_do(size: Size, mode: Mode, tmp_path: Path) -> None:
    """A condition is understood as it is typed; a slip is told with its place, and the rows stay."""
    with demo(tmp_path, size, mode) as app:
        app.press("/cv > 3.5% and volume > 1M")
        count = re.compile(r"\b[1-9]\d? of \d\d\b")
        app.until(lambda: "1M" in app.keys and count.search(app.keys) is not None, "how many match")
        app.press(" and sgima > 2")
        app.until_shown("did you mean sigma")
        app.press("\x7f" * 14)
        app.until(lambda: app.keys.find("1M ") > 0 and count.search(app.keys) is not None, "how many again")
        app.press("\r")
        app.until_titled("/cv > 3.5%")
        app.until(lambda: "sort" in app.keys and 0 < len(app.table_pairs) < 20, "their rows alone")
        assert "BTC/USD" not in app.table_pairs
        app.press(ESC)
        app.until(lambda: not any("/cv" in title for title in app.titles), "all rows, around the cursor")
        app.press("g")
        app.until(lambda: "BTC/USD" in app.table_pairs, "the first ones")


@through((USUAL, XTERM), (SMALL, NO_COLOR))
def test_save_a_view_and_take_it_up_after_a_restart(size: Size, mode: Mode, tmp_path: Path) -> None:
    with demo(tmp_path, size, mode) as app:
        app.press_until_titled("u", "EUR")
        app.press_until_titled("e", "cv of price")
        save_view(app, "Euro moves")
        app.press_until_titled("1", "σ of USD pairs")
    with demo(tmp_path, size, mode) as app:
        app.until_titled("σ of USD pairs")
        choose(app, "euro mo", "view: Euro moves")
        app.until_titled("Euro moves")
        app.until(lambda: {pair.partition("/")[2] for pair in app.table_pairs} == {"EUR"}, "pairs in euro")
    with opened(tmp_path, size, mode, "--demo", "--pairs", "60") as app:
        app.until_titled("Euro moves")


@through((USUAL, ASCII), (LARGE, LIGHT))
def test_freeze(size: Size, mode: Mode, tmp_path: Path) -> None:
    """Rows stand still while their values go on; then they are let go."""
    with demo(tmp_path, size, mode, "--interval", "180") as app:
        app.press_until_titled("p", "frozen 12:")
        order, values, header = app.table_pairs, app.table, app.header
        app.until(lambda: app.header != header and app.table != values, "newer values")
        assert app.table_pairs == order
        app.press("p")
        app.until(lambda: not any("frozen" in title for title in app.titles), "the live order")


@through((LARGE, XTERM), (SMALL, ASCII), (USUAL, LIGHT))
def test_compare(size: Size, mode: Mode, tmp_path: Path) -> None:
    """`c` puts pairs into one chart, each with a letter; `c` again takes them out."""
    with demo(tmp_path, size, mode) as app:
        app.press_until_titled("p", "frozen")
        app.press("g")
        first, second, third, *_ = app.table_pairs
        app.until(lambda: app.marked == {first}, "the first pair")
        app.press("c")
        app.until_titled("move to another pair and press c")
        app.press("jcj")
        app.until_titled("Compared from the left edge")
        legend = re.compile(rf"A {first} [+-]?\d+\.\d+ %\s+B {second} [+-]?\d+\.\d+ %\s+\S {third} ")
        app.until_shown(legend)
        app.press("kc")
        app.until_gone(f"B {second} ")
        app.press("kc")
        app.until(lambda: chart_title(app).startswith(f"{first} ── price"), "one pair again")


@through((USUAL, LINUX), (SMALL, LIGHT), (LARGE, NO_COLOR))
def test_crosshair(size: Size, mode: Mode, tmp_path: Path) -> None:
    """← → in the chart walk through its minutes and read out time, value, change and z-score."""
    with demo(tmp_path, size, mode) as app:
        app.press(SHIFT_TAB)
        app.until_shown("crosshair")
        app.press(LEFT)
        readout = re.compile(r"(\d\d:\d\d)  [\d,]+\.\d+ +[+-]\d+\.\d+ % from (?:yesterday )?\d\d:\d\d +z [+-]?\d")
        app.until_shown(readout)
        newest = readout.findall(app.text)
        app.press(LEFT * 5)
        app.until(lambda: readout.findall(app.text) not in ([], newest), "an earlier minute")
        app.press("y")
        app.until_shown("copied:")
        app.press(ESC)
        app.until_gone(readout)
        app.until_shown(re.compile(r"last [\d,]+\.\d"))


@through((SMALL, XTERM), (LARGE, LINUX))
def test_change_the_theme(size: Size, mode: Mode, tmp_path: Path) -> None:
    """By key, by name, and it is kept."""
    with demo(tmp_path, size, mode) as app:
        dark = background(app)
        assert lightness(dark) < 0.3
        choose_theme(app, "light")
        app.until(lambda: lightness(background(app)) > 0.8, "a light background")
        app.press("T")
        app.until(lambda: background(app) == "default", "the terminal's own background")
        choose_theme(app, "light")
        app.until(lambda: lightness(background(app)) > 0.8, "a light background")
    with demo(tmp_path, size, mode) as app:
        app.until(lambda: lightness(background(app)) > 0.8, "a light background")


@through((SMALL, XTERM), (LARGE, ASCII))
def test_rebind_keys(size: Size, mode: Mode, tmp_path: Path) -> None:
    """In the file or by a flag; the bottom line tells the new ones, and the old ones do nothing."""
    config = tmp_path / "config" / "crypto-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[keys]\nfreeze = ["x", "f6"]\nmetric = "none"\n', encoding="utf-8")
    with demo(tmp_path, size, mode) as app:
        app.until(lambda: "x F6 freeze" in app.keys and "metric" not in app.keys, "the new keys")
        app.press("pm")
        app.press_until_titled("e", "cv of price")
        assert not any("frozen" in title for title in app.titles)
        app.press_until_titled("x", "frozen")
    with demo(tmp_path, size, mode, "--interval", "600", "--key", "quote=k", "--key", "cursor.up=up") as app:
        app.press_until_titled("k", "EUR")


@through((USUAL, LINUX), (SMALL, ASCII))
def test_lose_the_network_and_get_it_back(size: Size, mode: Mode, tmp_path: Path) -> None:
    """What was known stays, with its age and the reason; the app comes back by itself."""
    online, offline = ("● live", "○ offline") if mode is not ASCII else ("* live", "o offline")
    with (
        FakeKrakenThread(pairs=4) as exchange,
        opened(tmp_path, size, mode, *at(exchange.url), "--interval", "5", "--quote", "all") as app,
    ):
        app.until(lambda: online in app.header and len(app.table_pairs) == 4, "a live source")
        rows = app.table_pairs
        exchange.stop_listening()
        app.until(lambda: offline in app.header, "the outage in the header")
        assert "refused" in app.header
        assert sorted(app.table_pairs) == sorted(rows)
        exchange.start_listening()
        app.until(lambda: online in app.header, "the end of the outage")


@through((USUAL, NO_COLOR), (SMALL, LINUX), (LARGE, LIGHT))
def test_a_newcomer_finds_compares_saves_and_quits(size: Size, mode: Mode, tmp_path: Path) -> None:
    """What the first start's help and the bottom line tell is enough, whoever never read more."""
    with demo(tmp_path, size, mode) as app:
        app.until_shown("Welcome")
        app.press_until_titled("2", "Most volatile USD")
        app.until(lambda: app.table_pairs[:1] not in ([], ["BTC/USD"]), "its rows")
        most = app.table_pairs[0]
        app.until(lambda: app.marked == {most}, "its first pair selected")
        app.until(lambda: chart_title(app).startswith(f"{most} ── price ── 24 h"), "its last 24 hours")
        app.press("c")
        app.until_titled("move to another pair and press c")
        choose(app, "btc/usd", "BTC/USD")
        app.until_shown(re.compile(rf"A {most} .* \S BTC/USD "))
        save_view(app, "mine")
