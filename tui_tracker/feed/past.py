"""A feed from the history: the market as it stood, minute by minute."""

import asyncio
from collections.abc import AsyncIterator

from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.engine.replay import Replay
from tui_tracker.feed.local import LocalFeed


class ReplayFeed(LocalFeed):
    """``PastFeed`` over a ``Replay`` that runs on this event loop."""

    def __init__(self, replay: Replay) -> None:
        super().__init__(replay)
        self._replay = replay
        self.closed = asyncio.Event()
        """Set once nobody needs it any more."""

    async def go(self, minute_ms: int, metric: Metric) -> None:
        """See ``PastFeed.go``."""
        await self._replay.go(minute_ms, metric)

    def play(self, is_playing: bool) -> None:
        """See ``PastFeed.play``."""
        self._replay.play(is_playing)

    def earlier(self, first_ms: int, minutes: int, metric: Metric) -> AsyncIterator[Snapshot]:
        """See ``PastFeed.earlier``."""
        return self._replay.earlier(first_ms, minutes, metric)

    def close(self) -> None:
        """See ``PastFeed.close``."""
        self.closed.set()
