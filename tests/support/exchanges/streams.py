"""The live quotes of Binance, Bybit, Coinbase and OKX, each in its own format."""

from collections.abc import Mapping
from typing import Final

from tests.support.exchanges.instants import rfc3339
from tests.support.exchanges.socket import FakeSocket
from tests.support.exchanges.stream import FakeStream, Json, Told, number

_DAY_MS = 86_400_000


class BinanceStream(FakeStream):
    """Combined streams; pairs are told of when they change, and unknown ones are accepted in silence."""

    path = "/stream"
    has_first_quotes = False

    def ask(self, socket: FakeSocket, command: dict[str, Json]) -> None:
        params, question = command["params"], command["id"]
        assert isinstance(params, list)
        if len(socket.symbols) + len(params) > 1_024:
            socket.close(1008, "Too many streams")
            return
        for name in params:
            symbol, _, kind = name.partition("@")
            assert (symbol, kind) == (symbol.lower(), "ticker"), name
            if self.knows(symbol.upper()):
                self.begin(socket, symbol.upper())
        self.tell(socket, {"result": None, "id": question})

    def row(self, symbol: str, told: Told, at_ms: int) -> dict[str, Json]:
        prices = {"c": told.last, "b": told.bid, "a": told.ask, "h": told.high, "l": told.low, "o": told.low}
        sums = {"v": told.volume, "q": told.turnover, "Q": 0.1, "B": 1.0, "A": 1.0, "p": 0.1, "P": 0.2, "w": told.low}
        head = {"e": "24hrTicker", "E": at_ms, "s": symbol, "O": at_ms - _DAY_MS, "C": at_ms, "F": 0, "L": 18_150}
        return {**head, **{key: number(value) for key, value in (prices | sums).items()}, "n": told.trades}

    def wrapped(self, symbol: str, row: dict[str, Json], at_ms: int, is_first: bool) -> Json:
        return {"stream": f"{symbol.lower()}@ticker", "data": row}

    def pong(self, text: str) -> str | None:
        return '{"result":true,"id":0}' if "GET_PROPERTY" in text else None

    def shutdown(self) -> Json:
        return {"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": self.now_ms()}}


class BybitStream(FakeStream):
    """Spot tickers without bid and ask; a topic that is not known spoils its whole message."""

    path = "/v5/public/spot"
    omits = frozenset({"bid", "ask", "trades"})

    def ask(self, socket: FakeSocket, command: dict[str, Json]) -> None:
        topics = command["args"]
        assert isinstance(topics, list)
        symbols = [topic.removeprefix("tickers.") for topic in topics]
        unknown = [symbol for symbol in symbols if not self.knows(symbol)]
        problem = f"error:handler not found,topic:tickers.{unknown[0]}" if unknown else ""
        problem = "args size >10" if len(topics) > 10 else problem
        answer = {"success": not problem, "ret_msg": problem or "subscribe", "conn_id": "c", "op": "subscribe"}
        self.tell(socket, {**answer, "req_id": command.get("req_id", "")})
        for symbol in symbols if not problem else ():
            self.begin(socket, symbol)

    def row(self, symbol: str, told: Told, at_ms: int) -> dict[str, Json]:
        prices = {"lastPrice": told.last, "highPrice24h": told.high, "lowPrice24h": told.low, "prevPrice24h": told.low}
        sums = {"volume24h": told.volume, "turnover24h": told.turnover, "price24hPcnt": 0.0015}
        return {"symbol": symbol, **{name: number(value) for name, value in (prices | sums).items()}}

    def wrapped(self, symbol: str, row: dict[str, Json], at_ms: int, is_first: bool) -> Json:
        return {"topic": f"tickers.{symbol}", "ts": at_ms, "type": "snapshot", "cs": at_ms * 10, "data": row}

    def push_delta(self, symbol: str, **changes: Json) -> None:
        """Tell what changed alone."""
        at_ms = self.now_ms()
        for socket in self.followers(symbol):
            told = {"topic": f"tickers.{symbol}", "ts": at_ms, "type": "delta", "cs": at_ms * 10}
            self.tell(socket, {**told, "data": {"symbol": symbol, **changes}})

    def pong(self, text: str) -> str | None:
        is_ping = text == '{"op":"ping"}'
        return '{"success":true,"ret_msg":"pong","conn_id":"c","req_id":"","op":"ping"}' if is_ping else None


