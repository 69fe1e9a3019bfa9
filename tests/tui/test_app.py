"""The app through its keys and its mouse, over a feed that the test controls."""

import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key, MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot
from textual.widgets._toast import Toast, ToastHolder
from textual.worker import WorkerCancelled

from tests.support.feed import AT_MS, FakeFeed, FakeStore, Pair, live_status, loading, make_pairs
from tui_tracker.config.choices import Theme, TimeZone
from tui_tracker.config.model import Settings
from tui_tracker.config.state import State, View
from tui_tracker.core.errors import StateError
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import SourceState
from tui_tracker.feed.base import Feed
from tui_tracker.stats.ranking import Ranking, rank
from tui_tracker.tui import follower, present
from tui_tracker.tui.app import TrackerApp
from tui_tracker.tui.bindings import BY_ID, CHART_COMMANDS, KEY_COMMANDS
from tui_tracker.tui.screens.help import HelpScreen
from tui_tracker.tui.times import UTC_ZONE
from tui_tracker.tui.view import Layout, ViewState

BTC, ETH, SOL = "kraken:BTC-USD", "kraken:ETH-USD", "kraken:SOL-USD"
OFFLINE = live_status(state=SourceState.OFFLINE, last_good_ms=None, error="connection refused")


class Rig:
    """An app, what it is fed with, and what it was told to remember."""

    def __init__(
        self, feed: FakeFeed | None = None, settings: Settings | None = None, state: State | None = None
    ) -> None:
        self.feed = feed or FakeFeed(make_pairs())
        self.store = FakeStore()
        self.demo: FakeFeed | None = None
        self.app = TrackerApp(
            self.feed, settings or Settings(), state, self.store, lambda: AT_MS + 2000, self.demo_feed, zone=UTC_ZONE
        )
        self.pilot: Pilot[None]

    async def demo_feed(self) -> Feed:
        self.demo = FakeFeed(make_pairs(seed=2, count=40), live_status(is_simulated=True))
        return self.demo

    async def settle(self) -> None:
        """Let messages, the cursor, threads and refreshes come to rest."""
        await self.pilot.pause()
        while not self.app.is_at_rest:
            await self.pilot.pause()
        while busy := [worker for worker in self.app.workers if worker.group != "feed" and not worker.is_finished]:
            with suppress(WorkerCancelled):
                await busy[0].wait()
            await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
        await self.settle()

    def type_at_once(self, *keys: str) -> None:
        """Let keys come together, as on a slow line."""
        for key in keys:
            self.app.post_message(Key(key, "/" if key == "slash" else key if len(key) == 1 else None))

    @property
    def view(self) -> ViewState:
        return self.app.desk.view

    @property
    def cursors(self) -> tuple[str | None, str | None]:
        return self.app.main.pairs.cursor, self.app.main.table.cursor

    def has(self, name: str) -> bool:
        """Whether the main screen has a style class."""
        return self.app.main.has_class(name)

    def title(self, pane: str) -> str:
        title = self.app.main.query_one(f"#{pane}")._border_title
        return "" if title is None else title.plain


def messages(rig: Rig) -> list[str]:
    """What the boxes say that are on the screen."""
    return [toast._notification.message for toast in rig.app.screen.query(Toast)]


@asynccontextmanager
async def running(rig: Rig, size: tuple[int, int] = (120, 28)) -> AsyncIterator[Rig]:
    async with rig.app.run_test(size=size, notifications=True) as pilot:
        rig.pilot = pilot
        await rig.settle()
        yield rig


async def test_the_first_snapshot_fills_every_pane() -> None:
    async with running(Rig()) as rig:
        main = rig.app.main
        assert rig.view.selected == BTC
        assert rig.cursors == (BTC, BTC)
        assert "● live" in main.header.plain
        assert "BTC/USD" in main.pairs.plain
        assert "1/74       BTC/USD" in main.table.plain
        assert "σ 2,398.1" in main.pane.strip.plain
        assert "86,099.7 20:07" in main.pane.strip.plain
        assert "04:00" in main.pane.chart.plain
        assert rig.title("pane").startswith("BTC/USD ── price ── 24 h")
        assert rig.title("list") == "Pairs ── USD ── 78/240"
        assert rig.title("table").startswith("Ranked by σ of price ── USD")


