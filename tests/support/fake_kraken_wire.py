"""The fake exchange's answers, in the bytes that Kraken sends.

Formats: https://docs.kraken.com/api/docs/rest-api/ (get-tradable-asset-pairs, get-ticker-information, get-ohlc-data,
get-server-time, get-system-status) and recorded answers of 2021 to 2026. Errors come with HTTP 200 and without
``result``.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from tests.support.fake_kraken_listing import Listing, dark_pools, hostile_listings, make_listings, reserve_listings
from tests.support.fake_kraken_market import DAY_MINUTES, MINUTE_MS, Bar, Noise, PairMarket, State, merge

OHLC_ROWS = 720
"""Rows of one OHLC answer, the open one included."""
INTERVALS = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)
_OTHER_VENUE = ("XXBTZUSD", "XETHZUSD", "SOLUSD", "XXDGZUSD", "ADAUSD", "XXRPZUSD")
_CACHED_HISTORIES = 48
_FEES = [[0, 0.4], [10000, 0.35], [50000, 0.24], [100000, 0.22], [250000, 0.2], [500000, 0.18], [1000000, 0.16]]
_FEES_MAKER = [[0, 0.25], [10000, 0.2], [50000, 0.14], [100000, 0.12], [250000, 0.1], [500000, 0.08], [1000000, 0.06]]


class WireMarket:
    """All pairs of the fake exchange and what it says of them at any instant."""

    def __init__(self, seed: int, pairs: int, modern_keys: bool) -> None:
        noise = Noise.of(seed)
        self.modern_keys = modern_keys
        self.listings = make_listings(seed, pairs)
        self.reserve = reserve_listings(seed)
        self.hostile = hostile_listings(seed)
        self._markets = {
            listing.id: PairMarket(seed, listing, noise)
            for listing in (*self.listings, *self.reserve, *self.hostile, *dark_pools(self.listings))
        }
        self._names: dict[str, Listing] = {}
        for market in self._markets.values():
            listing = market.listing
            for name in (listing.id, listing.altname, listing.wsname, listing.display):
                if name:
                    self._names.setdefault(name, listing)
        self._days: dict[str, tuple[int, tuple[int, int, int]]] = {}
        self._histories: OrderedDict[tuple[str, int], dict[int, str]] = OrderedDict()

    def find(self, name: str) -> Listing | None:
        """The listing of an id, altname, wsname or display name."""
        return self._names.get(name)

    def market(self, listing: Listing) -> PairMarket:
        """The trades of a listing."""
        return self._markets[listing.id]

    def key(self, listing: Listing) -> str:
        """How Ticker names it."""
        return listing.display if self.modern_keys else listing.id

    def asset_pairs(self, extra: Iterable[Listing] = ()) -> dict[str, dict[str, object]]:
        """Entries of AssetPairs: tradeable pairs in order, ``extra`` ones, dark pools; never ``:BTNL``."""
        shown = [*self.listings, *extra, *dark_pools(self.listings)]
        return {listing.id: _asset_pair(listing) for listing in shown}

    def ticker_rows(self, at_ms: int, listings: Sequence[Listing], other_venue: bool = False) -> dict[str, str]:
        """JSON of each row of Ticker by its key; ``other_venue`` adds rows ending ``:BTNL``."""
        rows = {self.key(listing): self._ticker_row(listing, at_ms) for listing in listings}
        if other_venue:
            for name in _OTHER_VENUE:
                listing = self.find(name)
                if listing is not None and self.key(listing) in rows:
                    rows[f"{self.key(listing)}:BTNL"] = self._ticker_row(listing, at_ms - 90_000)
        return rows

    def ohlc_rows(self, listing: Listing, interval: int, at_ms: int) -> list[str]:
        """JSON of the last 720 rows, ascending; the last is the open interval."""
        open_start = at_ms // (MINUTE_MS * interval)
        closed = self._closed_rows(listing, interval, open_start)
        market = self.market(listing)
        minute = at_ms // MINUTE_MS
        bars = [market.bar(earlier) for earlier in range(open_start * interval, minute)]
        open_row = _ohlc_row(open_start * interval, merge([*bars, market.open_bar(at_ms)]), listing.digits)
        return [*closed, open_row]

    def _closed_rows(self, listing: Listing, interval: int, open_start: int) -> list[str]:
        known = self._histories.pop((listing.id, interval), {})
        market = self.market(listing)
        rows = {}
        for start in range(open_start - OHLC_ROWS + 1, open_start):
            row = known.get(start)
            if row is None:
                row = _ohlc_row(start * interval, _bar_of(market, start * interval, interval), listing.digits)
            rows[start] = row
        self._histories[listing.id, interval] = rows
        if len(self._histories) > _CACHED_HISTORIES:
            self._histories.popitem(last=False)
        return list(rows.values())

    def _day(self, market: PairMarket, minute: int) -> tuple[int, int, int]:
        """(vwap, low, high) of the last 24 h, from eight prices of it: near enough for fields that nobody ranks."""
        listing = market.listing
        span = minute // 180
        known = self._days.get(listing.id)
        if known is None or known[0] != span:
            prices = [market.close_state((span - back) * 180).last for back in range(8)]
            known = (span, (sum(prices) // 8, min(prices), max(prices)))
            self._days[listing.id] = known
        return known[1]

    def _ticker_row(self, listing: Listing, at_ms: int) -> str:
        market = self._markets[listing.id]
        minute = at_ms // MINUTE_MS
        state = market.state(at_ms)
        ask, bid = _quotes(market, state, minute)
        digits = listing.digits
        shown = max(5, digits + 2)
        pad = "0" * (shown - digits)

        def price(ticks: int) -> str:
            return _decimal(ticks, digits) + pad

        quotes = ",".join(
            f'"{side}":["{price(ticks)}","{whole}","{whole}.000"]'
            for side, ticks, whole in (("a", ask, 1 + minute % 7), ("b", bid, 2 + minute % 5))
        )
        midnight = minute - minute % DAY_MINUTES
        old_volume, old_trades = market.totals(minute - DAY_MINUTES)
        day_volume, day_trades = market.totals(midnight - 1)
        count = state.trades - old_trades
        if count == 0:
            zero = "0." + "0" * shown
            return (
                f'{{{quotes},"c":["{zero}","0.00000"],"v":["0.00000","0.00000"],"p":["{zero}","{zero}"],"t":[0,0],'
                f'"l":["{zero}","{zero}"],"h":["{zero}","{zero}"],"o":"{zero}"}}'
            )
        opening = market.first_since(midnight, at_ms)
        vwap, low, high = self._day(market, minute)
        low, high = min(low, state.last, opening), max(high, state.last, opening)
        low_today, high_today = min(opening, state.last), max(opening, state.last)
        return (
            f'{{{quotes},"c":["{price(state.last)}","{_decimal(state.last_volume, 8)}"],'
            f'"v":["{_decimal(state.traded - day_volume, 8)}","{_decimal(state.traded - old_volume, 8)}"],'
            f'"p":["{price((low_today + high_today) // 2)}","{price(vwap)}"],'
            f'"t":[{state.trades - day_trades},{count}],'
            f'"l":["{price(low_today)}","{price(low)}"],"h":["{price(high_today)}","{price(high)}"],'
            f'"o":"{price(opening)}"}}'
        )


def envelope(result: str) -> bytes:
    """Wrap JSON as the result of a good answer."""
    return f'{{"error":[],"result":{result}}}'.encode()


def error_body(message: str) -> bytes:
    """An error as Kraken says it: HTTP 200, and no ``result`` key."""
    return json.dumps({"error": [message]}, separators=(",", ":")).encode()


def join_rows(rows: dict[str, str]) -> str:
    """A JSON object of rows that are JSON already."""
    return "{" + ",".join(f"{json.dumps(key)}:{row}" for key, row in rows.items()) + "}"


def time_result(at_ms: int) -> str:
    """Result of Time: whole seconds."""
    seconds = at_ms // 1000
    text = time.strftime("%a, %d %b %y %H:%M:%S +0000", time.gmtime(seconds))
    return json.dumps({"unixtime": seconds, "rfc1123": text})


def status_result(at_ms: int) -> str:
    """Result of SystemStatus."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms // 1000))
    return json.dumps({"status": "online", "timestamp": stamp})


