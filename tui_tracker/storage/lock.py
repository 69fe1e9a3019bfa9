"""The lock of a source's collector: a file that one process holds, and in it a sign of life.

The kernel lets go of it when the process ends, however it does (flock(2)). One that is stopped keeps it, hence the sign
of life: whoever sees none for ``LEASE_S`` may put a lock of its own in place of the file. A process that only reads the
folder sees who holds it, but never takes it.
"""

import fcntl
import os
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tui_tracker.storage.faults import translated

LEASE_S: Final = 2.0
"""A collector without a sign of life for this long has lost its office."""
BEAT_S: Final = 0.5
"""A collector gives a sign of life this often."""
_LENGTH: Final = 128
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Sign:
    """What the file says."""

    text: str
    """Changes with each sign of life."""

    @property
    def holder(self) -> str:
        """``pid 1234 by ada``; empty where nobody holds it."""
        pid, user, *_ = (*self.text.split(), "", "")
        return f"pid {pid} by {user}" if pid.isdecimal() and user else ""


class CollectorLock:
    """Only one process holds the lock of a folder and source.

    Args:
        folder: Of the history.
        source: Name of the source.
    """

    def __init__(self, folder: Path, source: str) -> None:
        self.path: Final = folder / f"collector-{_UNSAFE.sub('_', source)}.lock"
        self._file: int | None = None
        self._beats = 0
        self._guard: Final = threading.RLock()

    @property
    def is_held(self) -> bool:
        """Whether we hold a lock, be it of a file that is no longer in place."""
        return self._file is not None

    @property
    def may_take(self) -> bool:
        """Whether the folder may be written to, as it must be for that."""
        folder = self.path.parent
        while not os.path.exists(folder) and folder != folder.parent:  # false too where one may not look
            folder = folder.parent
        return os.access(folder, os.W_OK | os.X_OK) and (not os.path.exists(self.path) or os.access(self.path, os.W_OK))

    def is_free(self) -> bool:
        """Whether nobody holds the lock at this moment; it isn't taken."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        else:
            return True
        finally:
            os.close(file)

    def take(self) -> bool:
        """Take the lock if nobody holds it; return whether it is ours.

        Raises:
            StorageError: If the file can't be made.
        """
        if self._file is not None:
            return self.is_ours()
        with translated(self.path, "lock"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            return self._lock(file)

    def _lock(self, file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except BaseException:
            os.close(file)
            raise
        self._file = file
        if not self.is_ours():  # another file was put in its place meanwhile
            self._close()
            return False
        self.beat()
        return True

    def seize(self) -> None:
        """Put a lock of our own in place of one that a stopped process holds.

        Only one process may do so at a time: the caller is in a transaction of the history.

        Raises:
            StorageError: If the file can't be made.
        """
        self._close()
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        with translated(self.path, "lock"):
            file = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._file = file
                self._write()
                os.replace(fresh, self.path)
            except BaseException:
                self._close()
                fresh.unlink(missing_ok=True)
                raise

    def is_ours(self) -> bool:
        """Whether we hold the file that is in place now."""
        if self._file is None:
            return False
        try:
            held, placed = os.fstat(self._file), self.path.stat()
        except OSError:
            return False
        return (held.st_dev, held.st_ino) == (placed.st_dev, placed.st_ino)

    def beat(self) -> bool:
        """Give a sign of life; return whether the lock is still ours."""
        with self._guard:
            if not self.is_ours():
                return False
            with suppress(OSError):  # a full disk: the file has its length already
                self._write()
            return True

    def _write(self) -> None:
        assert self._file is not None
        self._beats += 1
        os.pwrite(self._file, f"{os.getpid()} {_user()} {self._beats}".ljust(_LENGTH).encode(), 0)

    def sign(self) -> Sign:
        """What the file says; nothing where there is none."""
        try:
            return Sign(self.path.read_text(encoding="utf-8", errors="replace").strip())
        except OSError:
            return Sign("")

    def release(self) -> None:
        """Let another process have it at once; does nothing if it isn't ours."""
        with self._guard:
            if self._file is not None and self.is_ours():
                with suppress(OSError):
                    os.ftruncate(self._file, 0)
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None


@cache
def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
