"""The codec of the stream: frames of events one way, commands the other, as JSON or as msgpack.

Numbers survive both bit for bit: JSON has the shortest text that reads back as the same double. A frame is an object
with ``seq``, ``version``, ``now_ms`` and ``events``. In msgpack an event of over ``DEFLATE_FROM`` bytes is sent as
a byte string, deflated: once for all clients, instead of by each connection anew.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

import msgspec

from tui_tracker.core.errors import FeedError
from tui_tracker.feed import messages

DEFLATE_FROM: Final = 1_024
"""Bytes of an event from which on it is deflated."""
MAX_EVENT_BYTES: Final = 64_000_000
"""Of one event, inflated."""
MAX_FRAME_BYTES: Final = 64_000_000
_KINDS: Final[tuple[type[messages.Event], ...]] = (
    messages.Hello,
    messages.Rows,
    messages.Report,
    messages.SeriesWire,
    messages.Samples,
    messages.Statistics,
    messages.RankingWire,
    messages.Polling,
    messages.Pong,
    messages.Trouble,
    messages.Answer,
)


class Encoding(StrEnum):
    """How messages become bytes."""

    JSON = "json"
    MSGPACK = "msgpack"


@dataclass(frozen=True, slots=True)
class Frame:
    """What one message of the server holds."""

    seq: int
    """Number of the state that the client has after it; a client that resumes names it."""
    version: int
    """Version of the snapshot that this state belongs to."""
    now_ms: int
    """The market's clock as it was sent."""
    events: tuple[messages.Event, ...]
    """In this order; kinds that this program does not know are left out."""


class _FrameWire(msgspec.Struct, frozen=True):
    seq: int
    version: int
    now_ms: int
    events: list[msgspec.Raw]


class _Kind(msgspec.Struct, frozen=True):
    type: str


@cache
def stream_schema() -> bytes:
    """What is said on the stream, as JSON Schema 2020-12: a frame, and in ``$defs`` a client's command."""
    (_, *events), definitions = msgspec.json.schema_components(
        (messages.Command, *_KINDS), ref_template="#/$defs/{name}"
    )
    whole = {"type": "integer"}
    frame = {"seq": whole, "version": whole, "now_ms": whole, "events": {"type": "array", "items": {"anyOf": events}}}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Frame",
        "type": "object",
        "properties": frame,
        "required": [*frame],
        "$defs": definitions,
    }
    return msgspec.json.encode(schema)


class Codec:
    """Reads and writes one encoding; made once, used by all.

    Args:
        encoding: What the bytes are.
    """

    def __init__(self, encoding: Encoding) -> None:
        module: Any = msgspec.json if encoding is Encoding.JSON else msgspec.msgpack
        self.encoding: Final = encoding
        self._encode = module.Encoder().encode
        self._frames = module.Decoder(_FrameWire)
        self._kinds = module.Decoder(_Kind)
        self._commands = module.Decoder(messages.Command)
        self._plain = module.Decoder(dict[str, object])
        self._events = {kind.__struct_config__.tag: module.Decoder(kind) for kind in _KINDS}
        self._packed = msgspec.msgpack.Decoder(bytes)

    def event(self, event: messages.Event) -> bytes:
        """One event as it stands in a frame."""
        data: bytes = self._encode(event)
        if self.encoding is Encoding.MSGPACK and len(data) >= DEFLATE_FROM:
            packed: bytes = self._encode(zlib.compress(data, 1))
            return packed
        return data

    def frame(self, seq: int, version: int, now_ms: int, events: Sequence[bytes]) -> bytes:
        """A frame of events that ``event`` made."""
        data: bytes = self._encode(_FrameWire(seq, version, now_ms, [msgspec.Raw(event) for event in events]))
        return data

    def command(self, command: messages.Command) -> bytes:
        """A command."""
        data: bytes = self._encode(command)
        return data

    def read_frame(self, data: bytes) -> Frame:
        """Read a frame.

        Raises:
            FeedError: If that isn't one.
        """
        try:
            frame = self._frames.decode(data)
            read = [self._event(bytes(raw)) for raw in frame.events]
        except (msgspec.MsgspecError, ValueError, RecursionError, zlib.error) as error:
            raise FeedError(f"the server sent no message of its protocol: {error}", "is it of this program?") from error
        return Frame(frame.seq, frame.version, frame.now_ms, tuple(event for event in read if event is not None))

    def read_command(self, data: bytes) -> messages.Command:
        """Read a command.

        Raises:
            FeedError: If that isn't one.
        """
        try:
            command: messages.Command = self._commands.decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise FeedError(f"no command: {error}") from error
        return command

    def unknown_fields(self, data: bytes) -> tuple[str, ...]:
        """Fields of a command, and of the ranking in it, that this program doesn't know and left out."""
        told = self._plain.decode(data)
        ranking = told.get("ranking")
        within = ranking if isinstance(ranking, dict) else {}
        return (
            *(name for name in told if name not in _COMMAND),
            *(f"ranking.{name}" for name in within if name not in _RANKING),
        )

    def _event(self, data: bytes) -> messages.Event | None:
        if self.encoding is Encoding.MSGPACK and data and data[0] in _BYTE_STRINGS:
            data = _inflated(self._packed.decode(data))
        decoder = self._events.get(self._kinds.decode(data).type)
        if decoder is None:
            return None
        event: messages.Event = decoder.decode(data)
        return event


_COMMAND: Final = frozenset(messages.Command.__struct_fields__)
_RANKING: Final = frozenset(messages.RankingSpec.__struct_fields__)
_BYTE_STRINGS: Final = b"\xc4\xc5\xc6"
"""First bytes of msgpack's byte strings."""


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    plain = inflater.decompress(data, MAX_EVENT_BYTES)
    if not inflater.eof or inflater.unused_data:
        raise ValueError("a deflated event is cut off, or larger than allowed")
    return plain
