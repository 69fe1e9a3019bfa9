"""Samples from before the window, from the history that the server keeps."""

from array import array
from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Final

from tui_tracker.api.board import Board
from tui_tracker.api.problems import wrong
from tui_tracker.core.errors import NoDataError
from tui_tracker.core.hours import HOUR_MS, MOST_HOURS, Hours
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS, Series

MOST_MINUTES: Final = 35 * 1_440
"""Single minutes of one answer."""
DAY: Final = 1_440
"""Minutes that are read at once."""
NOTHING_KEPT: Final = "this server tells no more than its window"


async def minutes(
    board: Board, instrument_id: str, metrics: Sequence[Metric], since_ms: int | None
) -> tuple[list[Series], str]:
    """(the windows of some metrics, begun at an earlier instant; why they begin no earlier, or nothing).

    Raises:
        Refusal: For more than ``MOST_MINUTES``.
        UnknownPairError: If there is no such instrument.
    """
    windows = [await board.feed.series(instrument_id, metric) for metric in metrics]
    start_ms = windows[0].start_ms
    if since_ms is None or since_ms >= start_ms:
        return windows, ""
    first_ms = -(-since_ms // MINUTE_MS) * MINUTE_MS
    if (windows[0].end_ms - first_ms) // MINUTE_MS >= MOST_MINUTES:
        raise wrong("from", f"at most {MOST_MINUTES // DAY} days of minutes; with every=1h or more, a year")
    if board.deep is None:
        return windows, NOTHING_KEPT
    try:
        older = await _read(board, instrument_id, metrics, first_ms, start_ms)
    except NoDataError as error:
        return windows, error.message
    joined = [
        replace(one, start_ms=first_ms, values=before + one.values) for before, one in zip(older, windows, strict=True)
    ]
    return joined, ""


async def _read(
    board: Board, instrument_id: str, metrics: Sequence[Metric], first_ms: int, end_ms: int
) -> "list[array[float]]":
    """Minutes of each metric, a day at a time; NaN where nothing is kept."""
    assert board.deep is not None
    found = [array("d") for _ in metrics]
    for day_ms in range(first_ms, end_ms, DAY * MINUTE_MS):
        count = min(DAY, (end_ms - day_ms) // MINUTE_MS)
        async with board.reading:
            loaded = (await board.deep.minutes([instrument_id], metrics, day_ms, count)).get(instrument_id, {})
        for values, metric in zip(found, metrics, strict=True):
            known = loaded.get(metric)
            values.extend(array("d", [nan]) * count if known is None else known.values)
    return found


async def hours(board: Board, instrument_id: str, metric: Metric, since_ms: int, end_ms: int) -> Hours:
    """Hours from the one of an instant on, up to the newest.

    Raises:
        Refusal: For more than ``MOST_HOURS``.
        UnknownPairError: If there is no such instrument.
    """
    count = end_ms // HOUR_MS - since_ms // HOUR_MS + 1
    if count > MOST_HOURS:
        raise wrong("from", f"at most {MOST_HOURS // 24} days back")
    async with board.reading:
        return await board.feed.hours(instrument_id, metric, max(1, count))
