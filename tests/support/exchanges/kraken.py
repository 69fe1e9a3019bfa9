"""Kraken: ``/0/public``, of the market that all share; ``FakeKraken`` knows more of its own, and its old names."""

from tests.support.exchanges.market import Pair, base_volume, decimal
from tests.support.exchanges.wire import Json, RefusedError, Wire


class KrakenWire(Wire):
    """An envelope with a list of errors; quotes and pairs by name; errors with HTTP 200."""

    name = "kraken"
    dollar = "USD"
    quotes_path = "/0/public/Ticker"
    symbol_key = "symbol"
    last_key = "c"

    def symbol(self, pair: Pair) -> str:
        return pair.base + pair.quote

    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        match path.removeprefix("/0/public/"):
            case "AssetPairs":
                return _good({symbol: self._entry(symbol, pair) for symbol, pair in self.by_symbol.items()})
            case "Ticker":
                return _good({symbol: self._row(pair, at_ms) for symbol, pair in self.by_symbol.items()})
            case "OHLC":
                return self._candles(query, at_ms)
            case "Time":
                return _good({"unixtime": at_ms // 1000, "rfc1123": ""})
        return None

    def rows(self, document: Json) -> list[object]:
        assert isinstance(document, dict)
        for symbol, row in document["result"].items():
            row["symbol"] = symbol
        return list(document["result"].values())

    def with_rows(self, document: Json, rows: list[object]) -> Json:
        assert isinstance(document, dict)
        named = [(row["symbol"] if isinstance(row, dict) else "?", row) for row in rows]
        return {**document, "result": dict(named)}

    def too_many(self) -> RefusedError:
        return RefusedError(200, {"error": ["EAPI:Rate limit exceeded"]})

    def _entry(self, symbol: str, pair: Pair) -> Json:
        names = {"altname": symbol, "wsname": pair.name, "base": pair.base, "quote": pair.quote}
        return {**names, "pair_decimals": pair.digits, "tick_size": decimal(1, pair.digits), "status": "online"}

    def _row(self, pair: Pair, at_ms: int) -> Json:
        quote = self.market.quote(pair, at_ms)
        volume, trades = decimal(quote.volume, 8), quote.trades
        prices = {
            name: [pair.text(ticks), "1", "1.000"]
            for name, ticks in (("a", quote.ask), ("b", quote.bid), ("c", quote.last))
        }
        day = {name: [pair.text(ticks)] * 2 for name, ticks in (("l", quote.low), ("h", quote.high))}
        return {**prices, **day, "v": [volume] * 2, "p": [quote.vwap] * 2, "t": [trades] * 2, "o": pair.text(quote.low)}

    def _candles(self, query: dict[str, str], at_ms: int) -> Json:
        pair = self.by_symbol.get(query.get("pair", ""))
        if pair is None:
            return {"error": ["EQuery:Unknown asset pair"]}
        rows: list[Json] = []
        for start_ms, bar, _ in self.market.candles(pair, int(query["interval"]), 720, at_ms):
            prices = [pair.text(ticks) for ticks in bar[:4]]
            rows.append([start_ms // 1000, *prices, prices[3], base_volume(bar), bar.trades])
        open_s = at_ms // 60_000 // int(query["interval"]) * int(query["interval"]) * 60
        return _good({self.symbol(pair): rows, "last": open_s - int(query["interval"]) * 60})


def _good(result: Json) -> Json:
    return {"error": [], "result": result}
