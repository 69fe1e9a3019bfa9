"""A program in a pseudo-terminal whose output is counted, and the fake exchange in a process of its own."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self
from urllib.request import urlopen

from tests.support.pty_screen import PtyScreen

ROWS, COLS = 40, 140
TICK: Final = os.sysconf("SC_CLK_TCK")


class RawPty:
    """A program in a pseudo-terminal whose output is only counted, not interpreted, so that reading takes no time."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._home = tempfile.TemporaryDirectory()
        home = self._home.name
        environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": home}
        environ |= {name: f"{home}/{name}" for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")}
        environ.pop("NO_COLOR", None)
        environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
        self.began_s = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if not self.pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
            os.execvpe(argv[0], list(argv), environ)
        self.output = bytearray()
        self._screen = PtyScreen(ROWS, COLS)
        self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        self._home.cleanup()

    def read(self, timeout_s: float) -> int:
        """Read what comes within a time; return the bytes, 0 if none came."""
        ready, _, _ = select.select([self.fd], [], [], timeout_s)
        if not ready:
            return 0
        try:
            data = os.read(self.fd, 65_536)
        except OSError as error:
            raise EOFError(f"the program ended: {bytes(self.output[-2000:])!r}") from error
        self.output += data
        return len(data)

    def read_for(self, seconds: float) -> int:
        """Read for a time; return the bytes."""
        end_s, before = time.perf_counter() + seconds, len(self.output)
        while (left_s := end_s - time.perf_counter()) > 0:
            self.read(left_s)
        return len(self.output) - before

    def read_until(self, pattern: bytes, timeout_s: float = 60.0) -> float:
        """Read until the whole output holds a pattern; return the seconds since the start of the program."""
        end_s = time.perf_counter() + timeout_s
        while not re.search(pattern, self.output):
            if time.perf_counter() > end_s:
                raise TimeoutError(f"no {pattern!r} in {bytes(self.output[-2000:])!r}")
            self.read(0.5)
        return time.perf_counter() - self.began_s

    @property
    def home(self) -> Path:
        """The folder that it has for everything it keeps."""
        return Path(self._home.name)

    def text(self) -> str:
        """What is on the screen. Takes long: not while something is measured."""
        self._screen.feed(bytes(self.output[self._shown :]))
        self._shown = len(self.output)
        return "\n".join(self._screen.lines)

    def read_until_shown(self, condition: Callable[[str], bool], timeout_s: float = 60.0) -> None:
        """Read until the screen's text is as wanted."""
        end_s = time.perf_counter() + timeout_s
        while not condition(self.text()):
            if time.perf_counter() > end_s:
                raise TimeoutError(f"it did not come; on the screen:\n{self.text()}")
            self.read_for(0.5)

    def key_s(self, key: bytes) -> float:
        """Send a key; return the seconds until the first byte of what it changed."""
        while self.read(0):
            pass
        start_s = time.perf_counter()
        os.write(self.fd, key)
        self.read(2.0)
        return time.perf_counter() - start_s

    def cpu_s(self) -> float:
        """Processor time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss_mb(self) -> float:
        """Resident memory."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0


@contextmanager
def exchange(pairs: int, updates: int = 0) -> Iterator[str]:
    """The fake exchange in a process of its own, with so many changes a second on its stream; yields its URL."""
    command = [sys.executable, "-m", "tests.support.fake_kraken", "--pairs", str(pairs), "--port", "0"]
    command += ["--updates", str(updates)]
    process = subprocess.Popen([*command, "--duration", "600"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        for path in ("AssetPairs", "Ticker"):
            urlopen(f"{url}/0/public/{path}").read()  # the first answer is built slowly
        yield url
    finally:
        process.terminate()
        process.wait()


def command(*arguments: str) -> list[str]:
    """The installed command."""
    return [str(Path(sys.executable).with_name("crypto-tui")), *arguments]
