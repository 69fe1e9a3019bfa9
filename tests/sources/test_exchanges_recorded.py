"""Decoding against recorded answers of exchanges; the expected values were computed without this project."""

import json
from collections import Counter
from itertools import pairwise
from statistics import pstdev

import pytest

from tests.support.clock import FakeClock
from tests.support.recorded import recorded
from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.instrument import Instrument, InstrumentClass, Trading
from tui_tracker.core.ticker import Ticker, TickerBatch
from tui_tracker.sources.base import InstrumentBatch
from tui_tracker.sources.binance import BinanceSource
from tui_tracker.sources.bitfinex import BitfinexSource
from tui_tracker.sources.bitstamp import BitstampSource
from tui_tracker.sources.budget import RequestBudget
from tui_tracker.sources.bybit import BybitSource
from tui_tracker.sources.coinbase import CoinbaseSource
from tui_tracker.sources.coinbase_exchange import CoinbaseExchangeSource
from tui_tracker.sources.gate import GateSource
from tui_tracker.sources.http import HttpClient, Response
from tui_tracker.sources.kucoin import KucoinSource
from tui_tracker.sources.listings import symbol_index
from tui_tracker.sources.okx import OkxSource
from tui_tracker.sources.rest import RestSource

LATER_MS = 2_000_000_000_000


def body(path: str) -> bytes:
    return recorded(path).read_bytes()


def listed(source: type[RestSource], path: str) -> InstrumentBatch:
    return source.read_instruments(body(path))


def by_pair(batch: InstrumentBatch) -> dict[str, Instrument]:
    return {one.pair: one for one in batch.instruments}


def quoted(source: type[RestSource], content: bytes, ids: dict[str, str]) -> TickerBatch:
    return source.read_tickers(content, ids, 7)


def charted(source: type[RestSource], content: bytes, step_minutes: int = 1, sent_ms: int = LATER_MS) -> CandleBatch:
    clock = FakeClock()
    client = HttpClient("http://x.test", clock, RequestBudget(clock, 0), idle_s=1)
    return source(client).read_candles(Response(content, sent_ms, sent_ms), "X", step_minutes)


def steps(batch: CandleBatch) -> Counter[int]:
    return Counter(after.start_ms - before.start_ms for before, after in pairwise(batch.candles))


def test_binance_lists_what_trades() -> None:
    batch = listed(BinanceSource, "binance/exchangeInfo_20211012.json")
    assert (len(batch.instruments), batch.malformed) == (1_262, ())
    assert {one.trading for one in batch.instruments} == {Trading.ONLINE}
    first = batch.instruments[0]
    assert (first.id, first.symbol, first.digits, first.aliases) == ("binance:ETH-BTC", "ETHBTC", 6, ("ETH/BTC",))
    found = by_pair(batch)
    assert InstrumentClass.LEVERAGED in found["BTCUP/USDT"].classes
    assert found["BTC/USDT"].digits == 2


def test_binance_quotes_of_2019_hold_51_that_nobody_trades() -> None:
    content = body("binance/ticker_24hr_20190822.json")
    ids = {row["symbol"]: "binance:" + row["symbol"] for row in json.loads(content)}
    batch = quoted(BinanceSource, content, ids)
    assert (len(batch.tickers), batch.malformed, batch.unknown) == (595, (), ())
    assert sum(ticker.base_volume == 0 for ticker in batch.tickers) == 51
    assert sum(ticker.last is None for ticker in batch.tickers) == 51
    found = {ticker.instrument_id: ticker for ticker in batch.tickers}
    one = found["binance:BTCUSDT"]
    assert (one.last, one.bid, one.ask) == (9912.33, 9907.65, 9911.68)
    assert (one.base_volume, one.quote_volume, one.trades) == (47889.13057300, 483208782.28023141, 470059)


def test_binance_quotes_of_2024() -> None:
    ids = {"BTCUSDT": "binance:BTC-USDT"}
    batch = quoted(BinanceSource, body("binance/ticker_24hr_2symbols_20241101.json"), ids)
    assert batch.unknown == ("ETHUSDT",)
    assert batch.tickers == (
        Ticker(
            "binance:BTC-USDT", 69624.0, 69624.0, 69624.01, 33278.39129, 2354076638.5966079, 5019250, 72700.0, 68830.0
        ),
    )


