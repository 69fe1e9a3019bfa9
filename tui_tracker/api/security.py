"""Who may ask for what, and how much: checked before anything else looks at a request."""

import hmac
import ipaddress
import socket
from base64 import urlsafe_b64decode
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from fastapi import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tui_tracker.api import cookie
from tui_tracker.api.problems import problem

OPEN_PATHS: Final = ("/", "/healthz", "/readyz", "/app/v1/docs", "/app/v1/openapi.json", "/app/v1/stream/schema.json")
HEALTH_PATHS: Final = ("/healthz", "/readyz")
PROBE_PATHS: Final = (*HEALTH_PATHS, "/metrics")
OPEN_BELOW: Final = ("/app/v1/docs/", "/app/v1/assets/")
"""What tells nothing of the market needs no token: the docs page asks for one itself."""
BROWSER_PAGE: Final = "/"
BROWSER_ASSETS: Final = "/web/assets/"
BROWSER_SOCKET: Final = "/web/socket"
"""Of the app in a browser: its page asks for the token, its line wants the cookie."""
BEARER_PROTOCOL: Final = "bearer."
"""A browser can't set headers of a WebSocket: it names a second subprotocol, this and base64url of the token."""
_MOST_ADDRESSES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server and one client may take."""

    body_bytes: int = 16_384
    query_bytes: int = 16_384
    """Path included."""
    requests: int = 512
    """At a time, over all clients."""
    streams: int = 4_096
    """Open WebSocket connections, over all clients."""
    rate_per_s: float = 100.0
    """Requests, and new streams, of one address; 0 for no limit."""
    burst: int = 400
    message_bytes: int = 262_144
    """Of one message that a stream's client sends."""
    messages_per_s: float = 20.0
    subscriptions: int = 512
    """Pairs times metrics, and rankings, of one stream."""
    stall_s: float = 20.0
    """A stream whose client takes nothing for so long is closed."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask."""

    token: str = ""
    """Wanted of everyone; empty for nobody, which only a loopback address allows."""
    hosts: frozenset[str] = frozenset()
    """Names under which the server may be asked, beside IP addresses and the names of this machine."""
    origins: frozenset[str] = frozenset()
    """Web pages that may ask, as ``https://example.org``; pages of the server itself may anyway."""
    has_browsers: bool = False
    """Whether the app is offered to browsers."""


