"""Upkeep in small steps: minutes and fills become hours, hours' roll-ups become weeks.

Each step is one transaction and leaves a history that reads the same, so a process may be killed between any two, and
a step that is done again changes nothing.
"""

import sqlite3
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Final

from tui_tracker.core.metric import METRICS
from tui_tracker.storage import catalogue
from tui_tracker.storage.codec import DamagedError, encode_hour
from tui_tracker.storage.columns import Columns
from tui_tracker.storage.connection import Database
from tui_tracker.storage.fills import decode_fill
from tui_tracker.storage.groups import FIELDS, GROUPS, Frame, usual_hints
from tui_tracker.storage.hours import Rosters, fetch_hour
from tui_tracker.storage.rollup import FIGURES, Table, hour_tables, read_week, roll_up, write_week
from tui_tracker.storage.rows import (
    DAY_HOURS,
    HOUR_MINUTES,
    WEEK_HOURS,
    hour_row,
    number_in,
    opened,
    sealed,
    time_of,
    time_row,
)
from tui_tracker.storage.writer import last_minute

FOLDED: Final = 64
"""Instruments whose roll-ups are folded in one step."""
_LEVEL: Final = 6
_ALL: Final = 2**63 - 1
DOING: Final = "tidy up"


@dataclass(slots=True)
class _Job:
    """An hour that is being merged."""

    source: int
    hour: int
    columns: Columns
    instruments: list[int]
    digits: dict[int, int]
    last_fill: int
    """Newest fill that is in ``columns``."""
    group: int = 0
    """The next group to write."""


@dataclass(slots=True)
class _Folding:
    """A day whose roll-ups are moved into weeks."""

    source: int
    first: int
    """Its first hour since the epoch."""
    hours: list[tuple[int, dict[int, int], Table]]
    """(hour, place of each instrument, roll-ups)."""
    keys: list[int]
    """Instruments that are still to be moved."""
    digits: dict[int, int]


class Merger:
    """Merges one hour after the other, the oldest first, up to the one before that of the newest minute."""

    def __init__(self, database: Database, closed: int = 0) -> None:
        """Work on an open history; used by one thread at a time.

        Args:
            database: The history.
            closed: A minute since the epoch before which no minute will be appended any more, even where none was yet.
        """
        self._database: Final = database
        self._closed: Final = closed
        self._rosters: Final = Rosters()
        self._job: _Job | None = None
        self._folding: _Folding | None = None

    def step(self, fills: Mapping[int, int] | None = None) -> bool:
        """Do a little; return whether there is more to do.

        Args:
            fills: For which fills hours are merged where there is nothing else: by source, up to which number.
                ``None`` for all.

        Raises:
            StorageError: If it could not be written.
        """
        try:
            return self._step(fills)
        except BaseException:
            self._job = self._folding = None
            raise

    def _step(self, fills: Mapping[int, int] | None) -> bool:
        if self._folding is not None:
            if self._fold(self._folding):
                self._folding = None
        elif self._job is None:
            self._job = self._next_job(fills)
            if self._job is None:
                self._folding = self._next_folding()
        elif self._job.group < len(GROUPS):
            self._merge_group(self._job)
        else:
            self._finish(self._job)
            self._job = None
            return True
        return self._job is not None or self._folding is not None

    def _next_job(self, wanted: Mapping[int, int] | None) -> _Job | None:
        """Gather what is known of the oldest hour that can be merged."""
        with self._database.reading(DOING) as connection:
            found = _oldest(connection, self._closed, wanted)
            if found is None:
                return None
            source, hour = found
            start = hour * HOUR_MINUTES
            stored = fetch_hour(connection, self._rosters, source, hour, range(len(GROUPS)))
            fills = connection.execute(
                "SELECT id, instrument, first, merged, body FROM fill"
                " WHERE source = ? AND last >= ? AND merged <= ? ORDER BY id",
                (source, start, start + HOUR_MINUTES - 1),
            ).fetchall()
            digits = catalogue.digits_of(connection, source)
        columns = Columns(start, HOUR_MINUTES)
        stored.put_into(columns, range(len(GROUPS)))
        for _, key, first, merged, blob in fills:
            try:
                merged = number_in(merged, "fill")
                fill = decode_fill(key, opened(blob, "fill", source, key, first), METRICS, start, start + HOUR_MINUTES)
            except DamagedError:
                continue
            fill.put_into(columns, merged)
        last_fill = max((row[0] for row in fills), default=0)
        return _Job(source, hour, columns, columns.instruments(), digits, last_fill)

    def _merge_group(self, job: _Job) -> None:
        """Write one group of metrics as a chunk; the minutes stay until all are written."""
        group, keys = job.group, job.instruments
        job.group += 1
        if not keys:
            return
        flat = {field: job.columns.flat(keys, field) for field in GROUPS[group].fields}
        hints = usual_hints([job.digits.get(key, catalogue.UNKNOWN_DIGITS) for key in keys])
        unused = array("d"), b""
        frame = Frame(
            [flat.get(field, unused)[0] for field in range(FIELDS)],
            [flat.get(field, unused)[1] for field in range(FIELDS)],
            [b"".join([bytes([hint]) * HOUR_MINUTES for hint in each]) for each in hints],
            (),
        )
        body = encode_hour(group, job.columns.first, HOUR_MINUTES, frame, _LEVEL)
        row = hour_row(job.source, job.hour, group)
        with self._database.writing(DOING) as connection:
            roster = catalogue.ensure_roster(connection, job.source, keys)
            connection.execute(
                "INSERT OR REPLACE INTO hour(id, roster, body) VALUES (?, ?, ?)",
                (row, roster, sealed(body, "hour", row, roster)),
            )

    def _finish(self, job: _Job) -> None:
        """Write the roll-ups, and delete what was merged."""
        start, row = job.columns.first, time_row(job.source, job.hour)
        body = roll_up(job.columns, job.instruments, job.digits) if job.instruments else b""
        with self._database.writing(DOING) as connection:
            if job.instruments:
                roster = catalogue.ensure_roster(connection, job.source, job.instruments)
                connection.execute(
                    "INSERT OR REPLACE INTO rollup_hour(id, roster, body) VALUES (?, ?, ?)",
                    (row, roster, sealed(body, "rollup_hour", row, roster)),
                )
            minutes = time_row(job.source, start), time_row(job.source, start + HOUR_MINUTES - 1)
            connection.execute("DELETE FROM minute WHERE id BETWEEN ? AND ?", minutes)
            mine = job.last_fill, job.source, start, start + HOUR_MINUTES
            connection.execute(
                "UPDATE fill SET merged = ?4 WHERE id <= ?1 AND source = ?2 AND merged >= ?3 AND merged < ?4", mine
            )
            connection.execute("DELETE FROM fill WHERE id <= ? AND merged > last", (job.last_fill,))

    def _next_folding(self) -> "_Folding | None":
        """Gather the roll-ups of the oldest whole day that are not in weeks yet."""
        with self._database.reading(DOING) as connection:
            found = _oldest_day(connection, self._closed)
            if found is None:
                return None
            source, day = found
            first, last = day * DAY_HOURS, day * DAY_HOURS + DAY_HOURS - 1
            tables, _ = hour_tables(connection, self._rosters, source, first, last)
            digits = catalogue.digits_of(connection, source)
        hours = [(hour, {key: at for at, key in enumerate(keys)}, table) for hour, keys, table in tables]
        return _Folding(source, first, hours, sorted({key for _, places, _ in hours for key in places}), digits)

    def _fold(self, folding: "_Folding") -> bool:
        """Move roll-ups of a few instruments into their weeks; return whether all are there now."""
        keys, folding.keys = folding.keys[:FOLDED], folding.keys[FOLDED:]
        week = folding.first // WEEK_HOURS
        with self._database.writing(DOING) as connection:
            for key in keys:
                folded = _week(connection, key, week)
                for hour, places, table in folding.hours:
                    if (at := places.get(key)) is not None:
                        for figure, values in zip(folded, table, strict=True):
                            figure[hour % WEEK_HOURS] = values[at]
                write_week(connection, key, week, folded, folding.digits.get(key, catalogue.UNKNOWN_DIGITS))
            if not folding.keys:
                rows = (time_row(folding.source, folding.first + at) for at in (0, DAY_HOURS - 1))
                connection.execute("DELETE FROM rollup_hour WHERE id BETWEEN ? AND ?", tuple(rows))
        return not folding.keys


