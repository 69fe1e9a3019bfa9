"""Gate: ``/api/v4/spot``."""

from tests.support.exchanges.market import Pair, base_volume, decimal, quote_volume
from tests.support.exchanges.wire import Json, RefusedError, Wire, whole

_STEPS = {"1m": 1, "5m": 5}


class GateWire(Wire):
    """Arrays without an envelope; candles as ``[s, quote volume, close, high, low, open, base volume, closed]``."""

    name = "gate"
    quotes_path = "/api/v4/spot/tickers"
    symbol_key = "currency_pair"
    last_key = "last"

    def symbol(self, pair: Pair) -> str:
        return f"{pair.base}_{pair.quote}"

    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        if path == "/api/v4/margin/currency_pairs":
            return []
        match path.removeprefix("/api/v4/spot/"):
            case "currency_pairs":
                return [self._entry(symbol, pair) for symbol, pair in self.by_symbol.items()]
            case "tickers":
                return [self._row(symbol, pair, at_ms) for symbol, pair in self.by_symbol.items()]
            case "candlesticks":
                return self._candles(query, at_ms)
            case "time":
                return {"server_time": at_ms}
        return None

    def rows(self, document: Json) -> list[object]:
        assert isinstance(document, list)
        return document

    def too_many(self) -> RefusedError:
        return RefusedError(429, {"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded"})

    def _entry(self, symbol: str, pair: Pair) -> Json:
        names = {"id": symbol, "base": pair.base, "quote": pair.quote, "fee": "0.2"}
        return {**names, "precision": pair.digits, "amount_precision": 3, "trade_status": "tradable", "sell_start": 0}

    def _row(self, symbol: str, pair: Pair, at_ms: int) -> Json:
        quote = self.market.quote(pair, at_ms)
        return {
            "currency_pair": symbol,
            "last": pair.text(quote.last),
            "lowest_ask": pair.text(quote.ask) if quote.trades else "",
            "highest_bid": pair.text(quote.bid) if quote.trades else "",
            "change_percentage": "5.17",
            "base_volume": decimal(quote.volume, 8),
            "quote_volume": quote.turnover,
            "high_24h": pair.text(quote.high),
            "low_24h": pair.text(quote.low),
        }

    def _candles(self, query: dict[str, str], at_ms: int) -> Json:
        pair = self.by_symbol.get(query.get("currency_pair", ""))
        if pair is None:
            raise RefusedError(400, {"label": "INVALID_CURRENCY_PAIR", "message": "Invalid currency pair"})
        if "from" in query and "limit" in query:
            raise RefusedError(400, {"label": "INVALID_PARAM_VALUE", "message": "limit conflicts with from and to"})
        count = whole(query, "limit", 1000, 100) if "from" not in query else 1000
        first_s, last_s = int(query.get("from", 0)), int(query.get("to", at_ms // 1000))
        rows = []
        for start_ms, bar, is_closed in self.market.candles(pair, _STEPS[query["interval"]], count, at_ms):
            opened, high, low, close = (pair.text(ticks) for ticks in bar[:4])
            closed = "true" if is_closed else "false"
            if not first_s <= start_ms // 1000 <= last_s:
                continue
            seconds, turnover = str(start_ms // 1000), quote_volume(pair, bar)
            rows.append([seconds, turnover, close, high, low, opened, base_volume(bar), closed])
        return rows
