"""The service on a socket: started, drained, stopped."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import uvicorn

from tui_tracker.api.app import make_app
from tui_tracker.api.board import Board
from tui_tracker.api.protocol import RequestProtocol, StreamProtocol
from tui_tracker.api.security import Access, Limits
from tui_tracker.api.streams import Streams
from tui_tracker.api.web.browsers import Browsers, WebOptions
from tui_tracker.api.web.discretion import hide_tokens
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import ConfigError, ServiceError
from tui_tracker.core.text import clean
from tui_tracker.feed.base import DeepFeed, Feed

DRAIN_S: Final = 2
"""Seconds that open requests have to end in when the server stops."""
CLOSE_S: Final = 1.0
"""Seconds that streams have to take the close in."""
BACKLOG: Final = 1_024
"""Clients that may wait to be let in."""
ACCEPTS: Final = 32
"""Of these asyncio lets in so many at a time, and complains of each where it can't."""
PING_S: Final = 20.0
"""Streams are pinged this often, and closed where no answer comes for as long: the other side may be gone unsaid."""
EXHAUSTED_EVERY_S: Final = 60.0
"""Least seconds between two words on descriptors that are used up."""
_EXHAUSTED: Final = "socket.accept() out of system resource"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where and to whom a feed is served."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 for any that is free."""
    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)
    certificate: Path | None = None
    """PEM with the whole chain; with it the server speaks https only."""
    key: Path | None = None
    web: WebOptions | None = None
    """Offer the app at ``/`` to browsers."""
    proxies: tuple[str, ...] = ()
    """Addresses, and networks, of proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed."""
    min_coverage: float = 0.9
    interval_s: int = 60
    clock_rate: float = 1.0
    min_frame_s: float = 0.2


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs."""

    url: str
    streams: Streams


@asynccontextmanager
async def serving(
    feed: Feed, clock: Clock, options: ServeOptions, deep: DeepFeed | None = None
) -> AsyncIterator[Serving]:
    """Serve a feed while inside; on leaving, streams are closed with a reason and requests get ``DRAIN_S`` to end.

    Args:
        feed: What is served.
        clock: The market's.
        options: Where and to whom.
        deep: The same feed, where it tells more than its window.

    Raises:
        ServiceError: If the address is taken, or is none of this machine.
        ConfigError: If there is no such address, or the certificate can't be used.
    """
    context = _tls(options)
    listener = _listen(options.host, options.port)
    board = Board(
        feed,
        clock,
        min_coverage=options.min_coverage,
        interval_s=options.interval_s,
        clock_rate=options.clock_rate,
        deep=deep,
    )
    streams = Streams(board, options.min_frame_s)
    access = replace(options.access, has_browsers=options.web is not None)
    inner = _listen("127.0.0.1", 0) if options.web and context else None
    browsers = None
    if options.web is not None:
        browsers = Browsers(_inner_url(inner or listener, options.host), access.token, options.web)
    app = make_app(board, streams, access=access, limits=options.limits, browsers=browsers)
    servers = [(_Server(_config(app, options, context)), listener)]
    if inner is not None:
        servers.append((_Server(_config(app, options, None, lifespan="off")), inner))
    with _told_once(asyncio.get_running_loop()):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(server.serve(sockets=[place])) for server, place in servers]
            try:
                for server, _ in servers:
                    await server.is_up.wait()
                yield Serving(_url("https" if context else "http", options.host, listener), streams)
            finally:
                await streams.close("the server stops; try again soon", CLOSE_S)
                for server, _ in servers:
                    server.should_exit = True
                await asyncio.wait(tasks)


def check_place(options: ServeOptions) -> None:
    """Find out, before anything is begun for it, whether it can be served there.

    Raises:
        ServiceError: See ``serving``.
        ConfigError: See ``serving``.
    """
    _tls(options)
    _listen(options.host, options.port).close()


@contextlib.contextmanager
def _told_once(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """While inside, say now and then that there are no descriptors left, not a thousand times a second as asyncio does.

    It goes on by itself: who can't be let in waits, and is let in once others have gone.
    """
    before, told_s = loop.get_exception_handler(), -EXHAUSTED_EVERY_S

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal told_s
        if "_start_serving" in str(context.get("handle")):
            _log.debug("stopped while no client was let in")  # asyncio wanted to try again
        elif context.get("message") != _EXHAUSTED:
            _pass_on(before, loop, context)
        elif loop.time() - told_s >= EXHAUSTED_EVERY_S:
            told_s = loop.time()
            _log.warning("no client is let in for now: %s; let the process open more files", context.get("exception"))

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(before)


def _pass_on(before: Any, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if before is None:
        loop.default_exception_handler(context)
    else:
        before(loop, context)


def _url(scheme: str, host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{listener.getsockname()[1]}"


def _inner_url(listener: socket.socket, host: str) -> str:
    """Where an app of this machine finds the server: not at its certificate's name, nor at the address for any."""
    if listener.family == socket.AF_INET6:
        return _url("http", "::1" if host == "::" else host, listener)
    address = str(listener.getsockname()[0])
    return _url("http", "127.0.0.1" if address == "0.0.0.0" else address, listener)


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it, and tells when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up: Final = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)
        self.is_up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(
    app: object, options: ServeOptions, context: ssl.SSLContext | None, lifespan: Literal["on", "off"] = "on"
) -> uvicorn.Config:
    hide_tokens()
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        loop="none",
        http=RequestProtocol,
        ws=StreamProtocol,
        ws_max_size=options.limits.message_bytes,
        ws_per_message_deflate=False,  # 300 kB a client; large events are deflated once for all instead
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        log_config=None,
        lifespan=lifespan,
        proxy_headers=bool(options.proxies),
        forwarded_allow_ips=list(options.proxies),
        server_header=False,
        backlog=ACCEPTS,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN_S,
        h11_max_incomplete_event_size=options.limits.query_bytes * 2,
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"--host {clean(host)}: {clean(str(error))}", "name an address of this machine") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.setblocking(False)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ServiceError(
            f"cannot listen at {clean(host)}:{port}: {reason}", "choose another --host or --port"
        ) from error
    return listener


def _tls(options: ServeOptions) -> ssl.SSLContext | None:
    if options.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(options.certificate, options.key)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the certificate {clean(str(options.certificate))} cannot be used: {clean(str(error))}",
            "--cert takes a PEM file with the chain, --key its key",
        ) from error
    return context
