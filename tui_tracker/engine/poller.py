"""Polling of quotes, on schedule and never overlapping."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter
from tenacity.stop import stop_never

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import RateLimitedError, RejectedError, SourceError, UnreachableError
from tui_tracker.engine.health import Health
from tui_tracker.engine.schedule import next_poll_ms
from tui_tracker.engine.timekeeper import Timekeeper

ONCE_ATTEMPTS: Final = 3
"""A feed that collects once gives up after so many failures, one less where there is no connection at all, and at once
where the exchange doesn't serve this country or network."""
ONCE_S: Final = 20.0
"""Nor does it try again after so long."""
ONCE_PATIENCE_S: Final = 60.0
"""Nor does it wait longer than this for an exchange that says how long to wait."""
_backoff: Final = wait_exponential_jitter(initial=1, max=60, jitter=1)
_log = logging.getLogger(__name__)


def _is_hopeless(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, RejectedError) and error.is_barred:
        return True
    if isinstance(error, RateLimitedError) and (error.retry_after_s or 0.0) > ONCE_PATIENCE_S:
        return True
    has_time = (state.seconds_since_start or 0.0) < ONCE_S
    return not has_time or state.attempt_number >= ONCE_ATTEMPTS - isinstance(error, UnreachableError)


class Poller:
    """Runs one poll at a time: at the start, on schedule, on request, and after failures with growing pauses."""

    def __init__(
        self,
        poll: Callable[[], Awaitable[None]],
        on_change: Callable[[], None],
        timekeeper: Timekeeper,
        health: Health,
        clock: Clock,
        interval_s: int,
        name: str,
    ) -> None:
        """Make a poller of a source, whose ``name`` the log tells.

        ``poll`` raises ``SourceError``, ``on_change`` is called when next or error changed.
        """
        self._poll: Final = poll
        self._on_change: Final = on_change
        self._timekeeper: Final = timekeeper
        self._health: Final = health
        self._clock: Final = clock
        self._interval_s: Final = interval_s
        self._name: Final = name
        self._requested = asyncio.Event()
        self.next_poll_ms: int | None = None
        """Instant of the next attempt, corrected clock; ``None`` while one runs."""

    def request(self) -> None:
        """Poll as soon as possible; while a poll runs, that one serves the request."""
        if self.next_poll_ms is not None:
            self._requested.set()

    async def run_once(self) -> None:
        """Poll until one succeeds.

        Raises:
            SourceError: After too many failures.
        """
        async for attempt in AsyncRetrying(
            stop=_is_hopeless,
            wait=self._pause_s,
            retry=retry_if_exception_type(SourceError),
            before_sleep=self._tell_failure,
            sleep=self._clock.sleep,
            reraise=True,
        ):
            with attempt:
                await self._poll()

    async def run(self) -> None:
        """Poll for ever."""
        retrying = AsyncRetrying(
            stop=stop_never,
            wait=self._pause_s,
            retry=retry_if_exception_type(SourceError),
            before_sleep=self._note_failure,
            sleep=self._wait,
        )
        while True:
            async for attempt in retrying:
                with attempt:
                    self.next_poll_ms = None
                    await self._poll()
            now_ms = self._timekeeper.now_ms()
            await self._wait((next_poll_ms(now_ms, self._interval_s) - now_ms) / 1000)

    async def _wait(self, seconds: float) -> None:
        """Wait for the next attempt; a request or a jump of the clock cuts it short."""
        self._requested.clear()
        self.next_poll_ms = self._timekeeper.now_ms() + round(seconds * 1000)
        self._on_change()
        await self._timekeeper.sleep_until(self.next_poll_ms, self._requested)
        self._timekeeper.notice_jump()

    def _note_failure(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        assert isinstance(error, SourceError)
        _log.warning("poll of %s failed: %s", self._name, error)
        self._health.note_failure(self._timekeeper.now_ms(), error)

    def _tell_failure(self, state: RetryCallState) -> None:
        self._note_failure(state)
        self._on_change()

    def _pause_s(self, state: RetryCallState) -> float:
        """Pause after a failure: as told, else growing with jitter, but never past the next scheduled poll."""
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, RateLimitedError) and error.retry_after_s is not None:
            return max(error.retry_after_s, 1.0)
        now_ms = self._timekeeper.now_ms()
        return min(_backoff(state), (next_poll_ms(now_ms, self._interval_s) - now_ms) / 1000)
