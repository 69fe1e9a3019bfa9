"""The exchange's time, as well as it can be known here."""

import asyncio
import logging
from typing import Final

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import RateLimitedError, SourceError, UnreachableError
from tui_tracker.sources.base import Source
from tui_tracker.sources.readings import JUMP_MS, Readings

STEP_S: Final = 5.0
"""Longest sleep at a stretch, so that a jump is seen, and a poll made up for, soon after."""
REMEASURE_S: Final = 3_600.0

_log = logging.getLogger(__name__)


class Timekeeper:
    """Corrects the local clock by the measured offset to the exchange, and notices when it jumps."""

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self.offset_ms: int | None = None
        """Exchange's clock minus ours; ``None`` before the first measurement."""
        self._measured_s = 0.0
        self._is_due = True
        self._readings: Final = Readings()
        self._reference = self._difference()

    def now_ms(self) -> int:
        """The corrected clock."""
        return self.corrected(self._clock.now_ms())

    def corrected(self, local_ms: int) -> int:
        """The corrected clock at an instant of the local one."""
        return local_ms + (self.offset_ms or 0)

    def adopt(self, offset_ms: int | None, *, is_measured: bool = False) -> None:
        """Take the offset that another process measured; ``is_measured`` if it needn't be measured again now."""
        self.offset_ms = offset_ms
        if is_measured and offset_ms is not None:
            self._measured_s, self._is_due = self._clock.monotonic_s(), False

    @property
    def is_due(self) -> bool:
        """Whether the offset should be measured: at the start, after a jump, and hourly."""
        return self._is_due or self._clock.monotonic_s() - self._measured_s >= REMEASURE_S

    async def measure(self, source: Source) -> None:
        """Ask the exchange for its time; where it has no answer the old offset stays, and measuring stays due.

        Raises:
            UnreachableError: If there is no connection, so that nothing else needs to be tried.
            RateLimitedError: If the exchange asks to slow down, so that nothing else may be tried.
        """
        try:
            reading = await source.server_time()
        except (UnreachableError, RateLimitedError):
            raise
        except SourceError as error:
            _log.warning("clock of %s not read: %s", source.name, error)
            return
        believed = self._readings.take(reading)
        if believed.offset_ms is not None:
            self.offset_ms = believed.offset_ms
            _log.info("offset to %s is %d ms", source.name, self.offset_ms)
        if believed.is_settled:
            self._measured_s = self._clock.monotonic_s()
            self._is_due = False

    def notice_jump(self) -> bool:
        """Whether the wall clock jumped since the last call; then measuring is due.

        A step back is no sleep of the machine, so the exchange's time went on and a known offset grows by the step.
        """
        difference = self._difference()
        moved = difference - self._reference
        self._reference = difference
        if abs(moved) <= JUMP_MS:
            return False
        _log.warning("the clock jumped by %.1f s", moved / 1000)
        self._is_due = True
        self._readings.forget()
        if moved < 0 and self.offset_ms is not None:
            self.offset_ms -= moved
        return True

    async def sleep_until(self, instant_ms: int, woken: asyncio.Event | None = None) -> None:
        """Return at an instant of the corrected clock, or sooner if ``woken`` is set or the clock jumped."""
        while (left_ms := instant_ms - self.now_ms()) > 0:
            step_s = min(left_ms / 1000, STEP_S)
            if woken is None:
                await self._clock.sleep(step_s)
            elif woken.is_set():
                return
            else:
                await self._sleep_or_event(step_s, woken)
            if abs(self._difference() - self._reference) > JUMP_MS:
                return
            self._reference = self._difference()

    async def _sleep_or_event(self, seconds: float, woken: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = group.create_task(self._clock.sleep(seconds)), group.create_task(woken.wait())
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()

    def _difference(self) -> int:
        return self._clock.now_ms() - round(self._clock.monotonic_s() * 1000)
