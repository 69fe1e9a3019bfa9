"""A key goes before everything that can wait."""

import asyncio
from contextlib import suppress
from typing import Final

PATIENCE_S: Final = 0.03
"""Longest that work stands back: a key may change nothing on the screen."""


class Foreground:
    """Lets long work on the event loop stand back from a key until what it changed is painted."""

    def __init__(self) -> None:
        self._painted = asyncio.Event()
        self._painted.set()

    def key_came(self) -> None:
        """From now on work that can wait does."""
        self._painted.clear()

    def painted(self) -> None:
        """The screen is up to date: work goes on."""
        self._painted.set()

    async def quiet(self) -> None:
        """Return once nobody waits for the screen, or after ``PATIENCE_S``; a turn of the loop later at the soonest."""
        await asyncio.sleep(0)
        if self._painted.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._painted.wait()
        self._painted.set()
