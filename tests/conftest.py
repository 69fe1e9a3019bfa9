"""What holds for every test."""

import os

import pytest
from hypothesis import settings

settings.register_profile("no-clock", deadline=None)
settings.load_profile("no-clock")

# The command is started hundreds of times: let Python keep what it compiled, as it does where the command is installed.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

WAITING = (
    "test_sharing.py",
    "test_app_faults_pty.py",
    "test_browser.py",
    "test_history_commands.py",
    "test_ssh.py",
    "test_collect.py",
)
"""Where tests wait for minutes, leases or a browser: long, and with little to do for the processor."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each worker, which gets consecutive tests, begin with its share of what waits: all end at about one time."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    waiting = [item for item in items if item.path.name in WAITING]
    others = [item for item in items if item.path.name not in WAITING]
    size, ordered = len(items), list[pytest.Item]()
    for worker in range(workers):
        ordered += waiting[worker::workers]
        share = max(0, size * (worker + 1) // workers - len(ordered))
        ordered += others[:share]
        del others[:share]
    items[:] = ordered + others
