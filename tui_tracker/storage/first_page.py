"""Reading a damaged history whose first page is lost, without which SQLite takes a file for none of its own.

That page holds the header and where each table begins. Both are the same in every history of a schema, since the
tables are made in one transaction of an empty file; so a copy of the damaged file gets the first page of a fresh one
("Database File Format", sqlite.org/fileformat2.html, 1.3).
"""

import os
import shutil
import sqlite3
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui_tracker.storage.connection import Database
from tui_tracker.storage.faults import translated

_COUNTERS: Final = (24, 92)
"""Where the number of changes is, and the one that the number of pages was noted at."""
_PAGES: Final = 28
_FREE_PAGES: Final = slice(32, 40)
_ENDINGS: Final = ("", "-wal", "-shm")


def open_damaged(path: Path, fresh: Database, tables: Collection[str]) -> sqlite3.Connection:
    """Open a damaged file to read what can be; a mended copy of it where it doesn't tell where its tables are.

    Args:
        path: The damaged file, which stays as it is.
        fresh: An empty history of the same schema.
        tables: What should be in it.

    Raises:
        StorageError: If the copy can't be made.
    """
    damaged = _connect(path)
    try:
        found = {name for (name,) in damaged.execute("SELECT name FROM sqlite_master WHERE rootpage > 0")}
    except (sqlite3.Error, UnicodeDecodeError):
        found = set()
    if found.issuperset(tables):
        return damaged
    damaged.close()
    mended = _mended(path)
    with translated(mended, "write"):
        remove_mended(path)
        for ending in ("", "-wal"):
            if (part := path.with_name(path.name + ending)).exists():
                shutil.copyfile(part, mended.with_name(mended.name + ending))
        _put_first_page(mended, fresh)
    return _connect(mended)


def _connect(path: Path) -> sqlite3.Connection:
    damaged = sqlite3.connect(path, timeout=1, isolation_level=None)
    damaged.text_factory = lambda text: text.decode(errors="replace")
    with suppress(sqlite3.Error):
        damaged.execute("PRAGMA writable_schema = ON")  # lets SQLite open a file that is too short
    return damaged


def _put_first_page(mended: Path, fresh: Database) -> None:
    connection = fresh.connection
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = int(connection.execute("PRAGMA page_size").fetchone()[0])
    with fresh.path.open("rb") as file:
        page = bytearray(file.read(size))
    for at in _COUNTERS:
        page[at : at + 4] = (1).to_bytes(4, "big")
    page[_PAGES : _PAGES + 4] = (os.stat(mended).st_size // size).to_bytes(4, "big")
    page[_FREE_PAGES] = bytes(8)
    with mended.open("r+b") as file:
        file.write(page)


def _mended(path: Path) -> Path:
    return path.with_name(f"{path.stem}-mended{path.suffix}")


def remove_mended(path: Path) -> None:
    """Remove the copy that was read, if one was made."""
    mended = _mended(path)
    for ending in _ENDINGS:
        mended.with_name(mended.name + ending).unlink(missing_ok=True)
