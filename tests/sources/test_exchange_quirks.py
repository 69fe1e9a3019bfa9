"""What single exchanges do that no other does."""

import json

import pytest

from tui_tracker.core.errors import MalformedDataError
from tui_tracker.core.instrument import Trading
from tui_tracker.core.symbols import resolve
from tui_tracker.sources.binance import BinanceSource
from tui_tracker.sources.bitfinex import BitfinexSource
from tui_tracker.sources.bitstamp import BitstampSource
from tui_tracker.sources.coinbase import CoinbaseSource
from tui_tracker.sources.coinbase_exchange import CoinbaseExchangeSource
from tui_tracker.sources.gate import GateSource
from tui_tracker.sources.http import Response
from tui_tracker.sources.kucoin import KucoinSource
from tui_tracker.sources.rest import RestSource


def listed(source: type[RestSource], document: object) -> dict[str, Trading]:
    batch = source.read_instruments(json.dumps(document).encode())
    return {one.pair: one.trading for one in batch.instruments}


PRODUCT = {"base_currency_id": "ABC", "quote_currency_id": "USD", "product_type": "SPOT", "status": "online"}
EXCHANGE_PRODUCT = {"base_currency": "ABC", "quote_currency": "USD", "status": "online"}


@pytest.mark.parametrize(
    ("flag", "trading"),
    [
        ("cancel_only", Trading.CANCEL_ONLY),
        ("trading_disabled", Trading.MAINTENANCE),
        ("limit_only", Trading.LIMITED),
        ("post_only", Trading.LIMITED),
        ("auction_mode", Trading.LIMITED),
        ("other", Trading.ONLINE),
    ],
)
def test_flags_of_coinbase(flag: str, trading: Trading) -> None:
    products = {"products": [{"product_id": "ABC-USD", **PRODUCT, flag: True}]}
    assert listed(CoinbaseSource, products) == {"ABC/USD": trading}
    assert listed(CoinbaseExchangeSource, [{"id": "ABC-USD", **EXCHANGE_PRODUCT, flag: True}]) == {"ABC/USD": trading}


def test_coinbase_shows_no_futures_no_delisted_and_no_second_names() -> None:
    rows = [
        {"product_id": "ABC-USD", **PRODUCT},
        {"product_id": "ABC-USDC", **PRODUCT, "quote_currency_id": "USDC", "alias": "ABC-USD"},
        {"product_id": "F-USD", **PRODUCT, "base_currency_id": "F", "product_type": "FUTURE"},
        {"product_id": "OLD-USD", **PRODUCT, "base_currency_id": "OLD", "status": "delisted"},
    ]
    assert listed(CoinbaseSource, {"products": rows}) == {"ABC/USD": Trading.ONLINE}
    old = {"id": "OLD-USD", **EXCHANGE_PRODUCT, "base_currency": "OLD", "status": "delisted"}
    assert listed(CoinbaseExchangeSource, [{"id": "ABC-USD", **EXCHANGE_PRODUCT}, old]) == {"ABC/USD": Trading.ONLINE}


def test_a_second_name_of_coinbase_leads_to_its_book() -> None:
    rows = [{"product_id": "ABC-USD", **PRODUCT, "alias_to": ["ABC-USDC"]}]
    instruments = CoinbaseSource.read_instruments(json.dumps({"products": rows}).encode()).instruments
    assert resolve("abc/usdc", instruments, "coinbase").id == "coinbase:ABC-USD"


def test_binance_hides_what_is_long_gone_and_keeps_what_is_halted() -> None:
    states = ("TRADING", "HALT", "BREAK", "CANCEL_ONLY", "SOMETHING_NEW")
    rows = [
        {"symbol": f"A{place}BTC", "status": state, "baseAsset": f"A{place}", "quoteAsset": "BTC"}
        for place, state in enumerate(states)
    ]
    assert listed(BinanceSource, {"symbols": rows}) == {
        "A0/BTC": Trading.ONLINE,
        "A1/BTC": Trading.MAINTENANCE,
        "A3/BTC": Trading.CANCEL_ONLY,
        "A4/BTC": Trading.LIMITED,
    }


