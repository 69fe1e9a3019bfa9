"""The palette: what comes first for what is typed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Input

from tests.tui.test_app import BTC, ETH, Rig, running
from tui_tracker.config.state import State, View
from tui_tracker.tui.loose import LEAST_LETTERS, loose_fit
from tui_tracker.tui.providers import LOOSE_PAIR_SCORE, LOOSE_SCORE, _pairs, offers, score
from tui_tracker.tui.screens.palette import Palette


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("save view", "save this view as …"),
        ("save v", "save this view as …"),
        ("alone in", "the pair alone in the chart again  (N)"),
        ("theme light", "theme: light"),
        ("rank history", "chart: rank history"),
        ("6 h", "range: 6 h of the chart"),
        ("sort by spread", "sort by: spread"),
        ("sort cover", "sort by: coverage"),
        ("new watchlist", "new watchlist …"),
        ("quit", "quit  (q)"),
        ("help", "all keys  (?)"),
        ("thm", "theme: "),
        ("thme", "theme: "),
        ("thmlgt", "theme: light"),
        ("ligt", "theme: light"),
        ("mosvol", "view: Most volatile USD"),
        ("calmst", "view: Calmest"),
        ("rnk hist", "chart: rank history"),
        ("qit", "quit  (q)"),
    ],
)
async def test_what_is_meant_comes_first(query: str, first: str) -> None:
    state = State(view=View(quote="USD", compared=(ETH,)), watchlist=(BTC,))
    async with running(Rig(state=state)) as rig:
        best = max(offers(rig.app), key=lambda offer: offer.score(query))
        assert best.title.startswith(first)


@pytest.mark.parametrize("query", ["thm", "the", "usd", "chart", "sort", "qit", "vol", "watch", "range"])
async def test_words_come_before_letters(query: str) -> None:
    async with running(Rig()) as rig:
        fits: dict[bool, list[float]] = {True: [], False: []}
        for place, offer in enumerate(offers(rig.app)):
            has_words = score(f"{offer.title} {offer.also}", query) > 0
            if fit := offer.score(query):
                fits[has_words].append(fit - place / 10_000)
        assert max(fits[False], default=0.0) < min(fits[True], default=1.0)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("btusd", {"BTC/USD"}),
        ("bt/usd", {"BTC/USD"}),
        ("dge", {"DOGE/USD"}),
        ("shbsd", set()),
        ("tcusd!", set()),
        ("sus", set()),
        ("be", set()),
        ("cusdb", set()),
    ],
)
async def test_a_pair_is_found_by_most_of_its_letters(query: str, found: set[str]) -> None:
    async with running(Rig()) as rig:
        hits = list(_pairs(rig.app.desk, query))
        assert {row.instrument.pair for _, row in hits} == found
        assert all(fit <= LOOSE_PAIR_SCORE for fit, _ in hits)
        (best, *_) = _pairs(rig.app.desk, "btc/us")
        assert best[0] > LOOSE_SCORE, "what was typed is there"


def test_letters_that_begin_words_or_follow_each_other_fit_best() -> None:
    fits = [loose_fit(text, "mosvol") for text in ("mosvol", "most volatile", "most, of what is volatile", "misosvxol")]
    assert sorted(fits, reverse=True) == fits
    for text in ("volatile most", "atmos vol", "most", "mosvol"[1:], ""):
        assert not loose_fit(text, "mosvol")
    assert loose_fit("mosvol", "mos vol") == 1.0


@given(st.text("ab /", max_size=24), st.text("ab ", max_size=6))
def test_what_fits_is_there_in_order(text: str, query: str) -> None:
    """As a regular expression that tries all ways says."""
    letters = query.replace(" ", "")
    way = r"(?:[ab]*|[ab]*[^ab].*\b)".join(letters)
    assert bool(loose_fit(text, query)) == (len(letters) >= LEAST_LETTERS and bool(re.search(rf"\b{way}", text)))


async def test_enter_does_what_stands_first() -> None:
    state = State(view=View(quote="USD", compared=(ETH,)))
    async with running(Rig(state=state)) as rig:
        await rig.press("ctrl+p", *"alone in")
        await rig.press("enter")
        if rig.app.screen is not rig.app.main:
            await rig.press("enter")
        assert rig.view.compared == ()


async def test_a_second_enter_at_once_is_not_obeyed() -> None:
    async with running(Rig()) as rig:
        for _ in range(3):
            before = rig.view.theme
            await rig.press("ctrl+p", *"next theme")
            palette = rig.app.screen
            assert isinstance(palette, Palette)
            field = palette.query_one(Input)
            for _ in range(3):
                field.post_message(Input.Submitted(field, field.value))
            await rig.settle()
            palette.dismiss()
            await rig.settle()
            assert rig.app.screen is rig.app.main
            assert rig.view.theme != before, "done once"
