"""Coinbase: the public part of Advanced Trade, ``/api/v3/brokerage``."""

from tests.support.exchanges.market import Pair, base_volume, decimal
from tests.support.exchanges.wire import Json, RefusedError, Wire

_STEPS = {"ONE_MINUTE": 1, "FIVE_MINUTE": 5}
_MOST = 350


class CoinbaseWire(Wire):
    """One answer of names and quotes, books in USD listed again in USDC; candles newest first, no quiet ones."""

    name = "coinbase"
    dollar = "USD"
    omits_quiet = True
    quotes_path = "/api/v3/brokerage/market/products"
    symbol_key = "product_id"
    last_key = "price"

    def symbol(self, pair: Pair) -> str:
        return f"{pair.base}-{pair.quote}"

    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        match path.removeprefix("/api/v3/brokerage/").split("/"):
            case ["market", "products"]:
                found = [self._rows(symbol, pair, at_ms) for symbol, pair in self.by_symbol.items()]
                rows = [each[0] for each in found] + [each[1] for each in found if len(each) > 1]
                pages = {"prev_cursor": "", "next_cursor": "", "has_next": False, "has_prev": False}
                return {"products": rows, "num_products": len(rows), "pagination": pages}
            case ["market", "products", symbol, "candles"]:
                return self._candles(symbol, query, at_ms)
            case ["time"]:
                return {"iso": "", "epochSeconds": str(at_ms // 1000), "epochMillis": str(at_ms)}
        return None

    def rows(self, document: Json) -> list[object]:
        assert isinstance(document, dict)
        found: list[object] = document["products"]
        return found

    def too_many(self) -> RefusedError:
        error = {"error": "rate_limit_exceeded", "error_details": "", "message": "too many requests"}
        return RefusedError(429, error)

    def _rows(self, symbol: str, pair: Pair, at_ms: int) -> list[Json]:
        quote = self.market.quote(pair, at_ms)
        has_traded = quote.trades > 0
        row = {
            "product_id": symbol,
            "price": pair.text(quote.last) if has_traded else "",
            "price_percentage_change_24h": "0.09601107287722",
            "volume_24h": decimal(quote.volume, 8),
            "price_increment": decimal(1, pair.digits),
            "status": "online",
            **dict.fromkeys(("is_disabled", "cancel_only", "limit_only", "post_only", "trading_disabled"), False),
            "auction_mode": False,
            "view_only": False,
            "product_type": "SPOT",
            "base_currency_id": pair.base,
            "quote_currency_id": pair.quote,
            "alias": "",
            "alias_to": [],
            "approximate_quote_24h_volume": quote.turnover,
            "best_bid_price": "",
            "best_ask_price": "",
            "high_24h": pair.text(quote.high) if has_traded else "",
            "low_24h": pair.text(quote.low) if has_traded else "",
        }
        if pair.quote != "USD" or f"{pair.base}-USDC" in self.by_symbol:
            return [row]
        other = f"{pair.base}-USDC"
        again = {**row, "product_id": other, "quote_currency_id": "USDC", "alias": symbol}
        return [{**row, "alias_to": [other]}, again]

    def _candles(self, symbol: str, query: dict[str, str], at_ms: int) -> Json:
        pair = self.by_symbol.get(symbol)
        if pair is None:
            raise RefusedError(404, {"error": "NOT_FOUND", "error_details": "", "message": "product not found"})
        step = _STEPS[query["granularity"]]
        first_s, end_s = int(query["start"]), int(query["end"])
        if (end_s - first_s) // (60 * step) > _MOST:
            text = "number of candles requested should be less than 350"
            raise RefusedError(400, {"error": "INVALID_ARGUMENT", "error_details": "", "message": text})
        rows = []
        for start_ms, bar, _ in self.market.candles(pair, step, _MOST + 1, at_ms):
            if first_s <= start_ms // 1000 <= end_s:
                opened, high, low, close = (pair.text(ticks) for ticks in bar[:4])
                prices = {"low": low, "high": high, "open": opened, "close": close}
                rows.append({"start": str(start_ms // 1000), **prices, "volume": base_volume(bar)})
        return {"candles": rows[::-1]}
