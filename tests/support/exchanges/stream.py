"""The WebSocket side of a fake exchange: sockets that ask for quotes, and what a test lets them hear.

Written from the exchanges' documentation and recorded messages, without the product's code.
"""

import asyncio
import json
import random
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import ClassVar, NamedTuple

from tests.support.exchanges.socket import FakeSocket
from tests.support.fake_kraken_http import HttpRequest
from tests.support.fake_kraken_transport import Connection

Json = object


class Told(NamedTuple):
    """What there is to say of a pair; 0 where there is nothing."""

    last: float
    bid: float
    ask: float
    volume: float
    turnover: float
    high: float
    low: float
    trades: int


class FakeStream(ABC):
    """The sockets of one exchange.

    Args:
        symbols: The stream's own names of the pairs.
        told: What the market says of one now.
        now_ms: The exchange's clock.
    """

    path: ClassVar[str]
    omits: ClassVar[frozenset[str]] = frozenset()
    """Fields of a ticker that it never tells."""
    has_first_quotes: ClassVar[bool] = True
    """Whether who asks for a pair is told of it at once."""
    beat_s: ClassVar[float | None] = None
    """How often a heartbeat comes."""

    def __init__(self, symbols: Iterable[str], told: Callable[[str], Told], now_ms: Callable[[], int]) -> None:
        self.symbols = list(symbols)
        self.quote_of = told
        self.now_ms = now_ms
        self.sockets: list[FakeSocket] = []
        self.opened = self.told = 0
        self.is_silent = False
        """Whether what is asked is heard and nothing is ever said."""
        self.is_deaf = False
        """Whether pings are answered and heartbeats sent, and nothing else."""
        self.refuses: int | None = None
        """HTTP status that a socket is refused with …"""
        self.retry_after: str | None = None
        """… and the header that says until when."""
        self.on_quote: Callable[[FakeSocket, str, Told, int], None] = lambda *_: None
        """Called after each quote that was sent: where, of what, what, and from when it is."""
        self._happened = asyncio.Event()
        self.unknown: set[str] = set()
        """Symbols that are refused, though they are listed."""

    @abstractmethod
    def ask(self, socket: FakeSocket, command: dict[str, Json]) -> None:
        """Answer a question for quotes."""

    @abstractmethod
    def row(self, symbol: str, told: Told, at_ms: int) -> dict[str, Json]:
        """How a pair is quoted."""

    @abstractmethod
    def wrapped(self, symbol: str, row: dict[str, Json], at_ms: int, is_first: bool) -> Json:
        """A message with a quote."""

    @abstractmethod
    def pong(self, text: str) -> str | None:
        """The answer to a ping, ``None`` to anything else."""

    def greeting(self) -> Json | None:
        """What is said first."""
        return None

    def heartbeat(self) -> Json | None:
        """What is said now and then."""
        return None

    def shutdown(self) -> Json | None:
        """The notice of a planned end, where there is one."""
        return None

    def numbered(self, socket: FakeSocket, document: Json) -> Json:
        """A message as it is sent on a socket."""
        return document

    async def serve(self, connection: Connection, request: HttpRequest) -> None:
        """Speak with one socket until it ends."""
        self.opened += 1
        self._happened.set()
        socket = FakeSocket(connection, request)
        if self.refuses is not None or request.path != self.path:
            await socket.refuse(self.refuses or 404, self.retry_after)
            return
        await socket.accept()
        self.sockets.append(socket)
        beating = asyncio.get_running_loop().create_task(self._beat(socket))
        try:
            if not self.is_silent and (greeting := self.greeting()) is not None:
                self.tell(socket, greeting)
            async for text in socket.heard(self._happened.set):
                if self.is_silent:
                    continue
                if (pong := self.pong(text)) is not None:
                    socket.send(pong)
                elif not self.is_deaf:
                    self.ask(socket, json.loads(text))
        finally:
            beating.cancel()
            self.sockets.remove(socket)

    async def _beat(self, socket: FakeSocket) -> None:
        while self.beat_s is not None:
            await asyncio.sleep(self.beat_s)
            if not self.is_silent and (beat := self.heartbeat()) is not None:
                self.tell(socket, beat)

    def knows(self, symbol: str) -> bool:
        """Whether a pair can be asked for."""
        return symbol in self.symbols and symbol not in self.unknown

    def begin(self, socket: FakeSocket, symbol: str) -> None:
        """Tell a socket of a pair from now on."""
        socket.symbols.add(symbol)
        if self.has_first_quotes:
            at_ms, told = self.now_ms(), self.quote_of(symbol)
            self.tell(socket, self.wrapped(symbol, self.row(symbol, told, at_ms), at_ms, True))
            self.on_quote(socket, symbol, told, at_ms)

    def tell(self, socket: FakeSocket, document: Json) -> str:
        """Send a document, with its number where messages have one; return the text."""
        text = json.dumps(self.numbered(socket, document))
        socket.send(text)
        return text

    def push(self, symbol: str, told: Told | None = None, late_ms: int = 0, **changes: Json) -> None:
        """Tell everybody who follows a pair how it is quoted now, with changes to the message's own fields."""
        at_ms, told = self.now_ms() - late_ms, told or self.quote_of(symbol)
        row = self.row(symbol, told, at_ms) | changes
        for socket in self.followers(symbol):
            socket.last[symbol] = self.tell(socket, self.wrapped(symbol, row, at_ms, False))
            self.on_quote(socket, symbol, told, at_ms)

    def push_late(self, symbol: str, told: Told) -> None:
        """Tell of a quote that was overtaken by the last one."""
        self.push(symbol, told, late_ms=1_000)

    def repeat_last(self, symbol: str) -> None:
        """Send the last message about a pair once more."""
        for socket in self.followers(symbol):
            socket.send(socket.last[symbol])

    def say(self, symbol: str, text: str) -> None:
        """Tell everybody who follows a pair anything."""
        for socket in self.followers(symbol):
            socket.send(text)

    def announce(self, document: Json) -> None:
        """Tell everybody."""
        for socket in self.sockets:
            self.tell(socket, document)

    def lose(self) -> None:
        """Let a message get lost on each socket."""
        for socket in self.sockets:
            socket.number += 1

    def followers(self, symbol: str) -> list[FakeSocket]:
        """Sockets that asked for a pair."""
        return [socket for socket in self.sockets if symbol in socket.symbols]

    async def churn(self, rate: float) -> None:
        """Tell so many changes a second, of pairs by chance, until cancelled."""
        chance = random.Random(1)
        quotes = {symbol: self.quote_of(symbol) for symbol in self.symbols}
        symbols = [symbol for symbol, quote in quotes.items() if quote.last]
        owed, before_s = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(0.02)
            owed, before_s = owed + rate * (time.monotonic() - before_s), time.monotonic()
            for symbol in chance.choices(symbols, k=int(owed)):
                factor, quote = 1 + chance.uniform(-1e-4, 1e-4), quotes[symbol]
                quotes[symbol] = quote._replace(
                    last=quote.last * factor, bid=quote.bid * factor, ask=quote.ask * factor
                )
                self.push(symbol, quotes[symbol])
                self.told += 1
            owed -= int(owed)

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait for what clients are expected to say."""
        async with asyncio.timeout(20):
            while not happened():
                self._happened.clear()
                await self._happened.wait()

    def drop(self) -> None:
        """Break every connection."""
        for socket in tuple(self.sockets):
            socket.abort()

    def end(self, code: int, reason: str) -> None:
        """End every connection as agreed."""
        for socket in tuple(self.sockets):
            socket.close(code, reason)

    def most_said_in(self, seconds: float) -> int:
        """The largest number of messages that one socket heard within so many seconds: was the client polite?"""
        most = 0
        for socket in self.sockets:
            instants = [at_s for at_s, _ in socket.said]
            for first, begun in enumerate(instants):
                most = max(most, sum(begun <= at_s < begun + seconds for at_s in instants[first:]))
        return most


@asynccontextmanager
async def churning(
    server: AbstractAsyncContextManager[object], streams: Sequence[FakeStream], rate: float
) -> AsyncIterator[None]:
    """A server, with so many changes a second on each of its WebSockets."""
    async with server, asyncio.TaskGroup() as group:
        tasks = [group.create_task(stream.churn(rate)) for stream in streams if rate]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def number(value: float) -> str:
    """A number as text, without an exponent."""
    return f"{value:.12f}".rstrip("0").rstrip(".")
