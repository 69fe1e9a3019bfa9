"""A real server on 127.0.0.1 over a feed of the test's own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from tests.support.clock import FakeClock
from tests.support.feed import AT_MS, FakeFeed, make_pairs
from tui_tracker.api.security import Access, Limits
from tui_tracker.api.server import ServeOptions, Serving, serving


@dataclass(frozen=True)
class Served:
    """A server, its feed, and a client of it."""

    server: Serving
    feed: FakeFeed
    http: httpx.AsyncClient

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def stream_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/app/v1/stream"

    async def get(self, path: str, **parameters: object) -> httpx.Response:
        return await self.http.get(f"/app/v1/{path}", params=parameters)  # type: ignore[arg-type]


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve() -> Serve:
    """Open a server; keywords are those of ``ServeOptions``."""

    @asynccontextmanager
    async def opened(
        feed: FakeFeed | None = None,
        access: Access | None = None,
        limits: Limits | None = None,
        host: str = "127.0.0.1",
        min_frame_s: float = 0.0,
        port: int = 0,
        is_deep: bool = False,
        proxies: tuple[str, ...] = (),
    ) -> AsyncIterator[Served]:
        feed = FakeFeed(make_pairs(count=60)) if feed is None else feed
        options = ServeOptions(
            host, port, access or Access(), limits or Limits(), proxies=proxies, min_frame_s=min_frame_s
        )
        async with (
            serving(feed, FakeClock(AT_MS), options, feed if is_deep else None) as server,
            httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
        ):
            yield Served(server, feed, http)

    return opened


@pytest.fixture
async def served(serve: Serve) -> AsyncIterator[Served]:
    """A server with everything usual."""
    async with serve() as opened:
        yield opened
