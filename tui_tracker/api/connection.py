"""One open stream: what its client follows, and how far it has come."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from tui_tracker import __version__
from tui_tracker.api.problems import Refusal
from tui_tracker.api.questions import answered, window_asked
from tui_tracker.api.schemas import MAX_LIMIT
from tui_tracker.api.scope import scope_of, window_of
from tui_tracker.api.security import Limits
from tui_tracker.api.streams import Streams
from tui_tracker.api.topics import (
    RankingTopic,
    ReportTopic,
    RowsOverTopic,
    RowsTopic,
    SeriesTopic,
    StatisticsTopic,
    Topic,
)
from tui_tracker.core.errors import TrackerError, UnknownPairError
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.text import clean
from tui_tracker.feed import messages
from tui_tracker.feed.wire import Codec

_METRICS: Final = {metric.value: metric for metric in METRICS}
_MEASURES: Final = {measure.value: measure for measure in Measure}
_OF_PAIR: Final = ("series", "statistics")
"""First words of the keys of what belongs to one pair and metric."""
MAX_PRIORITIES: Final = 5_000
MOST_QUESTIONS: Final = 4
"""Of one client, at a time."""
MOST_NEAR: Final = 2
"""Unknown names of one message that near ones are looked for."""
MOST_RANKINGS: Final = 16
"""That one client follows at a time."""
MOST_HELD: Final = 64
"""Commands of one client that wait for the first quotes."""
_T = TypeVar("_T")


class Connection:
    """What one client follows. Owned by the task that serves the stream.

    Args:
        streams: All of them.
        limits: What one client may take.
        codec: How it is spoken to.
    """

    def __init__(self, streams: Streams, limits: Limits, codec: Codec) -> None:
        self._streams, self._board, self._limits, self._codec = streams, streams.board, limits, codec
        self._sent: dict[Hashable, int | None] = {}
        """State that the client has of each thing it follows."""
        self._topics: dict[Hashable, Topic] = {}
        self._upto: int | None = None
        """State of all of it; ``None`` while it has of some thing none, or an older one."""
        self._answers: list[bytes] = []
        self._rows: tuple[Hashable, Callable[[], Topic]] = ("rows", RowsTopic)
        self._questions = 0
        self._near_left = 0
        self._windows: set[Hashable] = set()
        """Keys of the windows that were asked for without their pair."""
        self._held: list[messages.Command] = []
        """Commands that wait for the first quotes, in order."""
        self._busy = asyncio.Lock()

    def greet(self) -> None:
        """Say hello in the next frame."""
        status = self._board.feed.status()
        self._answer(
            messages.Hello(
                protocol=messages.PROTOCOL,
                server=__version__,
                epoch=self._board.epoch,
                source=status.source,
                is_simulated=status.is_simulated,
                clock_rate=self._board.clock_rate,
                min_frame_ms=round(self._streams.min_frame_s * 1000),
                max_subscriptions=self._limits.subscriptions,
                window_minutes=0 if self._board.latest is None else self._board.latest.window_minutes,
                longest_minutes=self._board.longest_minutes,
                has_history=self._board.deep is not None and status.history is not None,
                max_rankings=MOST_RANKINGS,
            )
        )

    def release(self) -> None:
        """Follow nothing any more."""
        self._streams.prioritise(self, ())
        for topic in self._topics.values():
            self._streams.release(topic)
        self._topics.clear()
        self._held.clear()

    async def frame(self) -> bytes | str | None:
        """Everything that the client doesn't have yet, as one frame, in JSON a text; ``None`` if there is nothing."""
        if self._upto == self._streams.seq and not self._answers:
            return None
        if self._held and self._board.has_quotes:
            async with self._busy:
                await self._follow_held()
        async with self._busy, self._streams.lock:
            seq = self._upto = self._streams.seq
            answers, self._answers = self._answers, []
            parts = list[bytes]()
            for key, topic in self._topics.items():
                sent = self._sent[key]
                if sent != seq:
                    parts += [encoded.data(self._codec) for encoded in topic.since(sent)]
                    self._sent[key] = seq
        if answers:  # who follows nothing has nothing, and can't go on from here
            return self._streams.made_frame(self._codec, seq if self._topics else 0, answers + parts)
        return self._streams.frame(self._codec, seq, parts) if parts else None

    async def follow(self, command: messages.Command, unknown: Sequence[str] = ()) -> None:
        """Do what a client wants; what can't be done is answered. No frame has the half of a command.

        Args:
            command: What it wants.
            unknown: What else it said that nobody here understands.
        """
        async with self._busy:
            if unknown:
                self._trouble("Unknown field", f"left out, for this server doesn't know it: {', '.join(unknown)}")
            await self._follow(command)

    async def answer(self, ask: messages.Ask) -> None:
        """Answer a question with one of the next frames; that for a window goes with its command."""
        if ask.what == "window":
            return
        if self._questions >= MOST_QUESTIONS:
            self._trouble("Not now", f"at most {MOST_QUESTIONS} questions at a time", number=ask.number)
            return
        self._questions += 1
        try:
            event = await answered(self._board, ask)
            data = await asyncio.to_thread(self._codec.event, event)
            self._answers.append(data)
        except TrackerError as error:
            self._trouble("Not answered", error.told, number=ask.number)
        finally:
            self._questions -= 1

    async def _follow(self, command: messages.Command) -> None:
        if command.ask is not None and command.ask.what == "window":
            await self._set_window(command.ask)
        if _needs_quotes(command) and not (self._board.has_quotes and not self._held):
            self._hold(command)
        else:
            await self._follow_pairs(command)
        if command.rows is not None:
            await self._follow_rows(command.rows, self._resumed(command))
        if command.prioritise is not None:
            self._streams.prioritise(self, command.prioritise[:MAX_PRIORITIES])
        if command.poll:
            self._answer(messages.Polling(at_ms=self._board.feed.request_poll()))
        if command.ping is not None:
            self._answer(messages.Pong(ping=command.ping))

    def _hold(self, command: messages.Command) -> None:
        """Keep what can't be followed before the first quotes until they come."""
        if len(self._held) >= MOST_HELD:
            self._trouble("Not now", f"no quotes yet; {MOST_HELD} messages wait for them already")
            return
        if not self._held:
            self._trouble("Not yet", "no quotes yet; what was asked for is told as soon as the first come")
        self._held.append(command)

    async def _follow_held(self) -> None:
        held, self._held = self._held, []
        for command in held:
            await self._follow_pairs(command)

    async def _follow_pairs(self, command: messages.Command) -> None:
        resumed = self._resumed(command)
        metrics = None if command.metrics is None else self._known_metrics(command.metrics)
        for name in dict.fromkeys(command.unsubscribe):
            self._unsubscribe(name, metrics)
        self._near_left = MOST_NEAR
        for name, wanted in self._bounded(command.windows):
            metric = self._known_metrics((wanted,))
            instrument_id = await self._subscribe(name, metric, False, resumed)
            self._windows |= {("series", instrument_id, one) for one in metric}
        for name in self._bounded(command.subscribe):
            await self._subscribe(name, [Metric.PRICE] if metrics is None else metrics, command.statistics, resumed)
        if command.ranking is not None:
            await self._follow_ranking(command.ranking, resumed)

    def _resumed(self, command: messages.Command) -> int | None:
        """The state that a client has of what a command subscribes to; ``None`` if it was never one of ours."""
        resume, newest = command.resume, self._streams.seq
        is_known = resume is not None and resume.epoch == self._board.epoch and resume.seq <= newest
        return resume.seq if resume is not None and is_known else None

    def _unsubscribe(self, name: str, metrics: Sequence[Metric] | None) -> None:
        """Follow a pair no more, in some metrics; without a choice in all, but for windows asked for by themselves."""
        with suppress(TrackerError):  # one that is listed no more may still be followed, by its id
            name = self._board.named(name, has_near=False).id
        keys = [key for key in self._topics if isinstance(key, tuple) and key[0] in _OF_PAIR and key[1] == name]
        if metrics is None:
            ended = [key for key in keys if key not in self._windows or key[2] is Metric.PRICE]
        else:
            ended = [key for key in keys if key[2] in metrics]
        for key in ended:
            self._drop(key)
        if not ended:
            self._trouble("Not followed", "nothing of it is, or not by this name", name)

    def _bounded(self, wanted: Sequence[_T]) -> list[_T]:
        """Each once, and no more than may be followed anyway."""
        most, each = self._limits.subscriptions, list(dict.fromkeys(wanted))
        if len(each) > most:
            self._trouble("Too many subscriptions", f"a message names at most {most}; the first {most} are taken")
        return each[:most]

    async def _subscribe(
        self, name: str, metrics: list[Metric], with_statistics: bool, resumed: int | None
    ) -> str | None:
        """Follow a pair; return its id, ``None`` if there is no such pair."""
        await asyncio.sleep(0)  # others have their turn, however much one wants
        try:
            row = self._board.named(name, has_near=self._near_left > 0)
        except UnknownPairError as error:
            self._near_left -= 1
            self._trouble("Unknown pair", error.told, name)
            return None
        except TrackerError as error:
            self._trouble("Not now", error.told, name)
            return None
        for metric in metrics:
            await self._add(("series", row.id, metric), partial(SeriesTopic, row.id, metric), resumed)
            if with_statistics:
                await self._add(("statistics", row.id, metric), partial(StatisticsTopic, row.id, metric), resumed)
        return row.id

    async def _follow_ranking(self, wanted: messages.RankingSpec | bool, resumed: int | None) -> None:
        if isinstance(wanted, bool):
            for key in list(filter(_is_ranking, self._topics)):
                self._drop(key)
            if wanted:
                await self._follow_ranking(messages.RankingSpec(), resumed)
            return
        metric, measure = _METRICS.get(wanted.metric), _MEASURES.get(wanted.by)
        if metric is None or measure is None or not 1 <= wanted.limit <= MAX_LIMIT or not 0 <= wanted.floor <= 1e18:
            known = f"metric {', '.join(_METRICS)}; by {', '.join(_MEASURES)}; limit 1 to {MAX_LIMIT}"
            self._trouble("Wrong ranking", known, spec=wanted)
            return
        try:
            scope = scope_of(
                self._board,
                quote=wanted.quote,
                pairs=",".join(wanted.pairs) if wanted.pairs else None,
                floor=wanted.floor,
                exclude=",".join(wanted.exclude),
                source=wanted.source,
                unique_base=wanted.unique_base,
            )
            minutes = window_of(self._board, wanted.window or None)
            await self._board.over(minutes, metric)  # it is made here, so that no snapshot waits for it
        except (Refusal, TrackerError) as error:
            self._trouble("Wrong ranking", str(error), spec=wanted)
            return
        window = None if minutes == self._board.snapshot().window_minutes else minutes
        make = partial(RankingTopic, wanted, metric, measure, scope, window)
        key = "ranking", wanted
        if key not in self._topics and sum(_is_ranking(other) for other in self._topics) >= MOST_RANKINGS:
            self._trouble(
                "Too many rankings", f'a stream follows at most {MOST_RANKINGS}; {{"ranking": false}} ends all'
            )
            return
        await self._add(key, make, resumed)

    async def _set_window(self, ask: messages.Ask) -> None:
        """Have the rows be over another window; it is made here, so that no snapshot waits for it."""
        try:
            minutes, metric = window_asked(ask)
            await self._board.over(minutes, metric)
            is_usual = minutes == self._board.snapshot().window_minutes
        except TrackerError as error:
            self._trouble("No such window", error.told, number=ask.number)
            return
        self._answer(messages.Answer(number=ask.number, window=minutes))
        before, _ = self._rows
        key: Hashable = "rows" if is_usual else ("rows", minutes, metric)
        self._rows = key, RowsTopic if is_usual else partial(RowsOverTopic, minutes, metric)
        if key != before and before in self._topics:
            self._drop(before)
            await self._add(*self._rows, None)

    async def _follow_rows(self, is_wanted: bool, resumed: int | None) -> None:
        for key, make in (self._rows, ("report", ReportTopic)):
            if is_wanted:
                await self._add(key, make, resumed)
            else:
                self._drop(key)

    async def _add(self, key: Hashable, make: Callable[[], Topic], resumed: int | None) -> None:
        if key in self._topics:
            return
        if len(self._topics) >= self._limits.subscriptions:
            name = str(key[1]) if isinstance(key, tuple) and key[0] in _OF_PAIR else None
            self._trouble(
                "Too many subscriptions", f"a stream follows at most {self._limits.subscriptions} things", name
            )
            return
        self._topics[key], was_kept = await self._streams.topic(key, make)
        self._sent[key], self._upto = resumed if was_kept else None, None

    def _drop(self, key: Hashable) -> None:
        topic = self._topics.pop(key, None)
        if topic is not None:
            del self._sent[key]
            self._windows.discard(key)
            self._streams.release(topic)

    def _known_metrics(self, names: Sequence[str]) -> list[Metric]:
        """The metrics of these names, each once; what is none is told."""
        for name in dict.fromkeys(names):
            if name not in _METRICS:
                self._trouble("Unknown metric", f"known: {', '.join(_METRICS)}", name)
        return [_METRICS[name] for name in dict.fromkeys(names) if name in _METRICS]

    def _trouble(
        self,
        title: str,
        detail: str,
        name: str | None = None,
        number: int | None = None,
        spec: messages.RankingSpec | None = None,
    ) -> None:
        if len(self._answers) < self._limits.subscriptions:
            told, name = clean(detail, 500), name and clean(name)
            self._answer(messages.Trouble(title=title, detail=told, id=name, number=number, spec=spec))

    def _answer(self, event: messages.Event) -> None:
        self._answers.append(self._codec.event(event))


def _needs_quotes(command: messages.Command) -> bool:
    """Whether a command is about pairs, which are known only once quotes came."""
    wanted = command.subscribe, command.unsubscribe, command.windows, command.ranking
    return any(one or one is False for one in wanted)


def _is_ranking(key: Hashable) -> bool:
    return isinstance(key, tuple) and key[0] == "ranking"
