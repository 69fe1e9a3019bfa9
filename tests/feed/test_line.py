"""The line to a server: through the proxy that the environment names, to the address that answers."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.support.names import HAS_IPV6, Names, black_hole
from tests.support.proxy import Proxy, without_proxies
from tui_tracker.core.errors import FeedError
from tui_tracker.feed.line import Line

HOST = "collector.test"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)


@asynccontextmanager
async def greeting() -> AsyncIterator[int]:
    """A server that greets, and its port."""

    async def greet(socket: ServerConnection) -> None:
        await socket.send("welcome")

    async with serve(greet, "127.0.0.1", 0) as server:
        yield next(iter(server.sockets)).getsockname()[1]


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(("scheme", "asked"), [("http", "CONNECT"), ("socks5", "SOCKS5")])
async def test_a_proxy_serves_the_line(variable: str, scheme: str, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy().running() as proxy, greeting() as port:
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{proxy.port}")
        async with Line(f"http://{HOST}:{port}", "", "").opened() as socket:
            assert await socket.recv() == "welcome"
        assert proxy.asked == [f"{asked} {HOST}:{port}"]


async def test_a_host_that_is_excepted_is_reached_without(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy().running() as proxy, greeting() as port:
        monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with Line(f"http://127.0.0.1:{port}", "", "").opened() as socket:
            assert await socket.recv() == "welcome"
        assert proxy.asked == []


async def test_a_proxy_that_wants_a_password_says_so_and_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy(is_closed=True).running() as proxy, greeting() as port:
        line = Line(f"http://{HOST}:{port}", "", "")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(FeedError, match=r"out of reach: proxy rejected connection: HTTP 407"):
            async with line.opened():
                pass
        monkeypatch.setenv("http_proxy", f"http://name:password@127.0.0.1:{proxy.port}")
        async with line.opened() as socket:
            assert await socket.recv() == "welcome"


@pytest.mark.skipif(not HAS_IPV6, reason="there is no IPv6 here")
async def test_an_address_that_swallows_everything_does_not_hold_up_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_tracker.feed.line.OPEN_S", 0.9)
    names = Names(monkeypatch, HOST)
    names.addresses = [(socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")]
    async with greeting() as port:
        with black_hole(port):
            async with Line(f"http://{HOST}:{port}", "", "").opened() as socket_:
                assert await socket_.recv() == "welcome"
