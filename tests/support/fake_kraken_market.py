"""Simulated trades of one pair: any instant can be asked for, in any order, at once.

Time is cut into blocks of ``listing.block`` minutes; trades happen in exactly one minute of each block, at a second
drawn from the seed. So the last trade before an instant is found in O(1), quiet minutes and quiet pairs come out of
the block length, and the price, the cumulated volume and the number of trades are functions of the block number alone:
what Ticker says of an instant and what OHLC says of the minutes around it are two views of one series.
"""

import math
import random
from dataclasses import dataclass
from typing import NamedTuple

from tests.support.fake_kraken_listing import Listing

MINUTE_MS = 60_000
DAY_MINUTES = 1_440
VOLUME_UNIT = 10**8
"""Volumes are integers in units of 1e-8."""

_TABLE_BITS = 15
_MASK = (1 << _TABLE_BITS) - 1
_SHIFTS = (0, 2, 4, 6, 8, 10, 12)


@dataclass(frozen=True, slots=True)
class Noise:
    """Random numbers of a seed, looked up by index."""

    normal: tuple[float, ...]
    integer: tuple[int, ...]

    @staticmethod
    def of(seed: int) -> "Noise":
        """Draw the tables, about 50 ms."""
        rng = random.Random(f"noise {seed}")
        size = 1 << _TABLE_BITS
        normal = tuple(max(-3.0, min(3.0, rng.gauss(0.0, 1.0))) for _ in range(size))
        return Noise(normal, tuple(rng.getrandbits(30) for _ in range(size)))


class State(NamedTuple):
    """What has happened by one instant. Prices in units of 10^-digits, volumes in units of 1e-8."""

    block: int
    trade_minute: int
    """Minute (since the epoch) of the last trade."""
    last: int
    traded: int
    """Volume since ever."""
    last_volume: int
    """Volume of the last trade."""
    trades: int
    """Number of trades since ever."""


class Bar(NamedTuple):
    """Trades of one interval; prices in units of 10^-digits, volume in units of 1e-8."""

    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int
    """Σ price · volume, in the product of both units."""
    trades: int


