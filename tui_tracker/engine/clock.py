"""The clocks that the engine runs on: real time, real time sped up, and time that only moves when somebody sleeps."""

import asyncio
import time

from tui_tracker.core.clock import Clock

_SAME_S = 1e-6


class SystemClock:
    """The machine's own time."""

    def now_ms(self) -> int:
        """Wall clock, ms since the epoch, UTC; jumps when the machine's clock is set."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``; at once for 0 or less."""
        await asyncio.sleep(max(0.0, seconds))


class ScaledClock:
    """A clock that starts at a fixed instant and runs ``scale`` times as fast as another, by its monotonic time.

    It waits for who sleeps on it: time stands at the instant that a sleeper wanted to be woken until it was. So a busy
    or suspended machine makes it slower, and nothing that happens on it late.

    Args:
        start_ms: Wall clock at the moment of construction, ms since the epoch, UTC.
        scale: Seconds of this clock in a second of ``base``; above 0.
        base: The clock that drives this one; the machine's by default.

    Raises:
        ValueError: If ``scale`` is not above 0.
    """

    def __init__(self, start_ms: int, scale: float, base: Clock | None = None) -> None:
        if not scale > 0:
            raise ValueError(f"scale must be above 0, not {scale}")
        self._start_ms = start_ms
        self._scale = scale
        self._base: Clock = SystemClock() if base is None else base
        self._base_start_s = self._base.monotonic_s()
        self._due_s: list[float] = []
        """When those who sleep want to be woken."""

    def now_ms(self) -> int:
        """Wall clock of this time line, ms since the epoch, UTC; never jumps."""
        return self._start_ms + int(self.monotonic_s() * 1000)

    def monotonic_s(self) -> float:
        """Seconds of this clock since its construction."""
        return min(self._unheld_s(), *self._due_s) if self._due_s else self._unheld_s()

    def _unheld_s(self) -> float:
        return (self._base.monotonic_s() - self._base_start_s) * self._scale

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` of this clock, ``seconds / scale`` of the one that drives it."""
        due_s = self.monotonic_s() + max(0.0, seconds)
        self._due_s.append(due_s)
        try:
            await self._base.sleep(seconds / self._scale)
            while (left_s := due_s - self._unheld_s()) > _SAME_S:  # it stood still meanwhile
                await self._base.sleep(left_s / self._scale)
        finally:
            self._base_start_s += max(0.0, self._unheld_s() - self.monotonic_s()) / self._scale
            self._due_s.remove(due_s)


class SteppedClock:
    """A clock that stands still, and that ``sleep`` advances at once: a run on it is the same each time.

    For work done by one task after another; concurrent sleeps add up instead of overlapping.

    Args:
        start_ms: Wall clock at the beginning, ms since the epoch, UTC.
    """

    def __init__(self, start_ms: int) -> None:
        self._start_ms = start_ms
        self._elapsed_s = 0.0

    def now_ms(self) -> int:
        """Wall clock of this time line, ms since the epoch, UTC."""
        return self._start_ms + round(self._elapsed_s * 1000)

    def monotonic_s(self) -> float:
        """Seconds slept on this clock so far."""
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        """Advance the clock by ``seconds``, let other tasks run once, and return."""
        self._elapsed_s += max(0.0, seconds)
        await asyncio.sleep(0)
