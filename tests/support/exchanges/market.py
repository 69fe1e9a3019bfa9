"""One seeded market, as any exchange might list it: pairs and trades of the fake Kraken, without its names."""

from dataclasses import replace
from functools import cache
from typing import NamedTuple

from tests.support.fake_kraken_listing import Listing, make_listings
from tests.support.fake_kraken_market import DAY_MINUTES, MINUTE_MS, Bar, Noise, PairMarket, merge

VOLUME_DIGITS = 8


class Pair(NamedTuple):
    """One pair and its trades."""

    base: str
    quote: str
    digits: int
    trades: PairMarket

    @property
    def name(self) -> str:
        """``BTC/USDT``."""
        return f"{self.base}/{self.quote}"

    def text(self, ticks: int) -> str:
        """A price as a decimal."""
        return decimal(ticks, self.digits)


class Quote(NamedTuple):
    """What there is to say of a pair; prices in ticks, volumes in units of 1e-8, 0 where there is nothing."""

    last: int
    bid: int
    ask: int
    volume: int
    turnover: str
    """Volume in the quote currency."""
    vwap: str
    trades: int
    high: int
    low: int


class Candle(NamedTuple):
    """One interval."""

    start_ms: int
    bar: Bar
    is_closed: bool


class SeededMarket:
    """The pairs of an exchange whose main quote currency is ``dollar``.

    Args:
        seed: Which market.
        pairs: How many pairs there are at most, the best known first.
        dollar: ``USD``, or what takes its place.
        omits_quiet: Whether an interval without trades has no candle.
    """

    def __init__(self, seed: int, pairs: int, dollar: str, *, omits_quiet: bool) -> None:
        noise = _noise(seed)
        found: dict[str, Pair] = {}
        for listing in _listings(seed, pairs):
            base, quote = listing.display.split("/")
            quote = dollar if quote == "USD" else quote
            if base != quote and listing.status in ("online", None):
                market = PairMarket(seed, replace(listing, status="online"), noise)
                found.setdefault(f"{base}/{quote}", Pair(base, quote, listing.digits, market))
        self.pairs = list(found.values())
        self.dollar = dollar
        self._omits_quiet = omits_quiet

    def quote(self, pair: Pair, at_ms: int) -> Quote:
        """What is known of a pair at an instant."""
        minute = at_ms // MINUTE_MS
        state = pair.trades.state(at_ms)
        earlier_volume, earlier_trades = pair.trades.totals(minute - DAY_MINUTES)
        volume, trades = state.traded - earlier_volume, state.trades - earlier_trades
        spread = max(1, state.last // 20_000)
        if trades == 0:
            return Quote(0, state.last, state.last + spread, 0, "0", "0", 0, 0, 0)
        prices = [pair.trades.close_state(minute - back).last for back in range(0, DAY_MINUTES, 180)] + [state.last]
        vwap = sum(prices) // len(prices)
        turnover = decimal(vwap * volume, pair.digits + VOLUME_DIGITS)
        ask = state.last + spread
        return Quote(state.last, state.last, ask, volume, turnover, pair.text(vwap), trades, max(prices), min(prices))

    def candles(self, pair: Pair, step_minutes: int, count: int, at_ms: int) -> list[Candle]:
        """The last intervals up to the open one, oldest first: so many of them, or of the span of so many."""
        open_start = at_ms // (step_minutes * MINUTE_MS)
        found = []
        for start in range(open_start - count + 1, open_start + 1):
            minutes = range(start * step_minutes, (start + 1) * step_minutes)
            is_open = start == open_start
            now = at_ms // MINUTE_MS
            bars = [pair.trades.bar(minute) for minute in minutes if not is_open or minute < now]
            bar = merge([*bars, pair.trades.open_bar(at_ms)] if is_open else bars)
            if bar.trades or not self._omits_quiet:
                found.append(Candle(start * step_minutes * MINUTE_MS, bar, not is_open))
        return found


@cache
def _listings(seed: int, pairs: int) -> tuple[Listing, ...]:
    return tuple(make_listings(seed, pairs))


@cache
def _noise(seed: int) -> Noise:
    return Noise.of(seed)


def decimal(value: int, digits: int) -> str:
    """An integer of small units as a decimal."""
    whole, part = divmod(value, 10**digits)
    return f"{whole}.{part:0{digits}d}" if digits else str(whole)


def base_volume(bar: Bar) -> str:
    """Volume of an interval in the base currency."""
    return decimal(bar.volume, VOLUME_DIGITS)


def quote_volume(pair: Pair, bar: Bar) -> str:
    """Volume of an interval in the quote currency."""
    return decimal(bar.turnover, VOLUME_DIGITS + pair.digits)
