"""Kraken's answers without a network: each endpoint gives the bytes that a test names."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx

from tests.support.clock import FakeClock
from tui_tracker.sources.budget import RequestBudget
from tui_tracker.sources.http import HttpClient
from tui_tracker.sources.kraken import KrakenSource


@asynccontextmanager
async def answering(
    bodies: Mapping[str, bytes], clock: FakeClock | None = None, asked: list[httpx.URL] | None = None
) -> AsyncIterator[KrakenSource]:
    """A source whose endpoints (``Ticker``, …) answer ``bodies``; notes what was asked in ``asked``."""

    def answer(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request.url)
        return httpx.Response(200, stream=httpx.ByteStream(bodies[request.url.path.rpartition("/")[2]]))

    clock = clock or FakeClock()
    transport = httpx.MockTransport(answer)
    client = HttpClient("http://kraken.test", clock, RequestBudget(clock, 0), idle_s=1, transport=transport)
    source = KrakenSource(client)
    try:
        yield source
    finally:
        await source.aclose()


def envelope(result: object, *errors: str) -> bytes:
    """An answer as Kraken wraps it."""
    return json.dumps({"error": list(errors), "result": result}).encode()