class PairMarket:
    """The trades of one listing."""

    def __init__(self, seed: int, listing: Listing, noise: Noise) -> None:
        self.listing = listing
        rng = random.Random(f"market {seed} {listing.altname}")
        self._normal, self._integer = noise.normal, noise.integer
        self._block = listing.block
        self._ticks = listing.price * 10.0**listing.digits
        self._odd = rng.getrandbits(_TABLE_BITS) | 1
        self._offset = rng.getrandbits(_TABLE_BITS)
        total = math.sqrt(sum(4.0 ** (shift / 2) for shift in _SHIFTS))
        scale = listing.sigma * math.sqrt(2.0)
        self._octaves = [
            (shift, scale * 2.0 ** (shift / 2) / total, rng.getrandbits(_TABLE_BITS) | 1, rng.getrandbits(_TABLE_BITS))
            for shift in _SHIFTS
        ]
        self._wiggle = scale / total
        block_usd = min(1.0, self._block / DAY_MINUTES) * listing.turnover_usd
        self._lot = max(1, int(block_usd / listing.quote_usd / listing.price * VOLUME_UNIT / 1024))
        self._per_block = min(60, max(1, int(block_usd / 800)))
        self._memo = (-1, 0)
        self._first = (-1, 0)

    def price_at(self, minute: int) -> int:
        """The fair price of a minute, whether or not anything trades in it."""
        normal = self._normal
        level = 0.0
        for shift, amplitude, odd, offset in self._octaves:
            node = minute >> shift
            here = normal[(node * odd + offset) & _MASK]
            if shift:
                there = normal[((node + 1) * odd + offset) & _MASK]
                here += (there - here) * ((minute & ((1 << shift) - 1)) / (1 << shift))
            level += amplitude * here
        return max(1, round(self._ticks * math.exp(level)))

    def state(self, at_ms: int) -> State:
        """What has happened by ``at_ms``, that millisecond included."""
        minute, within = divmod(at_ms, MINUTE_MS)
        block = minute // self._block
        traded_in = self._trade_minute(block)
        final, early = self._seconds(block)
        if minute < traded_in or (minute == traded_in and within < early):
            block -= 1
            traded_in = self._trade_minute(block)
        elif minute == traded_in and within < final:
            return self._early_state(block, traded_in)
        return self._state_after(block, traded_in)

    def close_state(self, minute: int) -> State:
        """What has happened by the end of ``minute``."""
        block = minute // self._block
        traded_in = self._trade_minute(block)
        if minute < traded_in:
            block -= 1
            traded_in = self._trade_minute(block)
        return self._state_after(block, traded_in)

    def bar(self, minute: int) -> Bar:
        """The trades of one whole minute; flat, with no volume, if there was none."""
        state = self.close_state(minute)
        if state.trade_minute != minute:
            return Bar(state.last, state.last, state.last, state.last, 0, 0, 0)
        first = self._early_price(state.block, state.last)
        volume, trades = self._gained(state.block)
        opening = volume // 2 if trades > 1 else 0
        turnover = opening * first + (volume - opening) * state.last
        return Bar(first, max(first, state.last), min(first, state.last), state.last, volume, turnover, trades)

    def open_bar(self, at_ms: int) -> Bar:
        """The trades of the minute of ``at_ms`` so far."""
        minute = at_ms // MINUTE_MS
        state = self.state(at_ms)
        if state.trade_minute != minute:
            return Bar(state.last, state.last, state.last, state.last, 0, 0, 0)
        whole = self.bar(minute)
        if state.trades == self._trades(state.block):
            return whole
        volume = state.last_volume
        return Bar(state.last, state.last, state.last, state.last, volume, volume * state.last, whole.trades // 2)

    def totals(self, minute: int) -> tuple[int, int]:
        """(volume, number) of all trades by the end of ``minute``, since ever."""
        block = minute // self._block
        if minute < self._trade_minute(block):
            block -= 1
        return self._traded(block), self._trades(block)

    def first_since(self, minute: int, at_ms: int) -> int:
        """Price of the first trade in ``minute`` or after by ``at_ms``; the one before it if there is none."""
        if self._first[0] == minute:
            return self._first[1]
        now = at_ms // MINUTE_MS
        block = minute // self._block
        if self._trade_minute(block) < minute:
            block += 1
        traded_in = self._trade_minute(block)
        if traded_in >= now:
            return self.open_bar(at_ms).open
        self._first = (minute, self.bar(traded_in).open)
        return self._first[1]

    def draw(self, minute: int) -> int:
        """A random integer of a minute."""
        return self._integer[(minute * self._odd + self._offset + 5) & _MASK]

    def _trade_minute(self, block: int) -> int:
        within = self._integer[(block * self._odd + self._offset) & _MASK] % self._block
        return block * self._block + within

    def _seconds(self, block: int) -> tuple[int, int]:
        """(final, first) trade of the block, ms within its minute; equal if there is one trade."""
        draw = self._integer[(block * self._odd + self._offset + 1) & _MASK]
        final = draw % MINUTE_MS
        return final, final // 3 if self._gained(block)[1] > 1 else final

    def _traded(self, block: int) -> int:
        draw = self._integer[(block * self._odd + self._offset + 2) & _MASK]
        return self._lot * (1024 * block + draw % 900)

    def _trades(self, block: int) -> int:
        draw = self._integer[(block * self._odd + self._offset + 3) & _MASK]
        return self._per_block * block + draw % self._per_block

    def _gained(self, block: int) -> tuple[int, int]:
        """(volume, number) of the trades of one block."""
        return self._traded(block) - self._traded(block - 1), self._trades(block) - self._trades(block - 1)

    def _price(self, block: int, minute: int) -> int:
        if self._memo[0] != block:
            self._memo = (block, self.price_at(minute))
        return self._memo[1]

    def _early_price(self, block: int, final: int) -> int:
        """Price of the block's first trade; that of the final one if it is the only one."""
        if self._gained(block)[1] < 2:
            return final
        bounce = self._normal[(block * self._odd + self._offset + 4) & _MASK]
        return max(1, final + round(final * self._wiggle * bounce))

    def _state_after(self, block: int, minute: int) -> State:
        volume, trades = self._gained(block)
        price = self._price(block, minute)
        last_volume = volume - volume // 2 if trades > 1 else volume
        return State(block, minute, price, self._traded(block), last_volume, self._trades(block))

    def _early_state(self, block: int, minute: int) -> State:
        volume, trades = self._gained(block)
        price = self._early_price(block, self._price(block, minute))
        before_volume, before_trades = self._traded(block - 1), self._trades(block - 1)
        opening = volume // 2
        return State(block, minute, price, before_volume + opening, opening, before_trades + trades // 2)


def merge(bars: list[Bar]) -> Bar:
    """Join consecutive bars: the open is that of the first with a trade."""
    busy = [bar for bar in bars if bar.trades]
    if not busy:
        return bars[-1]
    return Bar(
        busy[0].open,
        max(bar.high for bar in busy),
        min(bar.low for bar in busy),
        busy[-1].close,
        sum(bar.volume for bar in busy),
        sum(bar.turnover for bar in busy),
        sum(bar.trades for bar in busy),
    )
