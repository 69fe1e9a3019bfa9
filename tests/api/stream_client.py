"""A plain client of the stream, as somebody would write it from the documentation alone."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

DEADLINE_S = 10.0
Event = dict[str, Any]


class Client:
    """Keeps what it was told; knows nothing of the program's own classes."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self.series: dict[tuple[str, str], dict[int, float | None]] = {}

    @property
    def seq(self) -> int:
        return int(self.frames[-1]["seq"])

    @property
    def hello(self) -> Event:
        first: Event = self.frames[0]["events"][0]
        return first

    async def send(self, **command: object) -> None:
        await self.socket.send(json.dumps(command))

    async def frame(self) -> list[Event]:
        """The next frame's events, applied."""
        async with asyncio.timeout(DEADLINE_S):
            frame = json.loads(await self.socket.recv())
        self.frames.append(frame)
        events: list[Event] = frame["events"]
        for event in events:
            self._apply(event)
        return events

    async def until(self, kind: str, fits: Callable[[Event], bool] = lambda _: True) -> Event:
        """The next event of a kind."""
        while True:
            for event in await self.frame():
                if event["type"] == kind and fits(event):
                    return event

    def _apply(self, event: Event) -> None:
        if event["type"] == "series":
            minutes = range(event["start_ms"], event["start_ms"] + len(event["values"]) * 60_000, 60_000)
            self.series[event["id"], event["metric"]] = dict(zip(minutes, event["values"], strict=True))
        elif event["type"] == "samples":
            known = self.series[event["id"], event["metric"]]
            known.update(dict(event["samples"]))
            minutes = range(event["start_ms"], event["start_ms"] + event["length"] * 60_000, 60_000)
            self.series[event["id"], event["metric"]] = {minute: known.get(minute) for minute in minutes}


@asynccontextmanager
async def client(url: str, **options: Any) -> AsyncIterator[Client]:
    """A client that has heard hello."""
    async with connect(url, proxy=None, **options) as socket:
        made = Client(socket)
        await made.until("hello")
        yield made
