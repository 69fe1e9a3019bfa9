"""What every test of a command needs: places of its own, and the logging of before once it is over."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.scripted import ScriptedComposition
from tui_tracker.cli.main import main
from tui_tracker.cli.options import Invocation


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", "httpx", "httpcore", "asyncio")}
    handlers = list(root.handlers)
    yield
    logging.captureWarnings(False)
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command line in this process, over a scripted composition."""

    def run(*arguments: str, composition: ScriptedComposition | None = None, **environ: str) -> Outcome:
        given = composition if composition is not None else ScriptedComposition()
        code = main(arguments, Invocation(given, environ))
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run
