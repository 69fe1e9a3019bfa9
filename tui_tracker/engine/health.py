"""Whether a source's numbers can be trusted to be recent."""

from dataclasses import dataclass
from typing import Final

from tui_tracker.core.errors import RateLimitedError, SourceError, TimedOutError, UnreachableError
from tui_tracker.core.status import SourceState

STALE_INTERVALS: Final = 2.5
"""A good poll is recent for this many intervals."""


@dataclass(slots=True)
class Health:
    """How the polls of a source went, and its stream. Instants are corrected clock, ms."""

    interval_ms: int
    ages: bool = True
    """Whether quotes become old by time alone; a simulated exchange is never silent, only its machine busy."""
    last_good_ms: int | None = None
    last_attempt_ms: int | None = None
    error: SourceError | None = None
    """Why the last poll failed; ``None`` after a good one."""
    limited_until_ms: int | None = None
    streamed_ms: int | None = None
    """The newest quote of when all pairs were streamed."""

    def take_up(self, at_ms: int) -> None:
        """What is shown was polled then, by a process before this one."""
        self.last_good_ms = at_ms

    def note_good(self, at_ms: int) -> None:
        """A poll was accepted."""
        self.last_good_ms = self.last_attempt_ms = at_ms
        self.error = self.limited_until_ms = None

    def note_failure(self, at_ms: int, error: SourceError) -> None:
        """A poll failed."""
        self.last_attempt_ms, self.error = at_ms, error
        self.limited_until_ms = None
        if isinstance(error, RateLimitedError) and error.retry_after_s is not None:
            self.limited_until_ms = at_ms + round(error.retry_after_s * 1000)

    def state(self, now_ms: int, *, is_streamed: bool = False) -> SourceState:
        """The state at an instant: see ``SourceState``; ``is_streamed`` where all pairs are."""
        if is_streamed and self.last_good_ms is not None:
            return SourceState.LIVE
        if self.last_good_ms is None or isinstance(self.error, UnreachableError | TimedOutError):
            return SourceState.OFFLINE
        is_old = self.ages and now_ms - self.last_good_ms > STALE_INTERVALS * self.interval_ms
        return SourceState.STALE if is_old or self.error is not None else SourceState.LIVE

    def next_change_ms(self) -> int | None:
        """When the state will change by age alone; ``None`` if it won't."""
        if self.last_good_ms is None or self.error is not None or not self.ages:
            return None
        return self.last_good_ms + int(STALE_INTERVALS * self.interval_ms) + 1
