"""One WebSocket of a fake exchange, of which the frames are the library's and the bytes ours."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from tests.support.fake_kraken_http import HttpRequest
from tests.support.fake_kraken_transport import Connection


class FakeSocket:
    """What a client said on it, and what it is told.

    Args:
        connection: On which it was asked for.
        request: The one that asked.
    """

    def __init__(self, connection: Connection, request: HttpRequest) -> None:
        self.path = request.path
        self.symbols: set[str] = set()
        """Of which quotes are told."""
        self.said: list[tuple[float, str]] = []
        """(instant of the loop, text) of each message of the client."""
        self.pongs: list[bytes] = []
        self.last: dict[str, str] = {}
        """The last message about each pair."""
        self.number = 0
        """How many numbered messages were sent."""
        self._connection = connection
        self._protocol = ServerProtocol()
        lines = [f"{name}: {value}" for name, value in request.headers.items()]
        self._protocol.receive_data("\r\n".join([f"GET {request.target} HTTP/1.1", *lines, "", ""]).encode("latin-1"))
        (event,) = self._protocol.events_received()
        assert isinstance(event, Request)
        self._request = event

    @property
    def is_open(self) -> bool:
        """Whether what is sent will go out."""
        return self._protocol.state is State.OPEN

    @property
    def transport(self) -> asyncio.WriteTransport:
        """Below the frames."""
        return self._connection.writer.transport

    async def accept(self) -> None:
        """Begin to speak."""
        self._protocol.send_response(self._protocol.accept(self._request))
        await self._flush()

    async def refuse(self, status: int, retry_after: str | None = None) -> None:
        """Don't; perhaps say when to come again."""
        response = self._protocol.reject(status, "no")
        if retry_after is not None:
            response.headers["Retry-After"] = retry_after
        if 300 <= status < 400:
            response.headers["Location"] = "ws://127.0.0.1:9/elsewhere"
        self._protocol.send_response(response)
        await self._flush()

    def send(self, text: str) -> None:
        """Say something, unless the end was said before."""
        if self.is_open:
            self._protocol.send_text(text.encode())
            self._write()

    def ping(self, data: bytes) -> None:
        """Send a ping of the protocol; what comes back is in ``pongs``."""
        self._protocol.send_ping(data)
        self._write()

    def close(self, code: int, reason: str) -> None:
        """End it as agreed, unless that was begun before."""
        if self.is_open:
            self._protocol.send_close(code, reason)
            self._write()

    def abort(self) -> None:
        """Break it."""
        self.transport.abort()

    async def heard(self, on_frame: Callable[[], None]) -> AsyncIterator[str]:
        """What the client says; ``on_frame`` is called after each frame of it."""
        reader = self._connection.reader
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ConnectionClosed):
            while data := await reader.read(65_536):
                self._protocol.receive_data(data)
                for event in self._protocol.events_received():
                    if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                        text = bytes(event.data).decode()
                        self.said.append((asyncio.get_running_loop().time(), text))
                        yield text
                        on_frame()
                    elif isinstance(event, Frame) and event.opcode is Opcode.PONG:
                        self.pongs.append(bytes(event.data))
                        on_frame()
                await self._flush()
                if self._protocol.close_expected():
                    return

    async def _flush(self) -> None:
        self._write()
        await self._connection.writer.drain()

    def _write(self) -> None:
        for data in self._protocol.data_to_send():
            if data and not self._connection.writer.is_closing():
                self._connection.writer.write(data)
