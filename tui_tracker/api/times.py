"""Instants and spans of requests, and the samples within them."""

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from tui_tracker.api.problems import wrong
from tui_tracker.core.ago import ago_ms
from tui_tracker.core.series import MINUTE_MS, Series

_MS: Final = re.compile(r"\d{1,15}")
LONGEST_STEP: Final = 1_440
Point = tuple[int, float | None]
"""(start of an interval in ms, its last sample or ``None``)."""


def instant_ms(text: str | None, name: str, now_ms: int) -> int | None:
    """An instant, RFC 3339, ms since the epoch, or so long ago (``90m``, ``6h``, ``7d``), in ms.

    Raises:
        Refusal: If it is neither.
    """
    if text is None:
        return None
    if _MS.fullmatch(text):
        return int(text)
    if (ago := ago_ms(text)) is not None:
        return now_ms - ago
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise wrong(
            name, "an instant such as 2026-11-24T00:00:00Z (a + is %2B here), ms since the epoch, or 6h ago as 6h"
        )
    return math.floor(instant.astimezone(UTC).timestamp() * 1000)


def span_of(since: str | None, to: str | None, now_ms: int) -> tuple[int | None, int | None]:
    """(first instant, last instant) in ms; ``None`` where none is given.

    Raises:
        Refusal: If one is none, or the first is after the last.
    """
    since_ms, to_ms = instant_ms(since, "from", now_ms), instant_ms(to, "to", now_ms)
    if since_ms is not None and to_ms is not None and since_ms > to_ms:
        raise wrong("from", "it is after to")
    return since_ms, to_ms


def step_minutes(text: str) -> int:
    """A span such as ``5m`` or ``1h``, in minutes.

    Raises:
        Refusal: If it isn't 1 minute to 24 hours.
    """
    minutes = int(text[:-1]) * (60 if text.endswith("h") else 1)
    if not 1 <= minutes <= LONGEST_STEP:
        raise wrong("every", "1m to 24h")
    return minutes


def points(series: Series, since_ms: int | None, to_ms: int | None, step: int) -> list[Point]:
    """The last sample of each interval of ``step`` minutes that lies in the span, oldest first.

    Intervals start at multiples of their length since the epoch (UTC); the first may begin before the first sample.

    Args:
        series: Samples; ``step`` is a multiple of its own.
        since_ms: First instant; ``None`` for all.
        to_ms: Last instant; ``None`` for all.
        step: Minutes of an interval.
    """
    each_ms = series.step_ms
    first = 0 if since_ms is None else -(-(since_ms - series.start_ms) // each_ms)
    stop = len(series.values) if to_ms is None else (to_ms - series.start_ms) // each_ms + 1
    first, stop = max(0, first), min(len(series.values), stop)
    return list(_intervals(series, first, stop, step))


def _intervals(series: Series, first: int, stop: int, step: int) -> Iterator[Point]:
    length_ms, start_ms, each_ms = step * MINUTE_MS, series.start_ms, series.step_ms
    while first < stop:
        begin_ms = (start_ms + first * each_ms) // length_ms * length_ms
        end = min(stop, (begin_ms + length_ms - start_ms) // each_ms)
        seen = [value for value in series.values[first:end] if math.isfinite(value)]
        yield begin_ms, seen[-1] if seen else None
        first = end
