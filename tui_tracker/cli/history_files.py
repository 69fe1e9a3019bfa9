"""The history of this user, for commands that read it or bring something in."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tui_tracker.config.model import Settings
from tui_tracker.config.parse import source_name
from tui_tracker.config.paths import Paths
from tui_tracker.core.errors import ConfigError, NoDataError, StorageError, StorageFault
from tui_tracker.core.text import clean

if TYPE_CHECKING:
    from tui_tracker.storage.connection import Database

SETTINGS: Final = ("data_dir", "debug")
"""Settings of commands that read the history."""
PATIENCE_MS: Final = 10_000
"""How long a command waits for another process that writes."""


source_option: Final = click.option(
    "--source",
    metavar="NAME",
    help="The source whose history is meant; also one that can't be watched.  [default: the one to watch]",
)


def source_of(given: str | None, settings: Settings) -> str:
    """The source that is meant; that it is in the history is for the history to say.

    Raises:
        ConfigError: If it is no name, or several are configured and none is named.
    """
    if given is None and len(settings.sources) > 1:
        raise ConfigError("several sources are configured: which one?", f"one of {settings.market}, by --source")
    if given is None:
        return replace(settings, demo=False).market
    try:
        return source_name(given).rpartition(":")[2]
    except ValueError as error:
        raise ConfigError(f"--source: {clean(given, 40)!r} is no name of a source", "for example kraken") from error


def history_folder(settings: Settings, paths: Paths) -> Path:
    """Where the history is or would be."""
    return Path(settings.data_dir or paths.data_folder).expanduser()


@contextmanager
def reading(folder: Path) -> "Iterator[Database]":
    """Open the history of a folder; write access is not needed.

    Raises:
        NoDataError: If there is none.
        StorageError: If it can't be read.
    """
    from tui_tracker.storage.connection import FILE_NAME, open_for_reading
    from tui_tracker.storage.faults import is_there

    path = folder / FILE_NAME
    if not is_there(path):
        raise NoDataError(f"there is no history in {folder}", "it begins with the app, or with crypto-tui import")
    database = open_for_reading(path)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def writing(folder: Path) -> "Iterator[Database]":
    """Open the history of a folder, or begin one.

    What is written is on disk once the block is left: until then a crash of the machine may take the last of it. A
    collector may write at the same time, another command of this kind may not.

    Raises:
        StorageError: If it can't be written.
    """
    from tui_tracker.storage.connection import FILE_NAME, open_for_writing

    database = open_for_writing(folder / FILE_NAME, busy_ms=PATIENCE_MS)
    database.connection.execute("PRAGMA synchronous = NORMAL")
    try:
        with _only_one(folder):
            yield database
    finally:
        database.close()


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder itself; the system lets go of it, however the process ends."""
    import fcntl

    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        message = f"another import into {folder} is running"
        raise StorageError(message, StorageFault.LOCKED, str(folder), "wait for its end") from error
    try:
        yield
    finally:
        os.close(held)
