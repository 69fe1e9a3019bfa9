"""What is let go: old raw minutes, old roll-ups, and the oldest raw hours where the file grows too large."""

import sqlite3
from dataclasses import dataclass
from typing import Final

from tui_tracker.core.series import MINUTE_MS
from tui_tracker.storage import catalogue
from tui_tracker.storage.connection import Database
from tui_tracker.storage.faults import translated
from tui_tracker.storage.reader import raw_span
from tui_tracker.storage.rows import HOUR_MINUTES, WEEK_HOURS, hour_row, time_row

DAY_MINUTES: Final = 1_440
PAGES: Final = 256
"""Free pages that are given back in one step."""
WEEKS: Final = 256
"""Rows of roll-ups that are deleted in one step."""
_LOG_PATIENCE_MS: Final = 200
_DOING: Final = "tidy up"
_WEEK_BITS: Final = (1 << 16) - 1


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept."""

    raw_days: int = 14
    rollup_days: int = 730
    most_bytes: int = 2 * 10**9
    """Size of the file above which the oldest raw hours go, whatever their age."""
    most_log_bytes: int = 64 * 2**20
    """Size of the write-ahead log above which it is reported and cut; a reader that dawdles makes it grow."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the history is, in bytes."""

    used: int
    """Pages with something in them."""
    free: int
    """Pages that will be used again or given back."""
    log: int
    """The write-ahead log beside the file."""


def size_of(database: Database) -> Size:
    """Return how large the history is.

    Raises:
        StorageError: If it can't be read.
    """
    with database.reading("read") as connection:
        page, pages, free = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_size", "page_count", "freelist_count")
        )
    wal = database.path.with_name(database.path.name + "-wal")
    try:
        log = wal.stat().st_size
    except OSError:
        log = 0
    return Size((pages - free) * page, free * page, log)


def retain(database: Database, limits: Limits, now_ms: int) -> bool:
    """Let go of a little; return whether there may be more. At most one hour of one source, or some pages, at a time.

    Raises:
        StorageError: If it could not be written.
    """
    now = now_ms // MINUTE_MS
    size = size_of(database)
    with database.writing(_DOING) as connection:
        oldest = _oldest_hour(connection)
        if oldest is not None:
            source, hour = oldest
            is_old = (hour + 1) * HOUR_MINUTES <= now - limits.raw_days * DAY_MINUTES
            if is_old or size.used > limits.most_bytes:
                _drop_hour(connection, source, hour)
                return True
        week = (now // HOUR_MINUTES - limits.rollup_days * 24) // WEEK_HOURS
        gone = connection.execute(
            "DELETE FROM rollup_week WHERE id IN (SELECT id FROM rollup_week WHERE (id & ?) < ? LIMIT ?)",
            (_WEEK_BITS, week, WEEKS),
        ).rowcount
        if gone:
            return True
    if size.free == 0:
        return False
    with database.writing(_DOING) as connection:
        connection.execute(f"PRAGMA incremental_vacuum({PAGES})").fetchall()
    return True


def _oldest_hour(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """(source, hour) of the oldest raw samples, but never of the hour of a source's newest."""
    hours = []
    for source in catalogue.source_names(connection):
        span = raw_span(connection, source)
        if span is not None:
            first, last = (ms // MINUTE_MS // HOUR_MINUTES for ms in (span.first_ms, span.last_ms))
            if first < last:
                hours.append((first, source))
    if not hours:
        return None
    hour, source = min(hours)
    return source, hour


def _drop_hour(connection: sqlite3.Connection, source: int, hour: int) -> None:
    """Delete an hour, the oldest of its source."""
    start = hour * HOUR_MINUTES
    chunks = hour_row(source, hour, 0), hour_row(source, hour + 1, 0) - 1
    connection.execute("DELETE FROM hour WHERE id BETWEEN ? AND ?", chunks)
    minutes = time_row(source, start), time_row(source, start + HOUR_MINUTES - 1)
    connection.execute("DELETE FROM minute WHERE id BETWEEN ? AND ?", minutes)
    after = start + HOUR_MINUTES
    connection.execute("DELETE FROM fill WHERE source = ? AND last < ?", (source, after))
    connection.execute("UPDATE fill SET merged = max(merged, ?2) WHERE source = ?1 AND merged < ?2", (source, after))


def empty_log(database: Database) -> int:
    """Write the log into the file and cut it to nothing; return by how many bytes it shrank.

    0 where a reader is in the middle of a transaction: then it is tried again later.

    Raises:
        StorageError: If it could not be written.
    """
    before = size_of(database).log
    with translated(database.path, "empty the log of"):
        patience_ms = database.connection.execute("PRAGMA busy_timeout").fetchone()[0]
        database.connection.execute(f"PRAGMA busy_timeout = {_LOG_PATIENCE_MS}")
        try:
            database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            database.connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
    return before - size_of(database).log
