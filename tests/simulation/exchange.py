"""An exchange and the line to it, as an httpx transport: seeded latencies, faults, and a ledger of what was said."""

import asyncio
import gzip
import json
import random
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextvars import ContextVar
from email.utils import formatdate
from functools import cache
from typing import Any, Final, NamedTuple

import httpx

from tests.simulation.ledger import Asked, Ledger, Refused, Rows, Told
from tests.simulation.loop import SimulatedClock, true_ms
from tests.simulation.schedule import BODY, CONNECT, DATA, STATUS, Spell
from tests.simulation.world import World
from tests.support.exchanges.wire import Json, RefusedError

BANS: Final = {"binance": {"418": 120.0, "403": 300.0}, "bybit": {"403": 600.0}, "mexc": {"418": 120.0}}
"""Statuses that shut an address out, as documented, and the least time that nothing may be asked then."""
WEIGHTS: Final = {
    "binance": {"instruments": 20, "quotes": 80, "candles": 2},
    "mexc": {"instruments": 10, "quotes": 40},
    "kucoin": {"instruments": 4, "quotes": 15, "candles": 3, "time": 3},
}
LEAST_PAUSE_S: Final = 5.0
UPLINK_S: Final = 0.02
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 8.0, 10.0
BAD_PRICES: Final[tuple[object, ...]] = ("NaN", "Infinity", "-5", "1e309", "abc", None, {}, [], 10**400, float("nan"))
HTML: Final = b"<!DOCTYPE html><html><title>\x1b[31mJust a moment...</title></html>"
_MOST_BOMBS: Final = 2


class Call(NamedTuple):
    """What the source is doing."""

    name: str
    pair: str = ""
    step: int = 0


CALL: Final = ContextVar[Call]("CALL")


class Answer(NamedTuple):
    """What goes over the line."""

    status: int
    body: Sequence[bytes]
    headers: dict[str, str]
    told: Told | None = None
    """What it says, if that is to be believed."""
    pause_s: float = 0.0
    """How long nothing may be asked after it."""