@pytest.mark.parametrize(
    ("path", "minutes", "rows", "last", "deviation"),
    [
        ("binance/klines_BTCUSDT_1m.json", 1, 60, 9016.01, 10.310923),
        ("binance/klines_BTCUSDT_5m.json", 5, 24, 6625.84, 42.824908),
    ],
)
def test_binance_klines(path: str, minutes: int, rows: int, last: float, deviation: float) -> None:
    batch = charted(BinanceSource, body(path), minutes)
    assert (len(batch.candles), batch.malformed, batch.candles[-1].close) == (rows, (), last)
    assert set(steps(batch)) == {minutes * 60_000}
    assert pstdev(candle.close for candle in batch.candles) == pytest.approx(deviation, abs=1e-6)
    assert all(candle.trades for candle in batch.candles)


def test_binance_leaves_out_the_open_kline_as_only_the_clock_tells_it() -> None:
    content = body("binance/klines_BTCUSDT_1m.json")
    newest_ms = json.loads(content)[-1][0]
    assert charted(BinanceSource, content, sent_ms=newest_ms + 59_999).candles[-1].start_ms == newest_ms - 60_000
    assert charted(BinanceSource, content, sent_ms=newest_ms + 60_000).candles[-1].start_ms == newest_ms


def test_okx_instruments() -> None:
    batch = listed(OkxSource, "okx/instruments_SPOT_20220513.json")
    states = Counter(row["state"] for row in json.loads(body("okx/instruments_SPOT_20220513.json"))["data"])
    assert (len(batch.instruments), batch.malformed) == (513 - states["test"], ())
    first = batch.instruments[0]
    assert (first.id, first.symbol, first.digits) == ("okx:BTC-USDT", "BTC-USDT", 1)
    online = sum(one.trading is Trading.ONLINE for one in batch.instruments)
    assert online == states["live"]


def test_okx_quotes_of_the_documentation() -> None:
    ids = {"LTC-USD-SWAP": "okx:LTC-USD"}
    batch = quoted(OkxSource, body("okx/tickers_docexample.json"), ids)
    ticker = Ticker("okx:LTC-USD", 9999.99, 8888.88, 9999.99, 2222.0, 2222.0, None, 10000.0, 8888.88)
    assert batch.tickers == (ticker,)
    assert batch.unknown == ("BTC-USD-SWAP",)


def test_okx_quotes_pushed_in_2022_have_the_same_shape() -> None:
    lines = recorded("okx/ws_tickers_20220513.jsonl").read_text().splitlines()
    rows = [row for line in lines for row in json.loads(line)["msg"].get("data", []) if "last" in row]
    ids = {row["instId"]: f"okx:{row['instId']}" for row in rows}
    single = {row["instId"]: row for row in rows}
    batch = quoted(OkxSource, json.dumps({"code": "0", "data": list(single.values())}).encode(), ids)
    assert (len(batch.tickers), batch.malformed) == (len(single), ())
    for ticker, row in zip(batch.tickers, single.values(), strict=True):
        assert (ticker.last, ticker.quote_volume) == (float(row["last"]), float(row["volCcy24h"]))


def test_okx_candles_that_are_not_confirmed_are_open() -> None:
    content = body("okx/candles_nautilus.json")
    assert charted(OkxSource, content).candles == ()
    document = json.loads(content)
    for row in document["data"]:
        row[8] = "1"
    batch = charted(OkxSource, json.dumps(document).encode())
    assert [(one.start_ms, one.close, one.volume) for one in batch.candles] == [
        (1_625_097_600_000, 33783.9, 778.838),
        (1_625_097_660_000, 33782.1, 0.123),
    ]


def test_bybit_instruments_with_shares_as_tokens() -> None:
    path = "bybit/instruments-info_spot_20260809_half.json"
    batch = listed(BybitSource, path)
    assert (len(batch.instruments), batch.malformed) == (279, ())
    first = batch.instruments[0]
    assert (first.id, first.symbol, first.digits) == ("bybit:BTC-USDT", "BTCUSDT", 1)
    rows = json.loads(body(path))["result"]["list"]
    shares = {row["symbol"] for row in rows if row["symbolType"] == "xstocks"}
    assert shares
    assert shares <= {one.symbol for one in batch.instruments if InstrumentClass.TOKENISED in one.classes}


