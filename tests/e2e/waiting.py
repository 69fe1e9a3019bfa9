"""Waiting for another process or thread, where no terminal is read meanwhile."""

import threading
import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], timeout: float, what: str) -> None:
    """Look again and again until ``condition`` holds.

    Raises:
        AssertionError: If it does not in time.
    """
    deadline, never = time.monotonic() + timeout, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come in {timeout:g} s"
        never.wait(0.02)
