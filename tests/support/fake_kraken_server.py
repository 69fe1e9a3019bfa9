"""The fake exchange's server: connections, the log of requests, and the endpoints that control it."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from tests.support.fake_kraken_answers import Answers
from tests.support.fake_kraken_clock import ExchangeClock
from tests.support.fake_kraken_faults import Fault, Faults
from tests.support.fake_kraken_http import MAX_HEAD, BadRequestError, HttpRequest, HttpResponse, read_request
from tests.support.fake_kraken_listing import Listing
from tests.support.fake_kraken_stream import FakeKrakenStream
from tests.support.fake_kraken_transport import Connection, send
from tests.support.fake_kraken_wire import WireMarket


class LoggedRequest(NamedTuple):
    """One request that the exchange got; requests of ``/control`` are not logged."""

    monotonic_s: float
    path: str
    query: dict[str, str]
    connection: int
    """Number of the connection, from 1."""
    at_ms: int
    """Instant of the answer by the exchange's clock."""
    faults: tuple[str, ...]
    """What went wrong on purpose."""
    headers: dict[str, str]
    target: str
    """The request target as sent: absolute where the client uses the server as a proxy."""


class ServedAnswers(Protocol):
    """What a server says."""

    def answer(self, request: HttpRequest, path: str, at_ms: int, faults: Sequence[Fault]) -> HttpResponse:
        """The answer to one request; faults of the transport are left to the sender."""
        ...

    def good(self, path: str, query: dict[str, str], at_ms: int) -> HttpResponse:
        """What it says at an instant when nothing goes wrong."""
        ...


