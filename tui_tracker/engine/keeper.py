"""Storing each minute once it is over."""

import asyncio
from typing import TYPE_CHECKING, Final

from tui_tracker.core.clock import Clock
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.engine.market import Market
from tui_tracker.engine.streaming import GRACE_MS, Streaming
from tui_tracker.engine.timekeeper import Timekeeper

if TYPE_CHECKING:
    from tui_tracker.engine.archive import Archive


class Keeper:
    """Hands minutes of which a poll or a stream told anything to the history, in order and once each.

    Args:
        archive: The history.
        market: Whose minutes they are.
        timekeeper: The exchange's clock.
        clock: Where all time comes from.
        polling: Held while a poll is on its way, which may tell more of a minute that is over.
        streaming: Live quotes, of which some may not have been taken yet.
    """

    def __init__(
        self,
        archive: "Archive",
        market: Market,
        timekeeper: Timekeeper,
        clock: Clock,
        polling: asyncio.Lock,
        streaming: Streaming | None,
    ) -> None:
        self._archive: Final = archive
        self._market: Final = market
        self._timekeeper: Final = timekeeper
        self._clock: Final = clock
        self._polling: Final = polling
        self._streaming: Final = streaming
        self._noted: Final = asyncio.Event()
        self._kept_ms = 0
        self._waiting: list[int] = []
        """Minutes that are to be stored, oldest first."""

    def note(self, at_ms: int) -> None:
        """Something was told of the minute of ``at_ms``."""
        minute_ms = at_ms - at_ms % MINUTE_MS
        if minute_ms > max((self._kept_ms, *self._waiting[-1:])):
            self._waiting.append(minute_ms)
        self._noted.set()

    def begin(self, at_ms: int) -> None:
        """Go on where another process stored: it may not have come to store this minute, but all before."""
        self._kept_ms, self._waiting = 0, []
        self.note(at_ms)

    def drop_after(self, now_ms: int) -> None:
        """Forget minutes that were stamped by a wrong clock."""
        self._waiting = [minute_ms for minute_ms in self._waiting if minute_ms <= now_ms]
        self._kept_ms = min(self._kept_ms, now_ms - now_ms % MINUTE_MS - MINUTE_MS)

    async def run(self) -> None:
        """Store what is over, for ever."""
        while True:
            await self._noted.wait()
            self._noted.clear()
            minute_ms = self._market.sampled_ms
            if minute_ms is not None and await self._is_over(minute_ms):
                async with self._polling:
                    await self.keep_before(minute_ms + MINUTE_MS)

    async def keep_before(self, end_ms: int) -> None:
        """Store minutes that are over: after the last poll of each, and before the first one of a later minute."""
        if self._streaming is not None and self._waiting and self._waiting[0] < end_ms:
            await self._streaming.drain(end_ms)
        while self._waiting and self._waiting[0] < end_ms:
            self._kept_ms = self._waiting.pop(0)
            await self._archive.keep_minute(self._kept_ms)

    async def _is_over(self, minute_ms: int) -> bool:
        """Wait for the end of a sampled minute; whether it was not dropped meanwhile, as one of a wrong clock is."""
        end_ms = minute_ms + MINUTE_MS + (0 if self._streaming is None else GRACE_MS)
        while (self._market.sampled_ms or 0) >= minute_ms:
            await self._timekeeper.sleep_until(end_ms)
            if self._timekeeper.now_ms() >= end_ms:
                return True
            await self._clock.sleep(1.0)  # the clock jumped: a later poll may still be in this minute
        return False
