"""Where bytes go: stdout, or a file that appears whole or not at all."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tui_tracker.core.errors import ConfigError, TrackerError
from tui_tracker.core.text import clean


@contextmanager
def to_stdout() -> Iterator[Callable[[bytes], bool]]:
    """Yield what writes bytes to stdout, and tells whether somebody may still be reading.

    Raises:
        TrackerError: If it can't be written.
    """
    stdout = sys.stdout
    if stdout is None:
        raise TrackerError("stdout is closed")

    def put(data: bytes) -> bool:
        try:
            stdout.buffer.write(data)
            stdout.buffer.flush()
        except OSError as error:
            with open(os.devnull, "wb") as nowhere:  # what is buffered would fail again at exit
                os.dup2(nowhere.fileno(), stdout.fileno())
            if not isinstance(error, BrokenPipeError):
                raise TrackerError(f"stdout cannot be written: {clean(error.strerror or str(error))}") from error
            return False
        return True

    yield put


@contextmanager
def to_file(path: Path, *, force: bool) -> Iterator[Callable[[bytes], bool]]:
    """Yield what writes to a file, which appears under its name once the block is left without an error.

    Raises:
        ConfigError: If it is there already, and ``force`` is not given.
        TrackerError: If it can't be written.
    """
    if not force and path.exists():
        raise _exists(path)
    part: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name[:200]}.", delete=False) as file:
            part = Path(file.name)
            yield _putting(file)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o666 & ~_umask())
        _name(part, path, force=force)
    except OSError as error:
        raise TrackerError(f"{clean(str(path))} cannot be written: {clean(error.strerror or str(error))}") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _putting(file: IO[bytes]) -> Callable[[bytes], bool]:
    def put(data: bytes) -> bool:
        file.write(data)
        return True

    return put


def _name(part: Path, path: Path, *, force: bool) -> None:
    """Give a finished file its name, without replacing one that came meanwhile."""
    if force:
        os.replace(part, path)
        return
    try:
        os.link(part, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError:  # a file system without links
        if path.exists():
            raise _exists(path) from None
        os.replace(part, path)


def _exists(path: Path) -> ConfigError:
    return ConfigError(f"{clean(str(path))} is there already", "name another file, or replace it with --force")


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
