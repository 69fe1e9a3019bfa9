"""What happened in each minute, and which intervals saw a trade: from counters and from candles."""

from tests.support.source import MINUTE, instrument, ticker
from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.metric import Metric
from tui_tracker.engine.market import Market
from tui_tracker.engine.rows import make_row

MIDNIGHT = 1_764_028_800_000
ID = "fake:BTC-USD"


def listed() -> Market:
    market = Market()
    market.list_instruments([instrument("BTC/USD")], MIDNIGHT)
    return market


def poll(market: Market, at_ms: int, volume: float | None, trades: int | None = None, **changes: float | None) -> None:
    quote = ticker("BTC/USD")._replace(today_volume=volume, today_trades=trades)
    market.apply([quote._replace(**changes)], at_ms, at_ms)  # type: ignore[arg-type]
    market.close_poll(at_ms)
    market.advance(at_ms)


def newest(market: Market, metric: Metric, minutes: int) -> list[float | None]:
    values = market.series(ID, metric).values[-minutes:]
    return [value if value == value else None for value in values]


def test_a_minute_has_what_the_counters_gained_in_it() -> None:
    market, at_ms = listed(), MIDNIGHT - 4 * MINUTE + 57_000
    polls = [(900.0, 90), (902.0, 91), (902.0, 91), (905.0, 93), (1.5, 2), (4.0, 3)]
    for index, (volume, trades) in enumerate(polls):
        poll(market, at_ms + index * MINUTE, volume, trades)
    assert newest(market, Metric.FLOW, 6) == [None, 2.0, 0.0, 3.0, 1.5, 2.5]
    assert newest(market, Metric.TRADES_MIN, 6) == [None, 1.0, 0.0, 2.0, 2.0, 1.0]


def test_the_last_poll_of_a_minute_wins_and_a_missed_one_leaves_two_unknown() -> None:
    market, noon = listed(), MIDNIGHT + 720 * MINUTE
    poll(market, noon + 10_000, 10.0)
    poll(market, noon + 40_000, 11.0)
    poll(market, noon + MINUTE + 10_000, 12.0)
    poll(market, noon + MINUTE + 40_000, 15.0)
    assert newest(market, Metric.FLOW, 2) == [None, 4.0]
    poll(market, noon + 3 * MINUTE, 20.0)
    poll(market, noon + 4 * MINUTE, 21.0)
    poll(market, noon + 5 * MINUTE, 19.0)
    assert newest(market, Metric.FLOW, 5) == [4.0, None, None, 1.0, None]


def test_without_counters_there_is_no_window() -> None:
    market = listed()
    for index in range(3):
        poll(market, MIDNIGHT + index * MINUTE, None)
    assert market.holding(ID).windows[-2:] == [None, None]
    assert market.activity(market.holding(ID)) is None


def test_candles_tell_of_flow_and_activity() -> None:
    market, noon = listed(), MIDNIGHT + 720 * MINUTE
    poll(market, noon, 10.0)
    candles = tuple(Candle(noon - back * MINUTE, 5.0, volume, 4) for back, volume in ((20, 2.0), (18, 0.0), (1, 3.0)))
    market.fill_counts(ID, CandleBatch(1, candles, (noon - 3 * MINUTE,)), noon)
    flow = newest(market, Metric.FLOW, 22)
    assert flow == [None, 2.0, 0.0, 0.0, *[0.0] * 14, None, 0.0, 3.0, None]
    assert newest(market, Metric.TRADES_MIN, 2) == [4.0, None]
    assert market.activity(market.holding(ID)) == 2 / 4
    market.fill_counts(
        ID, CandleBatch(5, (Candle(noon - 60 * MINUTE, 5.0, 1.0), Candle(noon - 50 * MINUTE, 5.0, 0.0))), noon
    )
    assert market.activity(market.holding(ID)) == 3 / 7
    assert newest(market, Metric.FLOW, 22) == flow


def test_a_candle_wins_over_counters_in_a_closed_minute() -> None:
    market, noon = listed(), MIDNIGHT + 720 * MINUTE
    for index in range(3):
        poll(market, noon + index * MINUTE, 10.0 + index, index)
    market.fill_counts(ID, CandleBatch(1, (Candle(noon + MINUTE, 5.0, 7.0),)), noon + 2 * MINUTE)
    assert newest(market, Metric.FLOW, 2) == [7.0, 1.0]
    assert newest(market, Metric.TRADES_MIN, 2) == [1.0, 1.0]


def test_a_last_price_far_off_a_calm_mid_is_marked_and_kept() -> None:
    market = listed()

    def row_after(at_ms: int, **changes: float | None) -> tuple[bool, float | None]:
        poll(market, at_ms, None, None, **changes)
        row = make_row(market, market.holding(ID), {})
        return row.is_suspect, row.last

    assert row_after(MIDNIGHT, last=100.0, bid=99.0, ask=101.0) == (False, 100.0)
    assert row_after(MIDNIGHT + MINUTE, last=120.0, bid=99.0, ask=101.0) == (True, 120.0)
    assert row_after(MIDNIGHT + 2 * MINUTE, last=109.0, bid=99.0, ask=101.0) == (False, 109.0)
    assert row_after(MIDNIGHT + 3 * MINUTE, last=140.0, bid=109.0, ask=111.0) == (False, 140.0)
    assert row_after(MIDNIGHT + 4 * MINUTE, last=140.0, bid=None, ask=111.0) == (False, 140.0)
    assert newest(market, Metric.PRICE, 5) == [100.0, 120.0, 109.0, 140.0, 140.0]


def test_the_row_has_the_high_and_low_of_the_exchange() -> None:
    market = listed()
    poll(market, MIDNIGHT, None, high=110.0, low=90.0, bid=99.0, ask=101.0)
    row = make_row(market, market.holding(ID), {})
    assert (row.high, row.low, row.mid, row.hl_range_pct) == (110.0, 90.0, 100.0, 20.0)