def test_bybit_quotes_and_klines() -> None:
    batch = quoted(BybitSource, body("bybit/tickers_spot_docexample.json"), {"BTCUSDT": "bybit:BTC-USDT"})
    assert batch.tickers == (
        Ticker(
            "bybit:BTC-USDT",
            20533.13,
            20517.96,
            20527.77,
            11801.27771,
            243765620.65899866,
            None,
            21128.12,
            20318.89,
        ),
    )
    rows = json.loads(body("bybit/kline_spot_BTCUSDT.json"))["result"]["list"]
    candles = charted(BybitSource, body("bybit/kline_spot_BTCUSDT.json")).candles
    assert [(one.start_ms, one.close) for one in candles] == [(int(row[0]), float(row[4])) for row in rows[::-1]]


def test_gate_pairs() -> None:
    batch = listed(GateSource, "gate/currency_pairs_20210422.json")
    statuses = Counter(row["trade_status"] for row in json.loads(body("gate/currency_pairs_20210422.json")))
    reasons = Counter(reason.split(" in ")[0] for _, reason in batch.malformed)
    assert len(batch.instruments) + len(batch.malformed) == 1_458
    assert reasons.keys() <= {"no usable name"}
    assert len(batch.malformed) < 10
    online = sum(one.trading is Trading.ONLINE for one in batch.instruments)
    assert statuses["tradable"] - len(batch.malformed) <= online <= statuses["tradable"]
    found = by_pair(batch)["BTC/USDT"]
    assert (found.symbol, found.digits) == ("BTC_USDT", 2)


def test_gate_quotes() -> None:
    content = body("gate/tickers_2026.json")
    ids = {row["currency_pair"]: "gate:" + row["currency_pair"] for row in json.loads(content)}
    batch = quoted(GateSource, content, ids)
    assert (len(batch.tickers), batch.malformed) == (5, ())
    one = batch.tickers[0]
    assert (one.last, one.ask, one.bid) == (0.00003885, 0.00003879, 0.00003874)
    assert (one.base_volume, one.quote_volume) == (5504390622.0, 209618.0648051)
    (btc,) = quoted(GateSource, body("gate/tickers_BTC_USDT_20261005T0545.json"), {"BTC_USDT": "gate:BTC-USDT"}).tickers
    assert (btc.last, btc.ask, btc.bid) == (85772.9, 85773.0, 85772.9)


def test_gate_candles_have_the_close_third_and_the_base_volume_seventh() -> None:
    batch = charted(GateSource, body("gate/candlesticks_BTC_USDT_1m.json"))
    first = batch.candles[0]
    assert (first.start_ms, first.close, first.volume) == (1_774_742_400_000, 66013.8, 6614.479671)
    content = body("gate/candlesticks_BTC_USDT_1m.json").replace(b'"true"', b'"false"')
    assert charted(GateSource, content).candles == ()


def test_gate_time() -> None:
    assert GateSource.read_time(Response(body("gate/time.json"), 0, 0)) == 1_774_386_128_160


def test_kucoin_symbols() -> None:
    batch = listed(KucoinSource, "kucoin/symbols_20210425.json")
    assert len(batch.instruments) + len(batch.malformed) == 634
    assert all("the same pair" in reason or "no usable name" in reason for _, reason in batch.malformed)
    assert len(batch.malformed) < 5
    first = batch.instruments[0]
    assert (first.id, first.symbol, first.digits) == ("kucoin:REQ-ETH", "REQ-ETH", 7)


def test_kucoin_quotes_of_2019_lack_fields_and_buy_is_the_bid() -> None:
    content = body("kucoin/allTickers_20190221_half.json")
    rows = json.loads(content)["data"]["ticker"]
    batch = quoted(KucoinSource, content, {row["symbol"]: "kucoin:" + row["symbol"] for row in rows})
    assert (len(batch.tickers), batch.malformed) == (197, ())
    found = {ticker.instrument_id: ticker for ticker in batch.tickers}
    one = found["kucoin:BTC-USDT"]
    assert (one.last, one.bid, one.ask) == (3962.704301, 3956.3164272, 3962.704301)
    assert (one.base_volume, one.quote_volume) == (166.50015738, None)
    assert all(one.bid <= one.ask for one in batch.tickers if one.bid is not None and one.ask is not None)


