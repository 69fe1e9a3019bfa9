"""What is said on stderr, and the code that a command ends with."""

import logging
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType
from typing import Final, TextIO

import click

from tui_tracker.core.errors import (
    AccessError,
    AmbiguousPairError,
    ConfigError,
    FeedError,
    NoDataError,
    SourceError,
    TrackerError,
    UnknownPairError,
)
from tui_tracker.core.text import clean

PROGRAM: Final = "crypto-tui"
_MAX_LINE: Final = 1_000
_log = logging.getLogger(__name__)


class Exit(IntEnum):
    """Exit codes; scripts rely on them."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    """Usage, configuration, or no terminal."""
    NO_DATA = 3
    """The source could not be reached, answered nonsense, or nothing could be ranked: try again later."""
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


def exit_code(error: TrackerError) -> Exit:
    """The code that a command ends with after an expected error."""
    match error:
        case ConfigError() | UnknownPairError() | AmbiguousPairError() | AccessError():
            return Exit.USAGE
        case SourceError() | NoDataError() | FeedError():
            return Exit.NO_DATA
        case _:
            return Exit.FAILURE


def say(text: str) -> None:
    """Write one line to stderr; nobody may be there to read it."""
    try:
        print(f"{PROGRAM}: {clean(text, _MAX_LINE)}", file=sys.stderr, flush=True)  # noqa: T201
    except (OSError, ValueError) as error:
        _log.info("stderr is gone: %s", error)


def guarded(run: Callable[[], int], is_debug: Callable[[], bool]) -> int:
    """Run a command and turn whatever ends it into one line on stderr and an exit code.

    Args:
        run: The command; returns its exit code.
        is_debug: Whether tracebacks are wanted, asked once something went wrong.
    """
    if not logging.getLogger().handlers:
        # Without any handler, Python writes warnings and tracebacks to stderr.
        logging.getLogger().addHandler(logging.NullHandler())
    try:
        with _stopped_by_signals():
            return run()
    except click.exceptions.NoArgsIsHelpError as error:
        return _failed(error, "a command is missing", f"see {_path(error)} --help", Exit.USAGE, is_debug())
    except click.UsageError as error:
        return _failed(error, error.format_message(), f"see {_path(error)} --help", Exit.USAGE, is_debug())
    except click.ClickException as error:
        return _failed(error, error.format_message(), "", Exit.USAGE, is_debug())
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else Exit.OK if error.code is None else Exit.FAILURE
    except Exception as error:  # noqa: BLE001 - the outermost boundary: said, logged, turned into a code
        expected = expected_error(error)
        if expected is not None:
            return _failed(error, expected.message, expected.hint, exit_code(expected), is_debug())
        _log.exception("unexpected error")
        what = f"unexpected {type(error).__name__}: {error}"
        return _failed(error, what, "this is a bug; --debug shows where", Exit.FAILURE, is_debug())


def _path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else PROGRAM


def expected_error(error: BaseException) -> TrackerError | None:
    """The expected error that an exception is, or that a group of nothing but expected errors starts with."""
    if isinstance(error, BaseExceptionGroup):
        found = [expected_error(part) for part in error.exceptions]
        return found[0] if all(found) else None
    return error if isinstance(error, TrackerError) else None


def _failed(error: BaseException, message: str, hint: str, code: Exit, debug: bool) -> Exit:
    if debug and sys.stderr is not None:
        traceback.print_exception(error)
    end = f"; {hint}" if hint else ""
    say(f"error: {message.rstrip('.')}{end}")
    return code


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """While inside, SIGTERM and SIGHUP raise ``SystemExit`` with their codes, unless they are ignored (nohup)."""
    before = {
        number: signal.signal(number, _exit_on_signal)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_DFL
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit_on_signal(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


class ProgressLine:
    """One line on stderr that is rewritten in place; says nothing where stderr is no terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        stream = sys.stderr if stream is None else stream
        is_wanted = stream is not None and stream.isatty() and os.environ.get("TERM", "") != "dumb"
        self._stream = stream if is_wanted else None
        self._shown = ""

    def show(self, text: str) -> None:
        """Show a text instead of the one before."""
        if self._stream is None or text == self._shown:
            return
        width = max(1, shutil.get_terminal_size().columns - 1)
        self._shown = text
        self._put(f"\r{clean(text, width)}\x1b[K")

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._shown = ""
            self._put("\r\x1b[K")

    def _put(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError) as error:
            _log.info("no more progress: %s", error)
            self._stream = None
