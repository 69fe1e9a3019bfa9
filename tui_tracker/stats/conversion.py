"""Prices of assets in US dollars, over an exchange's own pairs."""

from collections.abc import Iterable
from typing import NamedTuple

USD = "USD"
PEGGED = ("USDT", "USDC")
"""Taken for a dollar each where an exchange has no pair to tell by."""


class PairPrice(NamedTuple):
    """What one pair says of two assets."""

    base: str
    quote: str
    price: float
    """Quote per base, above 0."""
    quote_volume: float
    """24 h volume in the quote asset: of two routes the more traded one is taken."""


def usd_rates(pairs: Iterable[PairPrice]) -> dict[str, float]:
    """Return the dollars that one unit of each asset is worth, over at most two pairs.

    A pair with USD itself is preferred to a route over another asset. Where no route leads to the coins that most
    exchanges use for dollars, each is taken for one, and what it prices in turn. Assets without a route are absent.
    O(pairs).
    """
    pairs = tuple(pairs)
    rates = _two_hops(pairs, {USD: 1.0})
    traded = {asset for pair in pairs for asset in pair[:2]}
    pegged = {asset: 1.0 for asset in PEGGED if asset in traded and asset not in rates}
    return {**_two_hops(pairs, rates | pegged), **rates} if pegged else rates


def _two_hops(pairs: tuple[PairPrice, ...], known: dict[str, float]) -> dict[str, float]:
    direct = _one_hop(pairs, known)
    return {**_one_hop(pairs, direct), **direct}


def _one_hop(pairs: tuple[PairPrice, ...], known: dict[str, float]) -> dict[str, float]:
    """Rates of ``known`` and of all assets that share a pair with one of them."""
    best: dict[str, tuple[float, float]] = {}
    for base, quote, price, quote_volume in pairs:
        if quote in known:
            if base not in known:
                _prefer(best, base, quote_volume * known[quote], price * known[quote])
        elif base in known:
            _prefer(best, quote, quote_volume / price * known[base], known[base] / price)
    return {asset: rate for asset, (_, rate) in best.items()} | known


def _prefer(best: dict[str, tuple[float, float]], asset: str, volume_usd: float, rate: float) -> None:
    if asset not in best or (volume_usd, rate) > best[asset]:
        best[asset] = volume_usd, rate
