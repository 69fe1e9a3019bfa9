"""What a person waits for goes before what can wait."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Final


async def at_once() -> None:
    """Nobody waits."""


QUIET: Final[ContextVar[Callable[[], Awaitable[None]]]] = ContextVar("quiet", default=at_once)
"""Returns once nobody waits for the screen that the current task works for; at once where there is none."""
