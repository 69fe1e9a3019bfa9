"""The open file of a history, and what reads and writes it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from tui_tracker.storage.connection import Database, open_for_reading, open_for_writing
from tui_tracker.storage.looking import Looker
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.office import Office
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.recovery import Recovery, open_or_recover, recover
from tui_tracker.storage.schema import Schema
from tui_tracker.storage.writer import Writer


class Opening:
    """Opens the file, also again: after damage, which is mended then, or where another process replaced it.

    Args:
        path: The file.
        schema: What the program knows.
        busy_ms: How long another process may hold a lock.
        office: Asked before everything that is written.
        now_ms: The wall clock.
        is_reader: Open it without write access.
        may_recover: Whether a damaged file may be moved aside: not while another process writes to it.
        turn: Held during every writing transaction.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        busy_ms: int,
        office: Office,
        now_ms: Callable[[], int],
        *,
        is_reader: bool,
        may_recover: Callable[[], bool],
        turn: AbstractContextManager[object],
    ) -> None:
        self._path: Final = path
        self._schema: Final = schema
        self._busy_ms: Final = busy_ms
        self._office: Final = office
        self._now_ms: Final = now_ms
        self.is_reader: Final = is_reader
        self._may_recover: Final = may_recover
        self._turn: Final = turn
        self._file: tuple[int, int] | None = None
        self.damage = ""
        """What is wrong with the file, found while it was open; it is mended when it is opened next."""
        self.database: Database | None = None
        self.reader: Reader | None = None
        self.looker: Looker | None = None
        self.writer: Writer | None = None
        self.merger: Merger | None = None

    def open(self) -> Recovery | None:
        """Open the file; return what became of a damaged one.

        Raises:
            StorageError: If that is impossible.
        """
        recovery = None
        if self.is_reader:
            database = open_for_reading(self._path, self._schema)
        elif not self._may_recover():
            database = open_for_writing(self._path, self._schema, self._busy_ms)
        else:
            if self.damage:
                recovery, self.damage = recover(self._path, self._now_ms(), self.damage, self._schema), ""
            database, found = open_or_recover(self._path, self._now_ms(), self._schema, self._busy_ms)
            recovery = found or recovery
        self.database, self.reader, self.looker = database, Reader(database), Looker(database)
        self._file = _file_of(self._path)
        if not self.is_reader:
            database.fence, database.turn = self._office.fence, self._turn
            self.writer, self.merger = Writer(database), Merger(database)
        return recovery

    @property
    def is_outdated(self) -> bool:
        """Whether another process moved the file aside, as damaged, or began to write to one that nobody wrote."""
        if self.database is None or self._office.tends:
            return False
        is_written = self.database.is_still and self._path.with_name(self._path.name + "-wal").exists()
        return is_written or _file_of(self._path) != self._file

    def shut(self) -> None:
        """Close the file, if it is open."""
        if self.database is not None:
            self.database.close()
        self.database = self.reader = self.looker = self.writer = self.merger = None


def _file_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
