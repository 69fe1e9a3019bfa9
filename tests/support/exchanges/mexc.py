"""MEXC: much like Binance, at ``/api/v3``; what ccxt asks of it."""

from tests.support.exchanges.binance import BinanceWire
from tests.support.exchanges.market import Pair
from tests.support.exchanges.wire import Json, RefusedError


class MexcWire(BinanceWire):
    """Status ``1`` for what trades, fewer columns in a kline, no count of trades, and contracts beside spot."""

    name = "mexc"

    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        if path == "/api/v1/contract/detail":
            return {"success": True, "code": 0, "data": []}
        return super().answer(path, query, at_ms)

    def too_many(self) -> RefusedError:
        return RefusedError(429, {"code": 429, "msg": "Too Many Requests"})

    def _entry(self, symbol: str, base: str, quote: str, digits: int, status: str = "TRADING") -> Json:
        names = {"symbol": symbol, "baseAsset": base, "quoteAsset": quote, "isSpotTradingAllowed": True}
        precisions = {"quotePrecision": digits, "quoteAssetPrecision": digits, "baseAssetPrecision": 8}
        sizes = {"baseSizePrecision": "0.000001", "quoteAmountPrecision": "1", "maxQuoteAmount": "2000000"}
        return {**names, **precisions, **sizes, "status": "1" if status == "TRADING" else "2", "filters": []}

    def _row(self, symbol: str, pair: Pair, at_ms: int) -> Json:
        row = super()._row(symbol, pair, at_ms)
        assert isinstance(row, dict)
        return {**row, "count": None, "priceChangePercent": "0.00400048"}

    def _klines(self, query: dict[str, str], at_ms: int) -> Json:
        rows = super()._klines({**query, "limit": str(min(500, int(query.get("limit", 500))))}, at_ms)
        assert isinstance(rows, list)
        return [row[:8] for row in rows]
