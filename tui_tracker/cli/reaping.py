"""What the first process of a container owes to processes that others left behind."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Final

EVERY_S: Final = 5.0


async def reap_orphans(sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
    """Let go of ended processes that nobody waits for, until cancelled.

    Children of our own are waited for at once by whoever started them: one that is still there at the next look is
    none.
    """
    seen: int | None = None
    while True:
        await sleep(EVERY_S)
        seen = _reap(seen)


def _reap(seen: int | None) -> int | None:
    """Let go of the one that was seen at the last look, and of no other; return one that is seen now."""
    while (found := _ended()) is not None and found == seen:
        os.waitpid(found, os.WNOHANG)
        seen = None
    return found


def _ended() -> int | None:
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return None if found is None else found.si_pid
