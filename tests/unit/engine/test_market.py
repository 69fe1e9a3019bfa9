"""The market on single polls and candles."""

from array import array

import pytest

from tests.support.source import MINUTE, instrument, ticker
from tui_tracker.core.candle import Candle, CandleBatch, Provenance
from tui_tracker.core.errors import UnknownPairError
from tui_tracker.core.instrument import Trading
from tui_tracker.core.metric import Metric
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.market import Market

AT = 28_333_320 * MINUTE + 57_000


def polled(*pairs: str, at_ms: int = AT) -> Market:
    market = Market()
    market.list_instruments([instrument(pair) for pair in pairs], at_ms)
    market.apply([ticker(pair) for pair in pairs], at_ms, at_ms)
    market.close_poll(at_ms)
    market.advance(at_ms)
    return market


def samples(market: Market, pair: str) -> int:
    figures = market.figures(market.holding(instrument(pair).id))[0]
    return figures.samples if figures else 0


def test_a_poll_more_than_a_minute_ahead_is_refused_and_counted() -> None:
    market = polled("BTC/USD")
    assert market.apply([ticker("BTC/USD")], AT + 120_001, AT + 60_000) == 0
    assert market.refused == 1
    assert market.apply([ticker("BTC/USD")], AT + 120_000, AT + 60_000) == 1


def test_a_poll_older_than_the_newest_minute_is_refused_and_counted() -> None:
    market = polled("BTC/USD")
    assert market.apply([ticker("BTC/USD")], AT - MINUTE, AT) == 0
    assert market.refused == 1
    assert samples(market, "BTC/USD") == 1


def test_a_late_answer_to_a_poll_belongs_to_its_minute_though_a_stream_told_of_the_next() -> None:
    market = polled("BTC/USD", "ETH/USD", at_ms=AT - MINUTE)
    market.stream([ticker("ETH/USD", 150.0)], AT)
    market.advance(AT + MINUTE)
    market.stream([ticker("BTC/USD", 200.0), ticker("ETH/USD", 200.0)], AT + MINUTE)
    market.apply([ticker("BTC/USD", 160.0), ticker("ETH/USD", 160.0)], AT, AT + MINUTE)
    market.close_poll(AT)
    assert list(market.series("fake:BTC-USD", Metric.PRICE).values)[-3:] == [100, 160, 200]
    assert list(market.series("fake:ETH-USD", Metric.PRICE).values)[-3:] == [100, 150, 200]


def test_a_later_poll_of_the_same_minute_replaces() -> None:
    market = polled("BTC/USD")
    market.apply([ticker("BTC/USD", 500.0)], AT + 1_000, AT + 1_000)
    market.close_poll(AT + 1_000)
    market.advance(AT + 1_000)
    assert samples(market, "BTC/USD") == 1
    assert list(market.series("fake:BTC-USD", Metric.PRICE).values)[-1] == 500.0


def test_what_a_source_does_not_give_is_absent_and_not_zero() -> None:
    market = Market()
    market.list_instruments([instrument("BTC/USD")], AT)
    market.apply([Ticker("fake:BTC-USD", 5.0, None, None, None, None, None)], AT, AT)
    market.close_poll(AT)
    market.advance(AT)
    figures = market.figures(market.holding("fake:BTC-USD"))
    assert [f is not None for f in figures] == [True] + [False] * 7
    series = market.series("fake:BTC-USD", Metric.SPREAD)
    assert all(value != value for value in series.values)


def test_numbers_that_no_window_accepts_are_refused_one_by_one() -> None:
    market = Market()
    market.list_instruments([instrument("BTC/USD")], AT)
    market.apply([Ticker("fake:BTC-USD", 5.0, None, None, 1e80, None, None)], AT, AT)
    assert market.refused == 1
    assert samples(market, "BTC/USD") == 1


@pytest.mark.parametrize("trading", [Trading.CANCEL_ONLY, Trading.MAINTENANCE, Trading.DELISTED])
def test_halted_instruments_are_not_sampled(trading: Trading) -> None:
    market = Market()
    market.list_instruments([instrument("BTC/USD", trading)], AT)
    market.apply([ticker("BTC/USD")], AT, AT)
    market.close_poll(AT)
    market.advance(AT)
    holding = market.holding("fake:BTC-USD")
    assert (holding.halted, holding.halted_since_ms) == (trading.value, AT)
    assert samples(market, "BTC/USD") == 0


