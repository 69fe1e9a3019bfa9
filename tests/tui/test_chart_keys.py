"""The chart through its keys."""

from tests.tui.test_app import BTC, ETH, Rig, running
from tui_tracker.config.choices import ChartStyle
from tui_tracker.config.state import State, View
from tui_tracker.core.metric import Metric

DAY = (140, 40)


async def test_styles_and_band_change_the_picture_and_are_remembered() -> None:
    async with running(Rig(), DAY) as rig:
        chart = rig.app.main.pane.chart
        await rig.press("v")
        assert "░" in chart.plain
        await rig.press("v", "b")
        assert "1 h candles" in rig.title("pane")
        assert "mean ± 2σ of 24 h" in rig.title("pane")
        assert "┌" in chart.plain
        assert "·" in chart.plain
        remembered = rig.view.remembered()
        assert (remembered.chart_style, remembered.band_minutes) == ("candles", 1440)
        await rig.press("v", "b", "b", "b")
        assert (rig.view.chart_style, rig.view.band_minutes) == (ChartStyle.LINE, 0)


async def test_pairs_are_compared_and_taken_out_again() -> None:
    async with running(Rig(), DAY) as rig:
        chart = rig.app.main.pane.chart
        await rig.press("c")
        rig.app.go_to(ETH)
        await rig.settle()
        assert "A BTC/USD" in chart.plain
        assert "• ETH/USD" in chart.plain
        assert "0 % ┤" in chart.plain
        assert rig.title("pane").startswith("Compared")
        await rig.press("c")
        assert "B ETH/USD" in chart.plain
        assert rig.view.remembered().compared == (BTC, ETH)
        await rig.press("c")
        rig.app.action_compare_none()
        await rig.settle()
        assert rig.title("pane").startswith("ETH/USD")


async def test_what_was_compared_is_compared_again_and_no_more_than_six() -> None:
    keys = tuple(pair.id for pair in Rig().feed.pairs[1:7])
    async with running(Rig(state=State(View(selected=BTC, compared=keys))), DAY) as rig:
        assert "F LINK/USD" in rig.app.main.pane.chart.plain or "F USDT/USD" in rig.app.main.pane.chart.plain
        await rig.press("c")
        assert rig.view.compared == keys
        assert any("6 pairs" in note.message for note in rig.app._notifications)


async def test_the_crosshair_reads_values_without_drawing_again() -> None:
    async with running(Rig(), DAY) as rig:
        pane = rig.app.main.pane
        await rig.press("shift+tab")
        drawn = pane.chart._picture
        words = pane.strip.plain
        await rig.press("left")
        assert pane.strip.plain.startswith(" 21:57  84,120.5")
        assert "from yesterday 21:58" in pane.strip.plain
        assert " z " in pane.strip.plain
        before = pane.chart.lines
        await rig.press("left")
        changed = sum(old != new for old, new in zip(before, pane.chart.lines, strict=True))
        assert 0 < changed <= drawn.frame.rows if drawn.frame is not None else False
        assert pane.chart._picture is drawn
        await rig.press("y")
        assert rig.app.clipboard.startswith("BTC/USD price  2025-11-24 UTC  21:")
        await rig.press("escape")
        assert pane.strip.plain == words
        assert pane.chart.lines == drawn.lines


async def test_the_crosshair_leaves_with_the_focus() -> None:
    async with running(Rig(), DAY) as rig:
        await rig.press("shift+tab", "left", "tab")
        assert rig.app.main.pane.chart.crosshair_ms is None


async def test_zoom_and_pan_stay_in_the_window() -> None:
    async with running(Rig(), DAY) as rig:
        await rig.press("shift+tab", "plus")
        assert "last 12 h" in rig.title("pane")
        await rig.press("comma")
        assert "06:58–18:57" in rig.title("pane")
        await rig.press("shift+right", "minus")
        assert rig.view.span is None
        assert "24 h" in rig.title("pane")
        await rig.press("plus", "left_square_bracket")
        assert rig.view.span is None
        assert rig.view.range_hours == 6


async def test_full_screen_and_back() -> None:
    async with running(Rig(), DAY) as rig:
        await rig.press("vertical_line")
        assert rig.has("chart-full")
        await rig.press("vertical_line")
        assert not rig.has("chart-full")
        await rig.press("shift+tab", "enter", "left", "escape")
        assert rig.has("chart-full")
        await rig.press("escape")
        assert not rig.has("chart-full")


async def test_the_rank_of_a_pair_over_time() -> None:
    async with running(Rig(), DAY) as rig:
        await rig.press("h")
        assert "rank by σ of price" in rig.title("pane")
        assert "known since 21:57" in rig.title("pane")
        assert "1 ┤" in rig.app.main.pane.chart.plain
        await rig.press("shift+tab", "left")
        assert "rank 1" in rig.app.main.pane.strip.plain
        await rig.press("h")
        assert rig.title("pane").startswith("BTC/USD ── price")


async def test_what_comparing_needs_and_leaves_out_is_said() -> None:
    async with running(Rig()) as rig:
        await rig.press("c")
        assert "move to another pair and press c" in rig.title("pane")
        await rig.press("v")
        assert "styles and the band are for one pair alone" in [note.message for note in rig.app._notifications][-1]
        await rig.press("j", "c")
        assert rig.title("pane").startswith("Compared from the left edge")


async def test_zoom_is_reset_by_one_key() -> None:
    async with running(Rig()) as rig:
        await rig.press("vertical_line", "plus", "plus")
        assert rig.view.span is not None
        await rig.press("0")
        assert rig.view.span is None


async def test_weeks_and_months_are_drawn_from_hours() -> None:
    rig = Rig()
    rig.feed.older_days = 40
    async with running(rig, DAY) as rig:
        await rig.press("right_square_bracket")
        assert rig.view.range_hours == 7 * 24
        assert rig.feed.hours_calls[-1] == (BTC, Metric.PRICE, 168)
        chart = rig.app.main.pane.chart
        assert "7 d" in rig.title("pane")
        assert "20 Nov" in chart.plain
        await rig.press("right_square_bracket", "shift+tab", "left")
        assert "30 d" in rig.title("pane")
        assert rig.app.main.pane.strip.plain.startswith(" 24 Nov 21:00–22:00")
        assert "high" in rig.app.main.pane.strip.plain
        await rig.press("escape", "v", "v")
        assert "d candles" in rig.title("pane") or "h candles" in rig.title("pane")
        await rig.press("plus")
        assert "last 15 d" in rig.title("pane")
        await rig.press("comma")
        assert "Nov–" in rig.title("pane")
        await rig.press("right_square_bracket")
        assert "1 y" in rig.title("pane")
        assert "known from 14 Oct" in rig.title("pane")
        await rig.press(*["left_square_bracket"] * 3)
        assert rig.view.range_hours == 24
        assert "known from" not in rig.title("pane")


async def test_a_range_that_no_history_tells_says_so() -> None:
    async with running(Rig(), (220, 40)) as rig:
        await rig.press("right_square_bracket")
        assert "no history is kept" in rig.title("pane")
        assert "known from" in rig.title("pane")
        await rig.press("c")
        rig.app.go_to(ETH)
        await rig.settle()
        assert "A BTC/USD" in rig.app.main.pane.chart.plain
        assert (ETH, Metric.PRICE, 168) in rig.feed.hours_calls
