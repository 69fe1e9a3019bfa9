"""Opening the history."""

import errno
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tui_tracker.core.errors import StorageError, StorageFault
from tui_tracker.storage.faults import translated
from tui_tracker.storage.mounts import refuse_network
from tui_tracker.storage.schema import SCHEMA, Schema

FILE_NAME: Final = "history.sqlite"
BUSY_MS: Final = 2_000
"""A lock held longer than this is an error that passes."""


@dataclass(slots=True)
class Database:
    """An open history."""

    connection: sqlite3.Connection
    path: Path
    schema: Schema
    keeper: sqlite3.Connection | None = None
    """A second, reading connection of a writer, see ``close``."""
    fence: Callable[[sqlite3.Connection], None] | None = None
    """Asked at the beginning of every writing transaction; raises where nothing may be written."""
    turn: AbstractContextManager[object] = field(default_factory=nullcontext)
    """Held during every writing transaction: several connections of one process take turns instead of being refused."""
    is_still: bool = False
    """Whether it was opened as a file that nobody writes: what is written from then on is not seen."""

    @contextmanager
    def writing(self, doing: str) -> Iterator[sqlite3.Connection]:
        """One transaction: on disk when left, or not at all.

        Raises:
            StorageError: If it could not or may not be written, or a newer program changed the schema meanwhile.
        """
        with self.turn, translated(self.path, doing):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                version = self.schema.check(self.connection, self.path)
                if version != self.schema.version:
                    raise StorageError(f"{self.path} was replaced", StorageFault.CORRUPT, str(self.path))
                if self.fence is not None:
                    self.fence(self.connection)
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    if self.connection.in_transaction:
                        self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self, doing: str) -> Iterator[sqlite3.Connection]:
        """One consistent view; meant to be left within a second, since the log can't be emptied meanwhile.

        Raises:
            StorageError: If it could not be read.
        """
        with translated(self.path, doing):
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                with suppress(sqlite3.Error):
                    if self.connection.in_transaction:
                        self.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Empty the log into the file and close, leaving ``-wal`` and ``-shm`` in place.

        SQLite removes both when the last connection that may write closes, and then a reader that may not write to the
        folder can't open the file. The keeper, which may only read, closes last: it can't take the lock for removing.
        """
        with suppress(sqlite3.Error):
            if self.keeper is not None:
                self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for connection in (self.connection, self.keeper):
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()


def open_for_writing(path: Path, schema: Schema = SCHEMA, busy_ms: int = BUSY_MS) -> Database:
    """Open the history, or begin a new one.

    Raises:
        StorageError: If that is impossible; a file of a newer schema is left untouched, byte for byte.
    """
    with translated(path, "open"):
        path.parent.mkdir(parents=True, exist_ok=True)
        refuse_network(path.parent)
        _refuse_newer(path, schema)
        connection = sqlite3.connect(path, timeout=busy_ms / 1000, isolation_level=None, check_same_thread=False)
        try:
            _configure(connection)
            schema.migrate(connection, path)
            keeper = sqlite3.connect(_uri(path, "mode=ro"), uri=True, isolation_level=None, check_same_thread=False)
            keeper.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()
            raise
    return Database(connection, path, schema, keeper)


def _configure(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only before the first page is written
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise sqlite3.OperationalError(f"the journal is {mode}, not a write-ahead log")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA foreign_keys = OFF")


def _refuse_newer(path: Path, schema: Schema) -> None:
    """Look at the version before opening for real: that alone would empty a log that was left, or make a new one."""
    if not path.exists():
        return
    wal = path.with_name(path.name + "-wal")
    has_log = wal.exists() and wal.stat().st_size > 0
    if not has_log and _told_version(path) <= schema.version:
        return
    connection = sqlite3.connect(_uri(path, "mode=ro" if has_log else "immutable=1"), uri=True)
    try:
        schema.check(connection, path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_NOTADB:
            raise
    finally:
        connection.close()


def _told_version(path: Path) -> int:
    """The version that the file itself tells, without its log; 0 where it is no history.

    SQLite reads it: a file that this process opened by itself would, when closed, end every lock that the process has
    on it (POSIX, fcntl), and another program that closes the history then would take its log away.
    """
    connection = sqlite3.connect(_uri(path, "immutable=1"), uri=True)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return 0
        raise
    finally:
        connection.close()


def open_for_reading(path: Path, schema: Schema = SCHEMA) -> Database:
    """Open the history without write access to the file or its folder.

    Where the log isn't there (a copied file, or one whose writer was another program), nobody writes, and the file is
    read as it is; otherwise SQLite would have to make a log.

    Raises:
        StorageError: If there is none, or it can't be read.
    """
    with translated(path, "open"):
        _demand_readable(path)
        _refuse_newer(path, schema)
        wal = path.with_name(path.name + "-wal")
        connection = _connect_reading(path, "mode=ro")
        is_still = connection is None and not wal.exists()
        if is_still:
            connection = _connect_reading(path, "immutable=1")
        if connection is None:
            raise StorageError(f"cannot read {path}", StorageFault.PERMISSION, str(path))
        version = schema.check(connection, path)
        if version != schema.version:
            connection.close()
            raise StorageError(
                f"{path} is of schema {version}, not {schema.version}",
                StorageFault.OTHER,
                str(path),
                "open it once with write access, which brings it up to date",
            )
    return Database(connection, path, schema, is_still=is_still)


def _demand_readable(path: Path) -> None:
    """Raise the error of opening a file for reading, without opening it: see ``_told_version``."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not os.access(path, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _connect_reading(path: Path, how: str) -> sqlite3.Connection | None:
    connection = sqlite3.connect(
        _uri(path, how), uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            return None
        raise
    return connection


def _uri(path: Path, how: str) -> str:
    return f"file:{quote(str(path.absolute()))}?{how}"
