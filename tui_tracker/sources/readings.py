"""Which readings of an exchange's clock to believe."""

from typing import Final, NamedTuple

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
