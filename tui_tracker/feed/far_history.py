"""The history that a server keeps, asked for over its stream."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from tui_tracker.core.errors import FeedError
from tui_tracker.core.hours import HOUR_MS
from tui_tracker.core.kept import Kept, Loaded, Rollup
from tui_tracker.core.metric import Metric
from tui_tracker.feed import answers, messages
from tui_tracker.feed.questions import Questions
from tui_tracker.stats.hours import candles_in
from tui_tracker.stats.ohlc import Ohlc

MOST_KEPT: Final = 16
"""Pairs whose hours are remembered until the next hour."""
NO_HISTORY: Final = "this server tells no history"


class FarHistory:
    """``History`` over the stream of a server.

    Args:
        questions: That are asked there.
        hello: What the server said of itself, ``None`` before it did.
    """

    def __init__(self, questions: Questions, hello: Callable[[], messages.Hello | None]) -> None:
        self._questions, self._hello = questions, hello
        self._hours: OrderedDict[tuple[str, Metric, int], tuple[int, Mapping[int, Ohlc], str]] = OrderedDict()

    @property
    def is_told(self) -> bool:
        """Whether the server answers such questions."""
        hello = self._hello()
        return hello is not None and hello.has_history

    async def older(self, name: str, metric: Metric, count: int, hour_ms: int) -> tuple[Mapping[int, Ohlc], str]:
        """(the last ``count`` hours by their first instant, why there are no more); asked for once an hour.

        Args:
            name: Id of an instrument.
            metric: Whose.
            count: How many.
            hour_ms: First instant of the newest one.
        """
        if not self.is_told:
            return {}, NO_HISTORY
        key = name, metric, count
        known = self._hours.get(key)
        if known is not None and known[0] == hour_ms:
            return known[1:]
        try:
            answer = await self._questions.ask("hours", ids=(name,), metrics=(metric.value,), count=count)
            if answer.hours is None:
                raise FeedError("the server sent no hours")
            hours = answers.hours_of(answer.hours, name, metric)
        except FeedError as error:
            return {}, error.message
        found = {each.start_ms: each for each in candles_in(hours)}
        self._hours[key] = hour_ms, found, hours.missing
        if len(self._hours) > MOST_KEPT:
            self._hours.popitem(last=False)
        return found, hours.missing

    async def kept(self) -> Kept:
        """See ``History.kept``."""
        self._check()
        answer = await self._questions.ask("kept")
        if answer.kept is None:
            raise FeedError("the server did not say what it keeps")
        return answers.kept_of(answer.kept)

    async def minutes(
        self, ids: Collection[str] | None, metrics: Sequence[Metric], start_ms: int, count: int
    ) -> Loaded:
        """See ``History.minutes``."""
        self._check()
        names = tuple(metric.value for metric in metrics)
        wanted = None if ids is None else tuple(ids)
        answer = await self._questions.ask("minutes", ids=wanted, metrics=names, start_ms=start_ms, count=count)
        return answers.minutes_of(answer.minutes or (), count)

    async def rollups(
        self, ids: Collection[str] | None, start_ms: int, end_ms: int
    ) -> Mapping[str, tuple[Rollup, ...]]:
        """See ``History.rollups``."""
        self._check()
        wanted = None if ids is None else tuple(ids)
        count = -(-(end_ms - start_ms) // HOUR_MS)
        answer = await self._questions.ask("rollups", ids=wanted, start_ms=start_ms, count=count)
        return answers.rollups_of(answer.rollups or ())

    def _check(self) -> None:
        if not self.is_told:
            raise FeedError(NO_HISTORY, "it keeps none, or is of an older version")
