"""An exchange's clock: which readings of it to believe, and what it shows meanwhile."""

from typing import Final, NamedTuple

from tui_tracker.core.clock import Clock
from tui_tracker.sources.base import ServerTime

JUMP_MS: Final = 2_000
"""The wall clock moved by this much more or less than the monotonic one: it was set, or the machine slept."""
PRECISE_MS: Final = 2_000
"""A reading that was on its way for longer may be wrong by a second or more, so it is asked again …"""
MOST: Final = 3
"""… until there were so many, of which the quickest counts."""


class Believed(NamedTuple):
    """What follows from a reading."""

    offset_ms: int | None
    """Exchange's clock minus ours; ``None`` to keep what was believed before."""
    is_settled: bool
    """Whether that is as good as it gets."""


class Readings:
    """What was read since the clock was last settled."""

    def __init__(self) -> None:
        self._readings: list[ServerTime] = []
        self._was_settled = False

    def take(self, reading: ServerTime) -> Believed:
        """Take one more. A vague one is believed only where there was nothing better since the last jump."""
        self._readings.append(reading)
        best = min(self._readings, key=lambda reading: reading.round_trip_ms)
        is_settled = best.round_trip_ms <= PRECISE_MS or len(self._readings) >= MOST
        if not is_settled and self._was_settled:
            return Believed(None, is_settled)
        if is_settled:
            self._was_settled = True
            self._readings.clear()
        return Believed(best.offset_ms, is_settled)

    def forget(self) -> None:
        """The clock here was set: nothing that was read before counts."""
        self._readings.clear()
        self._was_settled = False


class TheirClock:
    """The exchange's clock, between two readings by the one of ours that nobody sets.

    Where this machine slept meanwhile it is behind until the next reading: then too little counts as over, never too
    much.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self._readings: Final = Readings()
        self._offset_ms: int | None = None
        self._difference_ms = 0
        """Of the two clocks here when that was read."""

    @property
    def is_known(self) -> bool:
        """Whether it was ever read."""
        return self._offset_ms is not None

    def take(self, reading: ServerTime) -> None:
        """Take a reading that has just come."""
        difference_ms = self._difference()
        if abs(difference_ms - self._difference_ms) > JUMP_MS:
            self._readings.forget()
        believed = self._readings.take(reading)
        if believed.offset_ms is not None:
            self._offset_ms, self._difference_ms = believed.offset_ms, difference_ms

    def at(self, local_ms: int) -> int:
        """What it shows at an instant of our wall clock as that is set now; our own time before the first reading."""
        if self._offset_ms is None:
            return local_ms
        return local_ms + self._offset_ms - (self._difference() - self._difference_ms)

    def _difference(self) -> int:
        return self._clock.now_ms() - round(self._clock.monotonic_s() * 1000)
