"""Kraken's decoding against recorded answers; the expected values were computed without this project."""

import json
from collections import Counter
from itertools import pairwise
from statistics import pstdev
from typing import NamedTuple

import pytest

from tests.sources.kraken_server import answering
from tests.support.recorded import recorded
from tui_tracker.core.errors import RejectedError
from tui_tracker.core.instrument import Instrument, InstrumentClass, Trading
from tui_tracker.core.ticker import Ticker

Expected = tuple[str, str, str, str, str, int]
"""last, bid, ask, 24 h volume, 24 h average price, trades"""


class Day(NamedTuple):
    """The rest of a row, read from the recording itself."""

    high: float
    low: float
    volume: float
    trades: int


_BTC_2023: Expected = ("30303.20000", "30300.00000", "30300.10000", "4412.73601799", "30689.13205", 38907)
_BTC_USDT: Expected = ("105899.40000", "105944.20000", "105944.30000", "163.28908096", "105904.39279", 3276)


def body(name: str) -> bytes:
    return recorded(f"kraken/{name}").read_bytes()


def day(name: str, expected: Expected) -> Day:
    """High and low of 24 h, and today's counters, of the row with that last price."""
    (row,) = (row for row in json.loads(body(name))["result"].values() if row["c"][0] == expected[0])
    return Day(float(row["h"][1]), float(row["l"][1]), float(row["v"][0]), row["t"][0])


def ticker(instrument_id: str, expected: Expected, rest: Day) -> Ticker:
    last, bid, ask, volume, vwap = (float(text) for text in expected[:5])
    return Ticker(instrument_id, last, bid, ask, volume, volume * vwap, expected[5], *rest)


async def test_asset_pairs_of_2021() -> None:
    async with answering({"AssetPairs": body("AssetPairs_20210417.json")}) as source:
        batch = await source.instruments()
    assert batch.malformed == ()
    assert len(batch.instruments) == 304 - 11
    by_symbol = {instrument.symbol: instrument for instrument in batch.instruments}
    assert by_symbol["XXBTZUSD"] == Instrument(
        "kraken:BTC-USD", "BTC", "USD", "XXBTZUSD", ("BTC/USD", "XBT/USD", "XBTUSD"), 1, Trading.ONLINE
    )
    assert by_symbol["AAVEUSD"].id == "kraken:AAVE-USD"
    assert by_symbol["XDGUSD"].id == "kraken:DOGE-USD"
    assert by_symbol["ZEURZUSD"].pair == "EUR/USD"
    assert by_symbol["XETHXXBT"].pair == "ETH/BTC"
    assert not [instrument for instrument in batch.instruments if instrument.symbol.endswith(".d")]
    raw = json.loads(body("AssetPairs_20210417.json"))["result"]
    legacy = Counter(entry["quote"] for entry in raw.values() if "wsname" in entry)
    quotes = Counter(instrument.quote for instrument in batch.instruments)
    for old, new in (("ZUSD", "USD"), ("ZEUR", "EUR"), ("XXBT", "BTC"), ("XETH", "ETH")):
        assert quotes[new] == legacy[old]
    assert {instrument.trading for instrument in batch.instruments} == {Trading.ONLINE}


async def test_asset_pairs_of_2025() -> None:
    async with answering({"AssetPairs": body("AssetPairs_3_2025.json")}) as source:
        batch = await source.instruments()
    aliases = ("BTC/USDT", "XBT/USDT")
    assert batch.instruments == (Instrument("kraken:BTC-USDT", "BTC", "USDT", "XBTUSDT", aliases, 1, Trading.ONLINE),)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ticker_XBTUSDT_20251111.json", {"BTC-USDT": _BTC_USDT}),
        ("Ticker_XXBTZUSD_2023.json", {"BTC-USD": _BTC_2023}),
        ("Ticker_multi_ASSEMBLED.json", {"BTC-USD": _BTC_2023, "BTC-USDT": _BTC_USDT}),
    ],
)
async def test_tickers_in_the_old_form(name: str, expected: dict[str, Expected]) -> None:
    async with answering({"AssetPairs": body("AssetPairs_20210417.json"), "Ticker": body(name)}) as source:
        await source.instruments()
        batch = await source.tickers()
    assert (batch.malformed, batch.unknown) == ((), ())
    assert set(batch.tickers) == {
        ticker(f"kraken:{pair}", values, day(name, values)) for pair, values in expected.items()
    }