class CoinbaseStream(FakeStream):
    """Numbered messages, heartbeats for who asks for them, products of a message all or none."""

    path = "/"
    omits = frozenset({"quote_volume", "trades"})
    beat_s = 1.0

    def ask(self, socket: FakeSocket, command: dict[str, Json]) -> None:
        channel, products = command["channel"], command.get("product_ids", [])
        assert isinstance(products, list)
        if unknown := [symbol for symbol in products if not self.knows(symbol)]:
            socket.send(f'{{"type":"error","message":"failure to subscribe","reason":"{unknown[0]} is not valid"}}')
            return
        for symbol in products:
            self.begin(socket, symbol)
        told = {"ticker": sorted(socket.symbols)} if socket.symbols else {}
        subscriptions = {**told, **({"heartbeats": ["heartbeats"]} if channel == "heartbeats" else {})}
        self.tell(socket, self._document("subscriptions", {"subscriptions": subscriptions}))

    def row(self, symbol: str, told: Told, at_ms: int) -> dict[str, Json]:
        prices = {"price": told.last, "best_bid": told.bid, "best_ask": told.ask}
        day = {"volume_24_h": told.volume, "low_24_h": told.low, "high_24_h": told.high}
        more = {"low_52_w": told.low, "high_52_w": told.high, "price_percent_chg_24_h": 0.1, "best_bid_quantity": 1.0}
        numbers = {name: number(value) for name, value in (prices | day | more).items()}
        return {"type": "ticker", "product_id": symbol, **numbers}

    def wrapped(self, symbol: str, row: dict[str, Json], at_ms: int, is_first: bool) -> Json:
        return self._document("ticker", {"type": "snapshot" if is_first else "update", "tickers": [row]})

    def _document(self, channel: str, event: Json) -> dict[str, Json]:
        return {"channel": channel, "client_id": "", "timestamp": rfc3339(self.now_ms()), "events": [event]}

    def heartbeat(self) -> Json:
        return self._document("heartbeats", {"current_time": rfc3339(self.now_ms()), "heartbeat_counter": 1})

    def numbered(self, socket: FakeSocket, document: Json) -> Json:
        assert isinstance(document, dict)
        socket.number += 1
        return {**document, "sequence_num": socket.number - 1}

    def push_late(self, symbol: str, told: Told) -> None:
        for socket in self.followers(symbol):
            socket.number -= 1
        self.push(symbol, told)

    def pong(self, text: str) -> str | None:
        return None


class OkxStream(FakeStream):
    """Acknowledges, or refuses, each argument of a message by itself; pings are bare words."""

    path = "/ws/v5/public"
    omits = frozenset({"trades"})

    def ask(self, socket: FakeSocket, command: dict[str, Json]) -> None:
        arguments = command["args"]
        assert isinstance(arguments, list)
        for argument in arguments:
            symbol = argument["instId"]
            if not self.knows(symbol):
                text = f"Wrong URL or channel:tickers,instId:{symbol} doesn't exist."
                self.tell(socket, {"event": "error", "msg": text, "code": "60018", "connId": "a4d3ae55"})
                continue
            self.tell(socket, {"event": "subscribe", "arg": argument, "connId": "a4d3ae55"})
            self.begin(socket, symbol)

    def row(self, symbol: str, told: Told, at_ms: int) -> dict[str, Json]:
        prices = {"last": told.last, "askPx": told.ask, "bidPx": told.bid, "high24h": told.high, "low24h": told.low}
        sums = {"vol24h": told.volume, "volCcy24h": told.turnover, "lastSz": 0.1, "askSz": 1.0, "bidSz": 1.0}
        numbers = {name: number(value) for name, value in (prices | sums).items()}
        return {"instType": "SPOT", "instId": symbol, **numbers, "ts": str(at_ms)}

    def wrapped(self, symbol: str, row: dict[str, Json], at_ms: int, is_first: bool) -> Json:
        return {"arg": {"channel": "tickers", "instId": symbol}, "data": [row]}

    def pong(self, text: str) -> str | None:
        return "pong" if text == "ping" else None

    def shutdown(self) -> Json:
        text = "The connection will soon be closed for a service upgrade. Please reconnect."
        return {"event": "notice", "code": "64008", "msg": text, "connId": "a4d3ae55"}


STREAMS: Final[Mapping[str, type[FakeStream]]] = {
    "binance": BinanceStream,
    "bybit": BybitStream,
    "coinbase": CoinbaseStream,
    "okx": OkxStream,
}
"""Those of exchanges that ``WIRES`` speaks for, by name; Kraken's is with the fake Kraken."""
