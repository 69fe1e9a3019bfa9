"""Long work on the event loop, in short turns."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

TURN_S: Final = 0.001
"""Longest stretch of work before everything else gets its turn: a key takes several turns of the loop."""


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
            await asyncio.sleep(0)
            self._began_s = self._now_s()
