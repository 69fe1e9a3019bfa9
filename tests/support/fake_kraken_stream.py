"""The WebSocket side of the fake Kraken, version 2: written from its documentation, without the product's code."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Callable

from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tests.support.fake_kraken_http import HttpRequest
from tests.support.fake_kraken_transport import Connection
from tests.support.fake_kraken_wire import WireMarket

PATH = "/v2"
_FIELDS = {"bid": "b", "ask": "a", "last": "c"}
_DAY = {"volume": "v", "vwap": "p", "low": "l", "high": "h"}


class FakeKrakenStream:
    """Sockets that subscribe to tickers, and what a test lets them hear.

    Args:
        market: Whose pairs there are.
        now_ms: The exchange's clock.
    """

    def __init__(self, market: WireMarket, now_ms: Callable[[], int]) -> None:
        self._market, self._now_ms = market, now_ms
        self.by_symbol = {listing.display: listing for listing in market.listings}
        self.sockets: list[_Socket] = []
        self.opened = self.told = 0
        self.is_silent = False
        """Whether a subscription is heard and never answered."""
        self.refuses: int | None = None
        """HTTP status that a socket is refused with."""

    async def serve(self, connection: Connection, request: HttpRequest) -> None:
        """Speak with one socket until it ends."""
        self.opened += 1
        socket = _Socket(connection, request)
        if self.refuses is not None:
            await socket.refuse(self.refuses)
            return
        await socket.accept()
        self.sockets.append(socket)
        try:
            socket.tell({"channel": "status", "type": "update", "data": [{"system": "online", "api_version": "v2"}]})
            async for text in socket.heard():
                if not self.is_silent:
                    self._answer(socket, json.loads(text))
        finally:
            self.sockets.remove(socket)

    def _answer(self, socket: "_Socket", command: dict[str, object]) -> None:
        params = command.get("params")
        assert isinstance(params, dict)
        for symbol in params["symbol"]:
            known = symbol in self.by_symbol
            said = {"result": {"channel": "ticker", "symbol": symbol, "snapshot": True}} if known else {}
            error = {} if known else {"error": f"Currency pair not supported {symbol}", "symbol": symbol}
            socket.tell({"method": "subscribe", "req_id": command.get("req_id"), "success": known, **said, **error})
            if known:
                socket.symbols.add(symbol)
                socket.tell({"channel": "ticker", "type": "snapshot", "data": [self.quote(symbol)]})

    def quote(self, symbol: str, **changes: object) -> dict[str, object]:
        """What the market says of a pair now, with changes."""
        listing = self.by_symbol[symbol]
        (row,) = self._market.ticker_rows(self._now_ms(), [listing]).values()
        told = json.loads(row)
        first = {name: float(told[key][0]) for name, key in _FIELDS.items()}
        day = {name: float(told[key][1]) for name, key in _DAY.items()}
        return {
            "symbol": symbol,
            "bid_qty": 1.0,
            "ask_qty": 1.0,
            "change": 0.0,
            "change_pct": 0.0,
            **first,
            **day,
            **changes,
        }

    def push(self, symbol: str, **changes: object) -> None:
        """Tell everybody who follows a pair how it is quoted now."""
        self.say(symbol, json.dumps({"channel": "ticker", "type": "update", "data": [self.quote(symbol, **changes)]}))

    def say(self, symbol: str, text: str) -> None:
        """Tell everybody who follows a pair anything."""
        for socket in self.sockets:
            if symbol in socket.symbols:
                socket.send(text)

    async def churn(self, rate: float) -> None:
        """Tell so many changes a second, of pairs by chance, until cancelled."""
        chance = random.Random(1)
        quotes = {symbol: self.quote(symbol) for symbol in self.by_symbol}
        symbols = [symbol for symbol, quote in quotes.items() if quote["last"]]
        owed, before_s = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(0.02)
            owed, before_s = owed + rate * (time.monotonic() - before_s), time.monotonic()
            for symbol in chance.choices(symbols, k=int(owed)):
                quote = quotes[symbol]
                factor = 1 + chance.uniform(-1e-4, 1e-4)
                quote |= {name: float(str(quote[name])) * factor for name in ("last", "bid", "ask")}
                self.say(symbol, json.dumps({"channel": "ticker", "type": "update", "data": [quote]}))
                self.told += 1
            owed -= int(owed)

    def drop(self) -> None:
        """Break every connection."""
        for socket in tuple(self.sockets):
            socket.connection.writer.transport.abort()


class _Socket:
    """One connection, of which the frames are the library's and the bytes ours."""

    def __init__(self, connection: Connection, request: HttpRequest) -> None:
        self.connection = connection
        self.symbols: set[str] = set()
        self._protocol = ServerProtocol()
        lines = [f"{name}: {value}" for name, value in request.headers.items()]
        self._protocol.receive_data("\r\n".join([f"GET {request.target} HTTP/1.1", *lines, "", ""]).encode("latin-1"))
        (event,) = self._protocol.events_received()
        assert isinstance(event, Request)
        self._request = event

    async def accept(self) -> None:
        self._protocol.send_response(self._protocol.accept(self._request))
        await self._flush()

    async def refuse(self, status: int) -> None:
        self._protocol.send_response(self._protocol.reject(status, "no"))
        await self._flush()

    def tell(self, document: object) -> None:
        self.send(json.dumps(document))

    def send(self, text: str) -> None:
        self._protocol.send_text(text.encode())
        self._write()

    async def heard(self) -> AsyncIterator[str]:
        """What the client says."""
        reader = self.connection.reader
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ConnectionClosed):
            while data := await reader.read(65_536):
                self._protocol.receive_data(data)
                for event in self._protocol.events_received():
                    if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                        yield bytes(event.data).decode()
                await self._flush()
                if self._protocol.close_expected():
                    return

    async def _flush(self) -> None:
        self._write()
        await self.connection.writer.drain()

    def _write(self) -> None:
        for data in self._protocol.data_to_send():
            if data and not self.connection.writer.is_closing():
                self.connection.writer.write(data)
