"""Candles, put together from rows of any exchange."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.sources.answer import ANYTHING
from tui_tracker.sources.numbers import END_OF_TIME_MS, count, number, price, volume

Key = int | str


@dataclass(frozen=True, slots=True)
class CandleShape:
    """Where an exchange puts what in a candle: places in a list, or names in an object."""

    start: Key = 0
    close: Key = 4
    volume: Key = 5
    """Of the base asset."""
    trades: Key | None = None
    unit_ms: int = 1
    """Milliseconds in a unit of ``start``."""
    is_closed: Key | None = None
    """What is ``1`` or ``true`` once nothing more can come."""

    def read(self, raw: msgspec.Raw, step_ms: int) -> "Candle | int | None":
        """One candle, the start in ms (0 if unknown) of one that can't be used, or ``None`` for one still open."""
        try:
            row = ANYTHING.decode(raw)
        except (ValueError, RecursionError):
            return 0
        return self.pick(row, step_ms)

    def pick(self, row: Any, step_ms: int) -> "Candle | int | None":
        """The same of a row that is decoded."""
        start_ms = 0
        try:
            start = number(row[self.start]) * self.unit_ms
            if not (0 < start < END_OF_TIME_MS and start % step_ms == 0):
                return 0
            start_ms = int(start)
            if self.is_closed is not None and str(row[self.is_closed]).lower() not in ("1", "true"):
                return None
            close, traded = price(row[self.close]), volume(row[self.volume])
            trades = None if self.trades is None else count(row[self.trades])
        except (LookupError, TypeError):
            return start_ms
        return start_ms if close is None or traded is None else Candle(start_ms, close, traded, trades)


def gather_candles(
    rows: "Iterable[Candle | int | None]", step_minutes: int, is_closed: Callable[[int], bool]
) -> CandleBatch:
    """Put candles in order, oldest first and single: of two of one interval the later row counts.

    Args:
        rows: As ``CandleShape.read`` gives them.
        step_minutes: Length of a candle.
        is_closed: Whether nothing more can come into the candle that starts at an instant, ms.
    """
    candles: dict[int, Candle] = {}
    malformed: list[int] = []
    for candle in rows:
        if isinstance(candle, int):
            malformed.append(candle)
        elif candle is not None:
            candles[candle.start_ms] = candle
    closed = tuple(candle for start_ms, candle in sorted(candles.items()) if is_closed(start_ms))
    return CandleBatch(step_minutes, closed, tuple(malformed))


def ended_by(instant_ms: int, step_minutes: int) -> Callable[[int], bool]:
    """Whether a candle that starts at an instant is over by ``instant_ms``."""
    step_ms = step_minutes * MINUTE_MS
    return lambda start_ms: start_ms + step_ms <= instant_ms