class SimulatedExchange(httpx.AsyncBaseTransport):
    """One exchange.

    Args:
        world: What it says.
        spells: When what goes wrong, one after the other.
        away_s: From when until when one pair is neither listed nor quoted.
        clock: Of the machine that asks.
        rng: Draws all that is left to chance.
        ledger: Told of everything.
        on_told: Called with each good answer when it has come whole.
    """

    def __init__(
        self,
        world: World,
        spells: Sequence[Spell],
        away_s: tuple[float, float] | None,
        clock: SimulatedClock,
        rng: random.Random,
        ledger: Ledger,
        on_told: Callable[[Told], None],
    ) -> None:
        self._world = world
        self._spells = deque(spells)
        self._away_s = away_s
        self._clock = clock
        self._rng = rng
        self._ledger = ledger
        self._on_told = on_told
        self._loop = asyncio.get_running_loop()
        self._idle = 0
        self._bombs = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = CALL.get()
        fault = self._fault(call.name)
        trace = request.extensions["trace"]
        try:
            await self._connect(fault, trace)
            await trace("http11.send_request_headers.started", {})
            sent_s = self._loop.time()
            await asyncio.sleep(UPLINK_S)
            weight = WEIGHTS.get(self._world.wire.name, {}).get(call.name, 1)
            self._ledger.asked.append(Asked(self._loop.time(), call.name, weight))
            answer = self._answer(request, call, fault)
            await asyncio.sleep(self._rng.uniform(3, 9) if fault == "slow" else self._rng.uniform(0.02, 0.4))
            match fault:
                case "reset":
                    raise httpx.ReadError("reset", request=request) from ConnectionResetError()
                case "hang":
                    await asyncio.sleep(READ_TIMEOUT_S)
                    raise httpx.ReadTimeout("hang", request=request)
        except BaseException:
            self._note_fault(fault)
            raise
        await trace("http11.receive_response_headers.complete", {})
        self._ledger.open_streams += 1
        stream = _Stream(self._pieces(answer, fault, sent_s), self._closed(fault))
        return httpx.Response(answer.status, headers=answer.headers, stream=stream)

    async def _connect(self, fault: str, trace: Any) -> None:
        """Take a kept connection, or make one."""
        if fault in CONNECT and self._idle:
            self._idle = 0
            await trace("http11.send_request_headers.started", {})
            raise httpx.ReadError("the kept connection is dead") from ConnectionResetError()
        if self._idle:
            self._idle -= 1
            return
        await trace("connection.connect_tcp.started", {})
        if fault == "connect_hang":
            await asyncio.sleep(CONNECT_TIMEOUT_S)
            raise httpx.ConnectTimeout("no connection")
        await asyncio.sleep(self._rng.uniform(0.05, 0.3))
        if fault in CONNECT:
            raise httpx.ConnectError("no connection") from _cause(fault)

    def _fault(self, call: str) -> str:
        now_s = self._loop.time()
        while self._spells and self._spells[0].end_s <= now_s:
            self._spells.popleft()
        spell = self._spells[0] if self._spells else None
        if spell is None or spell.start_s > now_s or call not in spell.calls or self._rng.random() >= spell.chance:
            return ""
        return self._rng.choice(spell.kinds)

    def _note_fault(self, fault: str) -> None:
        if fault:
            self._ledger.faults[fault] += 1
            self._ledger.last_fault_s = self._loop.time()

    def _closed(self, fault: str) -> Callable[[], None]:
        def closed() -> None:
            self._ledger.open_streams -= 1
            self._note_fault(fault)

        return closed

    async def _pieces(self, answer: Answer, fault: str, sent_s: float) -> AsyncIterator[bytes]:
        """The body as it comes; what it said is noted once all of it did."""
        if fault == "drip":
            for byte in answer.body[0][:20]:
                yield bytes([byte])
                await asyncio.sleep(4)
        for piece in answer.body:
            yield piece
        if fault == "reset_body":
            raise httpx.ReadError("reset") from ConnectionResetError()
        self._idle = min(self._idle + 1, 2)
        now_s = self._loop.time()
        if answer.pause_s:
            self._ledger.refused.append(Refused(now_s, now_s + answer.pause_s, fault))
        if answer.told is not None:
            received_ms = self._clock.now_ms()
            sent_ms = received_ms - round((now_s - sent_s) * 1000)
            self._on_told(answer.told._replace(sent_ms=sent_ms, received_ms=received_ms))

    def _answer(self, request: httpx.Request, call: Call, fault: str) -> Answer:
        server_ms = true_ms(self._loop)
        if fault in STATUS:
            return self._refusal(fault)
        try:
            document = self._world.wire.answer(request.url.path, dict(request.url.params), server_ms)
        except RefusedError as refused:
            raise AssertionError(f"asked {request.url} in vain") from refused
        assert document is not None, request.url
        told = Told(call.name, 0, 0, server_ms)
        document, told = self._said(document, told, call, fault if fault in DATA else "")
        body = json.dumps(document).encode()
        headers = {"Date": formatdate(server_ms / 1000, usegmt=True), "Content-Type": "application/json"}
        if fault == "wrong_type":
            headers["Content-Type"] = "text/html; charset=utf-16"
        if fault in BODY or fault in ("reset_body", "drip"):
            return self._broken(fault, body, headers, request)
        return Answer(200, (body,), headers, told)

    def _said(self, document: Json, told: Told, call: Call, fault: str) -> tuple[Json, Told]:
        """The answer to a call, perhaps with something bad among good, and what it says."""
        world, rng = self._world, self._rng
        if call.name == "candles":
            rows: Rows = tuple(world.candle_rows(document))
            if fault == "bad_candle" and rows:
                bad = world.spoil_candle(document, rng.randrange(len(rows)), "NaN")
                rows = tuple((start, None if start == bad else close) for start, close in rows)
            return document, told._replace(pair=call.pair, step=call.step, rows=rows)
        names = list(world.pairs)
        if self._away_s is not None and self._away_s[0] <= self._loop.time() < self._away_s[1]:
            gone = names.pop()
            document = world.without(document, gone) if call.name == "quotes" else document
            document = world.unlisted(document, gone) if call.name == "instruments" else document
        prices: dict[str, float | None] = {name: world.price(name, told.server_ms) for name in names}
        if call.name != "quotes":
            return document, told._replace(prices=prices)
        name = rng.choice(names)
        match fault:
            case "bad_price":
                unusable = rng.choice(BAD_PRICES)
                document, prices[name] = world.spoil_quote(document, name, unusable), None
            case "missing_pair":
                document, prices[name] = world.without(document, name), None
            case "duplicate" if world.wire.name not in ("kraken", "coinbase_exchange"):
                found = world.wire.rows(document)
                document = world.wire.with_rows(document, [*found, found[0]])
        return document, told._replace(prices=prices)

    def _broken(self, fault: str, body: bytes, headers: dict[str, str], request: httpx.Request) -> Answer:
        """An answer that can't be read."""
        if fault == "gzip_bomb":
            self._bombs += 1
            fault = fault if self._bombs <= _MOST_BOMBS and CALL.get().name != "instruments" else "gzip_garbage"
        match fault:
            case "truncated" | "reset_body" | "drip":
                return Answer(200, (body[: max(1, len(body) * 2 // 3)],), headers)
            case "doubled":
                return Answer(200, (body, body), headers)
            case "html":
                return Answer(200, (HTML,), headers | {"Content-Type": "text/html"})
            case "gzip_garbage":
                return Answer(200, (b"\x1f\x8bnonsense",), headers | {"Content-Encoding": "gzip"})
            case "gzip_bomb":
                return Answer(200, (_bomb(),), headers | {"Content-Encoding": "gzip"})
            case "huge":
                return Answer(200, [b"[" + bytes(1_000_000)] * 40, headers)
            case "charset":
                return Answer(200, (body[:-1] + b"\xff\xfe" + body[-1:],), headers)
            case "null" | "empty_list" | "empty":
                return Answer(200, ({"null": b"null", "empty_list": b"[]", "empty": b""}[fault],), headers)
            case "redirect_loop":
                return Answer(302, (b"",), headers | {"Location": str(request.url)})
            case _:
                return Answer(302, (b"",), headers | {"Location": "http://login.hotel.example/"})

    def _refusal(self, fault: str) -> Answer:
        """A refusal, and for how long it forbids to ask."""
        name = self._world.wire.name
        if fault == "too_many":
            said = self._world.wire.too_many()
            return Answer(said.status, (json.dumps(said.document).encode(),), {}, None, LEAST_PAUSE_S)
        status, _, tells = fault.partition("_")
        after_s = self._rng.choice((1, 7, 30, 130)) if tells or (status == "418" and self._rng.random() < 0.5) else 0
        headers = {"Retry-After": str(after_s)} if after_s else {}
        limits_s = float(after_s) if after_s else LEAST_PAUSE_S if status in ("429", "418") else 0.0
        pause_s = max(BANS.get(name, {}).get(status, 0.0), limits_s)
        return Answer(int(status), (HTML,), headers | {"Content-Type": "text/html"}, None, pause_s)


class _Stream(httpx.AsyncByteStream):
    """A body, and word of its end."""

    def __init__(self, pieces: AsyncIterator[bytes], on_close: Callable[[], None]) -> None:
        self._pieces = pieces
        self._on_close: Callable[[], None] | None = on_close

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        if self._on_close is not None:
            self._on_close()
            self._on_close = None


def _cause(fault: str) -> OSError:
    if fault == "dns":
        return socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if fault == "tls":
        error = ssl.SSLCertVerificationError(1, "certificate verify failed")
        error.verify_message = "unable to get local issuer certificate"
        return error
    return ConnectionRefusedError(111, "Connection refused")


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(9_000_000))
