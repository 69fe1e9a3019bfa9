"""Futures that a thread fulfils, whatever became of those who wait."""

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")


def resolve(future: "Future[_T]", result: _T) -> None:
    """Fulfil a future, unless it was cancelled."""
    if future.set_running_or_notify_cancel():
        future.set_result(result)


def fail(future: "Future[_T]", error: Exception) -> None:
    """Let a future fail, unless it was cancelled or fulfilled."""
    with suppress(InvalidStateError):
        if future.set_running_or_notify_cancel():
            future.set_exception(error)
