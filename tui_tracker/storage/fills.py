"""Candles or imports of one instrument, as bytes: a block for each metric, and the intervals that saw a trade."""

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from tui_tracker.core.kept import Stretch
from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.storage import decimals
from tui_tracker.storage.codec import Cursor, DamagedError, decompress, pack_track, unpack_track
from tui_tracker.storage.columns import Columns
from tui_tracker.storage.decimals import part_of
from tui_tracker.storage.groups import usual_hints
from tui_tracker.storage.model import Fill

BUCKET_MINUTES: Final = 5
FAR: Final = 1 << 31
"""A minute after all others."""


@dataclass(frozen=True, slots=True)
class StoredFill:
    """What a fill says of the metrics that were asked for."""

    instrument: int
    """Its key."""
    first: int
    series: dict[Metric, Stretch]

    def put_into(self, columns: Columns, merged: int) -> None:
        """Add it to what is known of the minutes from ``merged`` on: those before are in hours already, or let go."""
        skipped = max(0, merged - self.first)
        for metric, series in self.series.items():
            values, origins = series.values[skipped:], series.provenance[skipped:]
            columns.put(self.instrument, METRIC_INDEX[metric], self.first + skipped, values, origins)


def encode_fill(fill: Fill, digits: int) -> bytes:
    """Return a block; ``digits`` are the decimals of a price."""
    hints = usual_hints([digits])
    pieces = [fill.first.to_bytes(4, "little"), fill.minutes.to_bytes(2, "little"), bytes([len(fill.values)])]
    for metric in METRICS:
        if metric not in fill.values:
            continue
        values, index = fill.values[metric], METRIC_INDEX[metric]
        block = b""
        if len(values):
            track = decimals.encode(values, fill.provenance[metric], hints[index] * len(values))
            block = zlib.compress(b"".join(pack_track(track, None)), 9)
        pieces += [bytes([index]), len(block).to_bytes(4, "little"), block]
    pieces.append(zlib.compress(_encode_traded(fill.traded), 9))
    return b"".join(pieces)


def _encode_traded(traded: Mapping[int, bool]) -> bytes:
    if not traded:
        return b""
    first = min(traded) // BUCKET_MINUTES
    flags = bytearray(max(traded) // BUCKET_MINUTES - first + 1)
    for minute, has_traded in traded.items():
        flags[minute // BUCKET_MINUTES - first] = 1 + has_traded
    return first.to_bytes(4, "little") + flags


def decode_fill(
    instrument: int, block: bytes, metrics: Collection[Metric] = METRICS, start: int = 0, stop: int = FAR
) -> StoredFill:
    """Return what a block says of some metrics in the minutes from ``start`` to before ``stop``, since the epoch.

    Raises:
        DamagedError: If it is no such block.
    """
    cursor = Cursor(block)
    first, minutes, parts = _head(cursor)
    series: dict[Metric, Stretch] = {}
    for _ in range(parts):
        index, part = _part(cursor)
        if METRICS[index] in metrics and part:
            try:
                track = part_of(unpack_track(decompress(part), minutes, None), start - first, stop - first)
                series[METRICS[index]] = Stretch(decimals.decode(track), track.origins)
            except (ArithmeticError, ValueError) as error:
                raise DamagedError(str(error)) from error
    return StoredFill(instrument, max(first, start), series)


def decode_traded(block: bytes) -> dict[int, bool]:
    """Return whether something traded in the intervals of which a block knows it, by their first minutes.

    Raises:
        DamagedError: If it is no such block.
    """
    cursor = Cursor(block)
    for _ in range(_head(cursor)[2]):
        _part(cursor)
    flags = decompress(block[cursor.at :]).data
    first = int.from_bytes(flags[:4], "little")
    return {(first + at) * BUCKET_MINUTES: flag == 2 for at, flag in enumerate(flags[4:]) if flag}


def _head(cursor: Cursor) -> tuple[int, int, int]:
    first, minutes = (int.from_bytes(cursor.take(size), "little") for size in (4, 2))
    return first, minutes, cursor.take(1)[0]


def _part(cursor: Cursor) -> tuple[int, bytes]:
    index = cursor.take(1)[0]
    if index >= len(METRICS):
        raise DamagedError(f"a fill of metric {index}")
    return index, cursor.take(int.from_bytes(cursor.take(4), "little"))
