"""Small markets of every exchange, in its wire format: few pairs, listed not long ago, so that answers are short."""

from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from tests.simulation.loop import EPOCH_MS
from tests.support.exchanges.market import Candle, Pair, SeededMarket
from tests.support.exchanges.wire import Json
from tests.support.exchanges.wires import WIRES
from tests.support.fake_kraken_market import MINUTE_MS

PAIRS: Final = 4
_REMEMBERED: Final = 2_000
HISTORY_MINUTES: Final = 40
BEGIN: Final = EPOCH_MS // MINUTE_MS - HISTORY_MINUTES
"""The first minute, since the epoch, of which anything is known."""


class Shape(NamedTuple):
    """Where a candle has what."""

    start: Any
    close: Any
    unit_ms: int = 1000


SHAPES: Final = {
    "kraken": Shape(0, 4),
    "binance": Shape(0, 4, 1),
    "bitfinex": Shape(0, 2, 1),
    "bitstamp": Shape("timestamp", "close"),
    "bybit": Shape(0, 4, 1),
    "coinbase": Shape("start", "close"),
    "coinbase_exchange": Shape(0, 4),
    "gate": Shape(0, 2),
    "kucoin": Shape(0, 2),
    "okx": Shape(0, 4, 1),
    "mexc": Shape(0, 4, 1),
}


class YoungMarket(SeededMarket):
    """A market that began a while ago. What happened in a minute is worked out once."""

    def __init__(self, dollar: str, *, omits_quiet: bool) -> None:
        super().__init__(1, PAIRS, dollar, omits_quiet=omits_quiet)
        for pair in self.pairs:
            remembered = lru_cache(_REMEMBERED)
            pair.trades.bar = remembered(pair.trades.bar)  # type: ignore[method-assign]
            pair.trades.close_state = remembered(pair.trades.close_state)  # type: ignore[method-assign]
            pair.trades.totals = remembered(pair.trades.totals)  # type: ignore[method-assign]

    def candles(self, pair: Pair, step_minutes: int, count: int, at_ms: int) -> list[Candle]:
        known = (at_ms // MINUTE_MS - BEGIN) // step_minutes
        return super().candles(pair, step_minutes, min(count, known), at_ms)


class World:
    """One exchange: what it answers, and what that says."""

    def __init__(self, name: str) -> None:
        kind = WIRES[name]
        self.wire = kind(YoungMarket(kind.dollar, omits_quiet=kind.omits_quiet))
        self.pairs: dict[str, Pair] = {pair.name: pair for pair in self.wire.market.pairs}
        self._shape = SHAPES[name]

    def price(self, name: str, at_ms: int) -> float:
        """The last price of a pair at an instant."""
        pair = self.pairs[name]
        return float(pair.text(pair.trades.state(at_ms).last))

    def candle_rows(self, document: Json) -> list[tuple[int, float]]:
        """(first minute, close) of each candle in an answer, oldest first, the open one too."""
        start, close, unit_ms = self._shape
        rows: dict[int, float] = {
            int(row[start]) * unit_ms // MINUTE_MS: float(row[close]) for row in longest_list(document)
        }
        return sorted(rows.items())

    def spoil_candle(self, document: Json, place: int, value: object) -> int:
        """Put something else for the close of a candle; return its first minute."""
        start, close, unit_ms = self._shape
        rows = longest_list(document)
        row = rows[place % len(rows)]
        row[close] = value
        return int(row[start]) * unit_ms // MINUTE_MS

    def spoil_quote(self, document: Json, name: str, value: object) -> Json:
        """Put something else for the price of a pair."""
        for row in self._rows_of(document, name):
            if self.wire.name == "kraken":
                row["c"][0] = value
            else:
                row[self.wire.last_key] = value
        return document

    def without(self, document: Json, name: str) -> Json:
        """The same quotes, one pair left out."""
        gone = self._rows_of(document, name)
        rows = self.wire.rows(document)
        return self.wire.with_rows(document, [row for row in rows if not any(row is other for other in gone)])

    def unlisted(self, document: Json, name: str) -> Json:
        """The same list of pairs, one left out."""
        symbol = self.wire.symbol(self.pairs[name])
        if self.wire.name == "kraken":
            assert isinstance(document, dict)
            return {**document, "result": {key: row for key, row in document["result"].items() if key != symbol}}
        rows = longest_list(document)
        rows[:] = [row for row in rows if symbol not in (row if isinstance(row, list) else row.values())]
        return document

    def _rows_of(self, document: Json, name: str) -> list[Any]:
        symbol = self.wire.row_symbol(self.pairs[name])
        rows: list[Any] = self.wire.rows(document)
        return [row for row in rows if symbol in (row[self.wire.symbol_key], _alias(row))]


def _alias(row: Any) -> object:
    """The pair that a row names a second time."""
    return row.get("alias") if isinstance(row, dict) else None


def longest_list(document: Json) -> list[Any]:
    """The rows in an answer of any shape."""
    if isinstance(document, list):
        return document
    assert isinstance(document, dict)
    found = [longest_list(value) for value in document.values() if isinstance(value, list | dict) and value]
    return max(found, key=len, default=[])


@cache
def world_of(name: str) -> World:
    """The same for all trials of a process: it holds nothing that changes."""
    return World(name)