@pytest.mark.parametrize("keys", [("down",), ("j",), ("j", "j", "k")])
async def test_a_cursor_selects_everywhere(keys: tuple[str, ...]) -> None:
    async with running(Rig()) as rig:
        second = rig.app.main.table.keys[1]
        await rig.press(*keys)
        assert rig.cursors == (second, second)
        assert rig.view.selected == second
        assert rig.title("pane").startswith(second.removeprefix("kraken:").replace("-", "/"))
        assert (second, Metric.PRICE) in rig.feed.series_calls


@pytest.mark.parametrize("keys", [("j", "j", "f"), ("G", "f"), ("pagedown", "k", "f")])
async def test_keys_that_come_together_are_about_the_pair_that_the_cursor_is_on(keys: tuple[str, ...]) -> None:
    async with running(Rig()) as rig:
        rig.type_at_once(*keys)
        await rig.settle()
        assert rig.app.desk.watchlist == (rig.view.selected,) == (rig.app.main.table.cursor,)
        assert rig.view.selected != BTC


async def test_what_was_changed_last_is_saved_when_one_quits_at_once() -> None:
    async with running(Rig()) as rig:
        rig.store.delay_s = 0.2
        rig.type_at_once("j", "f", "q")
        await rig.pilot.pause()
    assert rig.store.changes[-1] == ("add", rig.view.selected)


async def test_a_resize_is_followed_without_a_new_snapshot() -> None:
    async with running(Rig(), (60, 20)) as rig:
        await rig.pilot.resize_terminal(140, 40)
        await rig.settle()
        assert "last " in rig.app.main.pane.strip.plain
        assert rig.title("table").startswith("Ranked by σ of price")
        await rig.pilot.resize_terminal(60, 20)
        await rig.settle()
        assert len(rig.title("table")) <= 56


async def test_moving_in_the_list_selects_in_the_table() -> None:
    async with running(Rig()) as rig:
        await rig.press("tab", "j", "j")
        assert rig.app.main.focused_pane == "list"
        assert rig.cursors == (SOL, SOL)
        assert SOL in rig.app.main.table.visible_keys


async def test_pages_and_ends() -> None:
    async with running(Rig()) as rig:
        keys = rig.app.main.table.keys
        page = len(rig.app.main.table.visible_keys)
        await rig.press("pagedown")
        assert rig.view.selected == keys[page - 1]
        await rig.press("G")
        assert rig.view.selected == keys[-1]
        await rig.press("pageup")
        assert rig.view.selected == keys[-page]
        await rig.press("g")
        assert rig.view.selected == keys[0]
        await rig.press("end")
        assert rig.view.selected == keys[-1]
        await rig.press("home", "k")
        assert rig.view.selected == keys[0]


async def test_the_cursor_keeps_its_pair_and_line_when_rows_move() -> None:
    async with running(Rig()) as rig:
        await rig.press(*"jjjjjjjj")
        table, key = rig.app.main.table, rig.view.selected
        line = table.visible_keys.index(str(key))
        for pair in rig.feed.pairs:
            if pair.id == table.keys[30]:
                pair.values = [value * (1 if index % 2 else 3) for index, value in enumerate(pair.values)]
        rig.feed.publish()
        await rig.settle()
        assert rig.cursors == (key, key)
        assert table.visible_keys.index(str(key)) == line


async def test_equal_data_is_not_painted_again() -> None:
    async with running(Rig()) as rig:
        rig.app.load_trends()
        await rig.settle()
        before = rig.app.main.table.lines, rig.app.main.pane.chart.lines
        rig.feed.publish()
        await rig.settle()
        assert rig.app.main.table.lines is before[0]
        assert rig.app.main.pane.chart.lines is before[1]


async def test_an_update_of_the_status_alone_reads_no_samples() -> None:
    async with running(Rig()) as rig:
        rig.app.load_trends()
        await rig.settle()
        calls = len(rig.feed.series_calls)
        rig.feed.publish_status(backfill=loading(3, 9))
        await rig.settle()
        assert "history ▓▓░░░░░░ 33 %" in rig.app.main.header.plain
        assert "so far" in rig.title("table")
        assert len(rig.feed.series_calls) == calls


