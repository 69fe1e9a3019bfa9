"""Tables of the history, and how older ones become newer."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_tracker.core.errors import StorageError, StorageFault

APPLICATION_ID: Final = 0x63747569
"""Marks the file as ours (``ctui``)."""
_TABLES: Final = """
CREATE TABLE source(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, seal INTEGER NOT NULL);
CREATE TABLE instrument(
    key INTEGER PRIMARY KEY, source INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, detail TEXT NOT NULL,
    changed_ms INTEGER NOT NULL, seal INTEGER NOT NULL
);
CREATE TABLE roster(id INTEGER PRIMARY KEY, source INTEGER NOT NULL, keys BLOB NOT NULL, seal INTEGER NOT NULL);
CREATE TABLE minute(id INTEGER PRIMARY KEY, roster INTEGER NOT NULL, is_key INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE hour(id INTEGER PRIMARY KEY, roster INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE fill(
    id INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL, instrument INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, merged INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE latest(source INTEGER PRIMARY KEY, minute INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE rollup_hour(id INTEGER PRIMARY KEY, roster INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE rollup_week(id INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""
_SHARED: Final = """
CREATE TABLE lease(source INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, newest INTEGER NOT NULL, report BLOB NOT NULL);
CREATE TABLE news(
    id INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL, prior INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    kind INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE wish(
    id INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL, session TEXT NOT NULL UNIQUE,
    polls INTEGER NOT NULL, at_ms INTEGER NOT NULL, ids BLOB NOT NULL
);
"""
"""What sessions tell each other; nothing in it is history."""
Migration = Callable[[sqlite3.Connection], None]
"""Makes the tables of one version from those of the version before, inside a transaction."""


def _create(connection: sqlite3.Connection) -> None:
    _run(connection, _TABLES)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _share(connection: sqlite3.Connection) -> None:
    _run(connection, _SHARED)


def _run(connection: sqlite3.Connection, statements: str) -> None:
    """Run statements one by one: ``executescript`` would end the transaction."""
    for statement in statements.split(";"):
        if statement.strip():
            connection.execute(statement)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a program knows of."""

    migrations: Sequence[Migration]
    """The first one makes version 1 from nothing, the next version 2 from version 1, …"""

    @property
    def version(self) -> int:
        """The newest version."""
        return len(self.migrations)

    def migrate(self, connection: sqlite3.Connection, path: Path) -> None:
        """Bring the file to the newest version, whole or not at all.

        Raises:
            StorageError: If it is newer than that; nothing was written.
            sqlite3.Error: If it can't be read or written.
        """
        if self.check(connection, path) == self.version:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for migration in self.migrations[self.check(connection, path) :]:
                migration(connection)
            connection.execute(f"PRAGMA user_version = {self.version}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def check(self, connection: sqlite3.Connection, path: Path) -> int:
        """Return the version of the file.

        Raises:
            StorageError: If it is newer than the program knows.
        """
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > self.version:
            raise StorageError(
                f"{path} was written by a newer version of the program (schema {version}, this one knows"
                f" {self.version}); it was left as it is",
                StorageFault.NEWER_SCHEMA,
                str(path),
                "restart with the newer version, or name another folder with --data-dir",
            )
        return version


SCHEMA: Final = Schema((_create, _share))
"""Version 2 brought what sessions tell each other."""
