"""A process that writes a history until it is killed: each number it prints is a minute that is on disk.

``python -m tests.storage.child FOLDER FIRST MODE``; modes: ``append`` (with fills), ``tidy`` (merging and retention
after each minute), ``migrate`` (to a made-up version 2, a line at a time).
"""

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from tests.storage.made import MINUTE_MS, SOURCE, instruments, made_fill, made_minute
from tui_tracker.storage.connection import FILE_NAME, open_for_writing
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.recovery import open_or_recover
from tui_tracker.storage.retention import Limits, retain
from tui_tracker.storage.schema import SCHEMA, Migration, Schema
from tui_tracker.storage.writer import Writer

PAIRS = 4
FILLED = 7
"""Every seventh minute brings a fill."""
LIMITS = Limits(raw_days=1)


def made_up_migration(pause: Callable[[], None]) -> Migration:
    """Version 2: much to write, in many statements, with a pause now and then."""

    def migrate(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE extra(id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        for number in range(400):
            connection.execute("INSERT INTO extra VALUES (?, zeroblob(4000))", (number,))
            if number % 20 == 0:
                pause()
        connection.execute("ALTER TABLE minute ADD COLUMN extra INTEGER")

    return migrate


def wait_for_a_line() -> None:
    """Say that something was done, and wait to be told to go on, or killed."""
    print(-1, flush=True)
    sys.stdin.readline()


NEXT_SCHEMA = Schema((*SCHEMA.migrations, made_up_migration(lambda: None)))
PACED_SCHEMA = Schema((*SCHEMA.migrations, made_up_migration(wait_for_a_line)))


def main(folder: str, first: int, mode: str) -> None:
    """Write until killed."""
    path = Path(folder) / FILE_NAME
    if mode == "migrate":
        database = open_for_writing(path, PACED_SCHEMA)
        print(-2, flush=True)
        return
    database, recovery = open_or_recover(path, first * MINUTE_MS)
    assert recovery is None
    writer, merger, minute = Writer(database), Merger(database), first
    writer.put_instruments(SOURCE, instruments(PAIRS), 0)
    print(0, flush=True)
    while True:
        fills = [made_fill(minute % PAIRS, minute - 90, 60)] if minute % FILLED == 0 else []
        writer.append(made_minute(minute, PAIRS), fills)
        print(minute, flush=True)
        if mode == "tidy":
            merger.step()
            retain(database, LIMITS, minute * MINUTE_MS)
        minute += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