async def test_tab_goes_round_the_panes() -> None:
    async with running(Rig()) as rig:
        seen = [rig.app.main.focused_pane]
        for _ in range(3):
            await rig.press("tab")
            seen.append(rig.app.main.focused_pane)
        assert seen == ["table", "list", "chart", "table"]
        await rig.press("shift+tab")
        assert rig.app.main.focused_pane == "chart"
        await rig.press("j")
        assert rig.view.selected == rig.app.main.table.keys[1]


async def test_the_chart_takes_the_screen_and_escape_gives_it_back() -> None:
    async with running(Rig()) as rig:
        await rig.press("tab", "vertical_line")
        main = rig.app.main
        assert rig.has("chart-full")
        assert not main.table.display
        assert main.pane.chart.size.height > 18
        assert len(main.pane.chart.lines) == main.pane.chart.size.height
        await rig.press("j")
        assert rig.has("chart-full")
        await rig.press("escape")
        assert not rig.has("chart-full")
        assert main.focused_pane == "list"


async def test_the_filter_works_as_one_types() -> None:
    async with running(Rig()) as rig:
        await rig.press("slash", "s", "o", "l")
        main = rig.app.main
        assert list(main.table.keys) == [SOL]
        assert main.pairs.keys == (SOL,)
        assert rig.view.selected == SOL
        assert "1 of 78" in rig.title("list")
        assert "18/74" in main.table.plain
        await rig.press("backspace", "backspace", "backspace", "c", "0", "down")
        assert rig.view.selected == main.table.keys[1]
        await rig.press("escape")
        assert main.filter_bar is None
        assert rig.view.needle == ""
        assert rig.view.selected == BTC
        assert main.focused_pane == "table"


async def test_a_kept_filter_is_cleared_by_escape() -> None:
    async with running(Rig()) as rig:
        await rig.press("slash", "e", "t", "h", "enter")
        assert rig.view.needle == "eth"
        assert rig.app.main.filter_bar is None
        assert "/eth" in rig.title("table")
        await rig.press("escape")
        assert rig.view.needle == ""
        assert rig.view.selected == ETH


async def test_a_filter_without_a_match_says_so() -> None:
    async with running(Rig()) as rig:
        await rig.press("slash", *"zzzz")
        assert "no pair matches “zzzz”" in rig.app.main.table.plain
        await rig.press("tab")
        assert rig.app.main.filter_bar is None
        assert rig.view.needle == "zzzz"
        await rig.press("slash", "slash", "escape")
        assert len(list(rig.app.main.table.keys)) == 78


async def test_sorting_moves_rows_but_no_ranks() -> None:
    async with running(Rig()) as rig:
        await rig.press("j", "k", "s", "s")
        assert rig.view.sort == "pair"
        names = [key.split(":")[1] for key in rig.app.main.table.keys[:74]]
        assert names == sorted(names)
        await rig.press("S")
        assert rig.view.reverse
        await rig.press("s", "s")
        assert rig.view.sort == "change"
        assert "by Δ24h" in rig.title("table")
        assert "73/74       PEPE/USD" in rig.app.main.table.plain


async def test_metric_measure_range_scope() -> None:
    async with running(Rig()) as rig:
        await rig.press("e", "m")
        assert (rig.view.measure, rig.view.metric) == (Measure.CV, Metric.MID)
        assert "cv of mid" in rig.title("table")
        await rig.press("left_square_bracket")
        assert "6 h" in rig.title("pane")
        await rig.press("right_square_bracket", "u")
        assert rig.view.quote == "BTC"
        assert all(key.endswith("-BTC") for key in rig.app.main.table.keys)
        assert rig.view.selected in rig.app.main.table.keys
        await rig.press("u", "u", "u")
        assert len(list(rig.app.main.table.keys)) == 240


async def test_favourites() -> None:
    async with running(Rig()) as rig:
        await rig.press("F")
        assert "no pair in the watchlist yet" in rig.app.main.table.plain
        await rig.press("F", "f")
        assert list(rig.app.desk.watchlist) == [BTC]
        await rig.press("j", "f", "F")
        assert len(list(rig.app.main.table.keys)) == 2
        assert "★ watchlist" in rig.title("table")
        await rig.press("f")
        assert len(list(rig.app.main.table.keys)) == 1
        second = rig.store.changes[1][1]
        assert rig.store.changes == [("add", BTC), ("add", second), ("remove", second)]