def test_an_unreadable_quote_is_no_missing_one() -> None:
    market = polled("BTC/USD", "ETH/USD")
    market.apply([ticker("BTC/USD")], AT + MINUTE, AT + MINUTE)
    market.close_poll(AT + MINUTE, {"ETHUSD"})
    market.advance(AT + MINUTE)
    assert market.holding("fake:ETH-USD").halted == ""
    market.apply([ticker("BTC/USD")], AT + 2 * MINUTE, AT + 2 * MINUTE)
    market.close_poll(AT + 2 * MINUTE)
    market.advance(AT + 2 * MINUTE)
    assert market.holding("fake:ETH-USD").halted == "not quoted"


def test_candles_fill_only_the_past_and_tell_of_trades() -> None:
    market = polled("BTC/USD")
    market.holding("fake:BTC-USD").ticker = None
    first = AT // MINUTE - 3
    candles = CandleBatch(1, tuple(Candle((first + i) * MINUTE, 50.0 + i, float(i == 1)) for i in range(6)))
    assert market.fill("fake:BTC-USD", candles, AT, before_ms=AT // MINUTE * MINUTE) == 3
    assert samples(market, "BTC/USD") == 4
    assert market.holding("fake:BTC-USD").last_trade_ms == (first + 1) * MINUTE
    assert market.has_traded(market.holding("fake:BTC-USD"))


def test_a_short_window_needs_a_trade_in_it() -> None:
    market = Market(10)
    market.list_instruments([instrument("BTC/USD")], AT)
    market.apply([ticker("BTC/USD")], AT, AT)
    market.close_poll(AT)
    market.advance(AT)
    holding = market.holding("fake:BTC-USD")
    assert not market.has_traded(holding)
    market.apply([ticker("BTC/USD", 101.0)], AT + MINUTE, AT + MINUTE)
    assert market.has_traded(holding)


def test_unknown_instrument() -> None:
    with pytest.raises(UnknownPairError):
        polled("BTC/USD").series("fake:NO-USD", Metric.PRICE)


def test_nothing_is_filled_before_the_first_poll() -> None:
    market = Market()
    market.list_instruments([instrument("BTC/USD")], AT)
    assert market.fill("fake:BTC-USD", CandleBatch(1, (Candle(AT - 57_000, 1.0, 1.0),)), AT) == 0


def restored(spans: list[tuple[int, float, Provenance]]) -> Market:
    """A market of one pair whose day ends in spans of (minutes, price, provenance); NaN for nothing."""
    market = polled("BTC/USD")
    values = array("d", [price for minutes, price, _ in spans for _ in range(minutes)])
    origins = bytes(0 if price != price else origin for minutes, price, origin in spans for _ in range(minutes))
    market.holding("fake:BTC-USD").windows[0] = None
    market.restore_window("fake:BTC-USD", Metric.PRICE, values, origins)
    return market


POLL, CANDLE, NOTHING = Provenance.POLL, Provenance.CANDLE_1M, float("nan")


@pytest.mark.parametrize(
    ("spans", "hole"),
    [
        ([(1_440, 5.0, CANDLE)], 0),
        ([(1_440, 5.0, POLL)], 0),
        ([(1_400, NOTHING, POLL), (40, 5.0, POLL)], 1_440),
        ([(1_400, NOTHING, POLL), (40, 5.0, CANDLE)], 0),  # it was asked for that, and nothing traded
        ([(1_000, 5.0, CANDLE), (400, NOTHING, POLL), (40, 5.0, POLL)], 0),  # likewise
        ([(1_000, 5.0, CANDLE), (400, NOTHING, POLL), (40, 6.0, POLL)], 440),
        ([(1_000, 5.0, POLL), (400, NOTHING, POLL), (40, 5.0, POLL)], 440),
        ([(900, NOTHING, POLL), (100, 5.0, CANDLE), (400, NOTHING, POLL), (40, 6.0, POLL)], 440),
        ([(1_400, 5.0, CANDLE), (40, NOTHING, POLL)], 40),
        ([(1_440, NOTHING, POLL)], 1_440),
    ],
)
def test_what_candles_told_nothing_of_is_not_missing(spans: list[tuple[int, float, Provenance]], hole: int) -> None:
    market = restored(spans)
    assert market.missing(market.holding("fake:BTC-USD"), 720)[0] == hole
