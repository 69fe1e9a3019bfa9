"""The app in a real terminal on its simulated market: every key does what it promises, and the end is clean."""

import os
import pty
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.e2e import commands
from tests.e2e.app import PAIR, RANKED, App, demo, started

pytestmark = pytest.mark.timeout(120)
ESC = "\x1b"
UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END = "\x1b[A", "\x1b[B", "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F"
SHIFT_TAB, CTRL_C, CTRL_P, CTRL_Z = "\x1b[Z", "\x03", "\x10", "\x1a"


@pytest.mark.parametrize(
    ("cols", "rows", "panes"),
    [
        (200, 50, ["Pairs", "price ──", "σ of USD pairs ──"]),
        (120, 28, ["Pairs", "price ──", "σ of USD pairs ──"]),
        (80, 24, ["price ──", "σ of USD pairs ──"]),
        (60, 20, ["σ of USD pairs ──"]),
        (40, 12, ["σ of USD pairs ──"]),
    ],
)
def test_panes_fit_the_terminal_and_say_simulated(cols: int, rows: int, panes: list[str], tmp_path: Path) -> None:
    """80×24 and larger whole, smaller with fewer panes; SIMULATED all the time; `q` ends it with 0."""
    with demo(tmp_path, cols=cols, rows=rows) as app:
        app.until(lambda: len(app.titles) == len(panes), "all panes")
        assert all(part in title for part, title in zip(panes, app.titles, strict=True)), app.titles
        assert not any(title.endswith("…") for title in app.titles), "no title is cut"
        assert "SIMULATED" in app.header
        app.until_no_prompt()
        assert all(len(line) <= cols for line in app.text.split("\n"))
        app.press("q")
        app.assert_left_clean(0)


def test_too_small_a_terminal_is_told_and_growing_helps(tmp_path: Path) -> None:
    with started(tmp_path, "--demo", cols=20, rows=5) as app:
        app.until_shown("too small: 40 × 12")
        app.session.resize(12, 40)
        app.until_shown(RANKED)
        assert "SIMULATED" in app.header
        app.session.resize(5, 20)
        app.until_shown("too small")
        app.press("q")
        app.assert_left_clean(0)


