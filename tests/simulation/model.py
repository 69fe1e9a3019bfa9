"""What the windows of prices must hold, by what the exchange truly answered: none of the product's code."""

from collections.abc import Iterator, Sequence
from typing import Final

from tests.simulation.ledger import Rows, Told

MINUTE_MS: Final = 60_000
POLL, STREAM, CANDLE_1M, CANDLE_5M = 2, 3, 4, 1
"""What wins over what in a closed minute."""
TRUSTED_MS: Final = 2_000
"""A stream's own instants are believed if they are no further from now."""
UNREAD_MS: Final = 1_500
"""What came so long before a connection ended was perhaps not read any more."""
DELIVERED_MS: Final = 1_000
"""Within this time what a stream said is in the windows."""
QUICK_MS, READINGS = 2_000, 3
COARSE_CLOCKS: Final = ("kraken", "bitfinex", "bitstamp")
"""Exchanges that tell whole seconds of their time."""
COARSE_MS: Final = 500
"""By how much those may be wrong."""
FLAGGED: Final = ("kraken", "gate", "okx")
"""Exchanges that say themselves which candles are closed."""

Minutes = dict[int, tuple[int, float]]
"""By minute since the epoch: what it came from, and the price."""


class Model:
    """The windows of one source.

    Args:
        name: Of the exchange.
        remembers: Whether to keep every price that was ever told.
    """

    def __init__(self, name: str, *, remembers: bool) -> None:
        self._name = name
        self._remembers = remembers
        self._has_offset = False
        self._readings: list[tuple[int, int]] = []
        """(time on the way, offset) of each reading of the clock since it is to be measured."""
        self._is_set = False
        self._listed: set[str] = set()
        self._delisted: set[str] = set()
        self.offset_ms = 0
        """Exchange's clock minus ours."""
        self.vague_ms = 0
        """By how much that may be wrong, whole seconds aside."""
        self.prices: dict[str, Minutes] = {}
        self.said: dict[str, set[float]] = {}
        """Every price that was ever told of a pair, if they are remembered."""
        self.unreadable: dict[str, set[int]] = {}
        """Minutes of which the exchange told nothing usable, by pair."""
        self.polled: int | None = None
        """Minute of the last poll."""
        self.streamed = 0
        """How many quotes of a stream counted."""
        self.doubtful: dict[str, dict[int, set[float | None]]] = {}
        """What may be there as well where two things came at the same time, by pair and minute."""
        self._quoted: dict[str, bool] = {}
        """Whether the last poll told a price of a pair; of others a stream isn't heard, or perhaps not."""
        self._streamed_price: dict[str, float] = {}
        self._said: dict[str, tuple[int, int, float | None]] = {}
        """(when it came, minute, what was there before) of what a stream last said of a pair."""

    def take(self, told: Told, end: int | None) -> None:
        """Take one answer in; ``end`` is the last minute of the windows as it comes."""
        match told.call:
            case "time":
                whole = told.server_ms // 1000 * 1000 + 500 if self._name in COARSE_CLOCKS else told.server_ms
                self._set_clock(told.received_ms - told.sent_ms, whole - (told.sent_ms + told.received_ms) // 2)
            case "instruments":
                for pair in self._delisted & told.prices.keys():  # one that was away begins anew
                    self.prices.pop(pair, None)
                self._delisted = (self._delisted | self._listed) - told.prices.keys()
                self._listed = set(told.prices)
            case "quotes":
                self._poll(told)
            case "candles":
                self._fill(told, end)

    def _set_clock(self, took_ms: int, offset_ms: int) -> None:
        """The quickest of three readings counts, or the first that was quick."""
        self._readings.append((took_ms, offset_ms))
        quickest, offset_ms = min(self._readings)
        is_done = quickest <= QUICK_MS or len(self._readings) == READINGS
        if is_done or not self._is_set:
            self.offset_ms, self.vague_ms = offset_ms, quickest // 2
        if is_done:
            self._is_set = True
            self._readings.clear()
        self._has_offset = True

    def _poll(self, told: Told) -> None:
        minute = (told.sent_ms + self.offset_ms) // MINUTE_MS
        for pair, price in told.prices.items():
            if price is None:
                self.unreadable.setdefault(pair, set()).add(minute)
            if pair in self._listed:
                self._quoted[pair] = price is not None
            if price is None or pair not in self._listed:
                continue
            self._put(pair, minute, POLL, price)
            came_ms, said_minute, _ = self._said.get(pair, (0, 0, None))
            if said_minute == minute and told.received_ms - came_ms <= DELIVERED_MS:
                self._doubt(pair, minute, self._streamed_price[pair])
            if said_minute > minute and told.received_ms - came_ms <= DELIVERED_MS:
                self._doubt(pair, minute, price)  # it was perhaps the newest minute still
        self.polled = minute

    def hear(self, pair: str, price: float, stamp_ms: int | None, local_ms: int) -> None:
        """Take in what a stream said of a pair, which came now by the local clock."""
        now_ms = local_ms + self.offset_ms
        is_trusted = stamp_ms is not None and abs(stamp_ms - now_ms) <= TRUSTED_MS
        minute = (stamp_ms if is_trusted and stamp_ms is not None else now_ms) // MINUTE_MS
        if pair not in self._quoted:
            return
        if not self._quoted[pair]:
            self._remember(pair, price)
            self._doubt(pair, minute, price)
            return
        self._said[pair] = local_ms, minute, self.prices.get(pair, {}).get(minute, (0, None))[1]
        self._streamed_price[pair] = price
        self._put(pair, minute, STREAM, price)
        self.streamed += 1

    def end_stream(self, pairs: Sequence[str], local_ms: int) -> None:
        """A connection ended: what came on it at last was perhaps not read any more."""
        for pair in pairs:
            came_ms, minute, before = self._said.get(pair, (0, 0, None))
            if local_ms - came_ms <= UNREAD_MS:
                self._doubt(pair, minute, before)

    def settle(self, local_ms: int) -> None:
        """What came just now is perhaps not in the windows yet."""
        for pair, (came_ms, minute, before) in self._said.items():
            if local_ms - came_ms <= DELIVERED_MS:
                self._doubt(pair, minute, before)

    def _put(self, pair: str, minute: int, rank: int, price: float) -> None:
        """A live sample replaces what is there in the newest minute, and what is worth no more in an earlier one."""
        self._remember(pair, price)
        minutes = self.prices.setdefault(pair, {})
        is_newest = minute >= max(minutes, default=0)
        if minutes.get(minute, (0, 0.0))[0] <= (STREAM if is_newest else rank):
            minutes[minute] = rank, price
            self.doubtful.get(pair, {}).pop(minute, None)

    def _doubt(self, pair: str, minute: int, price: float | None) -> None:
        self.doubtful.setdefault(pair, {}).setdefault(minute, set()).add(price)

    def _fill(self, told: Told, end: int | None) -> None:
        rows = tuple((start, close) for start, close in told.rows if self._is_closed(told, start))
        bad = {minute for start, close in rows if close is None for minute in range(start, start + 2 * told.step)}
        self.unreadable.setdefault(told.pair, set()).update(bad)
        over = told.server_ms + self.vague_ms + COARSE_MS
        if not self._has_offset:
            over = max(over, told.sent_ms)  # there is no better clock than ours
        all_said = ((start + told.step, close) for start, close in told.rows if close is not None)
        self._remember(told.pair, *(close for end_minute, close in all_said if end_minute * MINUTE_MS <= over))
        if end is None:
            return
        rank = CANDLE_1M if told.step == 1 else CANDLE_5M
        minutes = self.prices.setdefault(told.pair, {})
        for minute, close in held(rows, told.step):
            if minute <= end and minutes.get(minute, (0, 0.0))[0] <= rank:
                minutes[minute] = rank, close
                if rank == CANDLE_1M:
                    self.doubtful.get(told.pair, {}).pop(minute, None)

    def _remember(self, pair: str, *prices: float) -> None:
        if self._remembers:
            self.said.setdefault(pair, set()).update(prices)

    def forget_before(self, first: int) -> None:
        """Let go of minutes that left all windows."""
        for minutes in self.prices.values():
            for minute in [minute for minute in minutes if minute < first]:
                del minutes[minute]
        for doubts in self.doubtful.values():
            for minute in [minute for minute in doubts if minute < first]:
                del doubts[minute]
        for some in self.unreadable.values():
            some -= {minute for minute in some if minute < first}

    def known(self, pair: str) -> set[int]:
        """Minutes that hold a price, or may for good reason hold none."""
        return {*self.prices[pair], *self.unreadable.get(pair, ()), *self.doubtful.get(pair, ())}

    def _is_closed(self, told: Told, start: int) -> bool:
        ends_ms = (start + told.step) * MINUTE_MS
        if self._name in FLAGGED and ends_ms > told.server_ms:
            return False
        if self._name == "kraken":
            return not (self._has_offset and ends_ms > told.received_ms + self.offset_ms >= start * MINUTE_MS)
        return ends_ms <= told.sent_ms + self.offset_ms

    def series(self, pair: str, end: int, got: Sequence[float | None]) -> list[float | None]:
        """The window of a pair that ends in a minute; where two answers are right, the one that was ``got``."""
        minutes, doubts = self.prices.get(pair, {}), self.doubtful.get(pair, {})
        return [
            value if value in doubts.get(m, ()) else minutes[m][1] if m in minutes else None
            for m, value in enumerate(got, end - len(got) + 1)
        ]


def held(rows: Rows, step: int) -> Iterator[tuple[int, float]]:
    """(minute, price) that candles tell: a close is that of the last minute, and holds until the next row's last one.

    Over a candle that could not be read nothing holds.
    """
    before: float | None = None
    following = 0
    for start, close in rows:
        last = start + step - 1
        if before is not None and close is not None:
            yield from ((minute, before) for minute in range(following, last))
        if close is not None:
            yield last, close
        before, following = close, last + 1