@pytest.mark.parametrize(
    ("symbol", "pair"),
    [
        ("tBTCUSD", "BTC/USD"),
        ("tBTCUST", "BTC/USDT"),
        ("tUSTUSD", "USDT/USD"),
        ("tUDCUST", "USDC/USDT"),
        ("tIOTUSD", "IOTA/USD"),
        ("tDOGE:USD", "DOGE/USD"),
        ("tAVAX:UST", "AVAX/USDT"),
        ("tTERRAUST:USD", "USTC/USD"),
        ("tLUNA:USD", "LUNC/USD"),
    ],
)
def test_names_of_bitfinex(symbol: str, pair: str) -> None:
    assert list(listed(BitfinexSource, [[symbol, *[1] * 10]])) == [pair]


@pytest.mark.parametrize("symbol", ["fUSD", "tBTCF0:USTF0", "tTESTBTC:TESTUSD", "tAAABBB"])
def test_what_bitfinex_lists_beside_spot_pairs_is_hidden(symbol: str) -> None:
    rows = [[symbol, *[1] * 10], ["tBTCUSD", *[1] * 10]]
    assert list(listed(BitfinexSource, rows)) == ["BTC/USD"]
    batch = BitfinexSource.read_tickers(json.dumps(rows).encode(), {"tBTCUSD": "bitfinex:BTC-USD"}, 0)
    assert (len(batch.tickers), batch.malformed, batch.unknown) == (1, (), ())


@pytest.mark.parametrize(("last", "digits"), [(85_763, 0), (9_137, 1), (1.0843, 4), (0.00050047, 8), (0, 8)])
def test_prices_of_bitfinex_have_five_digits(last: float, digits: int) -> None:
    row = ["tBTCUSD", 1, 1, 1, 1, 1, 1, last, 1, 1, 1]
    (one,) = BitfinexSource.read_instruments(json.dumps([row]).encode()).instruments
    assert one.digits == digits


def test_gate_keeps_what_is_suspended_and_what_can_only_be_sold() -> None:
    states = ("tradable", "untradable", "sellable")
    rows = [
        {"id": f"A{place}_USDT", "base": f"A{place}", "quote": "USDT", "trade_status": state}
        for place, state in enumerate(states)
    ]
    assert list(listed(GateSource, rows).values()) == [Trading.ONLINE, Trading.MAINTENANCE, Trading.LIMITED]


def test_a_renamed_pair_of_kucoin_is_asked_for_by_its_symbol_and_found_by_its_name() -> None:
    rows = [{"symbol": "OLD-USDT", "name": "NEW-USDT", "baseCurrency": "NEW", "quoteCurrency": "USDT"}]
    document = {"code": "200000", "data": rows}
    (one,) = KucoinSource.read_instruments(json.dumps(document).encode()).instruments
    assert (one.id, one.symbol, one.aliases) == ("kucoin:NEW-USDT", "OLD-USDT", ("NEW/USDT", "NEW-USDT"))


@pytest.mark.parametrize("time", [0, -1, "abc", None, 10**20])
def test_a_time_that_is_none_is_malformed(time: object) -> None:
    with pytest.raises(MalformedDataError):
        BinanceSource.read_time(Response(json.dumps({"serverTime": time}).encode(), 0, 0))


def test_where_not_even_the_date_tells_the_time_that_is_malformed() -> None:
    with pytest.raises(MalformedDataError, match="tell the time"):
        BitfinexSource.read_time(Response(b"[1]", 0, 0, None))


@pytest.mark.parametrize("source", [BitfinexSource, BitstampSource])
@pytest.mark.parametrize("body", [b"<html>Sign in", b"", b"null", b"[]", b"{}", b"[1"])
def test_the_date_of_what_is_no_answer_of_the_exchange_is_not_its_time(source: type[RestSource], body: bytes) -> None:
    with pytest.raises(MalformedDataError):
        source.read_time(Response(body, 0, 0, 1_790_000_000_500))
    assert source.read_time(Response(b"[1]", 0, 0, 1_790_000_000_500)) == 1_790_000_000_500
