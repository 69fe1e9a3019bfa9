"""The past of several sources as one feed: all stand at the same minute, and go on together."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from typing import Final

from typing_extensions import override

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import NoDataError
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import Moment, SourceStatus
from tui_tracker.engine.playing import play_on
from tui_tracker.feed.merged import MergedFeed
from tui_tracker.feed.merging import merged_snapshot
from tui_tracker.feed.past import ReplayFeed


class MergedPastFeed(MergedFeed):
    """``PastFeed`` over those of several sources; one whose history does not have the minute shows no rows.

    Args:
        source: What they are called together.
        parts: The feeds by the name of their source.
        clock: What a second is measured by.
    """

    def __init__(self, source: str, parts: Mapping[str, ReplayFeed], clock: Clock) -> None:
        super().__init__(source, parts, clock.sleep, pause_s=0.0)
        self._pasts: Final = dict(parts)
        self._clock: Final = clock
        self._moment = Moment(0)
        self._metric = Metric.PRICE
        self._moving: Final = asyncio.Lock()
        self._wanted: Final = asyncio.Event()
        self.closed: Final = asyncio.Event()
        """Set once nobody needs it any more."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["MergedPastFeed"]:
        """Play, where that is wanted, while inside."""
        async with super().running(), asyncio.TaskGroup() as group:
            playing = group.create_task(self._play())
            try:
                yield self
            finally:
                playing.cancel()

    async def go(self, minute_ms: int, metric: Metric) -> None:
        """See ``PastFeed.go``."""
        async with self._moving:
            self._metric = metric
            self._moment = replace(self._moment, is_moving=True)
            self._changed.set()
            try:
                found = await asyncio.gather(
                    *(feed.go(minute_ms, metric) for feed in self._pasts.values()), return_exceptions=True
                )
            finally:
                self._moment = replace(self._moment, is_moving=False)
                self._changed.set()
            self._stand(minute_ms, found)

    def _stand(self, minute_ms: int, found: Sequence[BaseException | None]) -> None:
        errors = [error for error in found if error is not None]
        for error in errors:
            if not isinstance(error, NoDataError) or len(errors) == len(found):
                raise error
        moments = [
            moment
            for feed, error in zip(self._pasts.values(), found, strict=True)
            if error is None and (moment := feed.status().moment) is not None
        ]
        nearest = min(moments, key=lambda moment: abs(moment.minute_ms - minute_ms))
        self._moment = replace(
            self._moment,
            minute_ms=nearest.minute_ms,
            first_ms=min(moment.first_ms for moment in moments),
            last_ms=max(moment.last_ms for moment in moments),
        )

    def play(self, is_playing: bool) -> None:
        """See ``PastFeed.play``."""
        self._moment = replace(self._moment, is_playing=is_playing)
        if is_playing:
            self._wanted.set()
        else:
            self._wanted.clear()
        self._changed.set()

    async def _play(self) -> None:
        await play_on(self._clock, self._wanted, lambda: self._moment.minute_ms, self._step, lambda: self.play(False))

    async def _step(self) -> None:
        await self.go(self._moment.minute_ms + MINUTE_MS, self._metric)

    async def earlier(self, first_ms: int, minutes: int, metric: Metric) -> AsyncIterator[Snapshot]:
        """See ``PastFeed.earlier``."""
        async with AsyncExitStack() as stack:
            told = [
                await stack.enter_async_context(aclosing(feed.earlier(first_ms, minutes, metric)))  # type: ignore[type-var]
                for _, feed in self._standing()
            ]
            for _ in range(minutes if told else 0):
                yield merged_snapshot(0, self.status(), [await anext(each) for each in told])

    def close(self) -> None:
        """See ``PastFeed.close``."""
        self.closed.set()

    def _standing(self) -> Iterable[tuple[str, ReplayFeed]]:
        """Those that stand at the minute that is shown."""
        for name, feed in self._pasts.items():
            moment = feed.status().moment
            if moment is not None and moment.minute_ms == self._moment.minute_ms:
                yield name, feed

    @override
    def _is_whole(self) -> bool:
        return not self._moment.is_moving and bool(self._moment.minute_ms) and bool(self._shown())

    @override
    def _shown(self) -> list[Snapshot]:
        return [snapshot for snapshot in super()._shown() if snapshot.end_ms == self._moment.minute_ms]

    @override
    def _told(self, parts: Sequence[SourceStatus]) -> SourceStatus:
        return replace(super()._told(parts), moment=self._moment)
