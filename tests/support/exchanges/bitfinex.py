"""Bitfinex: ``/v2``."""

from tests.support.exchanges.market import Pair, base_volume, decimal
from tests.support.exchanges.wire import Json, RefusedError, Wire, whole

_NAMES = {"USDT": "UST", "USDC": "UDC", "ALGO": "ALG", "DASH": "DSH", "ATOM": "ATO", "USD": "USD"}
_FUNDING = ["fUSD", 0.0003, 0.0002, 30, 1e6, 0.0002, 2, 1e6, 0.00001, 0.1, 0.0002, 1e8, 0.001, 0.0001, None, None, 1e7]
_PERPETUAL = ["tBTCF0:USTF0", 9131, 1.5, 9132, 1.5, 3, 0.1, 9131, 5723.0, 9467.1, 8982.1, None]
_STEPS = {"1m": 1, "5m": 5}


class BitfinexWire(Wire):
    """Bare arrays of JSON numbers, with one more value than documented; errors as an array with HTTP 500."""

    name = "bitfinex"
    dollar = "USD"
    omits_quiet = True
    quotes_path = "/v2/tickers"
    symbol_key = 0
    last_key = 7

    def symbol(self, pair: Pair) -> str:
        base, quote = (_NAMES.get(name, name) for name in (pair.base, pair.quote))
        return f"t{base}{quote}" if len(base) == len(quote) == 3 else f"t{base}:{quote}"

    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        match path.removeprefix("/v2/").split("/"):
            case ["tickers"] if query.get("symbols") == "ALL":
                rows = [self._row(symbol, pair, at_ms) for symbol, pair in self.by_symbol.items()]
                return [*rows, _FUNDING, _PERPETUAL]
            case ["candles", name, "hist"]:
                return self._candles(name, query, at_ms)
            case ["platform", "status"]:
                return [1]
        return None

    def rows(self, document: Json) -> list[object]:
        assert isinstance(document, list)
        return document

    def too_many(self) -> RefusedError:
        return RefusedError(500, ["error", 11010, "ratelimit: error"])

    def _row(self, symbol: str, pair: Pair, at_ms: int) -> Json:
        quote = self.market.quote(pair, at_ms)
        last, bid, ask, high, low = (
            float(pair.text(ticks)) for ticks in (quote.last, quote.bid, quote.ask, quote.high, quote.low)
        )
        volume = float(decimal(quote.volume, 8))
        return [symbol, bid, 37.930307309999996, ask, 1, -25.7, -0.0028, last, volume, high, low, None]

    def _candles(self, name: str, query: dict[str, str], at_ms: int) -> Json:
        kind, frame, symbol = name.split(":", 2)
        pair = self.by_symbol.get(symbol)
        if pair is None or kind != "trade":
            raise RefusedError(500, ["error", 10020, "symbol: invalid"])
        count = whole(query, "limit", 10_000, 100)
        rows: list[Json] = []
        for start_ms, bar, _ in self.market.candles(pair, _STEPS[frame], 2 * count, at_ms)[-count:]:
            opened, high, low, close = (float(pair.text(ticks)) for ticks in bar[:4])
            rows.append([start_ms, opened, close, high, low, float(base_volume(bar))])
        return rows[::-1]
