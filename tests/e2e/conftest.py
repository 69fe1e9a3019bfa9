"""What every end-to-end test needs: the installed command, and a place of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e import commands
from tests.e2e.commands import Outcome


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    assert commands.COMMAND.exists(), f"install the project first: there is no {commands.COMMAND}"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Outcome]:
    """Run the installed command in an empty home."""

    def run(*arguments: str, **environ: str) -> Outcome:
        return commands.run(tmp_path, *arguments, **environ)

    return run
