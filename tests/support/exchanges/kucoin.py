"""KuCoin: ``/api/v1`` and ``/api/v2``."""

from tests.support.exchanges.market import Pair, base_volume, decimal, quote_volume
from tests.support.exchanges.wire import Json, RefusedError, Wire

_STEPS = {"1min": 1, "5min": 5}
_MOST = 1500


class KucoinWire(Wire):
    """An envelope with ``200000``; candles as ``[s, open, close, high, low, volume, turnover]``, no quiet ones."""

    name = "kucoin"
    omits_quiet = True
    quotes_path = "/api/v1/market/allTickers"
    symbol_key = "symbol"
    last_key = "last"

    def symbol(self, pair: Pair) -> str:
        return f"{pair.base}-{pair.quote}"

    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        match path:
            case "/api/v2/symbols":
                return _good([self._entry(symbol, pair) for symbol, pair in self.by_symbol.items()])
            case "/api/v1/market/allTickers":
                rows = [self._row(symbol, pair, at_ms) for symbol, pair in self.by_symbol.items()]
                return _good({"time": at_ms, "ticker": rows})
            case "/api/v1/market/candles":
                return self._candles(query, at_ms)
            case "/api/v1/timestamp":
                return _good(at_ms)
        return None

    def rows(self, document: Json) -> list[object]:
        assert isinstance(document, dict)
        found: list[object] = document["data"]["ticker"]
        return found

    def too_many(self) -> RefusedError:
        return RefusedError(429, {"code": "429000", "msg": "Too many requests"})

    def _entry(self, symbol: str, pair: Pair) -> Json:
        names = {"symbol": symbol, "name": symbol, "baseCurrency": pair.base, "quoteCurrency": pair.quote}
        return {**names, "priceIncrement": decimal(1, pair.digits), "enableTrading": True}

    def _row(self, symbol: str, pair: Pair, at_ms: int) -> Json:
        quote = self.market.quote(pair, at_ms)
        has_traded = quote.trades > 0
        return {
            "symbol": symbol,
            "symbolName": symbol,
            "buy": pair.text(quote.bid),
            "sell": pair.text(quote.ask),
            "changeRate": "-0.0055",
            "high": pair.text(quote.high) if has_traded else None,
            "low": pair.text(quote.low) if has_traded else None,
            "vol": decimal(quote.volume, 8),
            "volValue": quote.turnover,
            "last": pair.text(quote.last) if has_traded else None,
        }

    def _candles(self, query: dict[str, str], at_ms: int) -> Json:
        pair = self.by_symbol.get(query.get("symbol", ""))
        if pair is None:
            raise RefusedError(400, {"code": "400100", "msg": "symbol not exists"})
        step = _STEPS[query["type"]]
        first_s, end_s = int(query["startAt"]), int(query["endAt"])
        assert (end_s - first_s) // (60 * step) <= _MOST
        rows = []
        for start_ms, bar, _ in self.market.candles(pair, step, _MOST, at_ms):
            if first_s <= start_ms // 1000 < end_s:
                opened, high, low, close = (pair.text(ticks) for ticks in bar[:4])
                volumes = base_volume(bar), quote_volume(pair, bar)
                rows.append([str(start_ms // 1000), opened, close, high, low, *volumes])
        return _good(rows[::-1])


def _good(data: Json) -> Json:
    return {"code": "200000", "data": data}
