"""One hour of a source as it lies on disk: chunks of merged metrics, and single minutes that are not merged yet."""

import logging
import sqlite3
from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from tui_tracker.storage.catalogue import read_roster
from tui_tracker.storage.codec import DamagedError, MinuteCodec, decode_hour
from tui_tracker.storage.columns import Columns
from tui_tracker.storage.groups import GROUPS, usual_hints
from tui_tracker.storage.rows import HOUR_MINUTES, group_of, hour_row, opened, time_of, time_row

_log = logging.getLogger(__name__)
Row = tuple[int, int, int, bytes]
"""(number, roster, whether it stands by itself, sealed body)"""


@dataclass(slots=True)
class StoredHour:
    """Rows as they were read."""

    hour: int
    chunks: list[tuple[int, int, bytes]]
    """(number, roster, sealed body)"""
    minutes: list[Row]
    rosters: dict[int, tuple[int, ...]] = field(default_factory=dict)
    damaged: int = 0
    """Rows that could not be read."""
    fault: str = ""
    """What was wrong with the first of them."""

    def put_into(self, columns: Columns, groups: Collection[int]) -> None:
        """Add what is known of some groups of metrics; damaged rows are left out and counted."""
        merged = set()
        for row, roster, blob in self.chunks:
            group = group_of(row)
            if group in groups:
                merged.add(group)
                try:
                    self._put_chunk(columns, row, roster, opened(blob, "hour", row, roster))
                except DamagedError as error:
                    self._note(error)
        wanted = set(groups) - merged
        if wanted and self.minutes:
            self._put_minutes(columns, wanted)

    def _put_chunk(self, columns: Columns, row: int, roster: int, body: bytes) -> None:
        keys, group = self._keys(roster), group_of(row)
        if group >= len(GROUPS):
            raise DamagedError(f"no group {group}")
        start = self.hour * HOUR_MINUTES
        found = decode_hour(group, start, HOUR_MINUTES, len(keys), body)
        for each, (values, origins) in zip(GROUPS[group].fields, found, strict=True):
            columns.put_hour(keys, each, start, values, origins)

    def _put_minutes(self, columns: Columns, groups: Collection[int]) -> None:
        """Decode minutes in a row; one that is damaged takes those after it along, up to the next that stands alone."""
        depth = max(groups) + 1
        wanted = [each for group in groups for each in GROUPS[group].fields]
        codec: MinuteCodec | None = None
        run = _Run((), -1)
        for row, roster, is_key, blob in self.minutes:
            minute = time_of(row)
            try:
                body, keys = opened(blob, "minute", row, roster, is_key), self._keys(roster)
                if is_key:
                    codec = MinuteCodec(usual_hints([0] * len(keys)))
                elif codec is None or keys != run.keys or minute != run.first + len(run.values):
                    raise DamagedError("the minute before is missing")
                found, origins = codec.decode(minute, body, depth)
            except DamagedError as error:
                codec = None
                self._note(error)
                continue
            if keys != run.keys or minute != run.first + len(run.values):
                run.put_into(columns, wanted)
                run = _Run(keys, minute)
            run.values.append(found)
            run.origins.append(origins)
        run.put_into(columns, wanted)

    def _keys(self, roster: int) -> tuple[int, ...]:
        keys = self.rosters.get(roster)
        if keys is None:
            raise DamagedError(f"no roster {roster}")
        return keys

    def _note(self, error: DamagedError) -> None:
        self.fault = self.fault or str(error)
        self.damaged += 1


@dataclass(slots=True)
class _Run:
    """Consecutive minutes of the same instruments."""

    keys: tuple[int, ...]
    first: int
    values: "list[dict[int, array[float]]]" = field(default_factory=list)
    origins: list[Iterable[bytes]] = field(default_factory=list)

    def put_into(self, columns: Columns, fields: Iterable[int]) -> None:
        count = len(self.values)
        if not count:
            return
        origins = [list(each) for each in self.origins]
        for each in fields:
            flat, sources = array("d", bytes(8 * count * len(self.keys))), bytearray(count * len(self.keys))
            for at in range(count):
                flat[at::count] = self.values[at][each]
                sources[at::count] = origins[at][each]
            columns.put_hour(self.keys, each, self.first, flat, bytes(sources))


class Rosters:
    """Rosters that were read, so that each is read once."""

    def __init__(self) -> None:
        self._known: Final[dict[int, tuple[int, ...]]] = {}

    def of(self, connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, tuple[int, ...]]:
        """Return the keys of some rosters; damaged ones are left out."""
        found = {}
        for number in set(numbers):
            if number not in self._known:
                try:
                    self._known[number] = read_roster(connection, number)
                except DamagedError as error:
                    _log.warning("history: %s", error)
                    continue
            found[number] = self._known[number]
        return found


def fetch_hour(
    connection: sqlite3.Connection, rosters: Rosters, source: int, hour: int, groups: Collection[int]
) -> StoredHour:
    """Read the rows of one hour, as far as they are needed."""
    first = hour_row(source, hour, 0)
    chunks = [
        row
        for group in sorted(groups)
        for row in connection.execute("SELECT id, roster, body FROM hour WHERE id = ?", (first + group,))
    ]
    minutes: list[Row] = []
    if len(chunks) < len(groups):
        start = time_row(source, hour * HOUR_MINUTES)
        minutes = connection.execute(
            "SELECT id, roster, is_key, body FROM minute WHERE id BETWEEN ? AND ? ORDER BY id",
            (start, start + HOUR_MINUTES - 1),
        ).fetchall()
    return StoredHour(hour, chunks, minutes, rosters.of(connection, (row[1] for row in (*chunks, *minutes))))
