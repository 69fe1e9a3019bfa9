"""The line to a server through proxies, as the environment names them for requests too."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.support.proxy import Proxy
from tui_tracker.core.errors import FeedError
from tui_tracker.feed.line import Line

HOST = "collector.test"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


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