async def test_a_favourite_that_cannot_be_saved_is_said() -> None:
    rig = Rig()

    def refuse(_: str, **__: str) -> None:
        raise StateError("disk [b]full", "free some space")

    rig.store.add_favourite = refuse  # type: ignore[method-assign,assignment]
    async with running(rig):
        await rig.press("f")
        assert [note.message for note in rig.app._notifications] == ["disk [b]full; free some space"]
        assert rig.app.desk.watchlist == (BTC,)


async def test_a_frozen_order_stays_while_values_go_on() -> None:
    async with running(Rig()) as rig:
        keys = rig.app.main.table.keys
        await rig.press("p")
        assert "frozen 21:57" in rig.title("table")
        last = next(pair for pair in rig.feed.pairs if pair.id == keys[8])
        last.values = [value * (1 if index % 2 else 1000) for index, value in enumerate(last.values)]
        rig.feed.publish()
        await rig.settle()
        assert list(rig.app.main.table.keys) == list(keys)
        assert " 1 ↑8 " in rig.app.main.table.plain
        await rig.press("p")
        assert rig.app.main.table.keys[0] == keys[8]


async def test_themes_and_time_zone() -> None:
    async with running(Rig()) as rig:
        for theme in (Theme.LIGHT, Theme.TERMINAL, Theme.HIGH_CONTRAST, Theme.AUTO):
            await rig.press("T")
            assert rig.view.theme is theme
            assert rig.app.theme == f"tracker-{'dark' if theme is Theme.AUTO else theme.value}"
        assert messages(rig) == ["theme: auto, dark here"]
        await rig.press("t")
        assert rig.view.time_zone is TimeZone.LOCAL


async def test_panes_take_new_colours_with_theme_and_state() -> None:
    async with running(Rig()) as rig:
        chart = rig.app.main.pane.chart
        dark = chart._style("accent", False)
        await rig.press("T")
        light = chart._style("accent", False)
        assert light.color != dark.color
        rig.feed.publish_status(state=SourceState.STALE, error="timed out")
        await rig.settle()
        assert chart._style("accent", False).color != light.color


async def test_poll_now_says_when() -> None:
    async with running(Rig()) as rig:
        await rig.press("R")
        assert rig.feed.polls == 1
        assert [note.message for note in rig.app._notifications] == ["polling at 21:58:02 UTC"]


async def test_help_lists_every_key() -> None:
    async with running(Rig()) as rig:
        await rig.press("question_mark")
        screen = rig.app.screen
        assert isinstance(screen, HelpScreen)
        text = screen.query_one("#help-text").plain  # type: ignore[attr-defined]
        for command in KEY_COMMANDS:
            if command.id not in ("demo", "exchange", "across") and not command.id.startswith("view."):
                assert command.display in text
                assert command.help in " ".join(text.split())
        assert text.startswith("In the table")
        await rig.press("j", "k", "question_mark")
        assert rig.app.screen is rig.app.main


async def test_the_palette_goes_to_a_pair_and_runs_commands() -> None:
    async with running(Rig()) as rig:
        await rig.press("ctrl+p", *"doge", "enter")
        await rig.press("enter") if rig.app.screen is not rig.app.main else None
        assert rig.view.selected == "kraken:DOGE-USD"
        host = rig.app
        from tui_tracker.tui.providers import offers

        titles = {offer.title: offer for offer in offers(host)}
        titles["rank by: volatility"].run()
        titles["scope: all quotes"].run()
        titles["metric: spread (bps)"].run()
        titles["theme: light"].run()
        titles["range: 1 h of the chart"].run()
        titles["poll the exchange now  (R)"].run()
        await rig.settle()
        assert (rig.view.measure, rig.view.quote, rig.view.metric) == (Measure.VOLATILITY, None, Metric.SPREAD)
        assert (rig.view.theme, rig.view.range_hours, rig.feed.polls) == (Theme.LIGHT, 1, 1)
        assert not any("simulated" in title for title in titles)


async def test_going_to_a_pair_outside_the_scope_widens_it() -> None:
    async with running(Rig()) as rig:
        rig.app.go_to("kraken:C027-BTC")
        await rig.settle()
        assert rig.view.selected == "kraken:C027-BTC"
        assert rig.view.quote is None
        assert rig.cursors == ("kraken:C027-BTC", "kraken:C027-BTC")


