"""OKX: ``/api/v5``."""

from tests.support.exchanges.market import Pair, base_volume, decimal, quote_volume
from tests.support.exchanges.wire import Json, RefusedError, Wire, whole

_STEPS = {"1m": 1, "5m": 5}


class OkxWire(Wire):
    """An envelope with a code as text, candles newest first, with a flag for closed ones."""

    name = "okx"
    quotes_path = "/api/v5/market/tickers"
    symbol_key = "instId"
    last_key = "last"

    def symbol(self, pair: Pair) -> str:
        return f"{pair.base}-{pair.quote}"

    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        match path.removeprefix("/api/v5/"):
            case "public/instruments" if query.get("instType") == "SPOT":
                test = self._entry("AAA-BBB", "AAA", "BBB", 2, "test")
                entries = [self._entry(symbol, p.base, p.quote, p.digits) for symbol, p in self.by_symbol.items()]
                return _good([*entries, test])
            case "market/tickers" if query.get("instType") == "SPOT":
                return _good([self._row(symbol, pair, at_ms) for symbol, pair in self.by_symbol.items()])
            case "market/candles":
                return self._candles(query, at_ms)
            case "public/time":
                return _good([{"ts": str(at_ms)}])
        return None

    def rows(self, document: Json) -> list[object]:
        assert isinstance(document, dict)
        data: list[object] = document["data"]
        return data

    def too_many(self) -> RefusedError:
        return RefusedError(429, {"code": "50011", "data": [], "msg": "Too Many Requests"})

    def _entry(self, symbol: str, base: str, quote: str, digits: int, state: str = "live") -> Json:
        names = {"instType": "SPOT", "instId": symbol, "baseCcy": base, "quoteCcy": quote}
        return {**names, "alias": "", "tickSz": decimal(1, digits), "lotSz": "0.00000001", "state": state}

    def _row(self, symbol: str, pair: Pair, at_ms: int) -> Json:
        quote = self.market.quote(pair, at_ms)
        return {
            "instType": "SPOT",
            "instId": symbol,
            "last": pair.text(quote.last) if quote.trades else "",
            "lastSz": "0.1",
            "askPx": pair.text(quote.ask),
            "bidPx": pair.text(quote.bid),
            "open24h": pair.text(quote.low),
            "high24h": pair.text(quote.high),
            "low24h": pair.text(quote.low),
            "volCcy24h": quote.turnover,
            "vol24h": decimal(quote.volume, 8),
            "sodUtc0": "1",
            "ts": str(at_ms),
        }

    def _candles(self, query: dict[str, str], at_ms: int) -> Json:
        pair = self.by_symbol.get(query.get("instId", ""))
        if pair is None:
            raise RefusedError(200, {"code": "51001", "data": [], "msg": "Instrument ID doesn't exist."})
        count = whole(query, "limit", 300, 100)
        rows: list[Json] = []
        for start_ms, bar, is_closed in self.market.candles(pair, _STEPS[query["bar"]], count, at_ms):
            turnover = quote_volume(pair, bar)
            prices = [pair.text(ticks) for ticks in bar[:4]]
            rows.append([str(start_ms), *prices, base_volume(bar), turnover, turnover, str(int(is_closed))])
        return _good(rows[::-1])


def _good(data: list[Json]) -> Json:
    return {"code": "0", "msg": "", "data": data}
