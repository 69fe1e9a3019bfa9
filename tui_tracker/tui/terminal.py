"""The terminal as a device: opened for ourselves, made raw, handed back as it was."""

import os
import select
import termios
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self

FALLBACK_SIZE: Final = (80, 24)
"""Columns and rows of a terminal that doesn't tell."""

CANCEL: Final = b"\x18"
"""CAN: a terminal drops the escape sequence that it is in the middle of (ECMA-48, 8.3.6)."""

_RESTORE_S: Final = 0.3
_FLUSHED_S: Final = 0.1
_QUIET_MS: Final = 40
_OWN_FLAGS: Final = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(slots=True)
class Terminal:
    """File descriptors of the terminal that is drawn on and read from.

    They belong to file descriptions of our own where that is possible, since ``O_NONBLOCK`` on an inherited one would
    also hold for the shell and for every other program that shares it.
    """

    output: int
    input: int
    _opened: tuple[int, ...]
    _shared_blocking: int | None = None
    _attributes: list[Any] | None = field(default=None, repr=False)

    @classmethod
    def open(cls, output_fd: int, input_fd: int) -> Self:
        """Open the terminal behind ``output_fd`` (drawn on) and ``input_fd`` (read from).

        Raises:
            OSError: ``output_fd`` is no open descriptor.
        """
        shared = None
        output = _open_own(output_fd)
        if output is None:
            output = os.dup(output_fd)
            if os.get_blocking(output):
                os.set_blocking(output, False)
                shared = output
        if _is_same_terminal(output_fd, input_fd):
            return cls(output, output, (output,), shared)
        own_input = _open_own(input_fd)
        if own_input is None:
            return cls(output, input_fd, (output,), shared)
        return cls(output, own_input, (output, own_input), shared)

    def close(self) -> None:
        """Close what was opened; nothing else may be called afterwards."""
        if self._shared_blocking is not None:
            os.set_blocking(self._shared_blocking, True)
        for fd in self._opened:
            os.close(fd)
        self._opened = ()

    def size(self) -> tuple[int, int]:
        """Columns and rows of the terminal that is drawn on."""
        return terminal_size(self.output)

    def make_raw(self, local_flags: Callable[[int], int], input_flags: Callable[[int], int]) -> None:
        """Deliver keys one by one, unechoed; what the attributes were is remembered from the first call.

        While the process is in the background the kernel stops it in here (SIGTTOU) until it is continued in the
        foreground.

        Args:
            local_flags: Turns the local flags as they were into those wanted.
            input_flags: The same for the input flags.

        Raises:
            termios.error: The terminal is gone.
        """
        if not os.isatty(self.input):
            return
        if self._attributes is None:
            self._attributes = termios.tcgetattr(self.input)
        wanted = termios.tcgetattr(self.input)
        wanted[tty.LFLAG] = local_flags(self._attributes[tty.LFLAG])
        wanted[tty.IFLAG] = input_flags(self._attributes[tty.IFLAG])
        wanted[tty.CC][termios.VMIN] = 1
        wanted[tty.CC][termios.VTIME] = 0
        termios.tcsetattr(self.input, termios.TCSANOW, wanted)

    def hand_back(self, sequence: bytes, *, is_cut: bool, swallow: bool) -> None:
        """Write ``sequence``, then restore the attributes and forget unread input; takes at most 0.6 s.

        Where nobody reads the terminal, what the kernel still holds is thrown away to make room for ``sequence``. A
        terminal that is gone is left alone.

        Args:
            sequence: Turns every mode off that was turned on.
            is_cut: An escape sequence was left half written.
            swallow: Wait a moment for input that was on its way while the modes were still on (mouse movements).
        """
        in_foreground = self._is_in_foreground()
        # Where one of these fails, the terminal has gone away: nobody is left who would see a wrong mode.
        with suppress(OSError):
            self._leave_modes(CANCEL + sequence if is_cut else sequence, in_foreground, swallow)
        if in_foreground and self._attributes is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.input, termios.TCSANOW, self._attributes)
                termios.tcflush(self.input, termios.TCIFLUSH)

    def _leave_modes(self, sequence: bytes, in_foreground: bool, swallow: bool) -> None:
        if write_within(self.output, sequence, _RESTORE_S):
            if swallow and in_foreground:
                self._swallow_input()
        elif in_foreground:
            with suppress(termios.error):
                termios.tcflush(self.output, termios.TCOFLUSH)
            write_within(self.output, CANCEL + sequence, _FLUSHED_S)

    def _swallow_input(self) -> None:
        deadline = time.monotonic() + 3 * _QUIET_MS / 1000
        poll = select.poll()
        poll.register(self.input, select.POLLIN)
        while time.monotonic() < deadline and poll.poll(_QUIET_MS):
            if not os.read(self.input, 4096):
                return

    def _is_in_foreground(self) -> bool:
        try:
            return os.tcgetpgrp(self.input) == os.getpgrp()
        except OSError:
            return True


def terminal_size(fd: int) -> tuple[int, int]:
    """Columns and rows of the terminal behind ``fd``, whatever the environment says; 80 × 24 where it doesn't tell."""
    try:
        columns, rows = os.get_terminal_size(fd)
    except OSError:
        return FALLBACK_SIZE
    return columns or FALLBACK_SIZE[0], rows or FALLBACK_SIZE[1]


def write_within(fd: int, data: bytes, seconds: float) -> bool:
    """Write all of ``data`` to a non-blocking ``fd``, waiting for room; ``False`` if that took too long.

    Raises:
        OSError: The terminal is gone.
    """
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    deadline = time.monotonic() + seconds
    while data:
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not poll.poll(remaining * 1000):
            return False
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            continue
    return True


def _open_own(fd: int) -> int | None:
    """A description of our own of the terminal behind ``fd``, or ``None`` where there is none to be had."""
    if not os.isatty(fd):
        return None
    try:
        return os.open(os.ttyname(fd), _OWN_FLAGS)
    except OSError:
        # Without a path in this mount namespace, or owned by somebody else after `su`.
        pass
    try:
        os.tcgetpgrp(fd)  # Fails unless it is our controlling terminal.
        return os.open("/dev/tty", _OWN_FLAGS)
    except OSError:
        return None


def _is_same_terminal(first: int, second: int) -> bool:
    if not (os.isatty(first) and os.isatty(second)):
        return False
    return os.fstat(first).st_rdev == os.fstat(second).st_rdev
