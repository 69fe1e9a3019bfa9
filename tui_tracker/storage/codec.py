"""Blocks of samples as bytes, bit for bit: one minute of all instruments, or an hour of them.

A block is one zlib stream (RFC 1950; its checksum tells damage). For each metric it holds where the samples came from,
how the integers give doubles, the integers (``lanes``), each less the one before, and the doubles that were kept whole.
"Before" is the minute before in a row of minutes, and the number before in the order of the block elsewhere.
"""

import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from operator import add, sub
from typing import Final

from tui_tracker.storage import lanes
from tui_tracker.storage.decimals import Track, is_unobserved
from tui_tracker.storage.groups import FIELDS, GROUPS, Frame, Origins, Values, next_hints, unknown_counters

MINUTES_A_DAY: Final = 1_440
_LEVEL: Final = 1
"""Minutes are merged within two hours: speed counts more than 7 % of their bytes."""
_SAME, _UNIFORM, _EACH = 0, 1, 2
_LENGTH: Final = 4
_NOTHING: Final = [bytes([_SAME, _SAME, 0]) + bytes(_LENGTH)]
"""The pieces of a track that is as the one before, and tells nothing."""


class DamagedError(ValueError):
    """Bytes that no encoder wrote."""


@dataclass(slots=True)
class Cursor:
    """Reads a block from its beginning."""

    data: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes.

        Raises:
            DamagedError: If there are fewer.
        """
        self.at += count
        if self.at > len(self.data):
            raise DamagedError("a block is too short")
        return self.data[self.at - count : self.at]


def pack_track(track: Track, base: Track | None) -> list[bytes]:
    """Return the pieces of a track.

    Args:
        track: What to write; its gaps are filled, so that they cost nothing.
        base: The minute before, of as many samples; ``None`` to code each sample against the one before it.
    """
    ticks = track.ticks
    before = ticks if base is None else base.ticks
    shift = 0 if base is not None else 1
    if base is not None and len(track.gaps) == len(ticks):
        ticks = track.ticks = base.ticks
    for at in track.gaps if ticks is not before or base is None else ():
        if at >= shift:
            ticks[at] = before[at - shift]
    if base is not None and ticks is base.ticks:
        width, numbers = 0, b""
    else:
        steps = map(sub, ticks, base.ticks) if base is not None else chain(ticks[:1], map(sub, ticks[1:], ticks))
        width, numbers = lanes.pack(list(steps))
    return [
        _pack_bytes(track.origins, None if base is None else base.origins),
        _pack_bytes(track.hows, None if base is None else base.hows),
        bytes([width]),
        numbers,
        len(track.wholes).to_bytes(_LENGTH, "little"),
        lanes.pack_doubles(track.wholes),
    ]


def unpack_track(cursor: Cursor, count: int, base: Track | None) -> Track:
    """Return the next track of ``count`` samples.

    Raises:
        DamagedError: If there is none.
    """
    origins = _unpack_bytes(cursor, count, None if base is None else base.origins)
    hows = _unpack_bytes(cursor, count, None if base is None else base.hows)
    width = cursor.take(1)[0]
    if width not in lanes.WIDTHS:
        raise DamagedError(f"lanes of {width} bytes")
    if not width:
        ticks = [0] * count if base is None else base.ticks
    else:
        steps = lanes.unpack(width, cursor.take(width * count))
        ticks = list(accumulate(steps) if base is None else map(add, steps, base.ticks))
    wholes = int.from_bytes(cursor.take(_LENGTH), "little")
    return Track(origins, hows, ticks, lanes.unpack_doubles(cursor.take(8 * wholes)))


def _pack_bytes(text: bytes, base: bytes | None) -> bytes:
    if base is not None:
        if text == base:
            return bytes([_SAME])
        text = lanes.xored(text, base)
    if text.count(text[:1]) == len(text):
        return bytes([_UNIFORM, text[0]])
    return bytes([_EACH]) + text


def _unpack_bytes(cursor: Cursor, count: int, base: bytes | None) -> bytes:
    kind = cursor.take(1)[0]
    if kind == _SAME and base is not None:
        return base
    if kind not in (_UNIFORM, _EACH):
        raise DamagedError(f"a column of kind {kind}")
    text = cursor.take(1) * count if kind == _UNIFORM else cursor.take(count)
    return text if base is None else lanes.xored(text, base)


def compress(pieces: Sequence[bytes], level: int = _LEVEL) -> bytes:
    """Return pieces as one zlib stream."""
    return zlib.compress(b"".join(pieces), level)


def decompress(block: bytes) -> Cursor:
    """Return the inside of a block.

    Raises:
        DamagedError: If its checksum or its form is wrong.
    """
    try:
        return Cursor(zlib.decompress(block))
    except zlib.error as error:
        raise DamagedError(str(error)) from error


class MinuteCodec:
    """Codes minutes of the same instruments in a row, each against the one before.

    The first one, and whichever follows ``restart``, stands by itself. An instance encodes or decodes, not both.
    """

    def __init__(self, hints: Sequence[bytes]) -> None:
        """Start without a minute before; ``hints`` as of ``usual_hints``, which also tell how many instruments."""
        self._usual: Final = tuple(hints)
        self._count: Final = len(hints[0])
        self.restart()

    def restart(self) -> None:
        """Let the next minute stand by itself."""
        self._hints = list(self._usual)
        self._tracks: list[Track | None] = [None] * FIELDS
        self._counters: Values = unknown_counters(self._count)

    def encode(self, minute: int, values: Values, origins: Origins) -> bytes:
        """Return the block of one minute since the epoch: one array and one string a field, in order of instruments."""
        frame = Frame(values, origins, self._hints, self._before(minute))
        pieces: list[bytes] = []
        for group in GROUPS:
            if all(self._is_idle(field, origins[field]) for field in group.fields):
                pieces += _NOTHING * len(group.fields)
                continue
            for field, track in zip(group.fields, group.encode(frame), strict=True):
                pieces += pack_track(track, self._tracks[field])
                self._tracks[field] = track
                self._hints[field] = next_hints(track.hows)
        self._counters = values[-2], values[-1]
        return compress(pieces)

    def decode(self, minute: int, block: bytes, groups: int = len(GROUPS)) -> tuple[dict[int, "array[float]"], Origins]:
        """Return the values by field, and provenance, of the first ``groups`` groups (as many in each minute).

        Raises:
            DamagedError: If the block is not what ``encode`` returned after the same minutes.
        """
        cursor, before = decompress(block), self._before(minute)
        found: dict[int, array[float]] = {}
        origins = [b""] * FIELDS
        try:
            for group in GROUPS[:groups]:
                tracks = [unpack_track(cursor, self._count, self._tracks[field]) for field in group.fields]
                for field, track, values in zip(group.fields, tracks, group.decode(tracks, before), strict=True):
                    self._tracks[field], found[field], origins[field] = track, values, track.origins
        except (ArithmeticError, ValueError) as error:
            raise DamagedError(str(error)) from error
        if groups == len(GROUPS):
            self._counters = found[FIELDS - 2], found[FIELDS - 1]
        return found, origins

    def _is_idle(self, field: int, origins: bytes) -> bool:
        """Whether nothing of a field was observed, now and in the minute before: what an exchange doesn't tell."""
        track = self._tracks[field]
        return track is not None and track.origins == origins and is_unobserved(origins)

    def _before(self, minute: int) -> Values:
        if minute % MINUTES_A_DAY == 0:
            return array("d", bytes(8 * self._count)), array("d", bytes(8 * self._count))
        return self._counters


