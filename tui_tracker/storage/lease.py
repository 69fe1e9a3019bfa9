"""Who may write what a source's collector writes, and what others ask of it.

A collector has an epoch; whoever takes over has a newer one. Every transaction of a collector looks whether its epoch
is still the newest (Gray and Cheriton, "Leases", 1989; the fencing token of Kleppmann, "How to do distributed
locking", 2016), so that one that was stopped and went on later writes nothing.
"""

import os
import secrets
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import msgspec

from tui_tracker.core.errors import StorageError, StorageFault
from tui_tracker.core.status import SourceReport
from tui_tracker.storage import catalogue
from tui_tracker.storage.codec import DamagedError

MOST_WISHES: Final = 64
MOST_WISHED: Final = 500
"""Instruments that one session may wish history of."""
WISH_MS: Final = 3_600_000
"""A wish counts this long."""
_IMPORT: Final = "import-"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a session asks of the collector."""

    session: str
    polls: int = 0
    """How often it asked for a poll."""
    instrument_ids: tuple[str, ...] = ()
    """Whose history it wants first."""

    @property
    def is_import(self) -> bool:
        """Whether minutes were imported, which windows should take in."""
        return self.session.startswith(_IMPORT)


def import_wish() -> Wish:
    """What a process asks that has imported minutes."""
    return Wish(f"{_IMPORT}{os.getpid()}-{secrets.token_hex(4)}")


def superseded(path: str) -> StorageError:
    """What a collector is told that isn't one any more."""
    return StorageError("another session collects now", StorageFault.SUPERSEDED, path)


def epoch_of(connection: sqlite3.Connection, source: str) -> int:
    """Return the newest epoch of a source, 0 before the first."""
    number = catalogue.find_source(connection, source)
    row = connection.execute("SELECT epoch FROM lease WHERE source = ?", (number,)).fetchone()
    return 0 if row is None else int(row[0])


def take(connection: sqlite3.Connection, source: str, now_ms: int) -> int:
    """Begin a new epoch, inside a transaction; return it. Above all before, also those of a history that was lost."""
    number = catalogue.ensure_source(connection, source)
    epoch = max(epoch_of(connection, source) + 1, now_ms)
    connection.execute(
        "INSERT INTO lease(source, epoch, newest, report) VALUES (?, ?, 0, x'')"
        " ON CONFLICT(source) DO UPDATE SET epoch = excluded.epoch",
        (number, epoch),
    )
    return epoch


def put_report(connection: sqlite3.Connection, source: int, report: SourceReport) -> None:
    """Tell others how the source is doing."""
    connection.execute("UPDATE lease SET report = ? WHERE source = ?", (msgspec.json.encode(report), source))


def read_report(connection: sqlite3.Connection, source: int) -> SourceReport | None:
    """Return what was told last.

    Raises:
        DamagedError: If it can't be read.
    """
    row = connection.execute("SELECT report FROM lease WHERE source = ?", (source,)).fetchone()
    if row is None or not row[0]:
        return None
    try:
        return msgspec.json.decode(row[0], type=SourceReport)
    except msgspec.DecodeError as error:
        raise DamagedError(str(error)) from error


def put_wish(connection: sqlite3.Connection, source: int, wish: Wish, now_ms: int) -> None:
    """Store a session's wish instead of its last one; of too many, the oldest goes."""
    ids = msgspec.json.encode(wish.instrument_ids[:MOST_WISHED])
    connection.execute("DELETE FROM wish WHERE session = ?", (wish.session,))
    connection.execute(
        "INSERT INTO wish(source, session, polls, at_ms, ids) VALUES (?, ?, ?, ?, ?)",
        (source, wish.session, wish.polls, now_ms, ids),
    )
    connection.execute(
        "DELETE FROM wish WHERE id <= (SELECT max(id) FROM wish) - ? OR at_ms < ?", (MOST_WISHES, now_ms - WISH_MS)
    )


def read_wishes(connection: sqlite3.Connection, source: int) -> tuple[Wish, ...]:
    """Return what other sessions wish, the newest first; those that can't be read are left out."""
    rows = connection.execute(
        "SELECT session, polls, ids FROM wish WHERE source = ? ORDER BY id DESC", (source,)
    ).fetchall()
    return tuple(Wish(session, polls, ids) for session, polls, raw in rows if (ids := _ids(raw)) is not None)


def read_all_wishes(connection: sqlite3.Connection) -> dict[str, tuple[Wish, ...]]:
    """Return what other sessions wish, by the name of the source."""
    names = catalogue.source_names(connection)
    numbers = connection.execute("SELECT DISTINCT source FROM wish").fetchall()
    return {names[number]: read_wishes(connection, number) for (number,) in numbers if number in names}


def _ids(raw: Collection[int] | str) -> tuple[str, ...] | None:
    try:
        return msgspec.json.decode(raw, type=tuple[str, ...])  # type: ignore[arg-type]
    except (msgspec.DecodeError, TypeError):
        return None
