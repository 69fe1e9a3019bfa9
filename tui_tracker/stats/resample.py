"""Candles as samples of single minutes."""

from collections.abc import Iterator

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.series import MINUTE_MS


def minute_samples(batch: CandleBatch, from_ms: int) -> Iterator[tuple[int, float]]:
    """Yield (minute in ms, price) of each minute from ``from_ms`` on that the candles tell of, oldest first.

    A close belongs to the last minute of its candle; the minutes before hold the close before, so that nothing is known
    before it happened. A candle that the exchange left out means that nothing traded, so the last close holds; one
    that could not be read leaves its minutes, and those that would hold its close, unknown.
    """
    step_ms = batch.step_minutes * MINUTE_MS
    unreadable = sorted(batch.malformed)
    held: float | None = None
    next_ms = 0
    for candle in batch.candles:
        last_ms = candle.start_ms + step_ms - MINUTE_MS
        if held is not None and any(next_ms <= start < candle.start_ms + step_ms for start in unreadable):
            held = None
        if held is not None:
            for minute_ms in range(max(next_ms, from_ms), last_ms, MINUTE_MS):
                yield minute_ms, held
        if last_ms >= from_ms:
            yield last_ms, candle.close
        held, next_ms = candle.close, last_ms + MINUTE_MS
