"""Binance: ``/api/v3`` of the data-only host."""

from tests.support.exchanges.market import Pair, base_volume, decimal, quote_volume
from tests.support.exchanges.wire import Json, RefusedError, Wire, whole

_STEPS = {"1m": 1, "5m": 5}


class BinanceWire(Wire):
    """Arrays without an envelope, numbers as text, errors as ``code`` and ``msg``."""

    name = "binance"
    quotes_path = "/api/v3/ticker/24hr"
    symbol_key = "symbol"
    last_key = "lastPrice"

    def symbol(self, pair: Pair) -> str:
        return pair.base + pair.quote

    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        match path.removeprefix("/api/v3/"):
            case "exchangeInfo":
                limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}]
                gone = self._entry("OLDBTC", "OLD", "BTC", 8, "BREAK")
                entries = [self._entry(symbol, p.base, p.quote, p.digits) for symbol, p in self.by_symbol.items()]
                return {"timezone": "UTC", "serverTime": at_ms, "rateLimits": limits, "symbols": [*entries, gone]}
            case "ticker/24hr":
                return [self._row(symbol, pair, at_ms) for symbol, pair in self.by_symbol.items()]
            case "klines":
                return self._klines(query, at_ms)
            case "time":
                return {"serverTime": at_ms}
        return None

    def rows(self, document: Json) -> list[object]:
        assert isinstance(document, list)
        return document

    def too_many(self) -> RefusedError:
        return RefusedError(429, {"code": -1003, "msg": "Too much request weight used; current limit is 6000"})

    def _entry(self, symbol: str, base: str, quote: str, digits: int, status: str = "TRADING") -> Json:
        tick = {"filterType": "PRICE_FILTER", "minPrice": "0.1", "tickSize": decimal(1, digits) + "00"}
        lot = {"filterType": "LOT_SIZE", "stepSize": "0.00001000"}
        names = {"symbol": symbol, "status": status, "baseAsset": base, "quoteAsset": quote}
        return {**names, "isSpotTradingAllowed": True, "filters": [lot, tick], "permissionSets": []}

    def _row(self, symbol: str, pair: Pair, at_ms: int) -> Json:
        quote = self.market.quote(pair, at_ms)
        return {
            "symbol": symbol,
            "priceChangePercent": "1.234",
            "lastPrice": pair.text(quote.last),
            "bidPrice": pair.text(quote.bid),
            "askPrice": pair.text(quote.ask),
            "openPrice": pair.text(quote.low),
            "highPrice": pair.text(quote.high),
            "lowPrice": pair.text(quote.low),
            "volume": decimal(quote.volume, 8),
            "quoteVolume": quote.turnover,
            "openTime": at_ms - 86_400_000,
            "closeTime": at_ms,
            "count": quote.trades,
        }

    def _klines(self, query: dict[str, str], at_ms: int) -> Json:
        pair = self.by_symbol.get(query.get("symbol", ""))
        if pair is None:
            raise RefusedError(400, {"code": -1121, "msg": "Invalid symbol."})
        step = _STEPS[query["interval"]]
        rows = []
        for start_ms, bar, _ in self.market.candles(pair, step, whole(query, "limit", 1000, 500), at_ms):
            prices = [pair.text(ticks) for ticks in bar[:4]]
            end_ms = start_ms + step * 60_000 - 1
            turnover = quote_volume(pair, bar)
            rows.append([start_ms, *prices, base_volume(bar), end_ms, turnover, bar.trades, "0.1", "0.2", "0"])
        return rows
