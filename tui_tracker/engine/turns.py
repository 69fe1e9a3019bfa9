"""Long work on the event loop, in short turns."""

import asyncio
from typing import Final

from tui_tracker.core.clock import Clock

TURN_S: Final = 0.003
"""Longest stretch of work before everything else gets its turn."""


class Turns:
    """Lets the loop go on with other things whenever a turn is used up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_s = clock.monotonic_s()

    async def give(self) -> None:
        """Between two small steps of the work: yield to the loop if this turn is used up."""
        if self._clock.monotonic_s() - self._began_s >= TURN_S:
            await asyncio.sleep(0)
            self._began_s = self._clock.monotonic_s()
