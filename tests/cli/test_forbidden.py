"""A data folder that one may not enter: commands say so in a line, and the app goes on without it."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.histories import make_history
from tests.support.fake_kraken import FakeKrakenThread

NOBODY = 65_534
POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()

pytestmark = pytest.mark.skipif(
    bool(POWERLESS) and shutil.which("setpriv") is None, reason="root enters every folder, and there is no setpriv"
)


@pytest.fixture(params=["", "inner"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder with a history that belongs to somebody else, or one inside of it."""
    closed = tmp_path / "theirs"
    make_history(closed / request.param, 70)
    closed.chmod(0o000)
    if POWERLESS:
        os.chown(closed, NOBODY, NOBODY)
    yield closed / request.param
    closed.chmod(0o700)


def tried(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*POWERLESS, sys.executable, "-m", "tui_tracker", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", ["export", "history"])
def test_commands_that_read_say_so_in_a_line(folder: Path, command: str) -> None:
    done = tried(command, "--data-dir", str(folder))
    assert "Permission denied" in done.stderr
    assert "bug" not in done.stderr
    assert done.returncode == 1
    assert done.stderr.count("\n") <= 2


def test_doctor_tells_of_it(folder: Path) -> None:
    done = tried("doctor", "--offline", "--data-dir", str(folder))
    assert done.returncode == 1, done
    assert "Permission denied" in done.stdout
    assert "bug" not in done.stderr


def test_rank_does_without(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYPTO_TUI_DATA_DIR", str(folder))
    with FakeKrakenThread(pairs=3) as exchange:
        done = tried("rank", "--base-url", f"kraken={exchange.url}")
    assert "Permission denied" in done.stderr
    assert "bug" not in done.stderr


def test_what_collects_goes_on_in_memory(folder: Path, tmp_path: Path) -> None:
    with FakeKrakenThread(pairs=3) as exchange, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(30)
        places = "--data-dir", str(folder), "--base-url", f"kraken={exchange.url}"
        command = [*POWERLESS, sys.executable, "-m", "tui_tracker", "collect", *places]
        env = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process:
            try:
                while "live" not in told.recv(1_000).decode():
                    pass
                process.terminate()
                _, logged = process.communicate(timeout=30)
            finally:
                process.kill()
    assert process.returncode == 143
    assert "Permission denied" in logged
    assert "bug" not in logged
