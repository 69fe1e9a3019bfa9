"""The state beside the windows, as bytes: columns of numbers in one zlib stream."""

import zlib
from array import array
from collections.abc import Sequence
from math import nan
from typing import Final

import msgspec

from tui_tracker.core.ticker import Ticker
from tui_tracker.storage import lanes
from tui_tracker.storage.codec import Cursor, DamagedError, decompress
from tui_tracker.storage.model import LastSeen, Latest

_NUMBERS: Final = (
    "last",
    "bid",
    "ask",
    "base_volume",
    "quote_volume",
    "trades",
    "high",
    "low",
    "today_volume",
    "today_trades",
)
_COUNTS: Final = ("trades", "today_trades")
_TIMES: Final = ("quoted_ms", "halted_since_ms", "last_trade_ms", "activity_newest")


class _Head(msgspec.Struct, array_like=True, frozen=True):
    minute_ms: int
    polled_ms: int | None
    ids: tuple[str, ...]
    halted: dict[int, str]
    """By place, where it is halted."""
    bits_bytes: int
    """Bytes of each activity."""


def encode_latest(latest: Latest) -> bytes:
    """Return a block; some 2 ms for 1,100 instruments."""
    seen = latest.instruments
    halted = {at: each.halted for at, each in enumerate(seen) if each.halted}
    size = max((max(each.activity_known, each.activity_active).bit_length() + 7) // 8 for each in seen) if seen else 0
    head = msgspec.msgpack.encode(
        _Head(latest.minute_ms, latest.polled_ms, tuple(each.instrument_id for each in seen), halted, size)
    )
    pieces = [len(head).to_bytes(4, "little"), head]
    tickers = [each.ticker for each in seen]
    pieces.append(
        bytes([(ticker is not None) + 2 * each.is_suspect for ticker, each in zip(tickers, seen, strict=True)])
    )
    for name in _NUMBERS:
        values = [None if ticker is None else getattr(ticker, name) for ticker in tickers]
        pieces.append(lanes.pack_doubles(array("d", [nan if value is None else value for value in values])))
    for name in _TIMES:
        times = array("q", [-1 if (value := getattr(each, name)) is None else value for each in seen])
        pieces.append(lanes.pack_integers(times))
    pieces += [each.activity_known.to_bytes(size, "little") for each in seen]
    pieces += [each.activity_active.to_bytes(size, "little") for each in seen]
    return zlib.compress(b"".join(pieces), 1)


def decode_latest(block: bytes) -> Latest:
    """Return what ``encode_latest`` was given.

    Raises:
        DamagedError: If the block is no such thing.
    """
    cursor = decompress(block)
    try:
        head = msgspec.msgpack.decode(cursor.take(int.from_bytes(cursor.take(4), "little")), type=_Head)
        return _decode(cursor, head)
    except (msgspec.DecodeError, ValueError, OverflowError) as error:
        raise DamagedError(str(error)) from error


def _decode(cursor: Cursor, head: _Head) -> Latest:
    count = len(head.ids)
    flags = cursor.take(count)
    numbers = [lanes.unpack_doubles(cursor.take(8 * count)) for _ in _NUMBERS]
    quoted, since, traded, newest = (lanes.unpack_integers(cursor.take(8 * count)) for _ in _TIMES)
    known = [int.from_bytes(cursor.take(head.bits_bytes), "little") for _ in range(count)]
    active = [int.from_bytes(cursor.take(head.bits_bytes), "little") for _ in range(count)]
    return Latest(
        head.minute_ms,
        tuple(
            LastSeen(
                head.ids[at],
                _ticker(head.ids[at], [column[at] for column in numbers]) if flags[at] & 1 else None,
                _known(quoted[at]),
                bool(flags[at] & 2),
                head.halted.get(at, ""),
                _known(since[at]),
                _known(traded[at]),
                newest[at],
                known[at],
                active[at],
            )
            for at in range(count)
        ),
        head.polled_ms,
    )


def _known(time_ms: int) -> int | None:
    return None if time_ms < 0 else time_ms


def _ticker(instrument_id: str, numbers: Sequence[float]) -> Ticker:
    known = dict(zip(_NUMBERS, (None if value != value else value for value in numbers), strict=True))
    counts = {name: None if (value := known.pop(name)) is None else int(value) for name in _COUNTS}
    return Ticker(
        instrument_id,
        known["last"],
        known["bid"],
        known["ask"],
        known["base_volume"],
        known["quote_volume"],
        counts["trades"],
        known["high"],
        known["low"],
        known["today_volume"],
        counts["today_trades"],
    )