def test_kucoin_quotes_and_candles_of_the_documentation() -> None:
    ids = {"BTC-USDT": "kucoin:BTC-USDT"}
    (one,) = quoted(KucoinSource, body("kucoin/allTickers_docexample.json"), ids).tickers
    assert (one.last, one.bid, one.ask, one.high, one.low) == (11328.9, 11328.9, 11329.0, 11610.0, 11200.0)
    assert (one.base_volume, one.quote_volume) == (2282.70993217, 25984946.157790431)
    batch = charted(KucoinSource, body("kucoin/candles_docexample.json"))
    assert [(one.start_ms, one.close, one.volume) for one in batch.candles] == [
        (1_545_904_920_000, 0.072, 0.103),
        (1_545_904_980_000, 0.049, 0.018),
    ]


def test_bitfinex_quotes_without_funding_and_tests() -> None:
    content = body("bitfinex/tickers_ALL_20191101.json")
    listing = BitfinexSource.read_instruments(content)
    found = by_pair(listing)
    batch = quoted(BitfinexSource, content, dict(symbol_index(listing.instruments)))
    rows = {row[0]: row for row in json.loads(content)}
    trading = [symbol for symbol in rows if symbol.startswith("t")]
    assert (len(trading), len(rows)) == (423, 450)
    assert batch.unknown == ()
    assert len(batch.tickers) == len(listing.instruments) >= 415
    assert found["BTC/USDT"].symbol == "tBTCUST"
    assert found["BTC/USD"].digits == 1
    assert found["IOTA/USD"].digits == 5
    tickers = {ticker.instrument_id: ticker for ticker in batch.tickers}
    one = tickers["bitfinex:BTC-USD"]
    assert (one.last, one.bid, one.ask, one.high, one.low) == (9137.0, 9131.0, 9132.6, 9467.1, 8982.1)
    assert one.base_volume == 5723.038617
    assert one.quote_volume == pytest.approx(5723.038617 * 9137)


def test_bitfinex_names_of_2021_are_read_without_splitting_wrongly() -> None:
    (names,) = json.loads(body("bitfinex/conf_list_pair_exchange_20210417.json"))
    rows = [[f"t{name}", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1] for name in names]
    batch = BitfinexSource.read_instruments(json.dumps(rows).encode())
    found = by_pair(batch)
    assert found["AAVE/USDT"].symbol == "tAAVE:UST"
    assert found["DASH/USD"].symbol == "tDSHUSD"
    assert "AAA/BBB" not in found
    assert all("F0" not in one.symbol for one in batch.instruments)
    assert batch.malformed == ()


def test_bitfinex_rows_may_grow() -> None:
    single = json.loads(body("bitfinex/ticker_tBTCUSD_20261005T0545.json"))
    assert len(single) == 11
    (one,) = quoted(
        BitfinexSource, json.dumps([["tBTCUSD", *single]]).encode(), {"tBTCUSD": "bitfinex:BTC-USD"}
    ).tickers
    assert (one.last, one.bid, one.ask, one.base_volume) == (85763.0, 85754.0, 85763.0, 447.54159364)
    assert (one.high, one.low) == (86969.0, 84870.0)


def test_bitfinex_candles_have_the_close_third() -> None:
    rows = json.loads(body("bitfinex/candles_jkorf.json"))
    (candle,) = charted(BitfinexSource, json.dumps(rows).encode()).candles
    assert (candle.start_ms, candle.close, candle.volume) == (1_678_465_320_000, 20114.0, 1.43504645)


def test_bitstamp_pairs() -> None:
    batch = listed(BitstampSource, "bitstamp/trading-pairs-info_20220105.json")
    assert (len(batch.instruments), batch.malformed) == (140, ())
    first = batch.instruments[0]
    assert (first.id, first.symbol, first.digits) == ("bitstamp:BTC-USD", "btcusd", 2)


def test_terra_usd_is_no_tether_on_bitstamp() -> None:
    rows = [{"name": "UST/USD", "market_symbol": "ustusd", "trading": "Enabled", "market_type": "SPOT"}]
    (one,) = BitstampSource.read_instruments(json.dumps(rows).encode()).instruments
    assert (one.id, one.aliases) == ("bitstamp:USTC-USD", ("USTC/USD", "UST/USD"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("bitstamp/ticker_btcusd_docexample.json", (2211.0, 2188.97, 2211.0, 213.268011, 213.268011 * 2189.80)),
        ("bitstamp/ticker_btcusdt_20240313.json", (73285.0, 73353.0, 73367.0, 135.29692054, 9586192.71102062)),
    ],
)
def test_bitstamp_quotes(path: str, expected: tuple[float, ...]) -> None:
    row = {**json.loads(body(path)), "pair": "BTC/USD"}
    (one,) = quoted(BitstampSource, json.dumps([row]).encode(), {"BTC/USD": "bitstamp:BTC-USD"}).tickers
    assert (one.last, one.bid, one.ask, one.base_volume) == expected[:4]
    assert one.quote_volume == pytest.approx(expected[4])