class FakeServer:
    """An exchange's server as an async context manager.

    Args:
        answers: What it says.
        faults: What goes wrong.
        now_ms: The exchange's clock, ms since the epoch; the real one if ``None``.
        clock_skew_s: Seconds by which the default clock is ahead.
        port: TCP port, 0 for any.
    """

    def __init__(
        self,
        answers: ServedAnswers,
        faults: Faults,
        now_ms: Callable[[], int] | None = None,
        clock_skew_s: float = 0.0,
        port: int = 0,
    ) -> None:
        self.now_ms = ExchangeClock(skew_s=clock_skew_s) if now_ms is None else now_ms
        self.faults = faults
        self.requests: list[LoggedRequest] = []
        self.upgrade: Callable[[Connection, HttpRequest], Awaitable[None]] | None = None
        """Takes over connections that ask for a WebSocket."""
        self.broken: list[str] = []
        """Connections that the client reset, or on which it sent no HTTP."""
        self._answers = answers
        self._port = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[Exception] = []
        self._accepted = 0
        self._control_connections = 0

    @property
    def url(self) -> str:
        """Base URL, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def connections(self) -> int:
        """Connections accepted so far, those that began with a request of ``/control`` left out."""
        return self._accepted - self._control_connections

    def paths(self) -> list[str]:
        """Last part of the path of each request so far: ``Ticker``, ``OHLC`` …"""
        return [request.path.rpartition("/")[2] for request in self.requests]

    def most_requests_in(self, seconds: float) -> int:
        """The largest number of requests that came within any ``seconds``: was the client polite?"""
        instants = [request.monotonic_s for request in self.requests]
        most = first = 0
        for index, instant in enumerate(instants):
            while instant - instants[first] >= seconds:
                first += 1
            most = max(most, index - first + 1)
        return most

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; again on the same port after :meth:`stop`."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port, limit=MAX_HEAD, backlog=128)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and drop the ones there are.

        Raises:
            ExceptionGroup: If the server itself failed on a request, other than on purpose.
        """
        if self._server is None:
            return
        self._server.close()
        await self.drop_connections()
        await self._server.wait_closed()
        self._server = None
        if self._failures:
            raise ExceptionGroup("the fake exchange failed", self._failures)

    async def drop_connections(self) -> None:
        """Close every open connection, idle or not, and go on listening."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._accepted += 1
        connection = Connection(reader, writer, number=self._accepted)
        task = asyncio.get_running_loop().create_task(self._serve(connection))
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        task.add_done_callback(lambda _: writer.close())  # one that is cancelled before it begins closes nothing

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._failures.append(error)

    async def _serve(self, connection: Connection) -> None:
        writer = connection.writer
        try:
            while (request := await read_request(connection.reader)) is not None:
                if not await self._answer(connection, request) or not request.keeps_alive:
                    break
        except (ConnectionError, BadRequestError, asyncio.IncompleteReadError) as error:
            self.broken.append(f"connection {connection.number}: {error!r}")
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, connection: Connection, request: HttpRequest) -> bool:
        """Answer one request; return whether the connection can go on."""
        if request.path.startswith("/control/"):
            self._control_connections += connection.served == 0
            connection.served += 1
            connection.writer.write(self._control(request).encode(request))
            await connection.writer.drain()
            return True
        if request.headers.get("upgrade", "").lower() == "websocket" and self.upgrade is not None:
            await self.upgrade(connection, request)
            return False
        at_ms = self.now_ms()
        is_redirected = request.path.startswith("/redirected/")
        path = request.path.removeprefix("/redirected")
        name = path.rpartition("/")[2]
        taken = [] if is_redirected else self.faults.take(name, is_reused=connection.served > 0)
        connection.served += 1
        self.requests.append(
            LoggedRequest(
                time.monotonic(),
                path,
                request.query,
                connection.number,
                at_ms,
                tuple(fault.name for fault in taken),
                request.headers,
                request.target,
            )
        )
        response = self._answers.answer(request, path, at_ms, taken)
        return await send(connection, request, response, taken, self.url)

    def _control(self, request: HttpRequest) -> HttpResponse:
        query = request.query
        match request.path.removeprefix("/control/"):
            case "fault":
                try:
                    self._set_fault(query)
                except (KeyError, ValueError) as error:
                    return HttpResponse(json.dumps({"error": str(error)}).encode(), 400)
                return _json({"active": [fault.name for fault in self.faults.active]})
            case "clear":
                self.faults.clear(query.get("name"))
                return _json({"active": [fault.name for fault in self.faults.active]})
            case "stats":
                counts = {"requests": len(self.requests), "connections": self.connections}
                return _json({**counts, "faults": dict(self.faults.taken)})
            case "requests":
                fields = ("monotonic_s", "path", "query", "connection", "at_ms", "faults")
                return _json([{name: getattr(entry, name) for name in fields} for entry in self.requests])
            case "advance" if isinstance(self.now_ms, ExchangeClock):
                self.now_ms.advance(int(query["ms"]))
                return _json({"now_ms": self.now_ms()})
            case "replay":
                return self._answers.good(query["path"], query, int(query["at_ms"]))
            case _:
                return HttpResponse(b'{"error":"no such control"}', 404)

    def _set_fault(self, query: dict[str, str]) -> None:
        self.faults.set(
            query["name"],
            count=int(query["count"]) if "count" in query else None,
            path=query.get("path"),
            period_s=float(query["period_s"]) if "period_s" in query else None,
            pairs=tuple(query["pairs"].split(",")) if "pairs" in query else (),
            value=float(query["value"]) if "value" in query else None,
        )


class FakeKraken(FakeServer):
    """Kraken as an async context manager.

    Args:
        seed: Which market; the same seed and clock give the same bytes.
        pairs: Number of tradeable pairs, the best known first.
        modern_keys: Whether Ticker says ``BTC/USD`` instead of ``XXBTZUSD``.
        now_ms: The exchange's clock, ms since the epoch; the real one if ``None``.
        clock_skew_s: Seconds by which the default clock is ahead.
        port: TCP port, 0 for any.
    """

    def __init__(
        self,
        seed: int = 1,
        pairs: int = 1_100,
        *,
        modern_keys: bool = False,
        now_ms: Callable[[], int] | None = None,
        clock_skew_s: float = 0.0,
        port: int = 0,
    ) -> None:
        self.market = WireMarket(seed, pairs, modern_keys)
        faults = Faults()
        super().__init__(Answers(self.market, faults), faults, now_ms, clock_skew_s, port)
        self.stream = FakeKrakenStream(self.market, self.now_ms)
        self.upgrade = self.stream.serve

    @property
    def listings(self) -> list[Listing]:
        """The tradeable pairs, in order."""
        return self.market.listings


def _json(value: object) -> HttpResponse:
    return HttpResponse(json.dumps(value).encode())