def encode_hour(group: int, start: int, minutes: int, frame: Frame, level: int = 9) -> bytes:
    """Return the block of one group over consecutive minutes, instrument after instrument.

    Args:
        group: Its number.
        start: The first minute since the epoch.
        minutes: How many.
        frame: All samples of the first instrument, then all of the next; ``before`` is not used.
        level: Of zlib.
    """
    before = [_shifted(frame.values[field], start, minutes) for field in (FIELDS - 2, FIELDS - 1)]
    tracks = GROUPS[group].encode(Frame(frame.values, frame.origins, frame.hints, before))
    return compress(list(chain.from_iterable(pack_track(track, None) for track in tracks)), level)


def decode_hour(group: int, start: int, minutes: int, count: int, block: bytes) -> list[tuple["array[float]", bytes]]:
    """Return (values, provenance) of each of a group's fields, as ``encode_hour`` got them.

    Raises:
        DamagedError: If the block is not what ``encode_hour`` returned.
    """
    cursor = decompress(block)
    fields = GROUPS[group].fields
    try:
        tracks = [unpack_track(cursor, count * minutes, None) for _ in fields]
        if FIELDS - 2 not in fields:
            values = GROUPS[group].decode(tracks, ())
        else:
            counters = GROUPS[group].decode(tracks[:2], ())
            before = [_shifted(each, start, minutes) for each in counters]
            values = GROUPS[group].decode(tracks, before)
    except (ArithmeticError, ValueError) as error:
        raise DamagedError(str(error)) from error
    return [(each, track.origins) for each, track in zip(values, tracks, strict=True)]


def _shifted(counters: "array[float]", start: int, minutes: int) -> "array[float]":
    """The counter of the minute before each sample; 0 where a day begins, NaN where the block does."""
    before = array("d", [0.0]) + counters[:-1]
    count = len(counters) // minutes
    first = 0.0 if start % MINUTES_A_DAY == 0 else float("nan")
    before[::minutes] = array("d", [first]) * count
    for midnight in range(-start % MINUTES_A_DAY, minutes, MINUTES_A_DAY):
        before[midnight::minutes] = array("d", [0.0]) * count
    return before