def test_bitstamp_candles() -> None:
    batch = charted(BitstampSource, body("bitstamp/ohlc_btcusd_60_1000.json"))
    assert (len(batch.candles), batch.malformed) == (1_000, ())
    assert (batch.candles[0].start_ms, batch.candles[-1].start_ms) == (1_577_776_800_000, 1_577_836_740_000)
    assert batch.candles[-1].close == 7168.36
    assert steps(batch) == {60_000: 999}
    assert sum(candle.volume == 0 for candle in batch.candles) == 13


def test_coinbase_lists_each_book_once() -> None:
    path = "coinbase/advanced_market_products_20260809_half.json"
    batch = listed(CoinbaseSource, path)
    assert (len(batch.instruments), batch.malformed) == (460 - 177 - 2, ())
    found = by_pair(batch)
    assert found["BTC/USD"].symbol == "BTC-USD"
    assert "BTC-USDC" in found["BTC/USD"].aliases
    assert found["BTC/USD"].digits == 2
    assert sum(one.trading is Trading.MAINTENANCE for one in batch.instruments) <= 4


def test_coinbase_quotes() -> None:
    path = "coinbase/advanced_market_products_20260809_half.json"
    ids = dict(symbol_index(listed(CoinbaseSource, path).instruments))
    batch = quoted(CoinbaseSource, body(path), ids)
    assert (len(batch.tickers), batch.malformed, batch.unknown) == (281, (), ())
    one = next(ticker for ticker in batch.tickers if ticker.instrument_id == "coinbase:BTC-USD")
    assert one == Ticker(
        "coinbase:BTC-USD", 65086.18, None, None, 2867.54532609, 186637571.25, None, 65252.99, 64675.22
    )


def test_coinbase_exchange_lists_products() -> None:
    batch = listed(CoinbaseExchangeSource, "coinbase/exchange_products_20210417.json")
    assert (len(batch.instruments), batch.malformed) == (162, ())
    assert Counter(one.trading for one in batch.instruments) == {Trading.ONLINE: 154, Trading.LIMITED: 8}
    first = batch.instruments[0]
    assert (first.id, first.symbol, first.digits) == ("coinbase_exchange:SKL-EUR", "SKL-EUR", 4)


def test_coinbase_exchange_candles_have_low_and_high_before_open_and_close() -> None:
    batch = charted(CoinbaseExchangeSource, body("coinbase/exchange_candles_1m_20180201.json"))
    assert (len(batch.candles), batch.malformed) == (10, ())
    assert (batch.candles[0].start_ms, batch.candles[-1].start_ms) == (1_517_443_200_000, 1_517_443_740_000)
    assert (batch.candles[-1].close, batch.candles[-1].volume) == (10120.21, 2.85107455)


def test_coinbase_exchange_statistics_of_a_day() -> None:
    day = json.loads(body("coinbase/exchange_product_stats.json"))
    content = json.dumps({"BTC-USD": {"stats_24hour": {**day, "last": day["high"]}}}).encode()
    (one,) = quoted(CoinbaseExchangeSource, content, {"BTC-USD": "coinbase_exchange:BTC-USD"}).tickers
    assert (one.high, one.low, one.base_volume) == tuple(float(day[name]) for name in ("high", "low", "volume"))


def test_bitcoin_of_one_morning_costs_the_same_everywhere() -> None:
    """05:45 UTC on 2026-10-05; dollars and Tether alike."""
    bitfinex = json.loads(body("bitfinex/ticker_tBTCUSD_20261005T0545.json"))
    batches = (
        quoted(BitfinexSource, json.dumps([["tBTCUSD", *bitfinex]]).encode(), {"tBTCUSD": "bitfinex:BTC-USD"}),
        quoted(GateSource, body("gate/tickers_BTC_USDT_20261005T0545.json"), {"BTC_USDT": "gate:BTC-USDT"}),
    )
    assert all(85_730 <= (batch.tickers[0].last or 0) <= 85_890 for batch in batches)
