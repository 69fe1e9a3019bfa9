"""Long work on the event loop, in short turns."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeVar

from tui_tracker.core.foreground import QUIET, at_once

TURN_S: Final = 0.001
"""Longest stretch of work before everything else gets its turns."""
ROUNDS: Final = 6
"""Turns of the loop that all else gets then, where no screen says when it is done: a request takes several."""
SLICE: Final = 16
"""Steps that are small enough to be taken together."""
T = TypeVar("T")


class Turns:
    """Lets the loop go on with other things whenever a turn is used up.

    Args:
        now_s: What turns are measured by: real time, also where the market's clock is simulated.
    """

    def __init__(self, now_s: Callable[[], float] = time.perf_counter) -> None:
        self._now_s = now_s
        self._began_s = now_s()

    async def give(self) -> None:
        """Between two small steps of the work: yield to the loop if this turn is used up."""
        if self._now_s() - self._began_s >= TURN_S:
            await stand_back()
            self._began_s = self._now_s()


async def stand_back() -> None:
    """Let everything else have its turns of the loop, and a key that came reach the screen."""
    quiet = QUIET.get()
    for _ in range(ROUNDS if quiet is at_once else 1):
        await asyncio.sleep(0)
    await quiet()


async def in_slices(items: Sequence[T]) -> AsyncIterator[Sequence[T]]:
    """Yield a few items at a time; between two of them everything else gets its turn."""
    turns = Turns()
    for start in range(0, len(items), SLICE):
        yield items[start : start + SLICE]
        await turns.give()