async def test_the_mouse_selects_sorts_and_opens() -> None:
    async with running(Rig()) as rig:
        table = rig.app.main.table
        await rig.pilot.click("#table", offset=(20, 5))
        await rig.settle()
        assert rig.view.selected == table.keys[3]
        heading = table.lines[0].text.index("last") + 2
        await rig.pilot.click("#table", offset=(heading, 1))
        await rig.settle()
        assert rig.view.sort == "last"
        await rig.pilot.click("#table", offset=(heading, 1))
        await rig.settle()
        assert rig.view.reverse
        await rig.pilot.double_click("#list", offset=(5, 2))
        await rig.settle()
        assert rig.app.page is not None
        assert rig.app.page.page_name == "pair"


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    async with running(Rig()) as rig:
        table = rig.app.main.table
        for event, first in ((MouseScrollDown, 3), (MouseScrollUp, 0), (MouseScrollUp, 0)):
            table.post_message(event(table, 5, 5, 0, 1, 0, False, False, False))
            await rig.settle()
            assert table.visible_keys[0] == table.keys[first]
        assert rig.view.selected == BTC


async def test_nothing_known_and_out_of_reach_offers_the_simulated_market() -> None:
    async with running(Rig(FakeFeed((), OFFLINE))) as rig:
        assert "kraken gives no data yet" in rig.app.main.table.plain
        assert "d demo" in rig.app.main.keys.plain
        await rig.press("d")
        await rig.settle()
        assert rig.demo is not None
        assert "SIMULATED" in rig.app.main.header.plain
        assert rig.view.selected == BTC
        assert "d demo" not in rig.app.main.keys.plain
        assert messages(rig) == ["a simulated market; d leads back to kraken"]


async def test_the_simulated_market_can_be_left_again() -> None:
    state = State(view=View(quote="EUR", compared=(ETH,)), watchlist=(ETH,))
    async with running(Rig(FakeFeed((), OFFLINE), state=state)) as rig:
        await rig.press("d")
        await rig.settle()
        made = rig.demo
        await rig.press("f", "e", "V", *"own", "enter")
        assert messages(rig)[0].startswith("kept the view own until the app ends")
        await rig.press("d")
        await rig.settle()
        assert messages(rig) == ["back at kraken; d leads to the simulated market again"]
        assert rig.app.desk.saved_views == ()
        assert "SIMULATED" not in rig.app.main.header.plain
        assert "kraken gives no data yet" in rig.app.main.table.plain
        assert (rig.view.quote, rig.view.compared, rig.app.desk.watchlist) == ("EUR", (ETH,), (ETH,))
        await rig.press("d")
        await rig.settle()
        assert rig.demo is made
        await rig.press("d")
        rig.feed.pairs = make_pairs()
        rig.feed.publish(rig.feed.snapshot(live_status(), 2))
        await rig.settle()
        assert rig.view.selected is not None
        assert not rig.app.is_demo_offered
        await rig.press("f")
    assert len(rig.store.changes) == 1


async def test_a_demo_in_the_place_of_an_exchange_leaves_no_trace() -> None:
    state = State(view=View(quote="EUR", compared=(ETH,)), watchlist=(ETH,), others={"alts": (SOL,)})
    async with running(Rig(FakeFeed((), OFFLINE), state=state)) as rig:
        await rig.press("d")
        await rig.settle()
        assert rig.app.desk.watchlists == {"main": (), "alts": ()}
        assert rig.view.compared == ()
        await rig.press("f", "m", "c")
        assert len(rig.app.desk.watchlist) == 1
    assert rig.store.changes == []
    (left,) = rig.store.views
    assert isinstance(left, View)
    assert (left.quote, left.compared, left.metric) == ("EUR", (ETH,), "price")


async def test_the_simulated_market_is_not_offered_over_known_data() -> None:
    async with running(Rig()) as rig:
        rig.feed.publish_status(state=SourceState.OFFLINE, error="connection refused")
        await rig.settle()
        await rig.press("d")
        assert rig.demo is None
        assert messages(rig) == ["kraken: its data stays; crypto-tui --demo shows a simulated market"]
        assert "○ offline 2s: connection refused" in rig.app.main.header.plain
        strip = rig.app.main.pane.strip
        assert strip._style("up", False).color == strip._style("muted", False).color


