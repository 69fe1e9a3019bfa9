"""Candles as samples of single minutes."""

from collections.abc import Callable, Iterator

from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.activity import BUCKET_MINUTES

_BUCKET_MS = BUCKET_MINUTES * MINUTE_MS


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


def minute_counts(
    batch: CandleBatch, from_ms: int, count_of: Callable[[Candle], float | None]
) -> Iterator[tuple[int, float]]:
    """Yield (minute in ms, count) of each minute from ``from_ms`` on that 1-minute candles tell of, oldest first.

    A candle that the exchange left out means that nothing traded: 0. One that could not be read leaves its minute
    unknown. Longer candles tell nothing of single minutes.
    """
    if batch.step_minutes != 1:
        return
    unreadable = frozenset(batch.malformed)
    next_ms: int | None = None
    for candle in batch.candles:
        for minute_ms in range(max(next_ms or candle.start_ms, from_ms), candle.start_ms, MINUTE_MS):
            if minute_ms not in unreadable:
                yield minute_ms, 0.0
        count = count_of(candle)
        if count is not None and candle.start_ms >= from_ms:
            yield candle.start_ms, count
        next_ms = candle.start_ms + MINUTE_MS


def known_trades(batch: CandleBatch, from_ms: int, before_ms: int) -> dict[int, bool]:
    """Whether something traded in each 5-minute interval that the candles tell of, by its first minute since the epoch.

    Only candles that lie whole in ``from_ms`` to before ``before_ms`` count. One that the exchange left out between two
    others had no trade; one that could not be read tells nothing.
    """
    step_ms = batch.step_minutes * MINUTE_MS
    unreadable = frozenset(batch.malformed)
    known: dict[int, bool] = {}
    next_ms: int | None = None
    for candle in batch.candles:
        for start_ms in range(max(next_ms or candle.start_ms, from_ms), candle.start_ms, step_ms):
            if start_ms not in unreadable and start_ms + step_ms <= before_ms:
                known.setdefault(start_ms // _BUCKET_MS * BUCKET_MINUTES, False)
        next_ms = candle.start_ms + step_ms
        if from_ms <= candle.start_ms and next_ms <= before_ms:
            minute = candle.start_ms // _BUCKET_MS * BUCKET_MINUTES
            known[minute] = candle.volume > 0 or known.get(minute, False)
    return known
