"""A name server that never answers holds up no end: the look-up is in a thread that nothing can stop."""

import signal
from pathlib import Path

import pytest

from tests.e2e import commands
from tests.e2e.app import started
from tests.e2e.waiting import wait_until

HANGING = """
import pathlib, socket, time
resolve = socket.getaddrinfo
def hang(host, *rest, **more):
    if host in ("hang.test", b"hang.test"):
        pathlib.Path({marker!r}).touch()
        time.sleep(600)
    return resolve(host, *rest, **more)
socket.getaddrinfo = hang
"""
SOON_S = 5.0
"""Far less than the look-up, and enough for a busy machine."""
AT = commands.at("http://hang.test:1")


@pytest.fixture
def hanging(tmp_path: Path) -> tuple[Path, str]:
    """What is there once a look-up hangs, and the folder of the module that makes it."""
    marker = tmp_path / "asked"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(HANGING.format(marker=str(marker)))
    return marker, str(tmp_path / "site")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_command_ends_while_a_look_up_hangs(
    number: signal.Signals, hanging: tuple[Path, str], tmp_path: Path
) -> None:
    marker, folder = hanging
    with commands.running(tmp_path / "home", "rank", *AT, PYTHONPATH=folder) as process:
        wait_until(marker.exists, commands.DEADLINE_S, "a look-up")
        process.send_signal(number)
        assert process.outcome(SOON_S).code == 128 + number


def test_the_app_ends_while_a_look_up_hangs(hanging: tuple[Path, str], tmp_path: Path) -> None:
    marker, folder = hanging
    with started(tmp_path / "home", *AT, PYTHONPATH=folder) as app:
        app.until(marker.exists, "a look-up")
        app.press("q")
        assert app.session.wait_exit(SOON_S) == 0
        assert app.session.attributes() == app.session.attributes_before
