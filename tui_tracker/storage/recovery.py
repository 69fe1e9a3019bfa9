"""A damaged history: moved aside under a telling name, with what can be read copied into a new one.

Rows carry their time in their number, so where the tree of a table is broken each minute and hour can still be asked
for by itself. The copy is made beside the damaged file and marked when whole; a process that is killed in between
begins again, or finishes what was left to rename.
"""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tui_tracker.core.errors import StorageError, StorageFault
from tui_tracker.storage import catalogue, first_page
from tui_tracker.storage.codec import DamagedError
from tui_tracker.storage.connection import BUSY_MS, Database, open_for_writing
from tui_tracker.storage.faults import is_there, translated
from tui_tracker.storage.rows import opened, seal_of
from tui_tracker.storage.schema import SCHEMA, Schema

CHECKED_BYTES: Final = 64 * 2**20
"""A file up to this size is checked page by page when it is opened: 0.3 s."""
_PAGE: Final = 32
_LARGEST_NUMBER: Final = 1 << 62
_MOST_PROBES: Final = 200_000
COLUMNS: Final = {
    "source": ("id", "name", "seal"),
    "instrument": ("key", "source", "id", "detail", "changed_ms", "seal"),
    "roster": ("id", "source", "keys", "seal"),
    "minute": ("id", "roster", "is_key", "body"),
    "hour": ("id", "roster", "body"),
    "fill": ("id", "source", "instrument", "first", "last", "merged", "body"),
    "latest": ("source", "minute", "body"),
    "rollup_hour": ("id", "roster", "body"),
    "rollup_week": ("id", "body"),
}
"""Of version 1; the first column is the row's number."""
_log = logging.getLogger(__name__)
_Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of a damaged history."""

    moved_to: Path
    kept: int
    """Rows that were copied: minutes, hours, fills, roll-ups."""
    reason: str

    @property
    def notice(self) -> str:
        """One line for a person."""
        found = f"{self.kept} rows of it were kept" if self.kept else "nothing in it could be read"
        return f"the history was damaged ({self.reason}); {found}, the old file is {self.moved_to.name}"


def open_or_recover(
    path: Path, now_ms: int, schema: Schema = SCHEMA, busy_ms: int = BUSY_MS
) -> tuple[Database, Recovery | None]:
    """Open the history for writing; recover it first where it is damaged.

    Args:
        path: The file.
        now_ms: Names the file that is moved aside.
        schema: What the program knows.
        busy_ms: How long another process may hold a lock.

    Raises:
        StorageError: If it can't be opened for another reason.
    """
    _finish_renaming(path, schema)
    try:
        database = open_for_writing(path, schema, busy_ms)
        try:
            check(database)
        except BaseException:
            database.close()
            raise
    except StorageError as error:
        if error.fault is not StorageFault.CORRUPT:
            raise
        recovery = recover(path, now_ms, error.message, schema)
        return open_for_writing(path, schema, busy_ms), recovery
    return database, None


def check(database: Database) -> None:
    """Look for damage, in every page where the file isn't large.

    Raises:
        StorageError: If there is some.
    """
    look_through(database, CHECKED_BYTES)


def look_through(database: Database, most_bytes: int | None = None) -> None:
    """Look for damage, in every page unless the file has more than ``most_bytes``; reads only.

    Raises:
        StorageError: If there is some.
    """
    with database.reading("check") as connection:
        for table, columns in COLUMNS.items():
            connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()
            connection.execute(f"SELECT {', '.join(columns)} FROM {table} LIMIT 0")  # are they all there?
        for source in catalogue.source_names(connection):
            catalogue.entries(connection, source)
        for (roster,) in connection.execute("SELECT id FROM roster").fetchall():
            catalogue.read_roster(connection, roster)
        if most_bytes is None or database.path.stat().st_size <= most_bytes:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise DamagedError(str(found).splitlines()[-1])


def recover(path: Path, now_ms: int, reason: str, schema: Schema = SCHEMA) -> Recovery:
    """Move a damaged history aside and begin a new one with what can be read of it.

    Raises:
        StorageError: If the new one can't be written.
    """
    fresh = _fresh(path)
    _remove(fresh)
    kept = _salvage(path, fresh, schema)
    aside = _aside(path, now_ms)
    with translated(path, "move"):
        _move(path, aside)
        _finish_renaming(path, schema)
    _log.warning("%s was damaged (%s) and moved to %s; %d rows kept", path, reason, aside.name, kept)
    return Recovery(aside, kept, reason)


def _salvage(path: Path, fresh: Path, schema: Schema) -> int:
    """Copy what can be read; the new file gets its version, and so is whole, only at the end."""
    database = open_for_writing(fresh, schema)
    kept = 0
    try:
        connection = database.connection
        connection.execute("PRAGMA user_version = 0")
        damaged = first_page.open_damaged(path, database, COLUMNS)
        try:
            for table, columns in COLUMNS.items():
                connection.execute("BEGIN")
                copied = sum(_copy(connection, table, columns, row) for row in _rows(damaged, table, columns))
                connection.execute("COMMIT")
                kept += copied if table not in ("source", "instrument", "roster", "latest") else 0
        finally:
            damaged.close()
            first_page.remove_mended(path)
        connection.execute(f"PRAGMA user_version = {schema.version}")
    finally:
        database.close()
    _remove_log(fresh)
    return kept


def _copy(connection: sqlite3.Connection, table: str, columns: tuple[str, ...], row: _Row) -> bool:
    """Insert a row, unless it is there."""
    marks = ", ".join("?" * len(columns))
    names = ", ".join(columns)
    done = connection.execute(f"INSERT OR IGNORE INTO {table}({names}) VALUES ({marks})", row)
    return done.rowcount == 1


def is_whole(table: str, row: _Row) -> bool:
    """Whether a row's seal fits."""
    try:
        if table == "source":
            return row[2] == seal_of(table, *row[:2])  # type: ignore[arg-type]
        if table == "instrument":
            key, source, name, detail, changed_ms, seal = row
            return seal == seal_of(table, source, key, name, detail, changed_ms)  # type: ignore[arg-type]
        if table == "roster":
            return row[3] == seal_of(table, *row[:3])  # type: ignore[arg-type]
        keys = row[1:4] if table == "fill" else row[:-1]
        opened(row[-1], table, *keys)  # type: ignore[arg-type]
    except DamagedError:
        return False
    return True


