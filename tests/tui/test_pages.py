"""The screens of blocks through their keys, over a feed that the test controls."""

import re
import shlex
from dataclasses import replace

import pytest

from tests.support.feed import AT_MS, FakeFeed, live_status, make_pairs
from tests.tui.test_app import BTC, ETH, Rig, running
from tui_tracker.config.model import Settings
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.status import ErrorTally, RequestReport, SourceReport, SourceState
from tui_tracker.tui.screens.help import HelpScreen
from tui_tracker.tui.screens.page import PageScreen
from tui_tracker.tui.screens.pair import PairStepping

SIZES = ((80, 24), (140, 40), (200, 60))
KEYS = {"enter": "pair", "i": "why", "o": "overview", "H": "health"}


def page_of(rig: Rig) -> PageScreen:
    page = rig.app.screen
    assert isinstance(page, PageScreen)
    return page


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", KEYS)
async def test_a_key_opens_each_and_escape_leaves_it(key: str, size: tuple[int, int]) -> None:
    async with running(Rig(), size) as rig:
        await rig.press(key)
        page = page_of(rig)
        assert page.page_name == KEYS[key]
        assert "● live" in page.header.plain
        assert page.body.plain.strip()
        whole = page.body.whole.replace("measuring …", "")
        assert not any(line.endswith("…") for line in whole.splitlines())
        assert all(len(line) <= page.body.size.width for line in page.body.whole.splitlines())
        await rig.press("escape")
        assert rig.app.screen is rig.app.main
        assert rig.app.page is None
        await rig.press(key, "q")
        assert rig.app.screen is rig.app.main


def shows_chart(page: PairStepping) -> bool:
    return bool(page.pane.display)


@pytest.mark.parametrize("key", ["enter", "i"])
async def test_the_chart_of_the_pair_fills_what_the_words_leave_free(key: str) -> None:
    async with running(Rig(), (200, 60)) as rig:
        await rig.press(key)
        page = page_of(rig)
        assert isinstance(page, PairStepping)
        assert shows_chart(page)
        assert page.body.position == ""
        assert page.body.outer_size.height + page.pane.outer_size.height == 58
        before = page.pane.chart.plain
        assert len(before.splitlines()) == page.pane.chart.size.height
        await rig.press("right")
        assert page.pane.chart.plain != before
        await rig.pilot.resize_terminal(80, 24)
        await rig.settle()
        assert not shows_chart(page)
        assert page.body.outer_size.height == 22
        assert page.body.position.startswith("1–20 of ")
        await rig.pilot.resize_terminal(200, 60)
        await rig.settle()
        assert shows_chart(page)


async def test_enter_in_the_chart_is_the_chart() -> None:
    async with running(Rig()) as rig:
        await rig.press("shift+tab", "enter")
        assert rig.app.screen is rig.app.main
        assert rig.app.main.is_chart_full
        await rig.press("escape", "vertical_line")
        assert rig.app.main.is_chart_full


async def test_why_tells_rank_weight_neighbours_and_command() -> None:
    async with running(Rig(settings=Settings(min_volume=100_000.0))) as rig:
        await rig.press("j", "i")
        text = page_of(rig).body.whole
        assert rig.view.selected is not None
        assert re.search(r"^rank +2 of 74", text, re.MULTILINE)
        assert "this pair" in text
        assert "Minutes that carry most of σ" in text
        pasted = text[text.index("crypto-tui rank") :].replace("\\\n  ", "")
        wanted = "crypto-tui rank --source kraken --quote USD --limit 0 --min-volume 100000 --metric price --by stddev"
        assert pasted.startswith(wanted)
        await rig.press("e", "e")
        assert rig.view.measure is Measure.VOLATILITY
        assert "5-minute returns that carry most of it" in page_of(rig).body.whole
        await rig.press("e", "m", "m")
        assert rig.view.metric is Metric.VOLUME
        assert "No command can" in page_of(rig).body.whole


async def test_the_pair_screen_goes_along_the_table_and_follows_the_market() -> None:
    async with running(Rig(), (140, 40)) as rig:
        await rig.press("enter")
        page = page_of(rig)
        keys = rig.app.main.table.keys
        assert "It is the reference itself" in page.body.whole
        await rig.press("right")
        assert rig.view.selected == keys[1]
        assert "correlation of 287 5-minute returns" in page.body.whole
        await rig.press("left")
        assert rig.view.selected == keys[0] == BTC
        rig.feed.pairs[0].values[-1] = 85_000.0
        rig.feed.publish()
        await rig.settle()
        assert "85,000.0" in page.body.whole
        assert page.series((BTC, Metric.PRICE)) is not None
        assert not page.lacks()


async def test_gaps_halts_and_pairs_without_samples_have_words() -> None:
    async with running(Rig(), (140, 40)) as rig:
        page: PageScreen
        for key, words in {
            "kraken:DOGE-USD": "120 min",
            "kraken:DOT-USD": "60 min",
            "kraken:LTC-USD": "No sample yet.",
            "kraken:TRX-USD": "maintenance",
        }.items():
            rig.app.go_to(key)
            await rig.press("enter")
            page = page_of(rig)
            assert words in page.body.whole, key
            await rig.press("i")
            assert page_of(rig).page_name == "why"
            await rig.press("escape")