def _decimal(value: int, digits: int) -> str:
    whole, part = divmod(value, 10**digits)
    return f"{whole}.{part:0{digits}d}"


def _quotes(market: PairMarket, state: State, minute: int) -> tuple[int, int]:
    """(ask, bid) around the last trade; 0 where nobody quotes."""
    block = market.listing.block
    spread = max(1, state.last * min(block, 400) // 20_000)
    bid = max(1, state.last - market.draw(minute) % (spread + 1))
    quoted = market.listing.quoted
    return (bid + spread) * ("a" in quoted), bid * ("b" in quoted)


def _bar_of(market: PairMarket, start: int, interval: int) -> Bar:
    if interval == 1:
        return market.bar(start)
    end = start + interval - 1
    if market.close_state(end).trade_minute < start:
        return market.bar(end)
    return merge([market.bar(minute) for minute in range(start, end + 1)])


def _ohlc_row(start: int, bar: Bar, digits: int) -> str:
    vwap = _decimal(bar.turnover // bar.volume, digits) if bar.volume else "0.0"
    prices = ",".join(f'"{_decimal(price, digits)}"' for price in bar[:4])
    return f'[{start * 60},{prices},"{vwap}","{_decimal(bar.volume, 8)}",{bar.trades}]'


def _asset_pair(listing: Listing) -> dict[str, object]:
    entry: dict[str, object] = {"altname": listing.altname}
    if listing.wsname is not None:
        entry["wsname"] = listing.wsname
    entry |= {
        "aclass_base": "currency",
        "base": listing.base,
        "aclass_quote": "currency",
        "quote": listing.quote,
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": listing.digits,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [2, 3, 4, 5],
        "leverage_sell": [2, 3, 4, 5],
        "fees": _FEES,
        "fees_maker": _FEES_MAKER,
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": "0.00005",
    }
    if listing.has_tick_size:
        entry |= {"costmin": "0.5", "tick_size": _decimal(1, listing.digits)}
    if listing.status is not None:
        entry["status"] = listing.status
    return entry
