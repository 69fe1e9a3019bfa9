"""What SQLite and the operating system report, as ``StorageError``."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tui_tracker.core.errors import StorageError, StorageFault
from tui_tracker.storage.codec import DamagedError

_FAULTS: Final = {
    sqlite3.SQLITE_FULL: StorageFault.FULL,
    sqlite3.SQLITE_TOOBIG: StorageFault.FULL,
    sqlite3.SQLITE_READONLY: StorageFault.READ_ONLY,
    sqlite3.SQLITE_PERM: StorageFault.PERMISSION,
    sqlite3.SQLITE_AUTH: StorageFault.PERMISSION,
    sqlite3.SQLITE_CANTOPEN: StorageFault.PERMISSION,
    sqlite3.SQLITE_BUSY: StorageFault.LOCKED,
    sqlite3.SQLITE_LOCKED: StorageFault.LOCKED,
    sqlite3.SQLITE_PROTOCOL: StorageFault.LOCKED,
    sqlite3.SQLITE_IOERR: StorageFault.IO,
    sqlite3.SQLITE_CORRUPT: StorageFault.CORRUPT,
    sqlite3.SQLITE_NOTADB: StorageFault.CORRUPT,
    sqlite3.SQLITE_FORMAT: StorageFault.CORRUPT,
}
_ERRNOS: Final = {
    errno.ENOSPC: StorageFault.FULL,
    errno.EDQUOT: StorageFault.FULL,
    errno.EFBIG: StorageFault.FULL,
    errno.EROFS: StorageFault.READ_ONLY,
    errno.EACCES: StorageFault.PERMISSION,
    errno.EPERM: StorageFault.PERMISSION,
    errno.EIO: StorageFault.IO,
}
_HINTS: Final = {
    StorageFault.FULL: "free some space; what was not written is kept in memory and written then",
    StorageFault.READ_ONLY: "make the folder writable, or name another one with --data-dir",
    StorageFault.PERMISSION: "check who owns the folder, or name another one with --data-dir",
    StorageFault.LOCKED: "another process holds the history; it is tried again",
    StorageFault.IO: "check the disk",
    StorageFault.CORRUPT: "a damaged history is moved aside at the next start",
}


@contextmanager
def translated(path: Path | str, doing: str) -> Iterator[None]:
    """Raise what goes wrong inside as ``StorageError``; ``doing`` completes "cannot …"."""
    try:
        yield
    except sqlite3.Error as error:
        raise _error(fault_of(error), path, doing, str(error)) from error
    except (DamagedError, UnicodeDecodeError) as error:
        raise _error(StorageFault.CORRUPT, path, doing, str(error)) from error
    except OSError as error:
        fault = _ERRNOS.get(error.errno or 0, StorageFault.OTHER)
        raise _error(fault, path, doing, error.strerror or str(error)) from error


def is_there(path: Path) -> bool:
    """Whether there is something at a path.

    Raises:
        StorageError: If one may not look, as in a folder of somebody else.
    """
    with translated(path, "read"):
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


def _error(fault: StorageFault, path: Path | str, doing: str, reason: str) -> StorageError:
    return StorageError(f"{reason}: cannot {doing} {path}", fault, str(path), _HINTS.get(fault, ""))


def fault_of(error: sqlite3.Error) -> StorageFault:
    """Tell what kind of failure an error of SQLite is, by the primary part of its code."""
    if isinstance(error, sqlite3.DataError | sqlite3.InterfaceError):
        return StorageFault.CORRUPT
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return StorageFault.CORRUPT if "decode" in str(error) else StorageFault.OTHER
    if code == sqlite3.SQLITE_ERROR:
        return StorageFault.CORRUPT if "no such" in str(error) or "malformed" in str(error) else StorageFault.OTHER
    return _FAULTS.get(code & 0xFF, StorageFault.OTHER)
