"""What a person waits for goes before what can wait."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Final

QUIET: Final[ContextVar[Callable[[], Awaitable[None]] | None]] = ContextVar("quiet", default=None)
"""Returns once nobody waits for the screen that the current task works for; ``None`` where there is none."""