def test_resize_follows(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        for rows, cols, panes in ((20, 60, 1), (24, 80, 2), (50, 200, 3), (28, 120, 3)):
            app.session.resize(rows, cols)
            app.until(lambda panes=panes: len(app.titles) == panes and app.table_pairs != [], f"{panes} panes")  # type: ignore[misc]
            assert any(len(line) == cols for line in app.text.split("\n"))


def test_the_cursor_moves_everywhere_at_once(tmp_path: Path) -> None:
    """↑↓ j k, PgUp PgDn, g G, Home End: one selected pair in both lists and the chart."""
    with demo(tmp_path) as app:
        frozen(app)
        first, second, *_ = app.table_pairs
        app.press("g")
        app.until(lambda: app.marked == {first}, "the first pair")
        for key, pair in ((DOWN, second), (UP, first), ("j", second), ("k", first)):
            app.press(key)
            app.until(lambda pair=pair: app.marked == {pair}, f"{pair} after {key!r}")  # type: ignore[misc]
        for to_last, to_first in (("G", "g"), (END, HOME)):
            app.press(to_last)
            app.until(lambda: first not in app.marked and first not in app.table_pairs, "the end of the table")
            app.until(lambda: app.marked == {app.table_pairs[-1]}, "the last pair everywhere")
            app.press(to_first)
            app.until(lambda: app.marked == {first}, "the first pair everywhere")
        app.press(PAGE_DOWN)
        app.until(lambda: first not in app.table_pairs, "the next page")
        app.until(lambda: len(app.marked) == 1, "one pair everywhere")
        app.press(PAGE_UP)
        app.until(lambda: app.marked == {first}, "the first page")


def frozen(app: App) -> None:
    """Freeze the order once everything is ranked, so that rows stand still."""
    app.until_gone("hist")
    app.press_until_titled("p", "frozen")


def test_tab_goes_through_the_panes_and_the_bottom_line_follows(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        app.until_shown("s sort")
        app.press("\t")
        app.until(lambda: "F watchlist" in app.keys and "s sort" not in app.keys, "keys of the list")
        app.press("\t")
        app.until(lambda: "UTC/local" in app.keys, "keys of the chart")
        app.press("\t")
        app.until_shown("s sort")
        app.press(SHIFT_TAB)
        app.until(lambda: "UTC/local" in app.keys, "keys of the chart")


def test_the_chart_takes_everything_and_esc_gives_it_back(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        app.until(lambda: len(app.titles) == 3, "all panes")
        app.press("|")
        app.until(lambda: len(app.titles) == 1 and " ── price ── 24 h" in app.titles[0], "the chart alone")
        app.until_shown("┤")
        app.press(ESC)
        app.until(lambda: len(app.titles) == 3, "all panes")


def test_filter_as_you_type_with_a_count_and_unchanged_ranks(tmp_path: Path) -> None:
    """`/` filters both panes and says how many; ranks and N stay; Enter keeps, Esc clears."""
    with demo(tmp_path) as app:
        frozen(app)
        app.press_until_titled("u", "Pairs ── EUR")
        app.until(lambda: "SOL/EUR" in app.table_pairs, "rows in euro")
        frozen_rank = rank_of(app, "SOL/EUR")
        total = re.search(r"EUR ── (\d+)/", app.titles[0])
        assert total
        app.press("/sol")
        app.until(lambda: app.table_pairs == ["SOL/EUR"], "only the match")
        assert rank_of(app, "SOL/EUR") == frozen_rank
        app.until(lambda: app.titles[0] == f"Pairs ── EUR ── 1 of {total[1]}", "the count in the title")
        app.until(lambda: f"1 of {total[1]}" in app.keys, "the count beside the filter")
        app.press("\r")
        app.until_titled(f"/sol 1 of {total[1]}")
        app.until_shown("s sort")
        app.press(ESC)
        app.until(lambda: len(app.table_pairs) > 5, "everything again")
        app.press("/zzzz")
        app.until_shown("no pair matches")
        app.press(ESC)
        app.until(lambda: len(app.table_pairs) > 5, "everything again")


def rank_of(app: App, pair: str) -> str:
    (row,) = (row for row in app.table if pair in row)
    return row.partition(pair)[0].strip("▌★ ").split()[0]  # without Δrank behind it


def test_sorting_moves_rows_and_the_cursor_but_no_rank(tmp_path: Path) -> None:
    with demo(tmp_path, "--quote", "EUR") as app:
        app.until_gone("hist")
        app.press("g")
        app.until(lambda: app.marked == {app.table_pairs[0]}, "the first")
        (chosen,) = app.marked
        by_rank, rank = app.table_pairs, rank_of(app, chosen)
        app.press_until_titled("s", "by Δrank")
        app.press_until_titled("s", "by pair")
        app.until(lambda: app.table_pairs == sorted(app.table_pairs) != by_rank, "rows by name")
        app.until(lambda: app.marked == {chosen}, "the same pair selected")
        assert rank_of(app, chosen) == rank
        app.press_until_titled("S", "by pair reversed")
        app.until(lambda: app.table_pairs == sorted(app.table_pairs, reverse=True), "rows by name backwards")
        app.until(lambda: app.marked == {chosen}, "the same pair selected")
        assert rank_of(app, chosen) == rank


def test_metric_and_measure(tmp_path: Path) -> None:
    """`m` goes through the metrics of chart and ranking, `e` through the measures to rank by."""
    with demo(tmp_path) as app:
        for metric in ("mid", "volume", "quote volume", "spread", "trades", "flow", "trades a minute", "price"):
            app.press_until_titled("m", "σ of USD pairs" if metric == "price" else f"σ of {metric} ")
            app.until(lambda metric=metric: metric.split()[0] in app.titles[1].lower(), f"chart of {metric}")  # type: ignore[misc]
        for measure in ("cv", "volatility", "range", "24 h high-low", "Parkinson", "bipower", "σ"):
            app.press_until_titled("e", "σ of USD pairs" if measure == "σ" else f"{measure} of price")


def test_range_is_of_the_chart_only(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        for key, hours in (("[", 6), ("[", 1), ("[", 1), ("]", 6), ("]", 24)):
            app.press_until_titled(key, f"── {hours} h ──")
            assert "── 24 h ──" in app.titles[-1]


def test_quote_scope_opens_on_usd_and_goes_through_all(tmp_path: Path) -> None:
    """N counts the ranked of the scope; a σ ranking over several currencies says `mixed units`."""
    with demo(tmp_path, "--quote", "USD") as app:
        assert "── USD ──" in app.titles[0]
        seen = []
        while "all" not in seen:
            before = app.titles[0]
            app.press("u")
            app.until(lambda before=before: app.titles[0] != before, "another scope")  # type: ignore[misc]
            seen.append(app.titles[0].split(" ── ")[1])
            if seen[-1] != "all":
                app.until(lambda: {p.partition("/")[2] for p in app.table_pairs} <= {seen[-1]}, "rows of the scope")
                app.until(lambda: bool(app.table_pairs) or "no pair" in app.text, "rows, or why there are none")
        assert {"EUR", "BTC", "all"} <= set(seen)
        app.until_titled("mixed units")
        app.press_until_titled("e", "cv of price")
        app.until(lambda: "mixed units" not in app.titles[-1], "cv has no unit")


def test_favourites_are_kept_over_a_restart(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        frozen(app)
        first, pair, *_ = app.table_pairs
        app.press("g")
        app.until(lambda: app.marked == {first}, "the first pair")
        app.press("j")
        app.until(lambda: app.marked == {pair}, "the second pair")
        app.press("f")
        app.until_shown("★" + pair)
        app.press("F")
        app.until(lambda: app.table_pairs == [pair], "the watchlist")
        app.until_titled("★ watchlist")
        app.press("q")
        app.assert_left_clean(0)
    with demo(tmp_path) as app:
        app.until_titled("★ watchlist")
        app.until(lambda: app.table_pairs == [pair], "the watchlist")
        app.press("F")
        app.until(lambda: len(app.table_pairs) > 5, "all pairs")
        app.until_shown("★" + pair)
        app.press("f")
        app.until_gone("★" + pair)


def test_a_frozen_order_stays_while_values_live(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        frozen(app)
        order, values, polled = app.table_pairs, app.table, app.header
        app.until(lambda: app.header != polled and app.table != values, "newer values")
        assert app.table_pairs == order
        app.press_until_titled("p", "live order")


def test_poll_now_says_when(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        app.press("R")
        app.until_shown(re.compile(r"polling at \d\d:\d\d:\d\d UTC"))


def test_theme_changes_colours(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        dark = background(app)
        app.press("T")
        app.until(lambda: background(app) != dark, "another background")
        light = background(app)
        app.press("T")
        app.until(lambda: background(app) == "default", "the terminal's own background")
        app.press("T")
        app.until(lambda: background(app) not in ("default", light, dark), "the one of high contrast")
        app.press("T")
        app.until(lambda: background(app) == dark, "the first one again")


def background(app: App) -> str:
    """Colour of a cell that shows nothing."""
    screen = app.session.screen.pyte
    return str(screen.buffer[screen.lines - 2][1].bg)


def test_times_in_utc_or_local(tmp_path: Path) -> None:
    with demo(tmp_path, TZ="Asia/Kolkata") as app:
        app.until_shown(re.compile(r"polled 12:\d\d:\d\d .*UTC"))
        app.press("t")
        app.until_shown(re.compile(r"polled 17:\d\d:\d\d "))
        assert "UTC" not in app.header


def test_help_shows_every_key_and_closes(tmp_path: Path) -> None:
    with demo(tmp_path, rows=60) as app:
        app.press("?")
        app.until_shown("Esc closes")
        for key, word in (("/", "filter"), ("S", "reverse"), ("F", "watchlist"), ("T", "theme"), ("ctrl+p", "command")):
            assert re.search(rf"│\s+{re.escape(key)}\s+.*{word}", app.text), key
        app.press(ESC)
        app.until_gone("Esc closes")


def test_palette_goes_to_a_pair_of_another_scope_and_has_every_action(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        app.press(CTRL_P)
        app.until_shown("chart over the whole screen")
        app.press("next th")
        app.until_shown("next theme")
        app.press(ESC)
        app.until_gone("next theme")
        app.press(CTRL_P)
        app.until_shown("chart over the whole screen")
        app.press("btc/e")
        app.until_gone("chart over the whole screen")
        app.until_shown("BTC/EUR")
        app.press("\r")
        app.until(lambda: app.marked == {"BTC/EUR"}, "the pair, selected")


def test_the_mouse_selects(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        frozen(app)
        app.press("g")
        row = next(i for i, line in enumerate(app.text.split("\n"), 1) if app.table_pairs[3] in line and "3" in line)
        wanted = PAIR.findall(app.text.split("\n")[row - 1])[-1]
        app.press(f"\x1b[<0;30;{row}M\x1b[<0;30;{row}m")
        app.until(lambda: app.marked == {wanted}, f"{wanted} selected")


def test_no_mouse_leaves_it_to_the_terminal(tmp_path: Path) -> None:
    with demo(tmp_path, "--no-mouse") as app:
        assert not any(app.session.screen.modes.is_on(mode) for mode in (1000, 1002, 1003, 1006))
        app.press("q")
        app.assert_left_clean(0)
    with demo(tmp_path) as app:
        assert app.session.screen.modes.is_on(1000)


def test_no_color_means_none(tmp_path: Path) -> None:
    with demo(tmp_path, NO_COLOR="1") as app:
        app.press("T")
        app.session.wait_until(lambda: len(app.table_pairs) > 5, 10)
        codes = {
            code for codes in re.findall(rb"\x1b\[([\d;]*)m", bytes(app.session.raw)) for code in codes.split(b";")
        }
        assert not {b"31", b"32", b"33", b"38", b"48", b"91", b"92"} & codes
        app.press("q")
        app.assert_left_clean(0)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=lambda value: str(int(value))
)
def test_signals_end_it_cleanly_with_state_saved(number: signal.Signals, code: int, tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        app.press_until_titled("e", "cv of price")
        app.session.signal(number)
        app.assert_left_clean(code)
    with demo(tmp_path) as app:
        app.until_titled("cv of price")


def test_ctrl_c_quits_from_anywhere_with_0(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        app.press("/abc")
        app.until_shown("Esc clear")
        app.press(CTRL_C)
        app.assert_left_clean(0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda value: str(int(value)))
def test_a_signal_before_the_first_paint_leaves_it_clean_too(number: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path, "--demo", "--pairs", "100") as app:
        app.until(lambda: app.session.bytes_read > 0, "the first byte")
        app.session.signal(number)
        app.assert_left_clean(128 + number)


def test_a_dropped_line_ends_it_with_state_saved(tmp_path: Path) -> None:
    with demo(tmp_path) as app:
        app.press_until_titled("e", "cv of price")
        app.session.close_master()
        assert app.session.wait_exit(10) == 129
    with demo(tmp_path) as app:
        app.until_titled("cv of price")


def test_the_end_of_stdin_ends_it_cleanly(tmp_path: Path) -> None:
    """Keys come from another terminal here, whose line is cut; the screen is still there to be left clean."""
    master, slave = pty.openpty()
    try:
        with started(tmp_path, "--demo", stdin=Path(os.ttyname(slave))) as app:
            app.until_shown(RANKED)
            os.close(slave)
            slave = -1
            os.close(master)
            master = -1
            assert app.session.wait_exit(10) == 129
            assert app.session.left_on == set()
    finally:
        for descriptor in (slave, master):
            if descriptor >= 0:
                os.close(descriptor)


def test_ctrl_z_hands_the_terminal_to_the_shell_and_fg_takes_it_back(tmp_path: Path) -> None:
    env = commands.environment(tmp_path, PS1="SHELL> ")
    from tests.support.pty_session import PtySession

    with PtySession(["bash", "--norc", "--noprofile", "-i"], env, 28, 120, cwd=tmp_path) as session:
        app = App(session)
        app.until_shown("SHELL>")
        app.press(f"{commands.COMMAND} --demo\r")
        app.until_shown(RANKED)
        app.press(CTRL_Z)
        app.until_shown("Stopped")
        assert session.left_on <= {"bracketed paste (2004)"}, "bash asks for that itself"
        app.press("fg\r")
        app.until_shown(RANKED)
        app.press_until_titled("e", "cv of price")
        app.press("q")
        app.until(lambda: not session.screen.is_alternate and app.text.rstrip().endswith("SHELL>"), "the shell")
        app.press("echo code=$?\r")
        app.until_shown("code=0")


@pytest.mark.parametrize("stream", ["stdin", "stderr"])
def test_no_start_where_a_stream_is_no_terminal(stream: str, tmp_path: Path) -> None:
    file = tmp_path / stream
    file.touch()
    with started(tmp_path, "--demo", **{stream: file}) as app:  # type: ignore[arg-type]
        assert app.session.wait_exit(10) == 2
        said = (file.read_text() if stream == "stderr" else app.text).strip()
    assert f"{stream} is none" in said
    assert "crypto-tui rank" in said
    assert said.count("\n") <= 1


def test_no_start_where_the_terminal_is_dumb(tmp_path: Path) -> None:
    with started(tmp_path, "--demo", TERM="dumb") as app:
        assert app.session.wait_exit(10) == 2
        assert "TERM is dumb" in app.text
        assert "crypto-tui rank" in app.text.replace("\n", "")
        assert b"\x1b" not in app.session.raw


def test_stdout_may_be_elsewhere(tmp_path: Path) -> None:
    """The screen is drawn on stderr; nothing of it ever gets into what is piped away."""
    out = tmp_path / "out"
    with started(tmp_path, "--demo", stdout=out) as app:
        app.until_shown(RANKED)
        app.press("q")
        app.assert_left_clean(0)
    assert out.read_bytes() == b""


@pytest.mark.parametrize("cols", [60, 160])
def test_rank_on_a_terminal_is_a_table_that_fits(cols: int, tmp_path: Path) -> None:
    with started(tmp_path, "rank", "--demo", "--limit", "5", cols=cols, rows=20) as app:
        assert app.session.wait_exit(20) == 0
        lines = app.text.split("\n")
        assert "SIMULATED" in app.text
        assert sum(bool(PAIR.search(line)) for line in lines) == 5
        assert ("no room for:" in app.text) == (cols == 60)
        assert app.session.left_on == set()


def test_python_m_is_the_same_command(tmp_path: Path) -> None:
    from tests.support.pty_session import PtySession

    argv = [sys.executable, "-m", "tui_tracker", "--demo"]
    with PtySession(argv, commands.environment(tmp_path), 24, 80, cwd=tmp_path) as session:
        app = App(session)
        app.until_shown(RANKED)
        app.press("q")
        app.assert_left_clean(0)


def test_what_is_typed_behind_a_slash_is_a_filter_even_over_the_full_chart(tmp_path: Path) -> None:
    """`|` `/` `q`, in one write and one by one: the filter takes the letter, and the app goes on."""
    with demo(tmp_path) as app:
        for keys in ("|", "/", "q"):
            app.press(keys)
        app.until_prompt(" / q")
        app.press(ESC)
        app.until_no_prompt()
        app.press("|")
        app.until(lambda: len(app.titles) == 1, "the chart alone")
        app.press("/q")
        app.until_prompt(" / q")
        app.press(ESC)
        app.until_no_prompt()
        app.press("q")
        app.assert_left_clean(0)
