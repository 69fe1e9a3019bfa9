"""Finding the pair that a person means."""

from collections.abc import Iterator

import pytest

from tui_tracker.core.errors import AmbiguousPairError, UnknownPairError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.symbols import Names, resolve


def pair(base: str, quote: str, symbol: str = "", *aliases: str, source: str = "kraken") -> Instrument:
    return Instrument(f"{source}:{base}-{quote}", base, quote, symbol or base + quote, aliases, 2)


BTC_USD = pair("BTC", "USD", "XXBTZUSD", "BTC/USD", "XBT/USD", "XBTUSD")
MARKET = (
    pair("BTC", "USDT", "XBTUSDT", "BTC/USDT", "XBT/USDT"),
    pair("BTC", "EUR", "XXBTZEUR", "BTC/EUR", "XBT/EUR", "XBTEUR"),
    BTC_USD,
    pair("BTC", "JPY", "XXBTZJPY", "BTC/JPY", "XBT/JPY", "XBTJPY"),
    pair("DOGE", "USD", "XDGUSD", "DOGE/USD", "XDG/USD"),
    pair("ETH2.S", "ETH"),
    pair("AB", "CUSD"),
    pair("ABC", "USD"),
    pair("AAPLx", "USD"),
    pair("AAPLX", "USD", "AAPLXUSD2"),
)


@pytest.mark.parametrize(
    "name",
    [
        *("btcusd", "BTC/USD", "btc-usd", "btc_usd", "BTC USD", "  btc / usd ", "XBTUSD", "xbtusd", "XXBTZUSD"),
        *("xbt/usd", "XBT-USD", "kraken:btc-usd", "Kraken:BTC/USD", "kraken: xxbtzusd", "BtC/uSd", "kraken:BTC-USD"),
    ],
)
def test_every_spelling_that_a_person_tries(name: str) -> None:
    assert resolve(name, MARKET, "kraken") is BTC_USD


def test_other_names() -> None:
    assert resolve("dogeusd", MARKET, "kraken").pair == "DOGE/USD"
    assert resolve("xdg-usd", MARKET, "kraken").pair == "DOGE/USD"
    assert resolve("eth2.seth", MARKET, "kraken").pair == "ETH2.S/ETH"
    assert resolve("btc/usdt", MARKET, "kraken").pair == "BTC/USDT"


def test_a_text_that_splits_two_ways_is_ambiguous() -> None:
    with pytest.raises(AmbiguousPairError) as caught:
        resolve("abcusd", MARKET, "kraken")
    assert caught.value.candidates == ("kraken:AB-CUSD", "kraken:ABC-USD")
    assert resolve("abc/usd", MARKET, "kraken").id == "kraken:ABC-USD"
    assert resolve("ab-cusd", MARKET, "kraken").id == "kraken:AB-CUSD"


def test_the_exact_spelling_wins_where_only_case_differs() -> None:
    assert resolve("AAPLx/USD", MARKET, "kraken").base == "AAPLx"
    assert resolve("AAPLX/USD", MARKET, "kraken").base == "AAPLX"
    with pytest.raises(AmbiguousPairError):
        resolve("aaplx/usd", MARKET, "kraken")


def test_a_bare_asset_is_no_pair_but_shows_its_pairs_most_usual_quote_first() -> None:
    for name in ("btc", "XBT"):
        with pytest.raises(UnknownPairError) as caught:
            resolve(name, MARKET, "kraken")
        assert caught.value.near == ("BTC/USD", "BTC/EUR", "BTC/USDT")


def test_near_names_of_a_typing_error() -> None:
    with pytest.raises(UnknownPairError) as caught:
        resolve("dogusd", MARKET, "kraken")
    assert "DOGE/USD" in caught.value.near
    assert len(caught.value.near) <= 3


@pytest.mark.parametrize("name", ["", "  ", "/", "-", "btc/usd/eur", "x" * 65, "nosuch:btcusd", "\x1b[2J", "zzzz"])
def test_what_no_pair_is_called(name: str) -> None:
    with pytest.raises(UnknownPairError) as caught:
        resolve(name, MARKET, "kraken")
    assert "\x1b" not in str(caught.value)


def test_the_default_source_comes_first_and_a_named_one_decides() -> None:
    other = pair("BTC", "USD", source="other")
    only_there = pair("RARE", "USD", source="other")
    market = (other, only_there, *MARKET)
    assert resolve("btcusd", market, "kraken") is BTC_USD
    assert resolve("btcusd", market, "other") is other
    assert resolve("other:btcusd", market, "kraken") is other
    assert resolve("ccxt:other:btcusd", market, "kraken") is other, "as its source is asked for"
    assert resolve("rareusd", market, "kraken") is only_there
    with pytest.raises(UnknownPairError):
        resolve("kraken:rareusd", market, "kraken")
    with pytest.raises(AmbiguousPairError):
        resolve("btcusd", market, "third")


def test_of_several_sources_the_first_that_has_it_is_meant() -> None:
    listed = [Instrument(f"{name}:BTC-USDT", "BTC", "USDT", "BTCUSDT", (), 2) for name in ("okx", "binance", "all")]
    assert resolve("btc/usdt", listed, "kraken,binance,okx").id == "binance:BTC-USDT"
    assert resolve("okx:btcusdt", listed, "kraken,binance,okx").id == "okx:BTC-USDT"
    assert resolve("all:BTC/USDT", listed, "kraken,binance,okx").id == "all:BTC-USDT"


def test_the_prefix_of_a_source_that_is_not_here_hides_no_near_name() -> None:
    with pytest.raises(UnknownPairError) as caught:
        resolve("binance:DOGE-USDX", MARKET, "kraken")
    assert "DOGE/USD" in caught.value.near


class Counted(tuple[Instrument, ...]):
    """Instruments that count how often somebody goes through all of them."""

    passes = 0

    def __iter__(self) -> Iterator[Instrument]:
        self.passes += 1
        return super().__iter__()


def test_many_names_are_found_without_going_through_all_instruments_for_each() -> None:
    listed = Counted(MARKET)
    names = Names(listed, "kraken")
    passes = listed.passes
    for _ in range(100):
        assert names.find("btc/usd") is BTC_USD
        with pytest.raises(UnknownPairError) as caught:
            names.find("dogusd", has_near=False)
        assert caught.value.near == ()
    assert listed.passes == passes
    with pytest.raises(UnknownPairError):
        names.find("dogusd")
    assert listed.passes > passes
