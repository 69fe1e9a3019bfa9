"""Candles as samples of single minutes."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from operator import attrgetter
from typing import Final

from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.activity import BUCKET_MINUTES

NEVER_MS: Final = 1 << 62
_BUCKET_MS = BUCKET_MINUTES * MINUTE_MS
_start_ms = attrgetter("start_ms")


def minute_samples(batch: CandleBatch, from_ms: int, before_ms: int = NEVER_MS) -> list[tuple[int, float]]:
    """Return (minute in ms, price) of each minute that the candles tell of, oldest first.

    None is before ``from_ms``, and all are before ``before_ms``.

    A close belongs to the last minute of its candle; the minutes before hold the close before, so that nothing is known
    before it happened. A candle that the exchange left out means that nothing traded, so the last close holds; one
    that could not be read leaves its minutes, and those that would hold its close, unknown.
    """
    if not batch.candles:
        return []
    to_last_ms = batch.step_minutes * MINUTE_MS - MINUTE_MS
    closes = {candle.start_ms + to_last_ms: candle.close for candle in batch.candles}
    ends = list(closes)
    first_ms = max(ends[0], from_ms)
    known = bisect_right(ends, first_ms)
    held = closes[ends[known - 1]]
    minutes = range(first_ms, min(ends[-1] + MINUTE_MS, before_ms), MINUTE_MS)
    samples = {ms: (held := closes.get(ms, held)) for ms in minutes}
    for unreadable_ms in batch.malformed:
        after = bisect_left(ends, unreadable_ms)
        if 0 < after < len(ends):
            for ms in range(ends[after - 1] + MINUTE_MS, ends[after], MINUTE_MS):
                samples.pop(ms, None)
    return list(samples.items())


def minute_counts(
    batch: CandleBatch, from_ms: int, before_ms: int, count_of: Callable[[Candle], float | None]
) -> list[tuple[int, float]]:
    """Return (minute in ms, count) of each minute that 1-minute candles tell of, oldest first; ends as above.

    A candle that the exchange left out means that nothing traded: 0. One that could not be read leaves its minute
    unknown. Longer candles tell nothing of single minutes.
    """
    if batch.step_minutes != 1 or not batch.candles:
        return []
    minutes = range(
        max(batch.candles[0].start_ms, from_ms), min(batch.candles[-1].start_ms + MINUTE_MS, before_ms), MINUTE_MS
    )
    told = dict(zip(map(_start_ms, batch.candles), map(count_of, batch.candles), strict=True))
    counts: dict[int, float | None] = dict.fromkeys(minutes, 0.0)
    counts.update(dict.fromkeys(counts.keys() & set(batch.malformed) - told.keys()))
    counts.update((ms, count) for ms, count in told.items() if ms in counts)
    return [(ms, count) for ms, count in counts.items() if count is not None]


def known_trades(batch: CandleBatch, from_ms: int, before_ms: int) -> dict[int, bool]:
    """Whether something traded in each 5-minute interval that the candles tell of, by its first minute since the epoch.

    Only candles that lie whole in ``from_ms`` to before ``before_ms`` count. One that the exchange left out between two
    others had no trade; one that could not be read tells nothing.
    """
    if not batch.candles:
        return {}
    step_ms, starts = batch.step_minutes * MINUTE_MS, set(map(_start_ms, batch.candles))
    first_ms, last_ms = batch.candles[0].start_ms, batch.candles[-1].start_ms
    first_ms += max(0, -((first_ms - from_ms) // step_ms)) * step_ms
    told = range(first_ms, min(last_ms + 1, before_ms - step_ms + 1), step_ms)
    unreadable = set(batch.malformed) - starts
    known = {ms // _BUCKET_MS * BUCKET_MINUTES: False for ms in told if ms not in unreadable}
    for candle in batch.candles:
        if candle.volume > 0 and from_ms <= candle.start_ms <= before_ms - step_ms:
            known[candle.start_ms // _BUCKET_MS * BUCKET_MINUTES] = True
    return known
