"""When polls happen."""

from typing import Final

LEAD_MS: Final = 3_000
"""Polls come this long before a minute ends, so that a polled price and the minute's close are the same trade."""
_MINUTE_MS: Final = 60_000


def next_poll_ms(now_ms: int, interval_s: int) -> int:
    """Return the first scheduled instant after ``now_ms``, both corrected clock.

    Every schedule is fixed on the clock, 3 s before the end of a minute. Below a minute, polls are counted back from
    there, as many as fit (7 s: at :15 :22 … :57); from a minute on, they come in the last minute that each multiple of
    the interval since the epoch is in.
    """
    interval_ms = interval_s * 1000
    if interval_ms < _MINUTE_MS:
        return _next_within_minute(now_ms, interval_ms)
    count = (now_ms + LEAD_MS) // interval_ms
    while (instant := -(-count * interval_ms // _MINUTE_MS) * _MINUTE_MS - LEAD_MS) <= now_ms:
        count += 1
    return instant


def _next_within_minute(now_ms: int, interval_ms: int) -> int:
    end_ms = (now_ms + LEAD_MS) // _MINUTE_MS * _MINUTE_MS + _MINUTE_MS - LEAD_MS
    fitting = _MINUTE_MS // interval_ms
    back = min((end_ms - now_ms - 1) // interval_ms, fitting - 1)
    return end_ms - back * interval_ms
