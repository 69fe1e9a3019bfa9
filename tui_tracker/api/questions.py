"""Questions about the history that come over the stream."""

from collections.abc import Sequence
from typing import Final

from tui_tracker.api.board import LONGEST_MINUTES, SHORTEST_MINUTES, Board
from tui_tracker.core.errors import NoDataError, ServiceError
from tui_tracker.core.hours import HOUR_MS, MOST_HOURS
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.feed import messages
from tui_tracker.feed.answers import hours_wire, kept_wire, minutes_wire, rollups_wire

MOST_SAMPLES: Final = 2_000_000
"""Minutes times metrics times instruments of one answer: 18 MB."""
MOST_SUMS: Final = 500_000
"""Hours times instruments of one answer."""
MOST_DAY: Final = 1_440
_METRICS: Final = {metric.value: metric for metric in METRICS}


def window_asked(ask: messages.Ask) -> tuple[int, Metric]:
    """(minutes, metric) of a question for another window.

    Raises:
        ServiceError: If there can be no such window.
    """
    (metric,) = _metrics(ask.metrics, 1)
    if not SHORTEST_MINUTES <= ask.count <= LONGEST_MINUTES:
        raise ServiceError("a window has 10 minutes to 30 days")
    return ask.count, metric


async def answered(board: Board, ask: messages.Ask) -> messages.Answer:
    """The answer to a question.

    Raises:
        TrackerError: If it can't be answered, with the reason.
    """
    deep = board.deep
    if deep is None:
        raise NoDataError("this server tells no more than its window")
    async with board.reading:
        match ask.what:
            case "hours":
                (metric,) = _metrics(ask.metrics, 1)
                (name,) = ask.ids if ask.ids is not None and len(ask.ids) == 1 else ("",)
                hours = await deep.hours(name, metric, _within(ask.count, MOST_HOURS, "hours"))
                return messages.Answer(number=ask.number, hours=hours_wire(hours))
            case "minutes":
                metrics = _metrics(ask.metrics, len(METRICS))
                count = _within(ask.count, MOST_DAY, "minutes")
                _bound(board, ask.ids, count * len(metrics), MOST_SAMPLES)
                loaded = await deep.minutes(_named(ask.ids), metrics, ask.start_ms, count)
                return messages.Answer(number=ask.number, minutes=minutes_wire(loaded))
            case "rollups":
                count = _within(ask.count, MOST_HOURS, "hours")
                _bound(board, ask.ids, count, MOST_SUMS)
                found = await deep.rollups(_named(ask.ids), ask.start_ms, ask.start_ms + count * HOUR_MS)
                return messages.Answer(number=ask.number, rollups=rollups_wire(found))
            case "kept":
                return messages.Answer(number=ask.number, kept=kept_wire(await deep.kept()))
            case _:
                raise ServiceError("this server doesn't know that question")


def _metrics(names: Sequence[str], most: int) -> tuple[Metric, ...]:
    metrics = tuple(dict.fromkeys(_METRICS[name] for name in names if name in _METRICS))
    if len(metrics) != len(names) or not 1 <= len(metrics) <= most:
        raise ServiceError(f"name 1 to {most} metrics", f"known: {', '.join(_METRICS)}")
    return metrics


def _within(count: int, most: int, what: str) -> int:
    if not 1 <= count <= most:
        raise ServiceError(f"1 to {most} {what}")
    return count


def _named(ids: Sequence[str] | None) -> frozenset[str] | None:
    return None if ids is None else frozenset(ids)


def _bound(board: Board, ids: Sequence[str] | None, each: int, most: int) -> None:
    count = len(board.snapshot().rows) if ids is None else len(ids)
    if count * each > most:
        raise ServiceError(f"that is more than {most:,} numbers", "ask for less at a time")
