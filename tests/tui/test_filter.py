"""The filter language as one types it."""

import pytest
from textual import events

from tests.tui.test_app import Rig, running
from tui_tracker.tui.messages import FilterChanged
from tui_tracker.tui.widgets.canvas import Canvas


async def test_an_expression_filters_and_leaves_the_ranks() -> None:
    async with running(Rig()) as rig:
        before = rig.app.desk.scene
        await rig.press("slash", *"volume > 10M")
        scene = rig.app.desk.scene
        assert scene is not None
        assert before is not None
        assert rig.view.needle == "volume > 10M"
        assert 0 < scene.counts.shown < before.counts.shown
        assert scene.ranking.ranked == before.ranking.ranked


async def test_a_mistake_is_shown_where_it_is_and_the_filter_before_stays() -> None:
    async with running(Rig()) as rig:
        await rig.press("slash", *"volume > 10M")
        shown = list(rig.app.main.table.keys)
        await rig.press(*" and")
        assert said(rig) == "at 17: a condition is missing"
        assert list(rig.app.main.table.keys) == shown
        await rig.press("enter")
        assert rig.has("filtering")
        await rig.press(*["backspace"] * 4)
        assert " of 78 " in said(rig)
        await rig.press("enter")
        assert not rig.has("filtering")
        assert list(rig.app.main.table.keys) == shown


async def test_a_mistake_is_underlined() -> None:
    async with running(Rig()) as rig:
        await rig.press("slash", *"cv>1% and volme > 5")
        assert said(rig) == "at 11: no column 'volme': did you mean volume?"
        assert rig.app.main.filter_bar is not None
        assert rig.app.main.filter_bar._mark.span == (10, 15)


async def test_the_classes_that_there_are_fit_beside_a_short_filter() -> None:
    async with running(Rig()) as rig:
        await rig.press("slash", *"class = zzz")
        assert said(rig).endswith("known: stable, fiat, wrapped, leveraged, tokenised, second_venue")


async def test_the_list_stays_while_an_expression_is_begun() -> None:
    async with running(Rig()) as rig:
        await rig.press("slash", *"parkinson")
        assert rig.app.main.table.keys, "what matched last stays"
        assert said(rig) == "parkinson > 1, parkinson < 5% …"
        await rig.press(*" > 10%")
        assert rig.view.needle == "parkinson > 10%"
        assert " of 78 " in said(rig)
        await rig.press("ctrl+u", *"parkinson", "enter")
        assert rig.view.needle == "parkinson", "whoever insists is obeyed"
        assert "no pair matches" in rig.app.main.table.plain


async def test_a_word_that_begins_a_column_filters_an_expression_by_itself_only_once_it_is_kept() -> None:
    async with running(Rig()) as rig:
        await rig.press("slash", *"sigma > 0 and v")
        assert rig.view.needle.strip() == "sigma > 0"
        assert said(rig) == "v > 1, v < 5% …"
        await rig.press(*"olume >> 5")
        assert rig.view.needle.strip() == "sigma > 0"
        await rig.press(*["backspace"] * 10, "enter")
        assert rig.view.needle == "sigma > 0 and v"


@pytest.mark.parametrize(("width", "least"), [(80, 2), (160, 8)])
async def test_of_the_columns_that_there_are_as_many_are_told_as_fit(width: int, least: int) -> None:
    async with running(Rig(), (width, 24)) as rig:
        await rig.press("slash", *"zzz > 3")
        told = said(rig)
        assert told.startswith("at 1: no column 'zzz': known: rank, ")
        assert told.endswith(", …")
        assert told.count(",") >= least


async def test_what_is_found_stands_in_the_table_alone_where_the_list_lies_over_it() -> None:
    async with running(Rig(), (80, 24)) as rig:
        await rig.press("tab", "slash", *"zzz")
        assert not rig.has("list-open")
        assert "no pair matches “zzz”" in rig.app.main.table.plain


async def test_the_count_says_how_a_share_was_read() -> None:
    async with running(Rig()) as rig:
        await rig.press("slash", *"coverage > 0.9")
        assert said(rig).startswith("0.9 is 90 %   ")
        await rig.press(*"5")
        assert said(rig).startswith("0.95 is 95 %   ")
        await rig.press("percent_sign")
        assert " is " not in said(rig)


async def test_words_that_become_an_expression_filter_no_more() -> None:
    async with running(Rig()) as rig:
        shown = list(rig.app.main.table.keys)
        await rig.press("slash", *"c")
        assert len(rig.app.main.table.keys) < len(shown)
        await rig.press(*"v >")
        assert said(rig).startswith("at 5: ")
        assert list(rig.app.main.table.keys) == shown
        await rig.press(*" 2%")
        assert rig.view.needle == "cv > 2%"


def said(rig: Rig) -> str:
    assert rig.app.main.filter_bar is not None
    shown = rig.app.main.filter_bar.query_one(".filter-count", Canvas).render_line(0).text
    assert shown.endswith(" ")
    return shown.strip()