_ALL: dict[str, dict[str, Expected]] = {
    "T145719Z": {
        "BTC-USD": ("60934.90000", "60934.80000", "60934.90000", "2495.15962868", "62008.46345", 51325),
        "ETH-EUR": ("1448.90000", "1448.90000", "1448.91000", "6851.13929621", "1461.29767", 9900),
        "DOGE-USD": ("0.076582500", "0.076535800", "0.076557100", "37330632.25892724", "0.078089214", 4835),
    },
    "T150146Z": {
        "BTC-USD": ("61027.50000", "61012.90000", "61024.30000", "2470.16229552", "61999.78499", 51316),
        "ETH-EUR": ("1450.20000", "1450.02000", "1450.03000", "6817.58280025", "1461.21650", 9880),
        "DOGE-USD": ("0.076575400", "0.076596000", "0.076615000", "36830558.60045809", "0.078073728", 4813),
    },
}


def listing(names: list[str]) -> bytes:
    """AssetPairs for tickers in the modern form, with legacy ids for some."""
    legacy = {"BTC/USD": ("XXBTZUSD", "XBT/USD"), "ETH/EUR": ("XETHZEUR", "ETH/EUR"), "DOGE/USD": ("XDGUSD", "XDG/USD")}
    entries = {}
    for name in names:
        symbol, wsname = legacy.get(name, (name.replace("/", ""), name))
        base, quote = wsname.split("/")
        entries[symbol] = {"altname": wsname.replace("/", ""), "wsname": wsname, "base": base, "quote": quote}
    return json.dumps({"error": [], "result": entries}).encode()


@pytest.mark.parametrize("time", list(_ALL))
async def test_all_tickers_in_the_modern_form(time: str) -> None:
    name = f"Ticker_all_assetVersion1_20260624{time}.json"
    payload = body(name)
    rows = json.loads(payload)["result"]
    names = [key for key in rows if not key.endswith(":BTNL")]
    assert (len(rows), len(names)) == (1530, 1505)
    async with answering({"AssetPairs": listing(names), "Ticker": payload}) as source:
        listed = await source.instruments()
        batch = await source.tickers()
    assert (len(listed.instruments), listed.malformed) == (1505, ())
    assert (len(batch.tickers), batch.malformed, batch.unknown) == (1505, (), ())
    by_id = {one.instrument_id: one for one in batch.tickers}
    for pair, expected in _ALL[time].items():
        assert by_id[f"kraken:{pair}"] == ticker(f"kraken:{pair}", expected, day(name, expected))
    assert sum(one.high is None or one.low is None for one in batch.tickers) == 108
    classes = Counter(each for instrument in listed.instruments for each in instrument.classes)
    assert classes == {InstrumentClass.STABLE: 75, InstrumentClass.FIAT: 12, InstrumentClass.WRAPPED: 22}
    silent = [one for one in batch.tickers if one.last is None]
    assert len(silent) == 108
    assert {(one.trades, one.base_volume, one.quote_volume) for one in silent} == {(0, 0.0, 0.0)}
    assert sum(one.bid is not None for one in silent) == 97
    assert sum(one.ask is not None for one in silent) == 91
    quotes = Counter(one.instrument_id.rpartition("-")[2] for one in batch.tickers)
    assert {quote: quotes[quote] for quote in ("EUR", "USDT", "USDC", "BTC")} == {
        "EUR": 584,
        "USDT": 48,
        "USDC": 46,
        "BTC": 32,
    }
    assert quotes["USD"] == 685


async def test_candles() -> None:
    payload = body("OHLC_XBTUSDT_1m_20251110.json")
    instrument = Instrument("kraken:BTC-USDT", "BTC", "USDT", "XBTUSDT", (), 1)
    async with answering({"OHLC": payload}) as source:
        batch = await source.candles(instrument, 1)
    assert (batch.step_minutes, batch.malformed, len(batch.candles)) == (1, (), 720)
    starts = [candle.start_ms for candle in batch.candles]
    assert (starts[0], starts[-1]) == (1762777020_000, 1762820160_000)
    assert {after - before for before, after in pairwise(starts)} == {60_000}
    rows = json.loads(payload)["result"]["XBTUSDT"]
    closes = [candle.close for candle in batch.candles]
    assert closes == [float(row[4]) for row in rows[:-1]]
    assert pstdev([*closes, float(rows[-1][4])]) == pytest.approx(402.643418, abs=1e-6)
    assert sum(candle.volume == 0 for candle in batch.candles) == 216 - (float(rows[-1][6]) == 0)


async def test_time() -> None:
    async with answering({"Time": body("Time.json")}) as source:
        reading = await source.server_time()
    assert reading.server_ms == 1762820224_500


async def test_an_error_has_no_result_and_is_no_key_error() -> None:
    async with answering({"Ticker": body("error_unknown_pair_20261005.json")}) as source:
        with pytest.raises(RejectedError, match="EQuery:Unknown asset pair"):
            await source.tickers()
