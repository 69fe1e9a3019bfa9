"""How late the event loop does what is due. Pure."""

from collections import deque
from typing import Final

MOST_BEATS: Final = 240


class LagMeter:
    """Compares when something happened with when it was due; remembers the last minute of it.

    Args:
        period_s: Seconds between two beats.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._lags_s: deque[float] = deque(maxlen=MOST_BEATS)
        self._due_s: float | None = None

    def beat(self, now_s: float) -> None:
        """Something that was due a period after the last time happened; ``now_s`` is monotonic."""
        if self._due_s is not None:
            self._lags_s.append(max(0.0, now_s - self._due_s))
        self._due_s = now_s + self._period_s

    def quantile_ms(self, fraction: float) -> float | None:
        """The lag that so many beats don't exceed, in ms; ``None`` before the second beat."""
        lags = sorted(self._lags_s)
        return lags[min(int(fraction * len(lags)), len(lags) - 1)] * 1000 if lags else None
