"""An engine that shares a history with others: one of them collects, the others do to their markets what it did."""

import asyncio
import logging
import os
import secrets
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import replace
from typing import Final

from typing_extensions import override

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import StorageError
from tui_tracker.core.instrument import Trading
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import ELSEWHERE, SourceReport, SourceState, SourceStatus
from tui_tracker.engine.engine import Engine
from tui_tracker.engine.health import STALE_INTERVALS
from tui_tracker.engine.sharing import TICK_S, Sharing
from tui_tracker.engine.together import next_beat_s
from tui_tracker.engine.turns import Turns
from tui_tracker.sources.base import Source, Stream
from tui_tracker.sources.budget import RequestBudget
from tui_tracker.storage.events import Dropped, Event, Listed, Loaded, Polled, Slid
from tui_tracker.storage.lease import Wish
from tui_tracker.storage.looking import Look
from tui_tracker.storage.store import Store

LOADED_PAUSE_MS: Final = 1_000
"""Loaded history is shown at most this often by those who follow."""
NOBODY: Final = "nobody collects, and this session may not write to the folder of the history: it will poll for itself"
USUAL_PLACE: Final = "its usual address"
LISTEN_S: Final = 1.0
"""The collector looks this often what others ask for."""
REPORT_S: Final = 30.0
"""Reports that differ in times and counts alone are written this often: a stream changes them with each quote."""
_log = logging.getLogger(__name__)


