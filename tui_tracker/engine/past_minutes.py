"""Minutes of the past that were read: whole hours, more of them as they are needed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from tui_tracker.core.kept import Loaded
from tui_tracker.core.metric import Metric
from tui_tracker.engine.archive import LATER
from tui_tracker.stats.gliding import Reach

HOUR: Final = 60
NEAR: Final = 3 * HOUR
"""What is missing between minutes that are known and such as are needed is read too, up to so many."""
MOST_BEYOND: Final = 12 * HOUR
"""Minutes that are kept beside those that are needed."""
Reaches = Mapping[Metric, Mapping[str, Reach]]
"""By metric and instrument; what was never observed is absent."""
Load = Callable[[Sequence[Metric], int, int], Awaitable[Loaded]]
"""Reads samples of some metrics: from a minute on, so many."""


class PastMinutes:
    """Of each metric, the minutes of one span, of all instruments. Minutes are counted from the epoch.

    Args:
        load: Reads from the history.
    """

    def __init__(self, load: Load) -> None:
        self._load: Final = load
        self._spans: Final[dict[Metric, tuple[int, int]]] = {}
        self._reading: Final = asyncio.Lock()
        self.reaches: Reaches = {}
        """What is known; replaced, never changed, so that a thread may go on with what it began with."""

    def knows(self, metric: Metric, first: int, end: int) -> bool:
        """Whether all minutes from ``first`` to before ``end`` were read."""
        span = self._spans.get(metric)
        return span is not None and span[0] <= first and end <= span[1]

    async def know(self, metrics: Sequence[Metric], first: int, end: int, last: int) -> None:
        """Read what is missing of some metrics from ``first`` to before ``end``.

        Args:
            metrics: Those that are coded together are read together.
            first: The first minute that is needed.
            end: The minute after the last one.
            last: The newest minute of the history; hours are read whole up to it.

        Raises:
            StorageError: If the history can't be read.
        """
        if all(self.knows(metric, first, end) for metric in metrics):
            return
        async with self._reading:
            for group in ((Metric.PRICE,), *LATER):
                spans: dict[tuple[int, int], list[Metric]] = {}
                for metric in group:
                    if metric in metrics:
                        for span in self._missing(metric, first, end, last):
                            spans.setdefault(span, []).append(metric)
                for (start, stop), wanted in spans.items():
                    loaded = await self._load(wanted, start, stop - start)
                    self.reaches = await asyncio.to_thread(self._joined, wanted, start, stop, loaded)
                    self._note(wanted, start, stop)

    def _missing(self, metric: Metric, first: int, end: int, last: int) -> list[tuple[int, int]]:
        """Spans to be read: whole hours, next to what is known."""
        if self.knows(metric, first, end):
            return []
        first, end = first - first % HOUR, min(end + -end % HOUR, last + 1)
        known = self._spans.get(metric)
        if known is None or first > known[1] + NEAR or end < known[0] - NEAR:
            return [(first, end)]
        return [(start, stop) for start, stop in ((first, known[0]), (known[1], end)) if start < stop]

    def _joined(self, metrics: Sequence[Metric], start: int, stop: int, loaded: Loaded) -> Reaches:
        joined = dict(self.reaches)
        for metric in metrics:
            span = self._spans.get(metric)
            is_beside = span is not None and (span[0] == stop or span[1] == start)
            found = dict(joined.get(metric, {})) if is_beside else {}
            for name, series in loaded.items():
                if (read := series.get(metric)) is not None:
                    reach, known = Reach(start, read.values, read.provenance), found.get(name)
                    found[name] = reach if known is None else known.joined(reach)
            joined[metric] = found
        return joined

    def _note(self, metrics: Sequence[Metric], start: int, stop: int) -> None:
        for metric in metrics:
            span = self._spans.get(metric, (start, stop))
            is_beside = span[0] == stop or span[1] == start
            self._spans[metric] = (min(start, span[0]), max(stop, span[1])) if is_beside else (start, stop)

    async def let_go(self, first: int, end: int) -> None:
        """Forget what is far from the minutes from ``first`` to before ``end``."""
        async with self._reading:
            for metric, (start, stop) in self._spans.items():
                if start < first - MOST_BEYOND or stop > end + MOST_BEYOND:
                    low, high = max(start, first - MOST_BEYOND // 2), min(stop, end + MOST_BEYOND // 2)
                    kept = await asyncio.to_thread(_cut, self.reaches[metric], low, max(low, high))
                    self.reaches = {**self.reaches, metric: kept}
                    self._spans[metric] = low, max(low, high)


def _cut(reaches: Mapping[str, Reach], low: int, high: int) -> Mapping[str, Reach]:
    cut = {name: reach.cut(low, high) for name, reach in reaches.items()}
    return {name: reach for name, reach in cut.items() if reach.values}
