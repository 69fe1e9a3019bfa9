"""Bitstamp: ``/api/v2``."""

from tests.support.exchanges.market import Pair, base_volume, decimal
from tests.support.exchanges.wire import Json, RefusedError, Wire, whole


class BitstampWire(Wire):
    """Arrays without an envelope, paths that end in a slash, quotes by pair and candles by symbol; no time."""

    name = "bitstamp"
    dollar = "USD"
    quotes_path = "/api/v2/ticker/"
    symbol_key = "pair"
    last_key = "last"

    def symbol(self, pair: Pair) -> str:
        return (pair.base + pair.quote).lower()

    def row_symbol(self, pair: Pair) -> str:
        return pair.name

    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        match path.removeprefix("/api/v2/").split("/"):
            case ["markets", ""]:
                perpetual = self._entry("btcusd-perp", "BTC/USD-PERP", 0, "PERPETUAL")
                entries = [self._entry(symbol, pair.name, pair.digits) for symbol, pair in self.by_symbol.items()]
                return [*entries, perpetual]
            case ["ticker", ""]:
                rows = [self._row(pair, at_ms) for pair in self.by_symbol.values()]
                return [*rows, {**rows[0], "pair": "BTC/USD-PERP", "market_type": "PERPETUAL"}]
            case ["ticker", symbol, ""] if symbol in self.by_symbol:
                return self._row(self.by_symbol[symbol], at_ms)
            case ["ohlc", symbol, ""]:
                return self._ohlc(symbol, query, at_ms)
        return None

    def rows(self, document: Json) -> list[object]:
        assert isinstance(document, list)
        return document

    def too_many(self) -> RefusedError:
        error = {"status": "error", "reason": "Request rate limit exceeded", "code": "400.002"}
        return RefusedError(400, error)

    def _entry(self, symbol: str, name: str, digits: int, kind: str = "SPOT") -> dict[str, object]:
        base, _, quote = name.partition("/")
        names = {"name": name, "market_symbol": symbol, "base_currency": base, "counter_currency": quote}
        return {**names, "counter_decimals": digits, "trading": "Enabled", "market_type": kind}

    def _row(self, pair: Pair, at_ms: int) -> dict[str, object]:
        quote = self.market.quote(pair, at_ms)
        return {
            "timestamp": str(at_ms // 1000),
            "open": pair.text(quote.low),
            "high": pair.text(quote.high),
            "low": pair.text(quote.low),
            "last": pair.text(quote.last),
            "volume": decimal(quote.volume, 8),
            "vwap": quote.vwap,
            "bid": pair.text(quote.bid),
            "ask": pair.text(quote.ask),
            "side": "0",
            "open_24": pair.text(quote.low),
            "percent_change_24": "1.58",
            "pair": pair.name,
            "market_type": "SPOT",
        }

    def _ohlc(self, symbol: str, query: dict[str, str], at_ms: int) -> Json:
        pair = self.by_symbol.get(symbol)
        if pair is None:
            raise RefusedError(404, {"status": "error", "reason": "Invalid currency pair", "code": "API0009"})
        rows = []
        step = int(query["step"]) // 60
        for start_ms, bar, _ in self.market.candles(pair, step, whole(query, "limit", 1000, 100), at_ms):
            names = ("open", "high", "low", "close")
            prices = {name: pair.text(ticks) for name, ticks in zip(names, bar[:4], strict=True)}
            rows.append({"timestamp": str(start_ms // 1000), **prices, "volume": base_volume(bar)})
        return {"data": {"pair": pair.name, "ohlc": [*rows[:1], *rows]}}
