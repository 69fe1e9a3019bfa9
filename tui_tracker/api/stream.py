"""The WebSocket: commands in, at most one frame each 200 ms out, and an end for clients that take nothing."""

import asyncio
import logging
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from tui_tracker.api.connection import Connection
from tui_tracker.api.security import Limits
from tui_tracker.api.streams import Streams
from tui_tracker.core.errors import FeedError
from tui_tracker.core.text import clean
from tui_tracker.feed.messages import SUBPROTOCOL, Ask
from tui_tracker.feed.wire import Encoding

GOING_AWAY: Final = 1001
UNREADABLE: Final = 1007
MISBEHAVED: Final = 1008
TOO_BIG: Final = 1009
TRY_LATER: Final = 1013
_log = logging.getLogger(__name__)


class _End(Exception):
    """The stream is to be closed.

    Args:
        code: Of the WebSocket protocol.
        reason: For the client.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def stream(socket: WebSocket) -> None:
    """Serve one client until either side ends it."""
    streams: Streams = socket.app.state.streams
    limits: Limits = socket.app.state.limits
    encodings = {encoding.value: encoding for encoding in Encoding}
    encoding = encodings.get(socket.query_params.get("encoding", "json"))
    offered = socket.scope.get("subprotocols", [])
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
    try:
        if encoding is None:
            raise _End(MISBEHAVED, f"encoding: {' or '.join(encodings)}")
        if streams.closing or streams.count >= limits.streams:
            raise _End(TRY_LATER, streams.closing or "too many streams")
        await _serve(socket, streams, limits, Connection(streams, limits, streams.codecs[encoding]), encoding)
    except _End as end:
        await _close(socket, end, limits)
    except WebSocketDisconnect:
        return


async def _serve(
    socket: WebSocket, streams: Streams, limits: Limits, connection: Connection, encoding: Encoding
) -> None:
    connection.greet()
    try:
        with streams.open() as wake:
            wake.set()
            try:
                async with asyncio.TaskGroup() as group:
                    questions = _Questions(group, connection, wake)
                    group.create_task(_read(socket, streams, limits, connection, encoding, questions))
                    group.create_task(_write(socket, streams, limits, connection, wake))
            except* (_End, WebSocketDisconnect) as group_of:
                raise _first(group_of) from None
    finally:
        connection.release()


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


class _Questions:
    """Has questions answered beside everything else.

    Args:
        group: In which that is done.
        connection: What answers.
        wake: Set whenever there may be something to send.
    """

    def __init__(self, group: asyncio.TaskGroup, connection: Connection, wake: asyncio.Event) -> None:
        self._group, self._connection, self.wake = group, connection, wake

    def take(self, ask: Ask) -> None:
        """Begin with one more."""
        self._group.create_task(self._connection.answer(ask)).add_done_callback(lambda _: self.wake.set())


async def _read(
    socket: WebSocket,
    streams: Streams,
    limits: Limits,
    connection: Connection,
    encoding: Encoding,
    questions: _Questions,
) -> None:
    """Follow commands; a client that sends too many waits, one that sends nonsense is sent away."""
    loop, codec = asyncio.get_running_loop(), streams.codecs[encoding]
    next_s = loop.time() - 1  # a second of messages may come at once
    while True:
        message = await socket.receive()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect(message.get("code", 1005))
        text, data = message.get("text"), message.get("bytes")
        given: bytes = text.encode() if text is not None else data or b""
        if len(given) > limits.message_bytes:
            raise _End(TOO_BIG, f"a message has at most {limits.message_bytes} bytes")
        try:
            command = codec.read_command(given)
        except FeedError as error:
            raise _End(UNREADABLE, error.message) from None
        await connection.follow(command, codec.unknown_fields(given))
        if command.ask is not None:
            questions.take(command.ask)
        questions.wake.set()
        next_s = max(next_s, loop.time() - 1) + 1 / limits.messages_per_s
        await asyncio.sleep(max(0.0, next_s - loop.time()))


async def _write(
    socket: WebSocket, streams: Streams, limits: Limits, connection: Connection, wake: asyncio.Event
) -> None:
    """Send what is new; while a client takes nothing, changes gather; it gets the newest, or is sent away."""
    while True:
        await wake.wait()
        frame = await connection.frame()
        wake.clear()  # only now: what woke it while it waited for a frame is in that
        if frame is not None:
            try:
                with streams.patience.watched(limits.stall_s):
                    await (socket.send_text(frame) if isinstance(frame, str) else socket.send_bytes(frame))
            except TimeoutError:
                raise _End(TRY_LATER, f"nothing was taken for {limits.stall_s:g} s") from None
        if streams.closing:
            raise _End(GOING_AWAY, streams.closing)
        if frame is not None and streams.min_frame_s:
            await asyncio.sleep(streams.min_frame_s)


async def _close(socket: WebSocket, end: _End, limits: Limits) -> None:
    """Close with code and reason; a client that doesn't even take that is dropped."""
    if socket.application_state is not WebSocketState.CONNECTED:
        return
    reason = clean(end.reason).encode()[:120].decode(errors="ignore")
    who = "?" if socket.client is None else clean(f"{socket.client.host}:{socket.client.port}")
    _log.info("stream of %s closed: %d %s", who, end.code, reason)
    try:
        async with asyncio.timeout(min(1.0, limits.stall_s)):
            await socket.close(end.code, reason)
    except (TimeoutError, WebSocketDisconnect, RuntimeError) as error:
        _log.info("… and it did not take the close: %r", error)
