"""Servers for the load test of the service: ours over a market of its own, and a bare one of Starlette as the floor.

Run by ``service.py`` in a process of its own; prints its port and then what it is told to do.
"""

import asyncio
import resource
import sys
import time
from array import array
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.support.clock import FakeClock
from tests.support.feed import AT_MS, END_MS, WINDOW, FakeFeed, Pair, make_pairs
from tui_tracker.api.protocol import StreamProtocol
from tui_tracker.api.security import Limits
from tui_tracker.api.server import BACKLOG, ServeOptions, serving
from tui_tracker.cli.compose import spare_what_stays
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS, Series

PAIRS = 1_100
FOLLOWED = 50
FRAME_S = 0.2
Publish = tuple[float, int]
"""(seconds between two, how many)."""


def followed(pairs: Sequence[Pair]) -> list[str]:
    """The pairs that clients follow: the first ones with plain names and a window."""
    plain = [pair.id for pair in pairs if pair.id.isascii() and pair.id[7:].replace("-", "").isalnum()]
    return [name for name in plain if len(name) < 30][20 : 20 + FOLLOWED]


class Market(FakeFeed):
    """A market whose newest samples are the instants at which they were published."""

    def __init__(self) -> None:
        super().__init__(make_pairs(count=PAIRS))
        self._values = {pair.id: array("d", pair.values) for pair in self.pairs}
        self.followed = followed(self.pairs)

    def tick(self) -> None:
        """Give every followed pair a sample."""
        now_s = time.monotonic()
        for name in self.followed:
            self._values[name][-1] = now_s
        self.publish(replace(self.current, version=self.current.version + 1))

    async def series(self, instrument_id: str, metric: Metric) -> Series:
        """See ``Feed.series``."""
        values = self._values[instrument_id][:]
        return Series(instrument_id, metric, END_MS - (WINDOW - 1) * MINUTE_MS, values, self.current.version)


class Bare:
    """Sends the newest bytes to all who listen, each at most once in ``FRAME_S``: as little as a fan-out can do."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._changed = asyncio.Event()
        self._message = ""
        self.app = Starlette(routes=[Route("/ranking", self.ranking), WebSocketRoute("/stream", self.stream)])

    def tick(self) -> None:
        """Give a message of the size of ours."""
        samples = f"[[{END_MS},{time.monotonic()!r}]]"
        event = f'{{"type":"samples","id":"kraken:BTC-USD","metric":"price","start_ms":1,"samples":{samples}}}'
        self._message = f'{{"seq":1,"version":1,"now_ms":{AT_MS},"events":[{event}]}}'
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def ranking(self, _: Request) -> Response:
        """The same bytes each time."""
        return Response(self._body, media_type="application/json")

    async def stream(self, socket: WebSocket) -> None:
        """Send on and on."""
        await socket.accept()
        try:
            while True:
                await self._changed.wait()
                await socket.send_text(self._message)
                await asyncio.sleep(FRAME_S)
        except (WebSocketDisconnect, RuntimeError):
            return


async def told() -> AsyncIterator[Publish]:
    """What stdin says to publish."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        every_s, count = line.split()
        yield float(every_s), int(count)


async def publish(market: Market | Bare) -> None:
    """Publish as told, and say when that is done."""
    async for every_s, count in told():
        due_s = time.monotonic()
        for _ in range(count):
            market.tick()
            due_s += every_s
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        print("done", flush=True)


async def ours() -> None:
    """The service."""
    market = Market()
    options = ServeOptions(port=0, limits=Limits(rate_per_s=0), min_frame_s=FRAME_S)
    async with serving(market, FakeClock(AT_MS), options) as server:
        await spare_what_stays(market)
        print(server.url.rpartition(":")[2], flush=True)
        await publish(market)


async def floor(body: bytes) -> None:
    """The bare one, with the settings of ours."""
    bare = Bare(body)
    config = uvicorn.Config(
        bare.app,
        port=0,
        ws=StreamProtocol,
        ws_per_message_deflate=False,
        ws_ping_interval=20.0,
        log_config=None,
        backlog=BACKLOG,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - what is waited for lies in uvicorn
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await publish(bare)
    server.should_exit = True
    await task


def main(arguments: Sequence[str]) -> None:
    """Serve until stdin ends."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if arguments[0] == "ours":
        asyncio.run(ours())
    else:
        with open(arguments[1], "rb") as file:
            asyncio.run(floor(file.read()))


if __name__ == "__main__":
    main(sys.argv[1:])