async def test_the_app_recovers_by_itself() -> None:
    async with running(Rig(FakeFeed((), OFFLINE))) as rig:
        rig.feed.pairs = make_pairs()
        rig.feed.publish()
        await rig.settle()
        assert rig.view.selected == BTC
        assert "● live" in rig.app.main.header.plain


async def test_a_selection_that_disappears_moves_on() -> None:
    async with running(Rig()) as rig:
        rig.feed.pairs = rig.feed.pairs[1:]
        rig.feed.publish()
        await rig.settle()
        assert rig.view.selected == rig.app.main.table.keys[0]
        assert rig.title("pane").startswith(rig.app.desk.row.instrument.pair if rig.app.desk.row else "?")


async def test_history_is_asked_for_in_the_order_of_interest() -> None:
    state = State(watchlist=(SOL, ETH))
    async with running(Rig(state=state)) as rig:
        rig.app._prioritise()
        first = rig.feed.priorities[-1]
        assert first[:2] == (SOL, ETH)
        assert set(rig.app.main.table.visible_keys) <= set(first)
        count = len(rig.feed.priorities)
        rig.app._prioritise()
        assert len(rig.feed.priorities) == count


async def test_pairs_without_samples_and_without_the_metric() -> None:
    async with running(Rig()) as rig:
        rig.app.go_to("kraken:LTC-USD")
        await rig.settle()
        assert "no sample of LTC/USD yet" in rig.app.main.pane.chart.plain
        rig.app.go_to("kraken:YFI-USD")
        rig.app.choose(replace(rig.view, metric=Metric.SPREAD))
        await rig.settle()
        assert "gives no spread" in rig.app.main.pane.chart.plain


async def test_hostile_names_are_shown_as_plain_text() -> None:
    async with running(Rig()) as rig:
        for key in (
            "kraken:X[/b]Y-USD",
            "kraken:\x1b[31mRED-USD",
            "kraken:[@click=app.quit]Q-USD",
            "kraken:长江长江长江-USD",
        ):
            rig.app.go_to(key)
            await rig.settle()
            assert rig.view.selected == key
            assert "\x1b" not in rig.title("pane")
        assert "·[31mRED/USD" in rig.app.main.table.plain or "X[/b]Y" in rig.app.main.table.plain
        await rig.press("ctrl+p", *"usd")
        await rig.press("escape")


@pytest.mark.parametrize(
    ("size", "layout", "shown"),
    [
        ((140, 40), Layout.WIDE, {"list", "pane", "table"}),
        ((80, 24), Layout.MEDIUM, {"pane", "table"}),
        ((60, 20), Layout.NARROW, {"table"}),
        ((40, 12), Layout.NARROW, {"table"}),
        ((39, 12), Layout.TOO_SMALL, set()),
    ],
)
async def test_panes_at_each_size(size: tuple[int, int], layout: Layout, shown: set[str]) -> None:
    async with running(Rig(), size) as rig:
        main = rig.app.main
        assert main.arrangement is layout
        visible = {pane for pane in ("list", "pane", "table") if main.query_one(f"#{pane}").region.area}
        assert visible == shown
        assert (main.small.display, main.small.plain) == (not shown, "" if shown else "too small: 40 × 12 at least")


async def test_the_list_opens_over_the_other_panes() -> None:
    async with running(Rig(), (80, 24)) as rig:
        main = rig.app.main
        await rig.press("tab")
        assert rig.has("list-open")
        assert main.pairs.region.width == 36
        await rig.press("j", "vertical_line")
        assert rig.has("chart-full")
        await rig.press("escape")
        assert not rig.has("list-open")
        assert main.focused_pane == "table"
        await rig.press("slash")
        assert not rig.has("list-open")
        await rig.press("e", "t", "h", "enter")
        await rig.press("tab", "escape")
        assert not rig.has("list-open")


async def test_the_chart_opens_over_a_narrow_table() -> None:
    async with running(Rig(), (60, 20)) as rig:
        await rig.press("vertical_line")
        assert rig.app.main.pane.chart.size.height > 10
        assert "06:00" in rig.app.main.pane.chart.plain
        await rig.press("escape", "vertical_line", "escape")
        assert rig.app.main.focused_pane == "table"