class RateLimiter:
    """A bucket of tokens for each address.

    Args:
        per_s: Tokens that come in a second; 0 for no limit.
        burst: Most that a bucket holds.
        monotonic_s: A clock that never goes back.
    """

    def __init__(self, per_s: float, burst: int, monotonic_s: Callable[[], float]) -> None:
        self._per_s, self._burst, self._now = per_s, burst, monotonic_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Take a token: 0, or the seconds until there is one."""
        if self._per_s <= 0:
            return 0.0
        now = self._now()
        left, at = self._buckets.pop(address, (float(self._burst), now))
        left = min(self._burst, left + (now - at) * self._per_s)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_s
        self._buckets[address] = (left if wait else left - 1, now)
        if len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return wait


class Guard:
    """ASGI middleware: refuses what isn't allowed, counts answers, bounds bodies.

    Args:
        app: What is guarded.
        access: Who may ask.
        limits: How much.
        monotonic_s: A clock that never goes back.
    """

    def __init__(self, app: ASGIApp, access: Access, limits: Limits, monotonic_s: Callable[[], float]) -> None:
        self._app, self._access, self._limits = app, access, limits
        self._rate = RateLimiter(limits.rate_per_s, limits.burst, monotonic_s)
        self._hosts = access.hosts | {"localhost", socket.gethostname().lower()}
        self._running = 0
        self.answered: Final = Counter[int]()
        """Responses by status."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        refusal = self._refusal(scope, headers) or self._preflight(scope, headers)
        if refusal is not None:
            await self._refuse(refusal, scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            self._running += 1
            try:
                await self._app(scope, receive, self._counted(send, headers))
            finally:
                self._running -= 1

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        limits, path = self._limits, str(scope["path"])
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > limits.query_bytes:
            return problem(414, f"path and query have at most {limits.query_bytes} bytes")
        client = scope.get("client")
        is_watched = path in HEALTH_PATHS  # whoever watches the process isn't kept from it by a busy client
        wait_s = 0.0 if is_watched else self._rate.wait_s(client[0] if client else "")
        if wait_s:
            retry = {"Retry-After": str(max(1, round(wait_s)))}
            return problem(429, f"at most {limits.rate_per_s:g} requests a second", headers=retry)
        is_probe = path in PROBE_PATHS and "host" not in headers  # HTTP/1.0, so no browser
        if not is_probe and not self._knows_host(headers.get("host", "")):
            return problem(421, "this server has another name; start it with --allow-host NAME to be asked by this one")
        if not self._knows_origin(headers):
            return problem(403, "pages of this origin may not ask; start the server with --allow-origin to let them")
        if not self._may_pass(path, headers) and not _is_preflight(scope, headers):
            return problem(401, "send Authorization: Bearer TOKEN", headers={"WWW-Authenticate": "Bearer"})
        if scope["type"] == "http" and self._running >= limits.requests:
            return problem(503, "too many requests at a time", headers={"Retry-After": "1"})
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > limits.body_bytes or "transfer-encoding" in headers:
            return problem(413, f"no call takes a body; at most {limits.body_bytes} bytes")
        return None

    def _preflight(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        """What a browser asks before a page of an allowed origin may send its token."""
        if not _is_preflight(scope, headers) or headers["origin"] not in self._access.origins:
            return None
        return Response(
            None,
            204,
            {
                "Access-Control-Allow-Origin": headers["origin"],
                "Access-Control-Allow-Methods": "GET",
                "Access-Control-Allow-Headers": "authorization, if-none-match",
                "Access-Control-Max-Age": "600",
                "Vary": "Origin",
            },
        )

    def _knows_host(self, header: str) -> bool:
        """Names that a page elsewhere could have pointed here are refused (DNS rebinding)."""
        name = host_name(header)
        return name in self._hosts or _is_address(name)

    def _knows_origin(self, headers: Mapping[str, str]) -> bool:
        origin = headers.get("origin")
        return origin is None or origin in self._access.origins or is_own_page(headers)

    def _may_pass(self, path: str, headers: Mapping[str, str]) -> bool:
        if self._access.has_browsers:
            if path == BROWSER_PAGE or path.startswith(BROWSER_ASSETS):
                return True
            if path == BROWSER_SOCKET:
                return cookie.is_let_in(self._access.token, headers)
        return _is_open(path) or self._knows_token(headers)

    def _knows_token(self, headers: Mapping[str, str]) -> bool:
        wanted = self._access.token
        if not wanted:
            return True
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            given = _browser_token(headers.get("sec-websocket-protocol", ""))
        return hmac.compare_digest(given.strip().encode(), wanted.encode())

    def _counted(self, send: Send, headers: Mapping[str, str]) -> Send:
        origin = headers.get("origin", "")
        allowed = origin if origin in self._access.origins else ""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.answered[message["status"]] += 1
                message["headers"] = [*message.get("headers", ()), *_extra_headers(allowed)]
            await send(message)

        return counted

    async def _refuse(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        self.answered[response.status_code] += 1
        if scope["type"] == "http":
            if response.status_code >= 400:
                response.headers["Connection"] = "close"
            await response(scope, receive, send)
        elif "websocket.http.response" in scope.get("extensions", {}):
            await response(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})


def _without_body(send: Send) -> Send:
    """What answers ``HEAD``: the headers of ``GET``."""

    async def headers_alone(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return headers_alone


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _is_preflight(scope: Scope, headers: Mapping[str, str]) -> bool:
    is_options = scope["type"] == "http" and scope["method"] == "OPTIONS"
    return is_options and "origin" in headers and "access-control-request-method" in headers


def is_own_page(headers: Mapping[str, str]) -> bool:
    """Whether a request comes from a page that this server itself has sent."""
    return headers.get("origin", "").partition("://")[2].lower() == headers.get("host", "").lower() != ""


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_BELOW)


def _browser_token(protocols: str) -> str:
    for name in protocols.split(","):
        text = name.strip()
        if text.startswith(BEARER_PROTOCOL):
            data = text.removeprefix(BEARER_PROTOCOL)
            try:
                return urlsafe_b64decode(data + "=" * (-len(data) % 4)).decode()
            except ValueError:
                return ""
    return ""


def _extra_headers(allowed: str) -> list[tuple[bytes, bytes]]:
    extra = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
    if allowed:
        extra += [
            (b"access-control-allow-origin", allowed.encode("latin-1")),
            (b"access-control-expose-headers", b"etag, retry-after"),
            (b"vary", b"Origin"),
        ]
    return extra


def host_name(header: str) -> str:
    """The name or address of a ``Host`` header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.rpartition(":")[0].lower() if header.count(":") == 1 else header.lower()


@lru_cache(maxsize=256)
def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether an address to listen at can be reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
