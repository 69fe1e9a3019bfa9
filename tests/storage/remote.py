"""What other processes do to a history in the tests."""

import resource
import signal
from pathlib import Path

from tests.storage.made import FIRST, made_minute
from tests.storage.reading import everything
from tui_tracker.core.errors import StorageError
from tui_tracker.storage.connection import FILE_NAME, open_for_reading, open_for_writing
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.writer import Writer


def fill_up(folder: Path, limit: int) -> None:
    """Write until no file may grow; print each minute that was stored, then the fault."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    database = open_for_writing(folder / FILE_NAME)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    writer = Writer(database)
    try:
        for minute in range(FIRST, FIRST + 2_000):
            writer.append(made_minute(minute))
            print(minute)
    except StorageError as error:
        print(error.fault)


def count(folder: Path) -> None:
    """Print how many minutes a reader sees."""
    database = open_for_reading(folder / FILE_NAME)
    print(len({key[2] for key in everything(Reader(database), FIRST, 60)}))
    database.close()


def try_to_write(folder: Path) -> None:
    """Print why that can't be."""
    try:
        database = open_for_writing(folder / FILE_NAME)
        Writer(database).append(made_minute(FIRST + 50))
    except StorageError as error:
        print(error.fault)
        print(error.path)


def write(folder: Path, minutes: int) -> None:
    """Append minutes; print those that were stored."""
    database = open_for_writing(folder / FILE_NAME)
    writer = Writer(database)
    for minute in range(FIRST, FIRST + minutes):
        while True:
            try:
                if writer.append(made_minute(minute)):
                    print(minute)
                break
            except StorageError as error:
                if not error.is_passing:
                    raise
    database.close()


def read_along(folder: Path, minutes: int) -> None:
    """Read until all minutes are there; print how many there were each time."""
    database = open_for_reading(folder / FILE_NAME)
    reader, seen = Reader(database), 0
    while seen < minutes:
        seen = len({key[2] for key in everything(reader, FIRST, 60)})
        print(seen)
    assert reader.damaged == 0
    database.close()
