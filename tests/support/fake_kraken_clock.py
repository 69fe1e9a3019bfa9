"""The fake exchange's clock."""

import time


class ExchangeClock:
    """Wall clock of the exchange, ms since the epoch: real, skewed, faster, or frozen.

    Args:
        start_ms: Where it starts; now if ``None``.
        rate: Its seconds for each real one; 0 freezes it, so that only :meth:`advance` and :meth:`set` move it.
        skew_s: Seconds added to what the real clock says.
    """

    def __init__(self, start_ms: int | None = None, rate: float = 1.0, skew_s: float = 0.0) -> None:
        self._follows_wall = start_ms is None and rate == 1.0
        self._rate = rate
        self._offset_ms = round(skew_s * 1000)
        self._origin_ms = time.time_ns() // 1_000_000 if start_ms is None else start_ms
        self._origin_s = time.monotonic()

    def __call__(self) -> int:
        """Return the instant, ms since the epoch."""
        if self._follows_wall:
            return time.time_ns() // 1_000_000 + self._offset_ms
        passed_ms = (time.monotonic() - self._origin_s) * 1000 * self._rate
        return self._origin_ms + int(passed_ms) + self._offset_ms

    def advance(self, milliseconds: int) -> None:
        """Move it, forth or back."""
        self._offset_ms += milliseconds

    def set(self, at_ms: int) -> None:
        """Put it to an instant."""
        self._offset_ms += at_ms - self()