class SharedEngine(Engine):
    """Collects, or follows the one that does; takes over when that one ends. See ``Engine``."""

    def __init__(
        self,
        source: Source,
        clock: Clock,
        store: Store,
        sharing: Sharing,
        *,
        interval_s: int = 60,
        window_minutes: int = 1_440,
        budget: RequestBudget | None = None,
        place: str = "",
        stream: Stream | None = None,
        metrics: Collection[Metric] = METRICS,
    ) -> None:
        """Make an engine at rest; see ``Engine``.

        Args:
            source: The exchange.
            clock: Where all time comes from.
            store: The history that is shared.
            sharing: Who collects.
            interval_s: Seconds between polls, if this one collects.
            window_minutes: Length of the windows.
            budget: The pace of the source's requests, for its report; it knows of bans told to the collector before.
            place: Where the exchange is asked, if not at its usual place.
            stream: Live quotes, if this one collects; those who follow see polls.
            metrics: What is taken up from the history, beside the price.
        """
        super().__init__(
            source,
            clock,
            interval_s=interval_s,
            window_minutes=window_minutes,
            budget=budget,
            store=store,
            stream=stream,
            metrics=metrics,
        )
        self._place: Final = place
        self._store: Final = store
        self._sharing: Final = sharing
        self._source.gate = sharing.gate
        self._session: Final = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._shared: SourceReport | None = None
        self._told: SourceReport | None = None
        self._told_s = 0.0
        self._told_of: Snapshot | None = None
        self._position: int | None = None
        """Number of the last news that were applied; ``None`` to begin from the history."""
        self._base: int | None = None
        """The minute that this began from."""
        self._is_patchy = False
        self._is_half = False
        """Whether prices alone were taken up from the history so far."""
        self._polls = 0
        self._own: tuple[str, ...] = ()
        self._has_wish = False
        self._imports: set[str] = set()
        """Imports that were taken in."""
        self._heard: tuple[Wish, ...] | None = None
        self._noted = ""

    @override
    def _jobs(self) -> list[Coroutine[None, None, None]]:
        return [self._take_turns()]

    async def _take_turns(self) -> None:
        while True:
            await self._follow()
            await self._lead()

    @override
    def _tell(self, event: Event) -> None:
        self._store.tell(event)

    async def _follow(self) -> None:
        """Do what the collector does, until this engine is the collector."""
        self._store.follow()
        self._position = None
        while not await self._sharing.try_lead():
            await self._catch_up()
            await self._publish_changes()
            await self._send_wish()
            await asyncio.sleep(TICK_S)
        await self._catch_up()

    async def _catch_up(self) -> None:
        """Apply what was told since the last time."""
        try:
            look = await self._look()
            if look is not None and self._position is None:
                self._imports |= {wish.session for wish in look.wishes if wish.is_import}  # read with all else
            if self._position is None or (look is not None and self._must_begin(look)):
                await self._begin()
                look = await self._look() or (look if self._position == 0 else None)
        except StorageError as error:
            self._note("not followed", error)
            return
        if look is not None:
            await self._apply_news(look)
            await self._take_imported(look.wishes)

    async def _look(self) -> Look | None:
        look = await asyncio.wrap_future(self._store.look(self._source.name, self._position or 0))
        if look is not None and look.report is not None and look.report != self._shared:
            self._shared = look.report
            self._timekeeper.adopt(look.report.status.skew_ms)
        return look

    def _must_begin(self, look: Look) -> bool:
        """Whether something was missed, and there is a newer minute in the history to begin from."""
        has_gap = bool(look.news) and look.news[0].prior != self._position
        return (self._is_patchy or has_gap or look.is_broken) and look.minute is not None and look.minute != self._base

    async def _begin(self) -> None:
        """Begin from what is on disk; who is to collect takes up prices alone before it does."""
        assert self._archive is not None
        self.market.clear()
        self._is_half = self._sharing.is_leading
        is_known = await self._restore(self._archive, is_whole=not self._is_half)
        self._base = (self.market.end_ms or 0) // MINUTE_MS if is_known else None
        self._is_patchy = not is_known
        self._position = await asyncio.wrap_future(self._store.start_of_news(self._source.name, self._base))
        if is_known and not self._is_half:
            await self._show_taken_up()

    async def _take_up_others(self) -> None:
        """Take up other metrics than the price beside the first polls, which wait for none of them."""
        if self._is_half and self._archive is not None and self._taken_up_ms is not None:
            self._is_half = False
            await self._archive.restore_others(self._taken_up_ms)
            self.beside.forget()
            if self._lens is not None:
                self._lens.forget()
            await self._show_anew()

    async def _apply_news(self, look: Look) -> None:
        for news in look.news:
            if news.prior != self._position:
                self._is_patchy = True
            self._position = news.number
        if all(isinstance(news.event, Loaded) for news in look.news):
            for news in look.news:
                await self._apply_event(news.event)
            return
        async with self._held_back():
            for news in look.news:
                await self._apply_event(news.event)
            await self._convert()
            await self._rebuild()

    async def _apply_event(self, event: Event) -> None:
        """Do to the market what the collector did."""
        market = self.market
        match event:
            case Polled():
                await self._apply(event.tickers, event.at_ms, event.now_ms)
                market.take_returned()
                market.close_poll(event.at_ms, frozenset(event.unreadable))
                self.market.advance(event.at_ms)
                self._at_ms = event.at_ms
                self._health.note_good(event.at_ms)
            case Loaded():
                market.fill(event.instrument_id, event.batch, event.now_ms)
                await asyncio.sleep(0)
                market.fill_counts(event.instrument_id, event.batch, event.now_ms)
                self._dirty.add(event.instrument_id)
            case Listed():
                await self._list(event.instruments, event.now_ms)
            case Dropped():
                market.drop_after(event.now_ms)
            case Slid():
                self.market.advance(event.now_ms)

    async def _publish_changes(self) -> None:
        """Publish loaded history, and what the collector says of the source."""
        now_ms = self._timekeeper.now_ms()
        if self._dirty and abs(now_ms - self._published_ms) >= LOADED_PAUSE_MS:
            await self._publish_dirty()
        elif self.hub.latest is None or self.hub.latest.status != self.status():
            self._publish_status()

    async def _lead(self) -> None:
        """Collect until another process does."""
        if self._budget is not None:
            self._budget.recall()
            if self._limited_until_ms(self._timekeeper.now_ms()):
                self._publish_status()
        self.backfill.reset()
        if self.market.end_ms is not None:
            self._repair.take_up(self._timekeeper.now_ms())
        self._listed_s = None
        if self._sharing.was_beside and len(self.market):
            self._listed_s = self._clock.monotonic_s()
            self._source.recall([each.instrument for each in self.market if each.halted != Trading.DELISTED])
            self._timekeeper.adopt(self._timekeeper.offset_ms, is_measured=True)
            self._want_history()
        if self.market.polled_ms is not None and self._keeper is not None:
            self._keeper.begin(self.market.polled_ms)
        history = None if self._shared is None else self._shared.status.history
        if self._archive is not None and history is not None and history.stored_ms is not None:
            self._archive.note_stored(history.stored_ms)
        self._told = self._heard = None
        async with asyncio.TaskGroup() as group:
            jobs = self._poller.run(), *self._collecting(), self._listen(), self._take_up_others()
            tasks = [group.create_task(job) for job in jobs]
            await self._sharing.beat_until_lost(self._tell_report)
            for task in tasks:
                task.cancel()
        self._has_wish = bool(self._own)

    def _tell_report(self) -> None:
        """Tell those who follow how the source is doing, where that changed."""
        now_s, shown, told = self._clock.monotonic_s(), self.hub.latest, self._told
        is_due = told is None or now_s - self._told_s >= REPORT_S
        if shown is self._told_of and not is_due:
            return
        self._told_of = shown
        if told is not None and not is_due and _is_alike(self.status(), told.status):
            return
        report = replace(self.report(), place=self._place, interval_s=self._interval_ms // 1000)
        if report != told:
            self._told, self._told_s = report, now_s
            self._store.put_report(report)

    async def _listen(self) -> None:
        """Do what those who follow ask for."""
        while True:
            try:
                wishes = await self._sharing.wishes()
            except StorageError as error:
                self._note("wishes not read", error)
            else:
                self._hear(wishes)
                await self._take_imported(wishes)
            await asyncio.sleep(next_beat_s(asyncio.get_running_loop().time(), LISTEN_S))

    def _hear(self, wishes: tuple[Wish, ...]) -> None:
        heard = self._heard
        if wishes == heard:
            return
        self._heard = wishes
        polls = {wish.session: wish.polls for wish in heard or ()}
        if heard is not None and any(wish.polls > polls.get(wish.session, 0) for wish in wishes):
            self._poller.request()
        asked = [wish for wish in wishes if not wish.is_import]
        others = [name for wish in asked if wish.session != self._session for name in wish.instrument_ids]
        if asked:
            super().prioritise((*self._own, *others))

    async def _take_imported(self, wishes: Sequence[Wish]) -> None:
        """Take minutes that another process brought into the history into the windows too."""
        told = {wish.session for wish in wishes if wish.is_import} - self._imports
        if not told or self._archive is None or self.market.end_ms is None:
            return
        try:
            async for start_ms, loaded in self._archive.read_window():
                turns = Turns()
                async with self._sliding:
                    for name, found in loaded.items():
                        for metric, series in found.items():
                            if self.market.take_kept(name, metric, start_ms, series.values, series.provenance):
                                self._dirty.add(name)
                        await turns.give()
        except StorageError as error:
            self._note("imported minutes not read", error)
            return
        self._imports |= told
        _log.info("imported minutes of %d pairs taken in", len(self._dirty))
        if self._dirty:
            await self._publish_dirty()

    async def _send_wish(self) -> None:
        if self._has_wish and self._sharing.may_lead:
            self._has_wish = False
            try:
                wish = Wish(self._session, self._polls, self._own)
                await asyncio.wrap_future(self._store.wish(self._source.name, wish))
            except StorageError as error:
                self._note("not asked", error)

    def _note(self, what: str, error: StorageError) -> None:
        """Log what fails again and again once."""
        if error.message != self._noted:
            self._noted = error.message
            _log.info("%s: %s", what, error)

    @override
    def request_poll(self) -> int:
        """See ``Engine``; where another process collects, it is asked to."""
        if self._sharing.is_leading:
            return super().request_poll()
        self._polls += 1
        self._has_wish = True
        return self._timekeeper.now_ms()

    @override
    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """See ``Engine``; where another process collects, it is asked to."""
        self._own = tuple(instrument_ids)
        self._has_wish = not self._sharing.is_leading
        super().prioritise(instrument_ids)

    @override
    def status(self) -> SourceStatus:
        """See ``Engine``; where another process collects, what that says."""
        own = replace(super().status(), collector=self._sharing.collector)
        if self._sharing.is_leading or self._shared is None:
            return replace(own, error=NOBODY) if self._is_deserted() else own
        stream = self._shared.status.stream and ELSEWHERE
        status = replace(
            self._shared.status,
            collector=own.collector,
            asked_at="" if self._shared.place == self._place else self._shared.place or USUAL_PLACE,
            instruments=own.instruments,
            stream=stream,
            streamed_ms=None,
        )
        now_ms = self._timekeeper.now_ms()
        is_old = now_ms - (status.last_good_ms or 0) > STALE_INTERVALS * self._interval_ms
        if (is_old or status.error) and status.state is SourceState.LIVE:  # what it streams doesn't come here
            silent = (
                f"{own.collector} tells nothing; its disk, or a lock on it, may hold it up" if own.collector else ""
            )
            status = replace(status, state=SourceState.STALE, error=status.error or silent)
        if self._is_deserted():
            state = SourceState.OFFLINE if status.state is SourceState.OFFLINE else SourceState.STALE
            status = replace(status, state=state, error=NOBODY, next_poll_ms=None)
        return status

    def _is_deserted(self) -> bool:
        """Whether nobody collects, and this session can't."""
        sharing = self._sharing
        return sharing.has_looked and not sharing.is_led and not sharing.may_lead

    @override
    def report(self) -> SourceReport:
        """See ``Engine``; where another process collects, what that says."""
        if self._sharing.is_leading or self._shared is None:
            return super().report()
        return replace(self._shared, status=self.status())


def _is_alike(status: SourceStatus, told: SourceStatus) -> bool:
    """Whether a source does as it did, but for times and counts."""
    return _doing(status) == _doing(told)


def _doing(status: SourceStatus) -> tuple[object, ...]:
    history = status.history
    return (
        status.state,
        status.error,
        status.stream,
        status.last_attempt_ms,
        status.next_poll_ms is None,
        status.limited_until_ms is None,
        status.backfill,
        None if history is None else history.error,
    )