def _rows(damaged: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> Iterator[_Row]:
    """Yield whole rows: from the front, from the back, and each one between by its number."""
    names, key = ", ".join(columns), columns[0]
    low, high = -1, _LARGEST_NUMBER
    for row in _run(damaged, f"SELECT {names} FROM {table} WHERE {key} > ? ORDER BY {key}", low, 1):
        if is_whole(table, row):
            low = _number(row)
            yield row
    for row in _run(damaged, f"SELECT {names} FROM {table} WHERE {key} < ? ORDER BY {key} DESC", high, -1):
        if _number(row) <= low:
            return
        if is_whole(table, row):
            high = _number(row)
            yield row
    if low < 0 or high == _LARGEST_NUMBER or high - low > _MOST_PROBES:
        return
    for number in range(low + 1, high):
        with suppress(sqlite3.Error, UnicodeDecodeError):
            found = damaged.execute(f"SELECT {names} FROM {table} WHERE {key} = ?", (number,)).fetchall()
            yield from (row for row in found if is_whole(table, row))


def _run(damaged: sqlite3.Connection, query: str, after: int, way: int) -> Iterator[_Row]:
    """Yield rows as long as they can be read and their numbers go on: in a damaged tree they may go round."""
    for size in (_PAGE, 1):
        while True:
            try:
                rows = damaged.execute(f"{query} LIMIT {size}", (after,)).fetchall()
            except (sqlite3.Error, UnicodeDecodeError):
                break
            for row in rows:
                if (_number(row) - after) * way <= 0:
                    return
                after = _number(row)
                yield row
            if not rows:
                return


def _number(row: _Row) -> int:
    return row[0] if isinstance(row[0], int) else -1


def _fresh(path: Path) -> Path:
    return path.with_name(f"{path.stem}-recovering{path.suffix}")


def _aside(path: Path, now_ms: int) -> Path:
    """A name that tells what it is and since when, and that nothing has yet."""
    stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%MZ")
    names = (f"{path.stem}-corrupt-{stamp}{again}{path.suffix}" for again in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(free for name in names if not (free := path.with_name(name)).exists())


def _move(path: Path, aside: Path) -> None:
    """Move the file and its log; the log first, so that a file without one is never taken for a whole history."""
    wal = path.with_name(path.name + "-wal")
    if wal.exists():
        os.replace(wal, aside.with_name(aside.name + "-wal"))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    os.replace(path, aside)


def _finish_renaming(path: Path, schema: Schema) -> None:
    """Put a recovered history in its place, if that was left undone; drop one that is not whole."""
    fresh = _fresh(path)
    if is_there(path) or not is_there(fresh):
        return
    with translated(fresh, "read"):
        with fresh.open("rb") as file:
            version = int.from_bytes(file.read(100)[60:64], "big")
        if version == schema.version:
            _remove_log(fresh)
            os.replace(fresh, path)
        else:
            _remove(fresh)


def _remove(path: Path) -> None:
    with translated(path, "remove"):
        path.unlink(missing_ok=True)
        _remove_log(path)


def _remove_log(path: Path) -> None:
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
