"""Bybit: ``/v5/market``."""

from tests.support.exchanges.market import Pair, base_volume, decimal, quote_volume
from tests.support.exchanges.wire import Json, RefusedError, Wire, whole


class BybitWire(Wire):
    """An envelope with ``retCode``; candles newest first, without a flag."""

    name = "bybit"
    quotes_path = "/v5/market/tickers"
    symbol_key = "symbol"
    last_key = "lastPrice"

    def symbol(self, pair: Pair) -> str:
        return pair.base + pair.quote

    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        name = path.removeprefix("/v5/market/")
        if name == "time":
            return _good({"timeSecond": str(at_ms // 1000), "timeNano": str(at_ms * 1_000_000)}, at_ms)
        if query.get("category") != "spot":
            return _good({"category": "linear", "list": []}, at_ms)
        match name:
            case "instruments-info":
                found = [self._entry(symbol, pair) for symbol, pair in self.by_symbol.items()]
            case "tickers":
                found = [self._row(symbol, pair, at_ms) for symbol, pair in self.by_symbol.items()]
            case "kline":
                found = self._klines(query, at_ms)
            case _:
                return None
        return _good({"category": "spot", "list": found}, at_ms)

    def rows(self, document: Json) -> list[object]:
        assert isinstance(document, dict)
        found: list[object] = document["result"]["list"]
        return found

    def too_many(self) -> RefusedError:
        return RefusedError(200, {"retCode": 10006, "retMsg": "Too many visits!", "result": {}, "time": 1})

    def _entry(self, symbol: str, pair: Pair) -> Json:
        names = {"symbol": symbol, "baseCoin": pair.base, "quoteCoin": pair.quote, "status": "Trading"}
        return {**names, "innovation": "0", "priceFilter": {"tickSize": decimal(1, pair.digits)}, "symbolType": ""}

    def _row(self, symbol: str, pair: Pair, at_ms: int) -> Json:
        quote = self.market.quote(pair, at_ms)
        return {
            "symbol": symbol,
            "bid1Price": pair.text(quote.bid),
            "bid1Size": "2",
            "ask1Price": pair.text(quote.ask),
            "lastPrice": pair.text(quote.last),
            "prevPrice24h": pair.text(quote.low),
            "price24hPcnt": "0.0068",
            "highPrice24h": pair.text(quote.high),
            "lowPrice24h": pair.text(quote.low),
            "turnover24h": quote.turnover,
            "volume24h": decimal(quote.volume, 8),
        }

    def _klines(self, query: dict[str, str], at_ms: int) -> list[Json]:
        pair = self.by_symbol.get(query.get("symbol", ""))
        if pair is None:
            error = {"retCode": 10001, "retMsg": "params error: Symbol Invalid", "result": {}, "time": at_ms}
            raise RefusedError(200, error)
        count = whole(query, "limit", 1000, 200)
        rows: list[Json] = [
            [str(start_ms), *(pair.text(ticks) for ticks in bar[:4]), base_volume(bar), quote_volume(pair, bar)]
            for start_ms, bar, _ in self.market.candles(pair, int(query["interval"]), count, at_ms)
        ]
        return rows[::-1]


def _good(result: Json, at_ms: int) -> Json:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": at_ms}
