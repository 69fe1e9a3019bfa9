"""The installed command, started as from a shell, away from the settings of whoever runs the tests."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMAND = Path(sys.executable).with_name("crypto-tui")
"""The console script of the environment that the tests run in."""
DEADLINE_S = 50.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    def assert_failed(self, code: int) -> str:
        """Check that it failed as all failures must: this code, nothing on stdout, one line; return that line."""
        assert (self.code, self.out) == (code, ""), self
        assert self.err.startswith("crypto-tui: error: "), self
        assert self.err.count("\n") == 1, self
        assert self.err.endswith("\n"), self
        assert "Traceback" not in self.err, self
        return self.err


def environment(home: Path, **more: str) -> dict[str, str]:
    """A whole environment whose every place is in ``home``: no proxies, no settings, UTC."""
    places = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "STATE", "CACHE", "DATA")}
    return {
        "PATH": f"{COMMAND.parent}:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TZ": "UTC",
        **places,
        **more,
    }


def at(url: str) -> tuple[str, str]:
    """Arguments that point Kraken to another place."""
    return "--base-url", f"kraken={url}"


class Running:
    """A command that runs without a terminal, its output in pipes."""

    def __init__(self, arguments: Sequence[str], env: dict[str, str], cwd: Path) -> None:
        self._process = subprocess.Popen(
            [COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
            cwd=cwd,
        )

    def send_signal(self, number: int) -> None:
        """Send a signal to the command."""
        self._process.send_signal(number)

    def outcome(self, timeout: float = DEADLINE_S) -> Outcome:
        """Wait for its end."""
        out, err = self._process.communicate(timeout=timeout)
        return Outcome(self._process.returncode, out, err)

    def end(self) -> None:
        """End it if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        if self._process.stdout is not None and not self._process.stdout.closed:
            self._process.communicate(timeout=10)


@contextmanager
def running(home: Path, *arguments: str, **environ: str) -> Iterator[Running]:
    """Start a command; it is ended at the latest when the block is left."""
    home.mkdir(parents=True, exist_ok=True)
    process = Running(arguments, environment(home, **environ), home)
    try:
        yield process
    finally:
        process.end()


def run(home: Path, *arguments: str, **environ: str) -> Outcome:
    """Run a command to its end."""
    with running(home, *arguments, **environ) as process:
        return process.outcome()
