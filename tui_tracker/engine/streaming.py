"""Keeping a live stream open, and handing over what it says: of each pair the newest, a few times a second."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import RateLimitedError, SourceError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.base import Stream

FLUSH_S: Final = 0.25
"""Least time between two deliveries: nobody reads faster."""
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
STEADY_S: Final = 60.0
"""A connection that lasted so long was a good one: the next attempt after it comes soon."""
_log = logging.getLogger(__name__)


class Streaming:
    """Opens a stream again whenever it ends; between two connections polls are all there is.

    Args:
        stream: What is opened.
        clock: Where all time comes from.
        now_ms: The exchange's clock.
        deliver: Takes quotes of one minute and the instant of the last; ``False`` to have them, or newer ones, later.
        on_change: Called when it came up or went down.
    """

    def __init__(
        self,
        stream: Stream,
        clock: Clock,
        now_ms: Callable[[], int],
        deliver: Callable[[Sequence[Ticker], int], Awaitable[bool]],
        on_change: Callable[[], None],
    ) -> None:
        self._stream: Final = stream
        self._clock: Final = clock
        self._now_ms: Final = now_ms
        self._deliver: Final = deliver
        self._on_change: Final = on_change
        self._instruments: tuple[Instrument, ...] = ()
        self._listed = asyncio.Event()
        self._arrived = asyncio.Event()
        self._newest: dict[int, dict[str, Ticker]] = {}
        """By the minute in which they came."""
        self._delivering: Final = asyncio.Lock()
        self._is_up = False
        self._reason = "not open yet"

    @property
    def state(self) -> str:
        """``live``, or why it is not."""
        return "live" if self._is_up else self._reason

    def want(self, instruments: Iterable[Instrument]) -> None:
        """Follow these; where they are others than before, on a new connection."""
        wanted = tuple(instruments)
        if [one.id for one in wanted] != [one.id for one in self._instruments]:
            self._instruments = wanted
            self._listed.set()

    async def run(self) -> None:
        """Stream for ever, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._flush())
                failures = 0
                while True:
                    if not self._instruments:
                        await self._listed.wait()
                    started_s = self._clock.monotonic_s()
                    error = await self._connect()
                    lasted_s = self._clock.monotonic_s() - started_s
                    failures = 0 if error is None else 1 if lasted_s >= STEADY_S else failures + 1
                    if error is not None:
                        await self._clock.sleep(_pause_s(error, failures))
        finally:
            self._is_up, self._reason = False, "not open"
            self._newest.clear()

    async def _connect(self) -> SourceError | None:
        """Follow one connection to its end; why it ended, ``None`` where other instruments are wanted now."""
        self._listed.clear()
        error: SourceError | None = None
        async with asyncio.TaskGroup() as group:
            following = group.create_task(self._follow())
            relisting = group.create_task(self._listed.wait())
            await asyncio.wait((following, relisting), return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                error = following.result()
            following.cancel()
            relisting.cancel()
        was_up, self._is_up = self._is_up, False
        if error is not None:
            self._reason = error.message
            (_log.warning if was_up else _log.info)("stream: %s", error)
        self._on_change()
        return error

    async def _follow(self) -> SourceError:
        try:
            await self._stream.run(self._instruments, self._take)
        except SourceError as error:
            return error
        return SourceError("the stream ended")

    def _take(self, tickers: Sequence[Ticker]) -> None:
        newest = self._newest.setdefault(self._now_ms() // MINUTE_MS, {})
        for ticker in tickers:
            newest[ticker.instrument_id] = ticker
        self._arrived.set()
        if not self._is_up:
            self._is_up = True
            _log.info("stream: live")
            self._on_change()

    async def _flush(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            await self.drain()
            await self._clock.sleep(FLUSH_S)

    async def drain(self) -> None:
        """Deliver at once what came so far, each minute's by itself."""
        async with self._delivering:
            for minute in sorted(self._newest):
                newest = self._newest.pop(minute)
                at_ms = min(self._now_ms(), (minute + 1) * MINUTE_MS - 1)
                if not await self._deliver(tuple(newest.values()), at_ms):
                    self._newest[minute] = newest | self._newest.get(minute, {})
                    self._arrived.set()
                    return


def _pause_s(error: SourceError, failures: int) -> float:
    if isinstance(error, RateLimitedError) and error.retry_after_s is not None:
        return max(FIRST_WAIT_S, error.retry_after_s)
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * (1 << min(failures - 1, 10)))
    return longest * random.uniform(0.5, 1.0)
