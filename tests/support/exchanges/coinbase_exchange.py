"""Coinbase Exchange: products, statistics of all of them, candles."""

from datetime import datetime

from tests.support.exchanges.market import Pair, base_volume, decimal
from tests.support.exchanges.wire import Json, RefusedError, Wire

_MOST = 300


class CoinbaseExchangeWire(Wire):
    """An array of products, an object of statistics; candles as ``[s, low, high, open, close, volume]``."""

    name = "coinbase_exchange"
    dollar = "USD"
    omits_quiet = True
    quotes_path = "/products/stats"
    symbol_key = "symbol"
    last_key = "last"

    def symbol(self, pair: Pair) -> str:
        return f"{pair.base}-{pair.quote}"

    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        match path.split("/"):
            case ["", "products"]:
                return [self._entry(symbol, pair) for symbol, pair in self.by_symbol.items()]
            case ["", "products", "stats"]:
                return {symbol: self._row(pair, at_ms) for symbol, pair in self.by_symbol.items()}
            case ["", "products", symbol, "candles"]:
                return self._candles(symbol, query, at_ms)
            case ["", "time"]:
                return {"iso": "", "epoch": at_ms / 1000}
        return None

    def rows(self, document: Json) -> list[object]:
        assert isinstance(document, dict)
        for symbol, row in document.items():
            row["stats_24hour"]["symbol"] = symbol
        return [row["stats_24hour"] for row in document.values()]

    def with_rows(self, document: Json, rows: list[object]) -> Json:
        def name(place: int, row: object) -> str:
            symbol = row.get("symbol") if isinstance(row, dict) else None
            return symbol if isinstance(symbol, str) else f"row {place}"

        return {name(place, row): {"stats_24hour": row} for place, row in enumerate(rows)}

    def too_many(self) -> RefusedError:
        return RefusedError(429, {"message": "Public rate limit exceeded"})

    def _entry(self, symbol: str, pair: Pair) -> Json:
        names = {"id": symbol, "base_currency": pair.base, "quote_currency": pair.quote, "status": "online"}
        flags = dict.fromkeys(("trading_disabled", "cancel_only", "limit_only", "post_only", "auction_mode"), False)
        return {**names, **flags, "quote_increment": decimal(1, pair.digits), "display_name": symbol}

    def _row(self, pair: Pair, at_ms: int) -> Json:
        quote = self.market.quote(pair, at_ms)
        prices = {name: pair.text(ticks) for name, ticks in (("open", quote.low), ("high", quote.high))}
        more = {"low": pair.text(quote.low), "last": pair.text(quote.last), "volume": decimal(quote.volume, 8)}
        return {"stats_30day": {"volume": "1"}, "stats_24hour": {**prices, **more}}

    def _candles(self, symbol: str, query: dict[str, str], at_ms: int) -> Json:
        pair = self.by_symbol.get(symbol)
        if pair is None:
            raise RefusedError(404, {"message": "NotFound: product does not exist"})
        step = int(query["granularity"]) // 60
        first_s, end_s = (datetime.fromisoformat(query[name]).timestamp() for name in ("start", "end"))
        if (end_s - first_s) / (60 * step) > _MOST:
            raise RefusedError(400, {"message": "granularity too small for the requested time range"})
        rows: list[Json] = []
        for start_ms, bar, _ in self.market.candles(pair, step, _MOST, at_ms):
            if first_s <= start_ms / 1000 <= end_s:
                opened, high, low, close = (float(pair.text(ticks)) for ticks in bar[:4])
                rows.append([start_ms // 1000, low, high, opened, close, float(base_volume(bar))])
        return rows[::-1]
