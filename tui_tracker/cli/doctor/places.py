"""Folders, and the history in one of them."""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_tracker.cli.doctor.findings import Finding, note, ok, problem
from tui_tracker.config.load import Loaded
from tui_tracker.config.paths import Paths
from tui_tracker.core.errors import StorageError

if TYPE_CHECKING:
    from tui_tracker.storage.connection import Database
    from tui_tracker.storage.inspection import Damage

LITTLE_ROOM: Final = 200 * 10**6
CHECK_S: Final = 5.0
"""Longest that the history is looked through."""
_STEPS: Final = 1_000
"""Instructions of SQLite between two looks at the clock."""


def configuration(loaded: Loaded) -> Iterator[Finding]:
    """The configuration, and what differs from the defaults."""
    yield ok("config", f"{loaded.path}{'' if loaded.is_found else ' is not there: defaults are in force'}")
    changed = [f"{name.replace('_', '-')} ({origin})" for name, origin in loaded.origins.items() if origin != "default"]
    if changed:
        yield ok("config", f"set: {', '.join(changed)}")


def folders(paths: Paths, data_folder: Path) -> Iterator[Finding]:
    """Whether what is kept can be written."""
    from tui_tracker.storage.connection import FILE_NAME

    places = ("history", data_folder), ("state", paths.state_folder), ("logs", paths.log_folder)
    for name, folder in places:
        there = _nearest(folder)
        if not os.path.isdir(folder) and os.path.exists(folder):
            yield problem("folders", f"{folder}, for {name}, is no folder", "move that file away")
        elif (
            not os.access(there, os.W_OK | os.X_OK)
            and os.access(data_folder / FILE_NAME, os.R_OK)
            and name == "history"
        ):
            yield note("folders", f"{folder}, for {name}, can only be read here", "sessions follow whoever collects")
        elif not os.access(there, os.W_OK | os.X_OK):
            yield problem("folders", f"{folder}, for {name}, can't be written", f"make {there} writable for this user")
        else:
            yield ok("folders", f"{folder}, for {name}, {'can be written' if there == folder else 'can be made'}")
    yield from room(data_folder)


def room(folder: Path, least: int = LITTLE_ROOM, mounts: Path | None = None) -> Iterator[Finding]:
    """Whether the history's file system will do.

    Args:
        folder: Of the history.
        least: Bytes that should be free.
        mounts: What tells file systems (proc(5) mountinfo), where not the usual file.
    """
    from tui_tracker.storage.mounts import MOUNTS, refuse_network

    try:
        refuse_network(folder, mounts or MOUNTS)
        free = shutil.disk_usage(_nearest(folder)).free
    except StorageError as error:
        yield problem("folders", error.message, error.hint)
    except OSError as error:
        yield problem("folders", f"{folder} cannot be examined: {error.strerror or error}", "check the disk")
    else:
        if free < least:
            yield problem("folders", f"only {free / 1e6:,.0f} MB are free in {folder}", "free some space")
        else:
            yield ok("folders", f"{free / 1e9:,.1f} GB are free for the history")


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest one above that is there and may be looked at."""
    return next((each for each in (folder, *folder.parents) if os.path.exists(each)), Path("/"))


def stored(folder: Path, check_s: float = CHECK_S) -> Iterator[Finding]:
    """Whether the history is whole: read only, looked through for ``check_s`` at most."""
    from tui_tracker.storage.connection import FILE_NAME, open_for_reading
    from tui_tracker.storage.faults import is_there

    path = folder / FILE_NAME
    try:
        if not is_there(path):
            yield note("history", f"there is none yet in {folder}", "the app begins one")
            return
        for aside in sorted(folder.glob("history-corrupt-*.sqlite")):
            text = f"{aside.name} is a damaged history that was moved aside"
            yield note("history", text, "delete it once not needed")
        database = open_for_reading(path)
        try:
            yield _integrity(database, check_s)
            yield _contents(database)
        finally:
            database.close()
    except StorageError as error:
        yield problem("history", error.message, error.hint or "the next session tries again")


def _integrity(database: "Database", check_s: float) -> Finding:
    from tui_tracker.storage.inspection import find_damage
    from tui_tracker.storage.recovery import look_through

    end_s = time.monotonic() + check_s
    is_late = False

    def check_clock() -> int:
        nonlocal is_late
        is_late = is_late or time.monotonic() >= end_s
        return int(is_late)

    database.connection.set_progress_handler(check_clock, _STEPS)
    try:
        look_through(database)
        damage = find_damage(database, lambda: bool(check_clock()))
    except StorageError as error:
        if is_late and isinstance(error.__cause__, sqlite3.OperationalError):
            return _in_part(check_s)
        return problem("history", f"it is damaged: {error.message}", "the next session keeps what can be read")
    finally:
        database.connection.set_progress_handler(None, 0)
    if damage.rows:
        return _damaged(damage)
    return ok("history", "every page and row of it is whole") if damage.is_complete else _in_part(check_s)


def _in_part(check_s: float) -> Finding:
    return note("history", f"no damage was found in {check_s:g} s, which weren't enough to see all of it")


def _damaged(damage: "Damage") -> Finding:
    from tui_tracker.core.format import rfc3339

    rows = f"{damage.rows:,} {'row is' if damage.rows == 1 else 'rows are'} damaged and left out"
    if damage.first_ms is not None and damage.last_ms is not None:
        rows += f", of {rfc3339(damage.first_ms)[:16]}Z to {rfc3339(damage.last_ms)[:16]}Z"
    seen = "" if damage.is_complete else "; not all of it was looked through"
    return problem("history", f"{rows}{seen}", "check the disk; bring the minutes back with crypto-tui import")


def _contents(database: "Database") -> Finding:
    from tui_tracker.core.format import rfc3339
    from tui_tracker.storage.reader import Reader
    from tui_tracker.storage.retention import Limits, size_of

    size, reader = size_of(database), Reader(database)
    if size.log > Limits().most_log_bytes:
        return note("history", f"its log has grown to {size.log / 1e6:,.0f} MB", "end programs that keep it open")
    spans = {source: reader.span(source) for source in reader.sources()}
    last = [f"{source} to {rfc3339(span.last_ms)[:16]}Z" for source, span in spans.items() if span is not None]
    return ok("history", f"{(size.used + size.free) / 1e6:,.1f} MB, {', '.join(last) or 'nothing in it'}")
