"""Old and new programs speak together: what releases have sent is played to the programs of today."""

import asyncio

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_socket

from tests.feed.protocol_1 import recorded
from tests.feed.test_remote import DEADLINE_S, server, until
from tests.support.feed import FakeFeed, make_pairs
from tui_tracker.core.errors import FeedError
from tui_tracker.core.metric import Metric
from tui_tracker.feed import messages
from tui_tracker.feed.remote import RemoteFeed
from tui_tracker.feed.wire import Codec, Encoding


class Recorded(msgspec.Struct):
    """A frame whose events stay as they were sent."""

    seq: int
    version: int
    now_ms: int
    events: list[msgspec.Raw]


@pytest.mark.parametrize("encoding", Encoding)
async def test_an_old_client_is_served(encoding: Encoding) -> None:
    codec = Codec(encoding)
    async with server(FakeFeed(make_pairs(count=30))) as running:
        address = running.url.replace("http", "ws", 1) + f"/app/v1/stream?encoding={encoding.value}"
        async with connect(address, proxy=None, max_size=None) as socket:
            command = recorded(encoding, "command")
            await socket.send(command.decode() if encoding is Encoding.JSON else command)
            told: list[messages.Event] = []
            async with asyncio.timeout(DEADLINE_S):
                while not any(isinstance(event, messages.Pong) for event in told):
                    told += codec.read_frame(await socket.recv(decode=False)).events
            kinds = {type(event) for event in told}
            assert {messages.Hello, messages.Pong, messages.Polling, messages.RankingWire} <= kinds
            assert {messages.Rows, messages.Report, messages.Trouble} <= kinds
            (pong,) = (event for event in told if isinstance(event, messages.Pong))
            assert pong.ping == 6


async def test_a_new_client_reads_an_old_server_and_says_what_that_lacks() -> None:
    codec = Codec(Encoding.MSGPACK)
    raw = msgspec.msgpack.decode(recorded(Encoding.MSGPACK, "frame"), type=Recorded)
    asked: list[messages.Command] = []

    async def old(socket: ServerConnection) -> None:
        hello, rows, _, report, series = (bytes(each) for each in raw.events[:5])
        await socket.send(codec.frame(1, 0, raw.now_ms, [hello]))
        await socket.send(codec.frame(2, 7, raw.now_ms, [rows, report]))
        async for data in socket:
            asked.append(codec.read_command(data if isinstance(data, bytes) else data.encode()))
            if asked[-1].windows:
                await socket.send(codec.frame(3, 7, raw.now_ms, [series]))

    async with serve_socket(old, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{next(iter(listener.sockets)).getsockname()[1]}"
        async with RemoteFeed(url).running() as feed:
            snapshot = await until(feed, lambda snapshot: bool(snapshot.rows))
            assert (snapshot.version, snapshot.window_minutes, snapshot.known_minutes) == (7, 1440, None)
            assert feed.status().error == "timed out"
            with pytest.raises(FeedError, match="24 h alone"):
                await feed.set_window(360, Metric.PRICE)
            with pytest.raises(FeedError, match="tells no history"):
                await feed.history.kept()
            assert await feed.history.older("fake:A-B", Metric.PRICE, 168, 0) == ({}, "this server tells no history")
    assert all(command.ask is None for command in asked)
