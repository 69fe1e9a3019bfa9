"""What is loaded of a history that was kept."""

from array import array

import pytest

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource, instrument, ticker
from tui_tracker.core.metric import Metric
from tui_tracker.engine.backfill import Backfill, Wanted
from tui_tracker.engine.market import Market
from tui_tracker.engine.repair import Repair

END = 28_333_320 * MINUTE
NOTHING = float("nan")


@pytest.mark.parametrize(
    ("unknown", "away", "first"),
    [(0, 0, 2), (0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 1, 1), (2, 0, 1), (200, 0, 1), (1_400, 0, None), (0, 1_000, None)],
)
def test_what_is_known_is_not_loaded_again(unknown: int, away: int, first: int | None) -> None:
    market = Market()
    market.list_instruments([instrument("BTC/USD")], END)
    market.apply([ticker("BTC/USD")], END, END)
    market.close_poll(END)
    market.advance(END)
    market.holding("fake:BTC-USD").windows[0] = None
    values = array("d", [5.0] * (1_440 - unknown) + [NOTHING] * unknown)
    market.restore_window("fake:BTC-USD", Metric.PRICE, values, bytes(2 * (value == value) for value in values))
    clock = FakeClock(END)
    backfill = Backfill(FakeSource(clock), clock, 1_440, Wanted.ALL, lambda *_: clock.sleep(0))
    assert len(backfill.steps) == 2
    Repair(market, backfill, MINUTE, is_streamed=False).take_up(END + away * MINUTE)
    assert backfill._first.get("fake:BTC-USD") == first