async def test_resizing_follows_and_stays_live() -> None:
    async with running(Rig()) as rig:
        for size in ((20, 5), (1, 1), (80, 24), (60, 20), (300, 60), (120, 28)):
            await rig.pilot.resize_terminal(*size)
            await rig.settle()
        assert rig.app.main.arrangement is Layout.WIDE
        assert len(rig.app.main.pane.chart.lines) == rig.app.main.pane.chart.size.height
        assert rig.cursors == (BTC, BTC)


async def test_the_view_is_remembered_at_the_end() -> None:
    rig = Rig()
    async with running(rig):
        await rig.press("j", "e", "u")
    assert len(rig.store.views) == 1
    assert rig.store.views[0] == rig.view.remembered()


async def test_the_view_that_was_left_is_taken_up() -> None:
    view = ViewState(selected=ETH, measure=Measure.RANGE, range_hours=6, theme=Theme.LIGHT)
    async with running(Rig(state=State(view=view.remembered(), watchlist=(ETH,), warning="odd [b]file"))) as rig:
        assert rig.view.selected == ETH
        assert rig.view.measure is Measure.RANGE
        assert rig.app.theme == "tracker-light"
        assert [note.message for note in rig.app._notifications] == ["odd [b]file"]


async def test_where_nothing_is_priced_in_usd_tether_stands_in() -> None:
    """Named views open on it too, and what is remembered is still that dollars were chosen."""
    pairs = [pair for pair in make_pairs() if pair.instrument.quote != "USD"]
    for index, base in enumerate(("BTC", "ETH", "SOL")):
        pairs.append(Pair(1, index, base, "USDT", 100.0, 2))
    rig = Rig(FakeFeed(pairs))
    async with running(rig):
        assert rig.view.quote == "USDT"
        assert "── USDT ──" in rig.title("list")
        await rig.press("2")
        assert rig.view.quote == "USDT"
        assert "*" not in rig.title("table")
        await rig.press("u")
        assert rig.view.quote not in ("USD", "USDT")
        await rig.press("1")
    assert rig.store.views == [replace(rig.view, quote="USD").remembered()]


async def test_q_and_control_c_end_the_app_from_anywhere() -> None:
    for keys in (("q",), ("ctrl+c",), ("slash", "ctrl+c"), ("question_mark", "ctrl+c"), ("ctrl+p", "ctrl+c")):
        rig = Rig()
        async with rig.app.run_test() as pilot:
            rig.pilot = pilot
            for key in keys:
                await pilot.press(key)
        assert rig.app.return_code == 0
        assert rig.app._exit


async def test_a_feed_that_fails_for_good_is_said() -> None:
    class Broken(FakeFeed):
        async def updates(self) -> AsyncIterator[Snapshot]:
            yield self.current
            raise StateError("nothing came")

    async with running(Rig(Broken(make_pairs()))) as rig:
        assert [note.message for note in rig.app._notifications] == ["no more data: nothing came"]


async def test_the_age_of_old_data_is_told_each_second_and_then_each_minute() -> None:
    async with running(Rig()) as rig:
        assert rig.app._age_timer is None
        rig.feed.publish_status(state=SourceState.STALE, last_good_ms=AT_MS - 150_000)
        await rig.settle()
        assert "◌ stale 2m" in rig.app.main.header.plain
        status = rig.feed.current.status
        assert rig.app.desk.age_changes_in_s(status) == pytest.approx(27.95, abs=0.01)
        young = replace(status, last_good_ms=(status.last_good_ms or 0) + 120_000)
        assert rig.app.desk.age_changes_in_s(young) == pytest.approx(0.95, abs=0.01)
        rig.feed.publish_status(state=SourceState.LIVE, last_good_ms=AT_MS)
        await rig.settle()
        assert rig.app._age_timer is None


def test_every_binding_has_an_id_and_a_description() -> None:
    assert len(BY_ID) == len(KEY_COMMANDS) + len(CHART_COMMANDS)
    keys = [key for command in KEY_COMMANDS for key in command.keys.split(",")]
    assert len(keys) == len(set(keys))
    for command in KEY_COMMANDS:
        assert command.binding.id == command.id
        assert command.binding.description == command.help


