"""Dollars over at most two of the exchange's own pairs."""

import pytest

from tui_tracker.stats.conversion import PairPrice, usd_rates


def test_direct_inverse_and_two_hops() -> None:
    rates = usd_rates(
        [
            PairPrice("BTC", "USD", 80_000.0, 1e9),
            PairPrice("EUR", "USD", 1.1, 1e7),
            PairPrice("USD", "JPY", 150.0, 1e6),
            PairPrice("XYZ", "BTC", 0.001, 5.0),
            PairPrice("JPY", "KRW", 9.0, 1e6),
            PairPrice("FAR", "XYZ", 2.0, 1.0),
        ]
    )
    assert rates["USD"] == 1
    assert rates["BTC"] == 80_000
    assert rates["JPY"] == pytest.approx(1 / 150)
    assert rates["XYZ"] == pytest.approx(80)
    assert rates["KRW"] == pytest.approx(1 / 150 / 9)
    assert "FAR" not in rates


def test_of_two_routes_the_more_traded_is_taken() -> None:
    pairs = [
        PairPrice("BTC", "USD", 80_000.0, 1e9),
        PairPrice("EUR", "USD", 1.0, 1e9),
        PairPrice("XYZ", "BTC", 0.001, 0.1),
        PairPrice("XYZ", "EUR", 75.0, 1e6),
    ]
    assert usd_rates(pairs)["XYZ"] == pytest.approx(75)
    assert usd_rates(reversed(pairs))["XYZ"] == pytest.approx(75)


def test_a_pair_with_usd_beats_any_route() -> None:
    pairs = [
        PairPrice("XYZ", "USD", 2.0, 1.0),
        PairPrice("XYZ", "EUR", 3.0, 1e9),
        PairPrice("EUR", "USD", 1.0, 1e9),
    ]
    assert usd_rates(pairs)["XYZ"] == 2.0


def test_nothing() -> None:
    assert usd_rates([]) == {"USD": 1.0}


def test_without_a_route_tether_and_usdc_are_a_dollar_each() -> None:
    rates = usd_rates(
        [
            PairPrice("BTC", "USDT", 80_000.0, 1e9),
            PairPrice("XYZ", "BTC", 0.001, 5.0),
            PairPrice("ABC", "USDC", 2.0, 5.0),
            PairPrice("FAR", "XYZ", 2.0, 1.0),
        ]
    )
    assert (rates["USDT"], rates["USDC"], rates["BTC"], rates["ABC"]) == (1, 1, 80_000, 2)
    assert rates["XYZ"] == pytest.approx(80)
    assert "FAR" not in rates
    assert "USDC" not in usd_rates([PairPrice("BTC", "USDT", 80_000.0, 1e9)])


def test_a_known_price_of_tether_is_not_replaced_by_a_dollar() -> None:
    pairs = [PairPrice("USDT", "USD", 0.9, 1e9), PairPrice("BTC", "USDT", 80_000.0, 1e9), PairPrice("A", "USDC", 2, 1)]
    rates = usd_rates(pairs)
    assert rates["BTC"] == pytest.approx(72_000)
    assert (rates["USDT"], rates["A"]) == (0.9, 2)
