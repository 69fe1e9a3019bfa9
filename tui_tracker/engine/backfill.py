"""Loading of history from candles, in the background."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import MalformedDataError, RejectedError, SourceError, TimedOutError, UnreachableError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.status import BackfillProgress
from tui_tracker.engine.turns import stand_back
from tui_tracker.sources.base import HistoryStep, Source

ATTEMPTS: Final = 3
AGAIN_S: Final = (60.0, 600.0)
"""What was given up is tried again after so long, each time twice as long, up to so long …"""
REFUSED_AGAIN_S: Final = (600.0, 3_600.0)
"""… or so where the exchange has nothing to say of that instrument."""
_log = logging.getLogger(__name__)


class Wanted(Enum):
    """Whose history is loaded."""

    ALL = "all"
    ASKED = "asked"
    """Only of instruments that were prioritised."""


@dataclass(frozen=True, slots=True)
class _GivenUp:
    """History that could not be loaded."""

    steps: tuple[int, ...]
    """What was still to be loaded."""
    pause_s: float
    due_s: float
    """When it is tried again, by the monotonic clock."""


class Backfill:
    """Fetches candles one request at a time: coarse ones of all wanted instruments first, then finer ones.

    Within a step, prioritised instruments come first in their order, then by traded volume. It decides what is loaded
    when; spacing of requests is the source's business.
    """

    def __init__(
        self,
        source: Source,
        clock: Clock,
        window_minutes: int,
        wanted: Wanted,
        on_candles: Callable[[Instrument, CandleBatch], Awaitable[None]],
        on_failure: Callable[[], None] = lambda: None,
        has_traded: Callable[[str], bool] = lambda _: False,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make an idle backfill; ``on_candles`` gets each answer, ``on_failure`` is told when one is given up.

        An answer without a candle is none for what ``has_traded``.

        What is left is estimated by ``now_s``: people wait in real time, also for a simulated market.
        """
        self._source: Final = source
        self._clock: Final = clock
        self._wanted: Final = wanted
        self._on_candles: Final = on_candles
        self._on_failure: Final = on_failure
        self._has_traded: Final = has_traded
        self._now_s: Final = now_s
        self.steps: Final = needed_steps(source.history, window_minutes)
        self._instruments: dict[str, Instrument] = {}
        self._by_volume: tuple[str, ...] = ()
        """All instruments, the most traded first, as they were when the last one came or went."""
        self._places: list[int] = [0 for _ in self.steps]
        """Before these places of that order nothing is pending."""
        self._asked: dict[str, int] = {}
        self._pending: tuple[set[str], ...] = tuple(set() for _ in self.steps)
        self._away: tuple[set[str], ...] = tuple(set() for _ in self.steps)
        self._failed: dict[str, _GivenUp] = {}
        self._setbacks: dict[str, int] = {}
        self._known: set[str] = set()
        self._count: int | None = None
        """How many of these are listed; ``None`` if that is to be counted anew."""
        self._first: dict[str, int] = {}
        self._work = asyncio.Event()
        self.is_open = asyncio.Event()
        """Set while the source answers; nothing is fetched while it is not."""
        self._pace_s: float | None = None
        self._job: tuple[int, str] | None = None
        """What is asked for at this moment …"""
        self._is_outdated = False
        """… and whether more of it is wanted since than was when it was asked for."""

    def want(self, instruments: Iterable[Instrument], volume_usd: Callable[[str], float | None]) -> None:
        """Take the instruments that can have history: new ones are queued, gone ones wait until they are back.

        Told after each poll, so this is when what was given up long enough ago is tried again.
        """
        before, self._instruments = self._instruments, {instrument.id: instrument for instrument in instruments}
        present = self._instruments.keys()
        if present != before.keys():
            self._count = None
            self._by_volume = tuple(sorted(present, key=lambda name: (-(volume_usd(name) or 0.0), name)))
            waiting = [pending | away for pending, away in zip(self._pending, self._away, strict=True)]
            self._pending = tuple(names & present for names in waiting)
            self._away = tuple(names - present for names in waiting)
            self._places = [0 for _ in self.steps]
        if any(self._pending):
            self._work.set()
        if new := present - self._known:
            self._queue(new, range(len(self.steps)))
        if self._wanted is Wanted.ALL:
            self._try_again()

    def _try_again(self) -> None:
        now_s = self._clock.monotonic_s()
        for name, given_up in self._failed.items():
            if now_s >= given_up.due_s and name in self._instruments:
                self._setbacks.pop(name, None)
                self._queue([name], [step for step in given_up.steps if name not in self._pending[step]])

    def reset(self) -> None:
        """Forget what was loaded and what is to be: another process did so meanwhile."""
        for names in (*self._pending, *self._away, self._known):
            names.clear()
        self._failed.clear()
        self._setbacks.clear()
        self._pace_s = self._count = None
        self.is_open.clear()

    def take_up(self, instrument_ids: Iterable[str], first_step: int) -> None:
        """When these are wanted, load only the steps from ``first_step`` on: what those before would tell is known."""
        self._first.update(dict.fromkeys(instrument_ids, first_step))

    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """Load these first, in this order."""
        self._asked = {name: place for place, name in enumerate(dict.fromkeys(instrument_ids))}
        if self._wanted is Wanted.ASKED:
            self._queue([name for name in self._asked if name not in self._known], range(len(self.steps)))

    def repair(self, gap_minutes: int, instrument_ids: Collection[str] | None = None) -> None:
        """Load again what covers the last ``gap_minutes``, of these instruments or of all that were loaded before."""
        finest = len(self.steps) - 1
        first = next((i for i in range(finest, -1, -1) if self.steps[i].span_minutes > gap_minutes), 0)
        names = self._known if instrument_ids is None else self._known.intersection(instrument_ids)
        for name in names:
            self._failed.pop(name, None)
            self._setbacks.pop(name, None)
        for step in range(first, finest + 1):
            self._away[step].update(names - self._instruments.keys())
        self._queue(names & self._instruments.keys(), range(first, finest + 1))

    def _queue(self, names: Collection[str], steps: Collection[int]) -> None:
        wanted = [name for name in names if self._wanted is Wanted.ALL or name in self._asked]
        wanted = [name for name in wanted if name in self._instruments]
        self._known.update(wanted)
        self._count = None
        if self._job is not None and self._job[0] in steps and self._job[1] in wanted:
            self._is_outdated = True
        for step in steps:
            self._pending[step].update(name for name in wanted if self._first.get(name, 0) <= step)
        for name in wanted:
            self._first.pop(name, None)
        if wanted:
            self._places = [0 for _ in self.steps]
        if any(self._pending):
            self._work.set()

    def place(self, instrument_id: str) -> int | None:
        """Where an instrument stands among the prioritised ones, from 0; ``None`` if it isn't one."""
        return self._asked.get(instrument_id)

    def is_last_job(self) -> bool:
        """Whether at most one request is left."""
        return sum(map(len, self._pending)) <= 1

    def progress(self) -> BackfillProgress:
        """How far loading has come, in requests."""
        if self._count is None:
            self._count = len(self._known & self._instruments.keys())
        wanted = len(self._asked) if self._wanted is Wanted.ASKED else self._count
        total = wanted * len(self.steps)
        left = [len(pending) for pending in self._pending]
        step = next((i for i, count in enumerate(left) if count), None)
        remaining = self._pace_s * sum(left) if self._pace_s is not None and step is not None else None
        return BackfillProgress(
            max(0, total - sum(left)),
            total,
            tuple(self._failed),
            remaining,
            self.steps[step].minutes if step is not None else None,
        )

    async def run(self) -> None:
        """Fetch what is pending, for ever."""
        while True:
            await self.is_open.wait()
            if (job := self._next_job()) is None:
                self._work.clear()
                await self._work.wait()
                continue
            self._job, self._is_outdated = job, False
            step, name = job
            started_s = self._now_s()
            is_over = await self._load(self._instruments[name], self.steps[step].minutes)
            if is_over and not self._is_outdated:
                self._pending[step].discard(name)
            self._job = None
            await stand_back()
            took_s = max(self._now_s() - started_s, self._source.next_slot_s())
            self._pace_s = took_s if self._pace_s is None else 0.9 * self._pace_s + 0.1 * took_s

    def _next_job(self) -> tuple[int, str] | None:
        for step, pending in enumerate(self._pending):
            if pending:
                return step, next((name for name in self._asked if name in pending), None) or self._most_traded(step)
        return None

    def _most_traded(self, step: int) -> str:
        pending, place = self._pending[step], self._places[step]
        while self._by_volume[place] not in pending:
            place += 1
        self._places[step] = place
        return self._by_volume[place]

    async def _load(self, instrument: Instrument, minutes: int) -> bool:
        """Fetch and deliver candles; whether the job is over, for better or worse."""
        try:
            async for attempt in AsyncRetrying(
                stop=stop_after_attempt(ATTEMPTS),
                wait=wait_exponential_jitter(initial=1, max=30, jitter=1),
                retry=retry_if_exception(_may_work_again),
                sleep=self._clock.sleep,
                reraise=True,
            ):
                with attempt:
                    batch = await self._candles(instrument, minutes)
        except SourceError as error:
            if not _is_away(error):
                self._fail(instrument, error)
                return True
            setbacks = self._setbacks[instrument.id] = self._setbacks.get(instrument.id, 0) + 1
            if self._wanted is Wanted.ALL and setbacks < ATTEMPTS:
                _log.info("history of %s waits for the source: %s", instrument.id, error)
                self.is_open.clear()
                return False
            self._fail(instrument, error)
        else:
            self._setbacks.pop(instrument.id, None)
            self._failed.pop(instrument.id, None)
            await asyncio.sleep(0)  # reading and filling are a few ms each
            await self._on_candles(instrument, batch)
        return True

    async def _candles(self, instrument: Instrument, minutes: int) -> CandleBatch:
        batch = await self._source.candles(instrument, minutes)
        if not batch.candles and self._has_traded(instrument.id):
            raise MalformedDataError(f"{self._source.name} tells no candle of {instrument.pair}, which is traded")
        return batch

    def _fail(self, instrument: Instrument, error: SourceError) -> None:
        _log.warning("history of %s not loaded: %s", instrument.id, error)
        is_refused = isinstance(error, RejectedError) and (error.http_status or 0) < HTTPStatus.INTERNAL_SERVER_ERROR
        first_s, longest_s = REFUSED_AGAIN_S if is_refused else AGAIN_S
        before = self._failed.get(instrument.id)
        pause_s = first_s if before is None else min(2 * before.pause_s, longest_s)
        steps = tuple(step for step, pending in enumerate(self._pending) if instrument.id in pending)
        self._failed[instrument.id] = _GivenUp(steps, pause_s, self._clock.monotonic_s() + pause_s)
        for pending in self._pending:
            pending.discard(instrument.id)
        self._on_failure()


def _is_away(error: SourceError) -> bool:
    """Whether the exchange answers to nobody here, for now: nothing else need be asked before a poll is answered."""
    return isinstance(error, UnreachableError | TimedOutError) or _is_barred(error)


def _is_barred(error: BaseException) -> bool:
    return isinstance(error, RejectedError) and error.is_barred


def _may_work_again(error: BaseException) -> bool:
    return isinstance(error, SourceError) and not _is_barred(error)


def needed_steps(history: Sequence[HistoryStep], window_minutes: int) -> tuple[HistoryStep, ...]:
    """The steps, coarsest first, that a window needs: a finer one that covers it whole makes coarser ones needless."""
    for index in range(len(history) - 1, -1, -1):
        if history[index].span_minutes >= window_minutes:
            return tuple(history[index:])
    return tuple(history)
