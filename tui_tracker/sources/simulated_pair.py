"""One pair of the simulated market: trades, candles, quotes, and sums over 24 h, minute by minute."""

import math
from array import array
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate, pairwise
from math import nan
from operator import add
from random import Random
from typing import Final, NamedTuple

from tui_tracker.core.candle import Candle
from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.simulated_listings import Listing
from tui_tracker.sources.simulated_market import SimulatedMarket
from tui_tracker.sources.simulated_noise import HOUR_MINUTES, gaussian, key_of, scrambled, uniform

MINUTE_MS: Final = 60_000
_DAY_HOURS: Final = 24
_RING: Final = 32
_BETWEEN: Final = 0.5826
_SEASON: Final = tuple(1 + 0.35 * math.cos(2 * math.pi * (hour - 15) / _DAY_HOURS) for hour in range(_DAY_HOURS))


@dataclass(frozen=True, slots=True)
class Hour:
    """Everything that a ticker says of a pair in one hour: 60 doubles each."""

    mids: "array[float]"
    """Between bid and ask, not rounded."""
    closes: "array[float]"
    """Last trades; NaN before the first."""
    base_volumes: "array[float]"
    """Sums over the 1,440 minutes that end with each."""
    quote_volumes: "array[float]"
    today: "array[float]"
    """Base volume since 00:00 UTC."""
    highs: "array[float]"
    """Over 24 h; the hours before are told from their ends alone, widened by what lies between on average."""
    lows: "array[float]"


