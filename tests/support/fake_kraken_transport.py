"""Putting an answer on the wire, or breaking it there."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.fake_kraken_faults import TRANSPORT, Fault
from tests.support.fake_kraken_http import (
    HttpRequest,
    HttpResponse,
    gzip_bomb,
    head,
    reset,
    send_endless,
    send_slowly,
)
from tests.support.fake_kraken_wire import error_body

_HTML = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
_HTML_TYPE = "text/html; charset=UTF-8"
_KRAKEN_ERRORS = {
    "kraken_rate_limit": "EAPI:Rate limit exceeded",
    "kraken_unavailable": "EService:Unavailable",
    "kraken_busy": "EService:Busy",
    "kraken_lockout": "EGeneral:Temporary lockout",
}
_BODIES = {
    "no_result": b'{"error":[]}',
    "empty_result": b'{"error":[],"result":{}}',
    "empty_body": b"",
    "wrong_shape": b'{"error":"none","result":[1,2,3]}',
    "not_utf8": b'{"error":[],"result":{"\xff\xfe":{}}}',
    "deep": b'{"error":[],"result":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@dataclass(slots=True)
class Connection:
    """One accepted connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    served: int = 0
    """Requests that came on it."""


async def send(
    connection: Connection, request: HttpRequest, response: HttpResponse, faults: Sequence[Fault], base_url: str
) -> bool:
    """Send ``response``, or what a fault makes of it; return whether the connection can go on."""
    fault = next((fault for fault in faults if fault.name in TRANSPORT), None)
    if fault is not None:
        replaced = _replace(fault, request, response, base_url)
        if replaced is None:
            await _break(connection, request, response, fault)
            return False
        response = replaced
    connection.writer.write(response.encode(request))
    await connection.writer.drain()
    return True


def _replace(fault: Fault, request: HttpRequest, response: HttpResponse, base_url: str) -> HttpResponse | None:
    """The well-formed HTTP answer that a fault stands for, or ``None`` if it breaks HTTP itself."""
    name = fault.name
    if name in _KRAKEN_ERRORS:
        return HttpResponse(error_body(_KRAKEN_ERRORS[name]))
    if name in _BODIES:
        return HttpResponse(_BODIES[name])
    match name:
        case "rate_limited":
            wait = 2.0 if fault.value is None else fault.value
            return HttpResponse(b"error code: 1015", 429, "text/plain; charset=UTF-8", {"Retry-After": f"{wait:g}"})
        case "http_500" | "http_503" | "http_403":
            return HttpResponse(_HTML, int(name.removeprefix("http_")), _HTML_TYPE)
        case "html":
            return HttpResponse(_HTML, 200, _HTML_TYPE)
        case "truncated":
            return HttpResponse(response.body[: len(response.body) * 2 // 3])
        case "redirect_other_host":
            return HttpResponse(b"", 302, headers={"Location": f"http://exchange.invalid{request.path}"})
        case "redirect_same_host":
            place = request.target.removeprefix(base_url)
            return HttpResponse(b"", 302, headers={"Location": f"{base_url}/redirected{place}"})
        case _:
            return None


async def _break(connection: Connection, request: HttpRequest, response: HttpResponse, fault: Fault) -> None:
    writer = connection.writer
    match fault.name:
        case "hang":
            await _wait_until_gone(connection)
        case "slow":
            await asyncio.sleep(3.0 if fault.value is None else fault.value)
            writer.write(response.encode(request))
        case "drip":
            await send_slowly(writer, response.encode(request), 1.0 if fault.value is None else fault.value)
        case "reset" | "reset_idle":
            reset(writer)
        case "short_body":
            writer.write(response.encode(request, extra_length=100))
        case "huge":
            await send_endless(writer)
        case "gzip_bomb":
            body = gzip_bomb()
            fields = {"Content-Encoding": "gzip", "Content-Length": str(len(body))}
            writer.write(head(200, "application/json; charset=utf-8", fields) + body)
            await writer.drain()
        case _:
            raise AssertionError(f"fault {fault.name} has no effect")


async def _wait_until_gone(connection: Connection) -> None:
    """Read and drop until the client closes; never answer."""
    with contextlib.suppress(ConnectionError):
        while await connection.reader.read(4096):
            continue
