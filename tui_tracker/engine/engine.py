"""One source, collected: polls, windows, history, snapshots."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import MalformedDataError, RateLimitedError, SourceError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.status import STREAMING, SourceReport, SourceState, SourceStatus
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.backfill import Backfill, Wanted
from tui_tracker.engine.board import Board
from tui_tracker.engine.health import Health
from tui_tracker.engine.keeper import Keeper
from tui_tracker.engine.market import Market, is_quiet
from tui_tracker.engine.poller import ONCE_PATIENCE_S, Poller
from tui_tracker.engine.repair import Repair
from tui_tracker.engine.rows import has_moved, volume_usd
from tui_tracker.engine.streaming import Streaming
from tui_tracker.engine.timekeeper import Timekeeper
from tui_tracker.engine.turns import in_slices, stand_back
from tui_tracker.engine.watched import WatchedSource
from tui_tracker.sources.base import Source, Stream
from tui_tracker.sources.budget import LeftAloneError, RequestBudget
from tui_tracker.storage.events import Dropped, Event, Listed, Loaded, Polled, Slid

if TYPE_CHECKING:
    from tui_tracker.engine.archive import Archive
    from tui_tracker.storage.store import Store

SEEN_PAUSE_MS: Final = 3_000
"""Loaded history of instruments that somebody looks at is published at most this often, that of the first at once."""
HISTORY_PAUSE_MS: Final = 10_000
"""… and that of others."""
LONG_WAIT_S: Final = 10.0
"""No pace of requests keeps one waiting for so long: the exchange asked for it."""
MISSED_PAUSE_S: Final = 15.0
"""Lost messages of a stream cause at most one poll in this time."""
SOON_MS: Final = 5_000
"""What a poll told so shortly before the end of a minute may be shown with what a stream says of the next one."""
RELIST_S: Final = 3_600.0
"""The list of instruments is read again this often …"""
RELIST_AGAIN_S: Final = 300.0
"""… and so soon where that failed."""
_log = logging.getLogger(__name__)


class Engine(Board):
    """Collects one source and publishes snapshots to its hub. One task owns each part; nothing blocks the loop.

    Implements ``Host`` for its stream.
    """

    def __init__(
        self,
        source: Source,
        clock: Clock,
        *,
        interval_s: int = 60,
        window_minutes: int = 1_440,
        once: bool = False,
        budget: RequestBudget | None = None,
        store: "Store | None" = None,
        stream: Stream | None = None,
        metrics: Collection[Metric] = METRICS,
    ) -> None:
        """Make an engine at rest.

        Args:
            source: The exchange.
            clock: Where all time comes from.
            interval_s: Seconds between polls.
            window_minutes: Length of the windows.
            once: Poll a single time and load only history that is asked for; the polled minute stays as polled.
            budget: The pace of the source's requests, for its report.
            store: The history on disk; ``None`` to keep everything in memory.
            stream: Live quotes; ``None`` to poll alone.
            metrics: What is taken up from the history, beside the price.
        """
        super().__init__(Market(window_minutes), clock.monotonic_s)
        self._source: Final = WatchedSource(source, clock.now_ms)
        self._source.on_refused = self._note_refused
        self._budget: Final = budget
        self._once: Final = once
        self._clock: Final = clock
        self._interval_ms: Final = interval_s * 1000
        self._timekeeper: Final = Timekeeper(clock)
        self._health: Final = Health(self._interval_ms, ages=not source.is_simulated)
        self._poller: Final = Poller(
            self._poll, self._publish_status, self._timekeeper, self._health, clock, interval_s, source.name
        )
        self.backfill: Final = Backfill(
            self._source,
            clock,
            window_minutes,
            Wanted.ASKED if once else Wanted.ALL,
            self._take_candles,
            self._publish_given_up,
            self._has_traded,
        )
        self._repair: Final = Repair(self.market, self.backfill, self._interval_ms, is_streamed=stream is not None)
        self._archive = None if store is None else self._open_archive(store)
        self._streaming = None if stream is None else Streaming(stream, clock, self._timekeeper.now_ms, self)
        self.is_reading = store is not None
        """Whether the history on disk is being read, before anything is asked of the exchange."""
        self._polling: Final = asyncio.Lock()
        self._keeper = None
        if self._archive is not None and not once:
            self._keeper = Keeper(self._archive, self.market, self._timekeeper, clock, self._polling, self._streaming)
        self._seen: frozenset[str] | None = None
        """What somebody looks at; ``None`` for all."""
        self._lagging: set[str] = set()
        """Of what a stream said of these the rows show nothing yet: nobody looks at them."""
        self._asked_s = -MISSED_PAUSE_S
        self._published_ms = 0
        self._listed_s: float | None = None
        self._malformed = self._unknown = self._skipped = 0
        self._metrics: Final = metrics
        self._taken_up_ms: int | None = None
        """The last minute of what was taken up from the history."""
        self._due: Final = asyncio.Event()
        """Set when rows whose history was loaded are to be published."""
        self._behind: Final = asyncio.Event()
        """Set while rows don't show the last poll yet …"""
        self._behind_ms: int | None = None
        """… which was then."""

    def _open_archive(self, store: "Store") -> "Archive":
        from tui_tracker.engine.archive import Archive  # brings SQLite along, which not everyone needs

        return Archive(store, self._source.name, self.market, self._publish_status)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Engine"]:
        """Collect while inside; leaving cancels every task and closes the source."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(job) for job in self._jobs()]
                self._publish_status()
                try:
                    yield self
                finally:
                    for task in tasks:
                        task.cancel()
        finally:
            self.hub.close()
            await self._source.aclose()

    def _jobs(self) -> "list[Coroutine[None, None, None]]":
        """What runs while the engine does."""
        if self._once:
            return [self._run_once(), self.backfill.run(), self._publish_loaded()]
        return [self._run(), *self._collecting()]

    def _collecting(self) -> "list[Coroutine[None, None, None]]":
        """What runs beside the polls of a collector."""
        jobs = [self._follow_age(), self.backfill.run(), self._publish_loaded()]
        if self._keeper is not None:
            jobs.append(self._keeper.run())
        if self._streaming is not None:
            jobs += [self._streaming.run(), self._show_behind()]
        return jobs

    def _tell(self, event: Event) -> None:
        """What was done to the market, in order; for whoever does the same to another."""

    @override
    def status(self) -> SourceStatus:
        """How the source is doing at this moment."""
        now_ms = self._timekeeper.now_ms()
        limited_ms, next_ms = self._limited_until_ms(now_ms), self._poller.next_poll_ms
        backfill = self.backfill.progress()
        return SourceStatus(
            source=self._source.name,
            state=self._state(now_ms),
            is_simulated=self._source.is_simulated,
            last_good_ms=self._health.last_good_ms,
            last_attempt_ms=self._health.last_attempt_ms,
            next_poll_ms=max(next_ms or 0, limited_ms) if limited_ms else next_ms,
            error=str(self._health.error or ""),
            limited_until_ms=limited_ms,
            skew_ms=self._timekeeper.offset_ms,
            instruments=len(self.market),
            malformed=self._malformed,
            unknown=self._unknown,
            refused=self.market.refused,
            backfill=replace(backfill, remaining_s=None) if limited_ms else backfill,
            history=None if self._archive is None else self._archive.status(),
            stream="" if self._streaming is None else self._streaming.state,
            streamed_ms=self._health.streamed_ms,
        )

    def _state(self, now_ms: int) -> SourceState:
        return self._health.state(now_ms, is_streamed=self._is_streamed())

    def _is_streamed(self) -> bool:
        """Whether quotes of all pairs come live."""
        return self._streaming is not None and self._streaming.state == STREAMING

    def _limited_until_ms(self, now_ms: int) -> int | None:
        """When the exchange may be asked again, if not soon: a poll was told so, or a request for history was."""
        out_s = self.shut_out_s()
        by_budget_ms = now_ms + round(out_s * 1000) if out_s else 0
        is_refused = isinstance(self._health.error, RateLimitedError)
        by_poll_ms = self._health.limited_until_ms or (is_refused and self._poller.next_poll_ms) or 0
        return max(by_poll_ms, by_budget_ms) or None

    def shut_out_s(self) -> float:
        """See ``Host``; 0 for no longer than our own pace lets one wait."""
        slot_s = self._source.next_slot_s()
        return slot_s if slot_s > LONG_WAIT_S else 0.0

    def _note_refused(self) -> None:
        """Say at once that nothing is asked for a while: the next poll may be a minute away."""
        asyncio.get_running_loop().call_soon(self._publish_if_shut_out)

    def _publish_if_shut_out(self) -> None:
        if self.shut_out_s():
            self._publish_status()

    def report(self) -> SourceReport:
        """Everything that is known of how the source is doing."""
        requests = None if self._budget is None else self._budget.log.report()
        return SourceReport(self.status(), requests, self._source.errors(), self._source.skipped())

    def request_poll(self) -> int:
        """Poll as soon as the request budget allows; return that instant, corrected clock."""
        self._poller.request()
        return self._timekeeper.now_ms() + round(self._source.next_slot_s() * 1000)

    def pace_stream(self, pause_s: float) -> None:
        """Whoever reads shows no more than one snapshot in so many seconds: let the stream tell of no more either."""
        if self._streaming is not None:
            self._streaming.pace_s = pause_s

    def spare_unseen(self) -> None:
        """Whoever reads sees what is prioritised alone: other rows may lag behind a stream by small moves of a minute.

        Their windows don't. Of these rows only figures of the price are made before they are asked for.
        """
        self._seen = frozenset()

    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """Load history of these first; publish at once what of theirs is new."""
        self.backfill.prioritise(instrument_ids)
        self._see(instrument_ids)
        if self._once:
            self._publish_status()

    def _see(self, instrument_ids: Sequence[str]) -> None:
        """Note what somebody looks at; show at once what of it lags behind."""
        if self._seen is not None:
            self._seen = frozenset(instrument_ids)
            if due := self._lagging & self._seen:
                self._lagging -= due
                self._dirty |= due
                self._due.set()

    async def _run(self) -> None:
        await self._take_up()
        await self._poller.run()

    async def _take_up(self) -> None:
        """Go on from the history on disk, if there is any."""
        if self._archive is None:
            return
        if await self._restore(self._archive):
            self._repair.take_up(self._timekeeper.now_ms())
            await self._show_taken_up()

    async def _restore(self, archive: "Archive", *, is_whole: bool = True) -> bool:
        """Take up the collected window, or its prices alone; the shown one is made from it afterwards."""
        lens, self._lens = self._lens, None
        try:
            self._taken_up_ms = await archive.restore(self._timekeeper.now_ms())
            if self._taken_up_ms is None:
                return False
            await self._show_taken_up()
            return not is_whole or await archive.restore_others(self._taken_up_ms, self._metrics)
        finally:
            self.beside.forget()
            if lens is not None and self._lens is None:
                lens.forget()
                self._lens = lens

    async def _show_taken_up(self) -> None:
        """Publish what the history told so far; whoever waits for a single poll gets that alone."""
        await self._convert()
        if not self._once:
            self._at_ms = max((holding.quoted_ms or 0 for holding in self.market), default=0) or None
            if self._at_ms is not None:
                self._health.take_up(self._at_ms)
            await self._show_anew()

    async def _run_once(self) -> None:
        try:
            await self._take_up()
            self.is_reading = False
            await self._poller.run_once()
        except SourceError as error:
            self.hub.close(error)

    async def _poll(self) -> None:
        """Read quotes into the windows and publish them.

        Raises:
            SourceError: If there is no usable answer; the windows keep what they have.
        """
        async with self._polling:
            await self._read_quotes()
        self._want_history()
        if not self._once and self._clock.monotonic_s() - (self._listed_s or 0.0) >= RELIST_S:
            await self._relist()

    async def _read_quotes(self) -> None:
        if self._budget is not None:
            self._budget.recall()  # another process may have been told meanwhile
        self._check_patience()
        if self._timekeeper.is_due:
            await self._measure_time()
            self._check_patience()
        if self._listed_s is None:
            await self._list_instruments()
        batch = await self._source.tickers()
        at_ms = self._timekeeper.corrected(batch.sent_ms)
        self._malformed, self._unknown = self._skipped + len(batch.malformed), len(batch.unknown)
        if not batch.tickers:
            raise MalformedDataError(f"{self._source.name} answered without a readable quote")
        if batch.malformed:
            told = "; ".join(f"{name}: {why}" for name, why in batch.malformed[:20])
            _log.warning("unreadable quotes of %s: %s", self._source.name, told)
        if self._keeper is not None:
            await self._keeper.keep_before(at_ms - at_ms % MINUTE_MS)
        shown_ms = self._at_ms
        async with self._held_back():
            await self._sample(batch.tickers, at_ms, frozenset(symbol for symbol, _ in batch.malformed))
            if self._is_shown_soon():
                self._behind_ms, self._at_ms = self._at_ms, shown_ms
                self._behind.set()
            else:
                await self._rebuild()

    def _is_shown_soon(self) -> bool:
        """Whether a live stream is about to have all rows made anew, when it tells of the next minute."""
        return self._is_streamed() and self._left_ms() <= SOON_MS and len(self._rows) == len(self.market)

    def _left_ms(self) -> int:
        """How long this minute lasts."""
        return MINUTE_MS - self._timekeeper.now_ms() % MINUTE_MS

    async def _show_behind(self) -> None:
        """Show a poll whose rows were left to a stream that says nothing of the next minute, for ever."""
        while True:
            await self._behind.wait()
            await self._timekeeper.sleep_until(self._timekeeper.now_ms() + self._left_ms() + SOON_MS)
            if self._behind.is_set():
                await self._show_anew()

    @override
    async def _rebuild(self) -> None:
        if self._behind.is_set():
            self._at_ms = self._behind_ms
            self._behind.clear()
        self._lagging.clear()
        await super()._rebuild()

    def _check_patience(self) -> None:
        """Don't wait for an exchange that wants us to wait for long, where a person waits for one answer.

        Raises:
            RateLimitedError: If it does.
        """
        slot_s = self._source.next_slot_s()
        if self._once and slot_s > ONCE_PATIENCE_S:
            raise LeftAloneError(self._source.name, slot_s)

    @asynccontextmanager
    async def _held_back(self) -> AsyncIterator[None]:
        """While windows slide and rows are made anew, publish none of it; all of it afterwards."""
        async with self._sliding:
            yield
        self._publish_rows()

    async def _sample(self, tickers: Sequence[Ticker], at_ms: int, malformed: frozenset[str]) -> None:
        """Take one poll into the windows.

        Raises:
            MalformedDataError: If no quote was acceptable.
        """
        now_ms = self._timekeeper.now_ms()
        if not await self._apply(tickers, at_ms, now_ms):
            raise MalformedDataError("every quote was refused", "is the clock of this machine right?")
        if not self._once:
            self._repair.note_poll(at_ms)
        self.market.close_poll(at_ms, malformed)
        self.market.advance(at_ms)
        self._tell(Polled(tuple(tickers), at_ms, now_ms, tuple(malformed)))
        if self._keeper is not None:
            self._keeper.note(at_ms)
        self._health.note_good(at_ms)
        self._at_ms = at_ms
        await self._convert()

    async def _apply(self, tickers: Sequence[Ticker], at_ms: int, now_ms: int) -> int:
        """Let the market take quotes in short turns; return how many instruments were sampled."""
        taken = 0
        async for some in in_slices(tickers):
            taken += self.market.apply(some, at_ms, now_ms)
        return taken

    async def _measure_time(self) -> None:
        was_known = self._timekeeper.offset_ms is not None
        await self._timekeeper.measure(self._source)
        if not self._timekeeper.is_due or not was_known:
            now_ms = self._timekeeper.now_ms()
            dropped = self.market.drop_after(now_ms)
            if self._keeper is not None:
                self._keeper.drop_after(now_ms)
            if dropped:
                self._tell(Dropped(now_ms))
                _log.warning("%d samples were stamped by a wrong clock and dropped", dropped)
                self.backfill.repair(self.market.window_minutes)
                if self._archive is not None:
                    self._archive.drop_after(now_ms)

    async def _list_instruments(self) -> None:
        batch = await self._source.instruments()
        if not batch.instruments:
            raise MalformedDataError(f"{self._source.name} lists no instrument")
        for symbol, reason in batch.malformed:
            _log.warning("instrument %s of %s not read: %s", symbol, self._source.name, reason)
        self._skipped = len(batch.malformed)
        now_ms = self._timekeeper.now_ms()
        await self._list(batch.instruments, now_ms)
        self._tell(Listed(tuple(batch.instruments), now_ms))
        self._listed_s = self._clock.monotonic_s()
        if self._archive is not None:
            self._archive.keep_instruments()

    async def _list(self, instruments: Sequence[Instrument], now_ms: int) -> None:
        """Let the market take a list, new instruments in short turns."""
        async for some in in_slices(instruments):
            self.market.add(some)
        self.market.list_instruments(instruments, now_ms)

    async def _relist(self) -> None:
        """Look for new, halted and delisted instruments; the old list stays where that fails."""
        try:
            await self._list_instruments()
        except SourceError as error:
            _log.warning("list of instruments of %s not read: %s", self._source.name, error)
            self._listed_s = self._clock.monotonic_s() - RELIST_S + RELIST_AGAIN_S

    def _want_history(self) -> None:
        market, rates = self.market, self._rates
        wanted = [holding.instrument for holding in market if not holding.halted]
        self.backfill.want(wanted, lambda name: volume_usd(market.holding(name), rates))
        self.backfill.is_open.set()
        if self._streaming is not None:
            self._streaming.want(wanted)

    async def take_streamed(self, tickers: Sequence[Ticker], at_ms: int) -> None:
        """See ``Host``: let the market take what was said between two polls, in short turns."""
        async with self._sliding:
            is_new = at_ms // MINUTE_MS > (self.market.end_ms or 0) // MINUTE_MS
            if is_new:
                self.market.advance(at_ms)
                self._tell(Slid(at_ms))
            async for some in in_slices(tickers):
                for name in self.market.stream(some, at_ms):
                    (self._dirty if self._is_shown(name) else self._lagging).add(name)
            if self._keeper is not None:
                self._keeper.note(self.market.sampled_ms or at_ms)
            if self._is_streamed():
                self._health.streamed_ms = at_ms
            is_changed = is_new or bool(self._dirty)
            await (self._rebuild() if is_new else self._remake())
        (self._publish_rows if is_changed else self._publish_status)()

    def _is_shown(self, name: str) -> bool:
        """Whether a row is to show at once what a stream said: somebody looks at it, or it moved."""
        row, ticker = self._rows.get(name), self.market.holding(name).ticker
        return self._is_seen(name) or row is None or ticker is None or has_moved(row, ticker)

    @override
    def _is_seen(self, name: str) -> bool:
        return self._seen is None or name in self._seen

    def note_stream_changed(self) -> None:
        """See ``Host``."""
        self._publish_status()

    def note_stream_missed(self) -> None:
        """See ``Host``: a poll tells what they said, or would have."""
        now_s = self._clock.monotonic_s()
        if now_s - self._asked_s >= MISSED_PAUSE_S:
            self._asked_s = now_s
            self._poller.request()

    def note_stream_back(self, instrument_ids: Collection[str], since_ms: int) -> None:
        """See ``Host``."""
        self._repair.note_stream_back(instrument_ids, since_ms, self._timekeeper.now_ms())

    async def _take_candles(self, instrument: Instrument, batch: CandleBatch) -> None:
        await stand_back()
        async with self._sliding:  # not in the middle of a poll: what comes first must be told
            await self._fill(instrument, batch)

    async def _fill(self, instrument: Instrument, batch: CandleBatch) -> None:
        before_ms = self.market.end_ms if self._once else None
        now_ms = self._timekeeper.now_ms()
        self.market.fill(instrument.id, batch, now_ms, before_ms)
        self._tell(Loaded(instrument.id, batch, now_ms))
        await stand_back()
        self.market.fill_counts(instrument.id, batch, now_ms, before_ms)
        if self._archive is not None:
            closed_ms = now_ms - now_ms % MINUTE_MS if before_ms is None else before_ms
            taken_ms = min(closed_ms, (self.market.end_ms or 0) + MINUTE_MS)
            await stand_back()
            self._archive.keep_candles(instrument.id, batch, closed_ms, taken_ms)
            await stand_back()
            await self._archive.keep_older(instrument.id, batch)
        self._dirty.add(instrument.id)
        place = self.backfill.place(instrument.id)
        pause_ms = HISTORY_PAUSE_MS if place is None else SEEN_PAUSE_MS if place else 0
        is_pressing = self._once or self.backfill.is_last_job()
        if is_pressing or abs(now_ms - self._published_ms) >= pause_ms:
            self._due.set()

    def _has_traded(self, instrument_id: str) -> bool:
        """Whether the last quote told of trades lately, so that there must be candles."""
        ticker = self.market.holding(instrument_id).ticker
        return ticker is not None and not is_quiet(ticker) and ticker.last is not None

    def _publish_given_up(self) -> None:
        """Say that less history is on its way: whoever waits for the last of it must learn that it won't come."""
        if self._dirty:
            self._due.set()
        else:
            asyncio.get_running_loop().call_soon(self._publish_status)

    async def _publish_loaded(self) -> None:
        """Publish rows whose history was loaded whenever that is due, for ever."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self._publish_dirty()

    async def _publish_dirty(self) -> None:
        async with self._held_back():
            await self._remake()

    @override
    def _publish_rows(self) -> None:
        self._published_ms = self._timekeeper.now_ms()
        super()._publish_rows()

    @override
    async def _show_anew(self) -> None:
        async with self._held_back():
            await self._rebuild()

    def _publish_status(self) -> None:
        latest = self.hub.latest
        self.hub.publish(self._snapshot(()) if latest is None else replace(latest, status=self.status()))

    async def _follow_age(self) -> None:
        """Publish what changes by time alone: the state, and windows that slide while polls fail."""
        while True:
            now_ms = self._timekeeper.now_ms()
            due_ms = now_ms + MINUTE_MS - now_ms % MINUTE_MS
            if (change_ms := self._health.next_change_ms()) is not None and change_ms > now_ms:
                due_ms = min(due_ms, change_ms)
            await self._timekeeper.sleep_until(due_ms)
            now_ms = self._timekeeper.now_ms()
            polled_ms = self.market.polled_ms
            is_idle = polled_ms is not None and now_ms - polled_ms - MINUTE_MS > 2 * self._interval_ms
            if is_idle and not self._sliding.locked():
                async with self._held_back():
                    self.market.advance(now_ms)
                    self._tell(Slid(now_ms))
                    await self._rebuild()
            elif self.hub.latest is not None and self.hub.latest.status.state is not self._state(now_ms):
                self._publish_status()