class SimulatedPair:
    """Trades of one pair as a function of the seed, the pair's name and the minute.

    A minute without a trade keeps the close. Hours and minutes count from the epoch. At most two built hours are kept.

    Args:
        listing: What is traded, and how much.
        market: Where its prices come from.
        seed: Which market.
    """

    def __init__(self, listing: Listing, market: SimulatedMarket, seed: int) -> None:
        self.listing = listing
        self._market = market
        key = key_of(seed, listing.instrument.id)
        self._trade_key, self._volume_key, self._quiet_key = key, key ^ 1, key ^ 2
        self._scale = 10.0**listing.instrument.digits
        volume_usd = max(listing.volume_usd, 200.0)
        self._trade_usd = 3 * volume_usd**0.36
        self._rate = listing.volume_usd / self._trade_usd / (_DAY_HOURS * HOUR_MINUTES)
        self._quiet_chance = math.exp(-self._rate * HOUR_MINUTES)
        self._half_spread = 0.2e-4 * (9e8 / volume_usd) ** 0.4
        self._waking_hour = scrambled(key, 0) % _DAY_HOURS
        self._first_hour = None if listing.first_minute is None else listing.first_minute // HOUR_MINUTES
        self._end_hour = None if listing.end_minute is None else listing.end_minute // HOUR_MINUTES
        self._hours: dict[int, Hour] = {}
        self._sum_hours = array("q", [-1]) * _RING
        self._sum_volumes = array("d", [0.0]) * _RING
        self._sum_prices = array("d", [0.0]) * _RING
        self._sum_levels = array("d", [0.0]) * _RING

    def is_listed(self, minute: int) -> bool:
        """Whether the exchange shows the pair at that minute."""
        first = self.listing.first_minute
        return first is None or minute >= first

    def is_ready(self, hour: int) -> bool:
        """Whether a ticker of that hour costs next to nothing."""
        return hour in self._hours

    def prepare(self, hour: int) -> None:
        """Build what the tickers of an hour need: some 150 µs, twice that the first time."""
        if hour not in self._hours:
            built = self._build(hour)
            self._hours = {near: kept for near, kept in self._hours.items() if abs(near - hour) == 1}
            self._hours[hour] = built

    def ticker(self, minute: int) -> Ticker:
        """Return the quote at any instant of a minute; ``last`` is its close, if anything traded in 24 h."""
        hour, index = divmod(minute, HOUR_MINUTES)
        self.prepare(hour)
        built = self._hours[hour]
        base_volume = built.base_volumes[index]
        ticks = built.mids[index] * self._scale
        width = self._half_spread * ticks * (0.75 + 0.5 * (ticks % 1.0))
        bid = max(1, math.floor(ticks - width))
        ask = max(bid + 1, math.ceil(ticks + width))
        today = built.today[index]
        return Ticker(
            self.listing.instrument.id,
            built.closes[index] if base_volume else None,
            bid / self._scale,
            ask / self._scale,
            base_volume,
            built.quote_volumes[index],
            self._trades_in(base_volume),
            built.highs[index] if base_volume else None,
            built.lows[index] if base_volume else None,
            today,
            self._trades_in(today),
        )

    def _trades_in(self, base_volume: float) -> int:
        trades: int = math.ceil(base_volume * self.listing.base_usd / self._trade_usd)
        return trades

    def candles(self, hour: int, before: float) -> list[Candle]:
        """Return the candles of an hour, none before the first trade ever: some 120 µs.

        Args:
            hour: Hours since the epoch.
            before: The last trade before it, or NaN.
        """
        trades = self._trades(hour)
        closes = self._closes(trades, self._mids(hour), before)
        start_ms = hour * HOUR_MINUTES * MINUTE_MS
        starts = range(start_ms, start_ms + HOUR_MINUTES * MINUTE_MS, MINUTE_MS)
        return [
            Candle(start, close, volume)
            for start, close, volume in zip(starts, closes, trades.volumes, strict=True)
            if close == close
        ]

    def close_before(self, hour: int) -> float:
        """Return the last trade before an hour, or NaN if there was none within a day."""
        previous = self._hours.get(hour - 1)
        if previous is not None:
            return previous.closes[-1]
        for earlier in range(hour - 1, hour - 2 - _DAY_HOURS, -1):
            if self._volume(earlier):
                return self._closes(self._trades(earlier), self._mids(earlier), nan)[-1]
        return nan

    def _build(self, hour: int) -> Hour:
        trades, mids = self._trades(hour), self._mids(hour)
        closes = self._closes(trades, mids, self.close_before(hour))
        day_ago = hour - _DAY_HOURS
        fading = [0.0, *accumulate(reversed(self._trades(day_ago).volumes[1:]))]
        fading.reverse()
        between = [self._sums(earlier) for earlier in range(day_ago + 1, hour)]
        base = math.fsum(volume for volume, _ in between)
        quote = math.fsum(volume * price for volume, price in between)
        old_price, new_price = self._sums(day_ago)[1], self._sums(hour)[1]
        sums = list(zip(fading, accumulate(trades.volumes), strict=True))
        high, low = self._extremes_before(hour)
        traded = [close if close == close else low for close in closes]
        return Hour(
            array("d", mids),
            array("d", closes),
            array("d", [base + old + new for old, new in sums]),
            array("d", [quote + old * old_price + new * new_price for old, new in sums]),
            array("d", self._today(hour, trades)),
            array("d", [max(high, top) for top in accumulate(traded, max)]),
            array("d", [min(low, bottom) for bottom in accumulate(traded, min)]),
        )

    def _today(self, hour: int, trades: "_Trades") -> list[float]:
        """Volume since midnight at the ends of an hour's minutes; one hour goes on exactly where the last one ended."""
        volumes = (self._sums(earlier)[0] for earlier in range(hour - hour % _DAY_HOURS, hour))
        before, total = reduce(add, volumes, 0.0), self._volume(hour)
        parts = [min(part, total) for part in accumulate(trades.volumes)]
        parts[-1] = total
        return [before + part for part in parts]

    def _extremes_before(self, hour: int) -> tuple[float, float]:
        """High and low of the 23 hours before, on the tick: what can be told without building them.

        A walk that is looked at n times reaches 0.5826 steps further in between (Broadie, Glasserman, Kou 1997).
        """
        first = hour - _DAY_HOURS + 1
        if self._first_hour is not None:
            first = min(hour, max(first, self._first_hour))
        for earlier in range(first, hour + 1):
            self._sums(earlier)
        levels = [self._sum_levels[earlier % _RING] for earlier in range(first, hour + 1)]
        steps = [after - before for before, after in pairwise(levels)]
        reach = _BETWEEN * math.sqrt(math.fsum(step * step for step in steps) / max(1, len(steps)))
        high, low = (self.listing.price * math.exp(level) for level in (max(levels) + reach, min(levels) - reach))
        return math.ceil(high * self._scale) / self._scale, max(1, math.floor(low * self._scale)) / self._scale

    def _mids(self, hour: int) -> list[float]:
        listing, exp = self.listing, math.exp
        bases, quotes = self._market.minutes(listing.base, hour), self._market.minutes(listing.quote, hour)
        price = listing.price
        return [price * exp(base - quote) for base, quote in zip(bases, quotes, strict=True)]

    def _closes(self, trades: "_Trades", mids: list[float], close: float) -> list[float]:
        """Return last trades by minute: between bid and ask, on the tick, held where nothing traded."""
        scale, base, slope = self._scale, 1 - self._half_spread, 2 * self._half_spread / trades.chance
        closes = []
        for mid, volume, draw in zip(mids, trades.volumes, trades.draws, strict=True):
            if volume:
                close = int(mid * (base + slope * draw) * scale + 0.5) / scale
            closes.append(close)
        return closes

    def _trades(self, hour: int) -> "_Trades":
        """Share the volume of an hour out to the minutes in which something traded."""
        total = self._volume(hour)
        uniform_draw = Random(scrambled(self._trade_key, hour)).random
        draws = [uniform_draw() for _ in range(HOUR_MINUTES)]
        if not total:
            return _Trades([0.0] * HOUR_MINUTES, draws, 1.0)
        chance = 1 - math.exp(-self._rate * self._boost(hour))
        weights = [1 / (0.06 + draw * 977 % 1) if draw < chance else 0.0 for draw in draws]
        first = 0
        if hour == self._first_hour and self.listing.first_minute is not None:
            first = self.listing.first_minute % HOUR_MINUTES
            weights[:first] = [0.0] * first
            weights[first], draws[first] = 1.0, draws[first] * chance
        elif not any(weights):
            lone = int(draws[0] * HOUR_MINUTES)
            weights[lone], draws[lone] = 1.0, draws[lone] * chance
        unit = total / math.fsum(weights)
        return _Trades([weight * unit for weight in weights], draws, chance)

    def _volume(self, hour: int) -> float:
        """Return the base volume of an hour, 0 where it is quiet; no day is quiet altogether, unless nobody trades."""
        if not self._rate or (self._end_hour is not None and hour >= self._end_hour):
            return 0.0
        if self._first_hour is not None and hour < self._first_hour:
            return 0.0
        boost = self._boost(hour)
        is_awake = boost > 1 or hour == self._first_hour or hour % _DAY_HOURS == self._waking_hour
        if not is_awake and uniform(self._quiet_key, hour) < self._quiet_chance:
            return 0.0
        usual = self.listing.volume_usd / self.listing.base_usd / _DAY_HOURS / (1 - self._quiet_chance)
        mood = math.exp(0.5 * gaussian(self._volume_key, hour) - 0.125)
        return usual * mood * boost * _SEASON[hour % _DAY_HOURS]

    def _boost(self, hour: int) -> float:
        """Return how many times as much as usual is traded: more while a pump or dump is at its height."""
        start = hour * HOUR_MINUTES
        boost = 1.0
        for event in self._market.events(self.listing.base, hour):
            boost += 15 * max(abs(event.level(start + minute)) for minute in (0, 20, 40, 59))
        return boost

    def _sums(self, hour: int) -> tuple[float, float]:
        """Return (base volume, mean price) of an hour; a day of them is kept."""
        slot = hour % _RING
        if self._sum_hours[slot] != hour:
            market, base, quote = self._market, self.listing.base, self.listing.quote
            start = market.anchor(base, hour) - market.anchor(quote, hour)
            end = market.anchor(base, hour + 1) - market.anchor(quote, hour + 1)
            self._sum_volumes[slot] = self._volume(hour)
            self._sum_prices[slot] = self.listing.price * math.exp((start + end) / 2)
            self._sum_levels[slot] = start
            self._sum_hours[slot] = hour
        return self._sum_volumes[slot], self._sum_prices[slot]


class _Trades(NamedTuple):
    volumes: list[float]
    """In base currency; 0 where nothing traded."""
    draws: list[float]
    """Uniform in [0, chance) where something traded."""
    chance: float
    """Of a trade in a minute."""