@pytest.mark.parametrize("module", ["plotext", "httpx", "msgspec", "sqlite3", "numpy", "tui_tracker.engine"])
def test_importing_the_app_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, tui_tracker.tui.app; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_while_nothing_is_known_one_pane_says_what_failed() -> None:
    status = live_status(state=SourceState.OFFLINE, last_good_ms=None, error="connection refused")
    async with running(Rig(FakeFeed((), status))) as rig:
        assert rig.has("lost")
        assert not rig.app.main.pairs.display
        assert rig.app.main.table.size.width == 118
        assert "connection refused" in rig.app.main.table.plain
        rig.feed.pairs = make_pairs()
        rig.feed.publish(rig.feed.snapshot(live_status(), version=2))
        await rig.settle()
        assert not rig.has("lost")
        assert rig.app.main.pairs.display


async def test_a_short_message_covers_no_more_than_a_border() -> None:
    for size in ((120, 28), (60, 20)):
        async with running(Rig(), size) as rig:
            await rig.press("T")
            while not rig.app.screen.query(Toast):  # it is mounted by a later message
                await rig.settle()
            (toast,) = rig.app.screen.query(Toast)
            assert (toast.region.y, toast.region.height) == (size[1] - 2, 1)


async def test_there_is_one_message_at_a_time() -> None:
    async with running(Rig()) as rig:
        await rig.press("T", "T", "y", "T")
        assert messages(rig) == [f"theme: {rig.view.theme}"]
        rig.type_at_once(*"y" * 500)
        await rig.settle()
        for _ in range(200):  # as many keys as that take a while
            if messages(rig) == ["copied the row of BTC/USD"]:
                break
            await rig.settle()
        assert messages(rig) == ["copied the row of BTC/USD"]
        await rig.press("o", "T")
        await rig.press("escape")
        assert len(messages(rig)) == 1
        assert len(rig.app.main.query(ToastHolder)) == 1


async def test_two_warnings_at_the_start_are_told_together() -> None:
    settings = Settings(keys={"nonsense": ("x",)})
    async with running(Rig(settings=settings, state=State(warning="the state is odd"))) as rig:
        (message,) = messages(rig)
        assert "the state is odd" in message
        assert "nonsense" in message


class MadeOnTheLoop(Sequence[Figures | None]):
    """Figures that are made when they are first looked at, which only the thread of the loop may do."""

    def __init__(self, figures: Sequence[Figures | None]) -> None:
        self._figures = figures
        self.made = {METRIC_INDEX[Metric.PRICE]}

    def __len__(self) -> int:
        return len(self._figures)

    def __getitem__(self, index: Any) -> Any:
        if index not in self.made:
            assert threading.current_thread() is threading.main_thread(), "made while windows may change"
            self.made.add(index)
        return self._figures[index]


async def test_many_rows_are_ranked_by_a_thread_and_their_figures_made_by_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "MANY_ROWS", 10)
    ranked_by: set[str] = set()

    def noting(*arguments: Any, **more: Any) -> Ranking:
        ranked_by.add(threading.current_thread().name)
        return rank(*arguments, **more)

    monkeypatch.setattr(present, "rank", noting)
    feed = FakeFeed(make_pairs())

    def publish() -> None:
        snapshot = feed.snapshot(version=feed.current.version + 1)
        feed.publish(replace(snapshot, rows=tuple(r._replace(figures=MadeOnTheLoop(r.figures)) for r in snapshot.rows)))

    publish()
    async with running(Rig(feed, Settings(export_dir=str(tmp_path)))) as rig:
        publish()
        await rig.settle()
        ranked_by.clear()
        for key in ("m", "m", "e", "u", "m"):
            await rig.press(key)
            scene = rig.app.desk.scene
            assert scene is not None
            assert (scene.ranking.metric, scene.ranking.measure) == (rig.view.metric, rig.view.measure)
            assert scene.ranking.scope.quote == rig.view.quote
            assert f" {rig.view.metric.value.replace('_', ' ')}" in rig.title("table")
            publish()
            await rig.settle()
        await rig.press("w", "enter")
    assert ranked_by
    assert threading.main_thread().name not in ranked_by
