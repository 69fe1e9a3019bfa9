"""The WebSocket side of the fake Kraken, version 2: written from its documentation, without the product's code."""

import json
from collections.abc import Callable

from tests.support.exchanges.instants import rfc3339
from tests.support.exchanges.socket import FakeSocket
from tests.support.exchanges.stream import FakeStream, Json, Told
from tests.support.fake_kraken_wire import WireMarket


class FakeKrakenStream(FakeStream):
    """JSON numbers, an answer to each symbol, heartbeats without being asked.

    Args:
        market: Whose pairs there are.
        now_ms: The exchange's clock.
    """

    path = "/v2"
    omits = frozenset({"trades"})
    beat_s = 1.0

    def __init__(self, market: WireMarket, now_ms: Callable[[], int]) -> None:
        self._market = market
        self.by_symbol = {listing.display: listing for listing in market.listings}
        super().__init__(self.by_symbol, self._told, now_ms)

    def _told(self, symbol: str) -> Told:
        (row,) = self._market.ticker_rows(self.now_ms(), [self.by_symbol[symbol]]).values()
        said = json.loads(row)
        last, bid, ask = (float(said[key][0]) for key in "cba")
        volume, vwap, low, high = (float(said[key][1]) for key in "vplh")
        return Told(last, bid, ask, volume, volume * vwap, high, low, said["t"][1])

    def ask(self, socket: FakeSocket, command: dict[str, Json]) -> None:
        params = command["params"]
        assert isinstance(params, dict)
        for symbol in params["symbol"]:
            known = self.knows(symbol)
            said = {"result": {"channel": "ticker", "symbol": symbol, "snapshot": True}} if known else {}
            error = {} if known else {"error": f"Currency pair not supported {symbol}", "symbol": symbol}
            answer = {"method": "subscribe", "req_id": command.get("req_id"), "success": known}
            self.tell(socket, {**answer, **said, **error})
            if known:
                self.begin(socket, symbol)

    def row(self, symbol: str, told: Told, at_ms: int) -> dict[str, Json]:
        vwap = told.turnover / told.volume if told.volume else 0.0
        prices = {"bid": told.bid, "bid_qty": 1.0, "ask": told.ask, "ask_qty": 1.0, "last": told.last}
        day = {"volume": told.volume, "vwap": vwap, "low": told.low, "high": told.high}
        return {"symbol": symbol, **prices, **day, "change": 0.0, "change_pct": 0.0, "timestamp": rfc3339(at_ms)}

    def wrapped(self, symbol: str, row: dict[str, Json], at_ms: int, is_first: bool) -> Json:
        return {"channel": "ticker", "type": "snapshot" if is_first else "update", "data": [row]}

    def greeting(self) -> Json:
        return {"channel": "status", "type": "update", "data": [{"system": "online", "api_version": "v2"}]}

    def heartbeat(self) -> Json:
        return {"channel": "heartbeat"}

    def pong(self, text: str) -> str | None:
        return '{"method":"pong"}' if '"ping"' in text else None
