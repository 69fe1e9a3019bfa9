"""Time as the engine sees it: a wall clock that stamps and a monotonic clock that schedules."""

from typing import Protocol


class Clock(Protocol):
    """Where all time comes from."""

    def now_ms(self) -> int:
        """Wall clock, ms since the epoch, UTC; may jump."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` of this clock; at once for 0 or less."""
        ...