def _oldest(connection: sqlite3.Connection, closed: int, fills: Mapping[int, int] | None) -> tuple[int, int] | None:
    """(source, hour) of the oldest minute, or of the oldest of these fills, that can be merged; see ``Merger.step``."""
    for source in catalogue.source_names(connection):
        newest = max(last_minute(connection, source) or 0, closed)
        if not newest:
            continue
        rows = time_row(source, 0), time_row(source, newest - newest % HOUR_MINUTES) - 1
        minute = connection.execute("SELECT min(id) FROM minute WHERE id BETWEEN ? AND ?", rows).fetchone()[0]
        starts = [] if minute is None else [time_of(minute)]
        last = _ALL if fills is None else fills.get(source, 0)
        first = "SELECT min(merged) FROM fill WHERE source = ? AND id <= ?"
        fill = connection.execute(first, (source, last)).fetchone()[0]
        starts += [] if fill is None else [fill]
        if starts and min(starts) // HOUR_MINUTES < newest // HOUR_MINUTES:
            return source, min(starts) // HOUR_MINUTES
    return None


def _oldest_day(connection: sqlite3.Connection, closed: int) -> tuple[int, int] | None:
    """(source, day) of the oldest roll-ups that are not in weeks, of a day that has ended."""
    for source in catalogue.source_names(connection):
        newest = max(last_minute(connection, source) or 0, closed)
        rows = time_row(source, 0), time_row(source + 1, 0) - 1
        row = connection.execute("SELECT min(id) FROM rollup_hour WHERE id BETWEEN ? AND ?", rows).fetchone()[0]
        if row is not None and time_of(row) // DAY_HOURS < newest // HOUR_MINUTES // DAY_HOURS:
            return source, time_of(row) // DAY_HOURS
    return None


def _week(connection: sqlite3.Connection, instrument: int, week: int) -> list["array[float]"]:
    try:
        table = read_week(connection, instrument, week)
    except DamagedError:
        table = None
    return table or [array("d", [nan]) * WEEK_HOURS for _ in range(FIGURES)]
