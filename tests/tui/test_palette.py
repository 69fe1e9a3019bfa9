"""The palette: what comes first for what is typed."""

import pytest

from tests.tui.test_app import BTC, ETH, Rig, running
from tui_tracker.config.state import State, View
from tui_tracker.tui.providers import offers


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
    ],
)
async def test_what_is_meant_comes_first(query: str, first: str) -> None:
    state = State(view=View(quote="USD", compared=(ETH,)), watchlist=(BTC,))
    async with running(Rig(state=state)) as rig:
        best = max(offers(rig.app), key=lambda offer: offer.score(query))
        assert best.title.startswith(first)


async def test_enter_does_what_stands_first() -> None:
    state = State(view=View(quote="USD", compared=(ETH,)))
    async with running(Rig(state=state)) as rig:
        await rig.press("ctrl+p", *"alone in")
        await rig.press("enter")
        if rig.app.screen is not rig.app.main:
            await rig.press("enter")
        assert rig.view.compared == ()
