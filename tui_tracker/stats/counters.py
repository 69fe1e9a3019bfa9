"""What happened in a minute, from counters that start anew at 00:00 UTC."""

from typing import Final

from tui_tracker.core.series import MINUTE_MS

_DAY_MS: Final = 1_440 * MINUTE_MS


def minute_gain(before_ms: int | None, before: float | None, at_ms: int, now: float | None) -> float | None:
    """What a counter gained in the minute of ``at_ms``; ``None`` unless that is known.

    Args:
        before_ms: Instant of the last reading in an earlier minute; only the minute before can be subtracted from.
        before: The counter then. Across midnight it doesn't matter: the gain is the new counter.
        at_ms: Instant of this reading.
        now: The counter at this instant.
    """
    if before_ms is None or before is None or now is None or at_ms // MINUTE_MS - before_ms // MINUTE_MS != 1:
        return None
    if at_ms // _DAY_MS != before_ms // _DAY_MS:
        return now
    return now - before if now >= before else None
