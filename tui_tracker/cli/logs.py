"""The log: one rotating file a process, never the screen."""

import logging
import os
import time
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final, TextIO

from tui_tracker.core.errors import StateError
from tui_tracker.core.text import clean

MAX_TOTAL_BYTES: Final = 20_000_000
"""Of the files of all processes together."""
MAX_FILES: Final = 60
_FILE_BYTES: Final = 1_000_000
_BACKUPS: Final = 2
_MAX_MESSAGE: Final = 4_000
_PATTERN: Final = "crypto-tui-*.log*"
_log = logging.getLogger(__name__)


def start_logging(folder: Path, *, debug: bool, now_s: Callable[[], float] = time.time) -> Path:
    """Send all records of this process to a new file in ``folder``; old files go, the oldest first.

    The file is made at the first record. Nothing is ever written to the terminal, not even if a record cannot be
    written.

    Args:
        folder: Made if it is missing.
        debug: Whether to keep debug records, those of each request.
        now_s: The wall clock, in seconds since the epoch; it names the file.

    Returns:
        The file's path.

    Raises:
        StateError: If nothing can be written there; records then go nowhere.
    """
    root = _set_levels(debug=debug)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s()))
    path = folder / f"crypto-tui-{stamp}-{os.getpid()}.log"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError("no permission to write")
        prune(folder, MAX_TOTAL_BYTES - _FILE_BYTES * (_BACKUPS + 1), MAX_FILES)
    except OSError as error:
        root.addHandler(logging.NullHandler())
        reason = clean(error.strerror or str(error))
        raise StateError(f"no log can be kept in {clean(str(folder))}: {reason}") from error
    handler = _LogFile(path)
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ"))
    root.addHandler(handler)
    return path


def log_to_stderr(*, debug: bool) -> None:
    """Send all records of this process to stderr, a line each; for a service, whose supervisor keeps them."""
    handler = _StandardError()
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ"))
    _set_levels(debug=debug).addHandler(handler)


def _set_levels(*, debug: bool) -> logging.Logger:
    root = logging.getLogger()
    logging.captureWarnings(True)
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    for noisy in ("httpx", "httpcore", "asyncio", "websockets"):
        logging.getLogger(noisy).setLevel(logging.INFO if debug else logging.WARNING)
    return root


def prune(folder: Path, max_bytes: int, max_files: int) -> None:
    """Delete log files, the oldest first, until at most so many of so many bytes together are left."""
    found = []
    for path in folder.glob(_PATTERN):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found.append((status.st_mtime, status.st_size, path))
    total = 0
    for index, (_, size, path) in enumerate(sorted(found, reverse=True)):
        total += size
        if total > max_bytes or index >= max_files:
            path.unlink(missing_ok=True)


class _LogFile(RotatingFileHandler):
    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_FILE_BYTES, backupCount=_BACKUPS, encoding="utf-8", delay=True)

    def doRollover(self) -> None:
        super().doRollover()
        prune(Path(self.baseFilename).parent, MAX_TOTAL_BYTES - _FILE_BYTES, MAX_FILES)

    def handleError(self, record: logging.LogRecord) -> None:
        """Lose the record: the terminal belongs to the app, and there is nowhere else to say it."""


class _StandardError(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:
        """Lose the record: nobody reads stderr any more, and collecting goes on."""


class _OneLine(logging.Formatter):
    """Records as lines of printable text, times in UTC, so that no outside text can forge a record."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler's, not cleaned
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = clean(record.message, _MAX_MESSAGE)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:
        text = super().formatException(ei)  # type: ignore[arg-type]
        return "\n".join(f"  {clean(line, _MAX_MESSAGE)}" for line in text.splitlines())
