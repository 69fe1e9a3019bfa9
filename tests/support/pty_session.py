"""A command in a real pseudo-terminal: type keys, look at the screen, cut the line, see what it leaves behind."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.support.pty_screen import PtyScreen

_AS_SESSION_LEADER = 'exec "$@" <{stdin} >{stdout} 2>{stderr}'
"""For sh: opening a terminal as the leader of a session without one makes it the controlling one."""
_TTY = '"$0"'


class TerminalAttributes(NamedTuple):
    """The settings of a terminal that a full-screen program changes."""

    echo: bool
    icanon: bool
    isig: bool
    icrnl: bool
    opost: bool


class PtySession:
    """A running command and the terminal that it believes to be on.

    Nothing is read unless :meth:`pump`, or a method that waits, is called: there is no thread.

    Args:
        argv: The command.
        env: Its whole environment; the present one if ``None``. ``TERM`` is ``xterm-256color`` unless given, and
            ``COLORTERM``, ``NO_COLOR``, ``LINES``, ``COLUMNS`` are taken out unless ``env`` is given.
        rows: Height.
        cols: Width.
        read: Whether output is read from the start; see :meth:`stop_reading`.
        cwd: Working directory.
        stdin: A file instead of the terminal.
        stdout: A file instead of the terminal.
        stderr: A file instead of the terminal.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        rows: int = 40,
        cols: int = 120,
        read: bool = True,
        *,
        cwd: Path | None = None,
        stdin: Path | None = None,
        stdout: Path | None = None,
        stderr: Path | None = None,
    ) -> None:
        self.screen = PtyScreen(rows, cols)
        self.raw = bytearray()
        """All output so far."""
        self._reads = read
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        self._set_size(rows, cols)
        self.attributes_before = self.attributes()
        self.started_s = time.monotonic()
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _redirection(stdin, stdout, stderr), os.ttyname(self._slave), *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(env),
            cwd=cwd,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of the command."""
        return self._process.pid

    @property
    def bytes_read(self) -> int:
        """Size of the output so far."""
        return len(self.raw)

    @property
    def text(self) -> str:
        """What is on the screen, rows joined by newlines, their right ends stripped."""
        return "\n".join(line.rstrip() for line in self.screen.lines)

    @property
    def left_on(self) -> set[str]:
        """Modes that the output so far leaves on, in words; empty in a terminal at rest."""
        return self.screen.modes.left_on()

    def attributes(self) -> TerminalAttributes:
        """Settings of the terminal now; in cooked mode ``echo``, ``icanon``, ``isig`` are on."""
        input_flags, output_flags, _, local_flags, *_ = termios.tcgetattr(self._master)
        return TerminalAttributes(
            echo=bool(local_flags & termios.ECHO),
            icanon=bool(local_flags & termios.ICANON),
            isig=bool(local_flags & termios.ISIG),
            icrnl=bool(input_flags & termios.ICRNL),
            opost=bool(output_flags & termios.OPOST),
        )

    def send(self, keys: str | bytes) -> None:
        """Type; the program reads it in its own time.

        Raises:
            AssertionError: If the terminal takes no more input.
        """
        data = keys.encode() if isinstance(keys, str) else keys
        written = os.write(self._master, data)
        assert written == len(data), f"the terminal took {written} of {len(data)} bytes"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command itself."""
        self._process.send_signal(number)

    def resize(self, rows: int, cols: int) -> None:
        """Change the size of the terminal; the kernel tells the program (SIGWINCH)."""
        self._set_size(rows, cols)
        self.screen.resize(rows, cols)

    def stop_reading(self) -> None:
        """Leave output unread from now on: the kernel's buffer fills, then the program's writes block."""
        self._reads = False

    def resume(self) -> None:
        """Read again."""
        self._reads = True

    def close_master(self) -> None:
        """Drop the line, as a lost connection does: the session gets SIGHUP, reads end, writes fail."""
        for descriptor in (self._slave, self._master):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self._slave = -1

    def pump(self, timeout: float) -> int:
        """Read for ``timeout`` seconds; return the number of bytes that came."""
        before, deadline = len(self.raw), time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            self._read_once(left)
        return len(self.raw) - before

    def wait_until(self, condition: Callable[[], bool], timeout: float, what: str = "the condition") -> None:
        """Read until ``condition`` holds.

        Raises:
            AssertionError: If it does not in time, or not before the program ends; shows the screen.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            if self._process.poll() is not None:
                while self.pump(0.05):  # what it wrote last may be more than comes at once
                    pass
                if condition():
                    return
                raise AssertionError(self._report(f"{what} did not come, the program ended ({self._status()})"))
            if time.monotonic() >= deadline:
                raise AssertionError(self._report(f"{what} did not come in {timeout:g} s"))
            self._read_once(0.05)

    def wait_for(self, text: str | re.Pattern[str], timeout: float = 10.0) -> None:
        """Read until ``text`` is on the screen (within a row, or a pattern over all of it); see :meth:`wait_until`."""
        self.wait_until(lambda: self.shows(text), timeout, f"{_shown(text)}")

    def wait_gone(self, text: str | re.Pattern[str], timeout: float = 10.0) -> None:
        """Read until ``text`` is not on the screen; see :meth:`wait_until`."""
        self.wait_until(lambda: not self.shows(text), timeout, f"the end of {_shown(text)}")

    def shows(self, text: str | re.Pattern[str]) -> bool:
        """Whether ``text`` is on the screen."""
        return text in self.text if isinstance(text, str) else text.search(self.text) is not None

    def wait_quiet(self, quiet: float = 0.3, timeout: float = 10.0) -> None:
        """Read until nothing has come for ``quiet`` seconds.

        Raises:
            AssertionError: If output never pauses.
        """
        deadline = time.monotonic() + timeout
        while self.pump(quiet):
            if time.monotonic() >= deadline:
                raise AssertionError(self._report(f"no {quiet:g} s of quiet in {timeout:g} s"))

    def wait_exit(self, timeout: float = 10.0) -> int:
        """Wait for the end, reading if reading is on; return the exit status, −n for signal n.

        Raises:
            AssertionError: If it does not end in time; shows the screen.
        """
        deadline = time.monotonic() + timeout
        while self._process.poll() is None:
            if time.monotonic() >= deadline:
                raise AssertionError(self._report(f"still running after {timeout:g} s"))
            self._read_once(0.02)
        self.drain()
        return self._process.returncode

    def drain(self) -> int:
        """Read what is there without waiting, reading on or off; return the number of bytes."""
        before = len(self.raw)
        while self._master >= 0 and select.select([self._master], [], [], 0)[0]:
            if not self._take():
                break
        return len(self.raw) - before

    def is_stopped(self) -> bool:
        """Whether the command was stopped by a signal (Linux)."""
        stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        return stat.rpartition(")")[2].split()[0] == "T"

    def cpu_s(self) -> float:
        """Processor time of the command so far, in seconds (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mib(self) -> float:
        """Resident memory of the command, in MiB (Linux)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="utf-8").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

    def close(self) -> None:
        """End the command and its process group if need be, and the terminal."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=10)
        self.close_master()

    def _read_once(self, timeout: float) -> None:
        if not self._reads or self._master < 0:
            time.sleep(min(timeout, 0.02))
        elif select.select([self._master], [], [], timeout)[0]:
            self._take()

    def _take(self) -> bool:
        """Read one piece that is there; false at the end of the terminal."""
        try:
            data = os.read(self._master, 65_536)
        except OSError:
            return False
        self.raw += data
        self.screen.feed(data)
        return bool(data)

    def _set_size(self, rows: int, cols: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def _status(self) -> str:
        return f"exit status {self._process.returncode}"

    def _report(self, problem: str) -> str:
        width = max(len(line) for line in self.screen.lines)
        frame = "─" * width
        return f"{problem}; {self.bytes_read} bytes read; on the screen:\n{frame}\n{self.text}\n{frame}"


def _redirection(stdin: Path | None, stdout: Path | None, stderr: Path | None) -> str:
    quoted = ["'" + str(path).replace("'", "'\\''") + "'" if path else _TTY for path in (stdin, stdout, stderr)]
    script = _AS_SESSION_LEADER.format(stdin=quoted[0], stdout=quoted[1], stderr=quoted[2])
    return f": <{_TTY}; {script}"


def _environment(env: Mapping[str, str] | None) -> dict[str, str]:
    if env is not None:
        return {"TERM": "xterm-256color", **env}
    dropped = {"COLORTERM", "NO_COLOR", "LINES", "COLUMNS", "TERM"}
    return {name: value for name, value in os.environ.items() if name not in dropped} | {"TERM": "xterm-256color"}


def _shown(text: str | re.Pattern[str]) -> str:
    return repr(text if isinstance(text, str) else text.pattern)
