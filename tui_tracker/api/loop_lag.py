"""How long the event loop is held."""

import asyncio
from collections import deque
from typing import Final

EVERY_S: Final = 0.25
KEPT: Final = 240


class LoopLag:
    """Measures by how much a timer is late; remembers the last minute of it."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=KEPT)

    async def measure(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self._late.append(max(0.0, loop.time() - due))

    def worst_s(self) -> float:
        """The longest of the last minute, in seconds."""
        return max(self._late, default=0.0)