async def test_the_overview_tells_of_what_happened() -> None:
    async with running(Rig(), (140, 40)) as rig:
        await rig.press("o")
        page = page_of(rig)
        assert "▲ up" in page.body.whole
        assert "median cv" in page.body.whole
        before = page.body.whole
        await rig.press("m")
        assert "by cv" in page.body.whole
        await rig.press("m")
        assert page.body.whole == before
        rig.feed.pairs[0].halted = "cancel_only"
        snapshot = rig.feed.snapshot(live_status(), 2)
        rig.feed.publish(replace(snapshot, at_ms=AT_MS + 60_000))
        await rig.settle()
        assert "‖ halted" in page.body.whole
        assert "cancel only" in page.body.whole


async def test_health_tells_of_requests_errors_and_what_was_skipped() -> None:
    feed = FakeFeed(make_pairs())
    feed.report = SourceReport(
        live_status(),
        RequestReport(120, 3, 120, 84, 312, 58, 58, 4),
        (ErrorTally("timed out", 2, AT_MS - 60_000, "nothing came for 10 s"),),
        (("X[/b]Y", "no tick size"),),
    )
    async with running(Rig(feed), (140, 40)) as rig:
        await rig.press("H")
        text = page_of(rig).body.whole
        for words in ("84 ms", "312 ms", "58 of 58", "timed out", "nothing came for 10 s", "X[/b]Y", "no tick size"):
            assert words in text
        assert " MB" in text


async def test_the_state_line_stays_and_only_one_page_is_open() -> None:
    async with running(Rig()) as rig:
        await rig.press("o", "H", "i", "i")
        assert page_of(rig).page_name == "why"
        assert len(rig.app.screen_stack) == 2
        rig.feed.publish_status(state=SourceState.OFFLINE, error="connection refused")
        await rig.settle()
        assert "connection refused" in page_of(rig).header.plain
        await rig.press("escape")
        assert "connection refused" in rig.app.main.header.plain


async def test_keys_of_the_panes_do_not_act_unseen() -> None:
    async with running(Rig()) as rig:
        await rig.press("o")
        view = rig.view
        await rig.press("s", "S", "f", "F", "p", "left_square_bracket")
        assert rig.view == view
        assert rig.store.changes == []
        assert rig.app.main.filter_bar is None


async def test_a_long_page_scrolls() -> None:
    async with running(Rig(), (80, 24)) as rig:
        await rig.press("enter")
        body = page_of(rig).body
        assert body.position.startswith("1–20 of ")
        assert body.position in page_of(rig).keys.plain
        await rig.press("j", "down", "k")
        assert body.position.startswith("2–")
        await rig.press("pagedown")
        assert body.position.startswith("21–")
        await rig.press("G")
        assert body.plain.splitlines()[-1] == body.whole.splitlines()[-1]
        await rig.press("home")
        assert body.position.startswith("1–")
        await rig.pilot.resize_terminal(200, 60)
        await rig.settle()
        assert body.position == ""


async def test_help_tells_the_keys_of_the_page() -> None:
    async with running(Rig(), (100, 44)) as rig:
        await rig.press("enter", "question_mark")
        assert isinstance(rig.app.screen, HelpScreen)
        text = rig.app.screen.query_one("#help-text").plain  # type: ignore[attr-defined]
        assert "previous pair of the table" in text
        await rig.press("escape", "escape")
        assert rig.app.page is None


async def test_without_any_data_and_too_small() -> None:
    offline = live_status(state=SourceState.OFFLINE, last_good_ms=None, error="connection refused")
    async with running(Rig(FakeFeed((), offline)), (80, 24)) as rig:
        for key in ("i", "o", "H"):
            await rig.press(key)
            assert page_of(rig).body.plain.strip()
            await rig.press("escape")
        await rig.press("enter")
        assert rig.app.screen is rig.app.main
        await rig.press("H")
        await rig.pilot.resize_terminal(30, 8)
        await rig.settle()
        assert "too small" in page_of(rig).body.plain
        assert page_of(rig).body.plain.strip() in ("too small: 40 × 12 at least", "too small: 40 × 12")


async def test_the_palette_changes_the_pair_of_an_open_page() -> None:
    async with running(Rig()) as rig:
        await rig.press("enter")
        rig.app.go_to(ETH)
        await rig.settle()
        assert page_of(rig).body.border_title == "ETH/USD ── kraken ── UTC"


async def test_the_theme_changes_on_a_page() -> None:
    async with running(Rig()) as rig:
        before = rig.view.theme
        await rig.press("o", "T")
        assert rig.view.theme != before


async def test_the_command_that_ranks_again_is_copied_in_one_line() -> None:
    async with running(Rig()) as rig:
        await rig.press("i", "y")
        copied = shlex.split(rig.app.clipboard)
        assert copied[:2] == ["crypto-tui", "rank"]
        assert rig.app.clipboard in " ".join(
            line.rstrip(" \\").strip() for line in page_of(rig).body.whole.splitlines()
        )
        await rig.press("m", "y")
        assert rig.app.clipboard == shlex.join(copied), "no command ranks volumes again"