@pytest.mark.parametrize(
    "keys",
    [("vertical_line",), ("shift+tab", "shift+tab"), ("tab",), ("shift+tab", "left"), ("vertical_line", "left")],
    ids=["full chart", "list", "chart", "crosshair", "crosshair in the full chart"],
)
@pytest.mark.parametrize("size", [(120, 28), (80, 24), (60, 20)])
async def test_the_field_has_the_focus_wherever_the_filter_is_opened(
    keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    async with running(Rig(), size) as rig:
        await rig.press(*keys)
        await rig.press("slash", *"qbtc")
        assert rig.app.main.filter_bar is not None
        assert rig.app.main.filter_bar.field.has_focus
        assert rig.view.needle == "qbtc"


@pytest.mark.parametrize("page", ["o", "H", "i", "enter"])
async def test_the_filter_opens_from_a_page(page: str) -> None:
    async with running(Rig()) as rig:
        await rig.press(page, "slash", *"qbtc")
        assert rig.app.screen is rig.app.main
        assert rig.view.needle == "qbtc"


@pytest.mark.parametrize("before", [("vertical_line",), ("o",), ("z",)], ids=["full chart", "page", "layout"])
async def test_what_is_typed_right_behind_the_slash_is_no_command(before: tuple[str, ...]) -> None:
    async with running(Rig()) as rig:
        rig.type_at_once(*before, "slash", "q", "T", "1")
        await rig.settle()
        assert rig.view.needle == "qT1"
        assert rig.app.is_running


async def test_the_chart_is_that_of_the_pair_that_an_expression_leads_back_to() -> None:
    async with running(Rig()) as rig:
        chosen = rig.view.selected
        await rig.press("slash", *"doge")
        assert "DOGE/USD" in rig.title("pane")
        await rig.press(*["backspace"] * 4, *"v")
        assert rig.view.selected != chosen
        await rig.press(*"olatility", "space", "greater_than_sign", "space", "0")
        assert rig.view.selected == chosen
        assert rig.title("pane").startswith("BTC/USD")


async def test_a_second_slash_typed_at_once_is_a_letter() -> None:
    async with running(Rig()) as rig:
        rig.type_at_once("slash", "b", "slash", "u")
        await rig.settle()
        assert rig.app.main.filter_bar is not None
        assert rig.app.main.filter_bar.field.value == "b/u"


async def test_the_selection_comes_back_when_the_filter_shows_it_again() -> None:
    async with running(Rig()) as rig:
        await rig.press("j")
        chosen = rig.view.selected
        await rig.press("slash", *"doge")
        assert rig.view.selected == "kraken:DOGE-USD"
        await rig.press(*["backspace"] * 4)
        assert rig.view.selected == chosen
        assert rig.cursors == (chosen, chosen)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (44, 16)])
@pytest.mark.parametrize("layout", [(), ("z",), ("z", "z")], ids=["own", "next", "table"])
async def test_what_is_said_beside_the_filter_is_never_cut(size: tuple[int, int], layout: tuple[str, ...]) -> None:
    async with running(Rig(), size) as rig:
        await rig.press(*layout, "slash", *"btc", "enter", "slash")
        assert said(rig).endswith(" Esc clear")
        for width in (60, 120):
            await rig.pilot.resize_terminal(width, 24)
            await rig.settle()
            assert said(rig).endswith(" Esc clear")
            assert " of 78 " in said(rig)


async def test_what_is_wrong_fits_after_a_resize() -> None:
    async with running(Rig(), (120, 40)) as rig:
        await rig.press("slash", *"cv > 2 usd")
        assert said(rig) == "at 8: and, or or a comparison is missing: a > 1 and b < 2"
        await rig.pilot.resize_terminal(60, 24)
        await rig.settle()
        assert said(rig) == "at 8: and, or or a comparison …"


async def test_the_place_is_told_where_its_mark_is_out_of_sight() -> None:
    async with running(Rig(), (80, 24)) as rig:
        await rig.press("slash", *"cv > 2 and volme > 1e6")
        assert said(rig).endswith("did you mean volume?")
        await rig.press(*" and sigma > 0.1 and base in (BTC, ETH)")
        assert said(rig).startswith("at 12: ")


async def test_what_was_typed_is_handled_after_the_field_was_emptied() -> None:
    async with running(Rig()) as rig:
        await rig.press("slash")
        rig.app.post_message(FilterChanged("parkinson"))
        await rig.settle()
        assert rig.app.main.table.keys
        assert rig.app.is_running


async def test_of_a_long_paste_what_is_too_much_is_told() -> None:
    async with running(Rig()) as rig:
        await rig.press("slash")
        rig.app.post_message(events.Paste("b" * 5_000))
        await rig.settle()
        bar = rig.app.main.filter_bar
        assert bar is not None
        assert len(bar.field.value) == 1_000
        assert "too long" in said(rig)
