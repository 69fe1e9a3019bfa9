"""A feed from a server: the same market, seen from elsewhere."""

import asyncio
import logging
import random
import time
from array import array
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tui_tracker.core.errors import AccessError, ConfigError, FeedError, TrackerError, UnknownPairError
from tui_tracker.core.hours import Hours
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import Series
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import BackfillProgress, SourceReport, SourceStatus
from tui_tracker.core.text import clean
from tui_tracker.feed import messages
from tui_tracker.feed.far_history import FarHistory
from tui_tracker.feed.line import Line
from tui_tracker.feed.mirror import Mirror, Window
from tui_tracker.feed.questions import Questions
from tui_tracker.feed.wire import Codec, Encoding, Frame
from tui_tracker.stats.hours import hour_of, hours_in, join_hours

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
"""Between attempts to reach a server; doubled from the first to this one, less up to a half by chance."""
HELLO_S: Final = 10.0
ONCE_S: Final = 20.0
"""How long one that collects once waits for the first quotes of a server, in seconds."""
MOST_WINDOWS: Final = 200
"""Windows that are followed at a time; those asked for longest ago go first."""
FIRST: Final = 0
"""Number of the question for a window that a new connection begins with."""
Figured = tuple[int, Metric]
"""(minutes of a window, metric that it has beside the price)."""
_log = logging.getLogger(__name__)


class RemoteFeed:
    """``Feed`` over the stream of a server. It connects again by itself, and resumes where it was.

    While the server is out of reach, everything stays as it was last told, with the state ``offline`` and the reason.

    Args:
        url: Of the server, http or https, without a slash at the end.
        token: What it wants to see; empty for nothing.
        once: Give up at the first failure, and count history as loaded as far as the server has it.
        window: Minutes that the statistics must cover, or ``None`` for whatever the server has.
        ca_file: Certificates of authorities that are trusted beside those of the system; empty for none.
        monotonic_s: A clock that never goes back.
        sleep: Waits so many seconds.

    Raises:
        ConfigError: If the file can't be used.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        once: bool = False,
        window: int | None = None,
        ca_file: str = "",
        monotonic_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._once, self._window = once, window
        self._place: Final = clean(urlsplit(url).netloc)
        self._line: Final = Line(url, token, ca_file)
        self._monotonic_s, self._sleep = monotonic_s, sleep
        self._codec: Final = Codec(Encoding.MSGPACK)
        self._mirror = Mirror(self._place)
        self._rows: Figured | None = None if window is None else (window, Metric.PRICE)
        """What the figures of rows are to be over; ``None`` for whatever the server has."""
        self._rows_now: Figured | None = None
        """… and what they are."""
        self._questions: Final = Questions(lambda ask: self._send(messages.Command(ask=ask)))
        self.history: Final = FarHistory(self._questions, lambda: self._mirror.hello)
        self._wanted: OrderedDict[Window, asyncio.Future[None]] = OrderedDict()
        self._asked: tuple[str, ...] = ()
        self._outbox: asyncio.Queue[messages.Command] = asyncio.Queue(1_000)
        self._clock = (int(time.time() * 1000), monotonic_s())
        self._count = 0
        self._changed = asyncio.Event()
        self._ended: TrackerError | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["RemoteFeed"]:
        """Stay connected while inside.

        Raises:
            FeedError: If it collects ``once`` and the server gave nothing usable.
        """
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._run())]
            if self._once:
                tasks.append(group.create_task(self._lose_patience()))
            try:
                yield self
            finally:
                for task in tasks:
                    task.cancel()

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot; without rows before the first."""
        return self._mirror.snapshot

    async def updates(self) -> AsyncIterator[Snapshot]:
        """See ``Feed.updates``."""
        seen = 0
        while True:
            if self._count > seen:
                seen = self._count
                yield self._mirror.snapshot
            elif self._ended is not None:
                raise self._ended
            else:
                await self._changed.wait()

    async def series(self, instrument_id: str, metric: Metric) -> Series:
        """See ``Feed.series``; waits for the server if the window was not followed yet."""
        window = (instrument_id, metric)
        if window not in self._mirror.series:
            snapshot = self._mirror.snapshot
            if snapshot.rows and all(row.instrument.id != instrument_id for row in snapshot.rows):
                raise UnknownPairError(clean(instrument_id))
            if window not in self._wanted:
                self._want(window)
            await asyncio.shield(self._wanted[window])
        elif window in self._wanted:
            self._wanted.move_to_end(window)
        known = self._mirror.series[window]
        return replace(known, values=array("d", known.values), version=self._mirror.snapshot.version)

    async def hours(self, instrument_id: str, metric: Metric, count: int) -> Hours:
        """See ``Feed.hours``; those before the window are asked for once an hour."""
        series = await self.series(instrument_id, metric)
        flow = await self.series(instrument_id, Metric.FLOW) if metric is Metric.PRICE else None
        older, missing = await self.history.older(instrument_id, metric, count, hour_of(series.end_ms))
        return join_hours(series, count, older, hours_in(series, flow), missing)

    async def set_window(self, minutes: int, metric: Metric) -> None:
        """See ``Feed.set_window``; the server makes it.

        Raises:
            FeedError: If it can't, or has one window alone.
        """
        hello, served = self._mirror.hello, self._mirror.snapshot.window_minutes
        if hello is None:
            self._rows = (minutes, metric)  # told to the server with the first words
            return
        if not hello.longest_minutes:
            if served not in (0, minutes):
                raise FeedError(f"the server keeps statistics over {served // 60} h alone", "it is of an older version")
            return
        before, self._rows = self._rows, (minutes, metric)
        try:
            await self._questions.ask("window", metrics=(metric.value,), count=minutes)
        except FeedError:
            self._rows = before
            raise

    def status(self) -> SourceStatus:
        """See ``Feed.status``."""
        return self._mirror.report.status

    def health(self) -> SourceReport:
        """See ``Feed.health``; of the server's source, as it last said."""
        return self._mirror.report

    def request_poll(self) -> int:
        """See ``Feed.request_poll``; the server's budget decides, so the instant is the earliest possible."""
        self._send(messages.Command(poll=True))
        return self.now_ms()

    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """See ``Feed.prioritise``; the server weighs it with what its other clients want."""
        self._asked = tuple(instrument_ids)
        self._send(messages.Command(prioritise=self._asked))
        if self._once:
            self._publish()

    def now_ms(self, ahead_s: float = 0.0) -> int:
        """The market's clock, as the server tells it, so many seconds from now."""
        told_ms, at_s = self._clock
        rate = 1.0 if self._mirror.hello is None else self._mirror.hello.clock_rate
        return told_ms + int((self._monotonic_s() - at_s + ahead_s) * 1000 * rate)

    async def _run(self) -> None:
        failures = 0
        while True:
            before = self._count
            try:
                await self._connect()
                reason = "the server ended the stream"
            except (AccessError, ConfigError, FeedError) as error:
                reason = error.told
                if self._once:
                    self._end(error)
                    return
            failures = 1 if self._count > before else failures + 1
            wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures - 1, 10)) * random.uniform(0.5, 1.0)
            _log.info("%s: %s; again in %.1f s", self._place, reason, wait_s)
            told = f"{self._place}: {reason}"
            self._mirror.lose(told, self.now_ms(), self.now_ms(wait_s))
            self._publish()
            await self._sleep(wait_s)
            self._mirror.lose(told, self.now_ms(), None)
            self._publish()

    async def _lose_patience(self) -> None:
        """Give up on a server that has no quotes: whoever wants one answer doesn't wait for its exchange."""
        await self._sleep(ONCE_S)
        if not self._mirror.snapshot.rows:
            reason = clean(self._mirror.snapshot.status.error) or "its exchange has not answered yet"
            self._end(FeedError(f"the server has no quotes: {reason}", "try again later"))

    async def _connect(self) -> None:
        """Talk to the server until the connection ends.

        Raises:
            FeedError: With the reason, in words.
        """
        async with self._line.opened() as socket:
            await self._converse(socket)

    async def _converse(self, socket: ClientConnection) -> None:
        async with asyncio.timeout(HELLO_S):
            frame = await self._receive(socket)
        hello = next((event for event in frame.events if isinstance(event, messages.Hello)), None)
        if hello is None or hello.protocol != messages.PROTOCOL:
            raise FeedError("the server speaks another protocol", "use programs of like versions")
        is_same = self._mirror.hello is not None and self._mirror.hello.epoch == hello.epoch
        resume = messages.Resume(hello.epoch, self._mirror.seq) if is_same else None
        while not self._outbox.empty():
            self._outbox.get_nowait()
        rows, ask = self._wanted_rows(hello)
        if rows != self._rows_now:
            resume = None
        first = messages.Command(
            rows=True,
            windows=_told(key for key in self._wanted if key in self._mirror.series),
            resume=resume,
            prioritise=self._asked or None,
            ask=ask,
        )
        # Apart, for what hasn't come yet isn't resumed: only changes of it would come.
        if missing := _told(key for key in self._wanted if key not in self._mirror.series):
            self._send(messages.Command(windows=missing))
        self._mirror.hello, self._rows_now = hello, rows
        self._questions.again()
        if is_same:
            self._mirror.regain()
            self._publish()
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(socket, first))
                while True:
                    self._take(await self._receive(socket))
                    if writer.done():
                        break
        except* (ConnectionClosed, FeedError, ConfigError, OSError) as errors:
            raise _first(errors) from None

    def _wanted_rows(self, hello: messages.Hello) -> tuple[Figured | None, messages.Ask | None]:
        """(what rows are to be over, what a new connection has to be told for it)."""
        rows = self._rows if hello.longest_minutes else None
        if rows is None or rows[0] == hello.window_minutes:
            return None, None
        return rows, messages.Ask(FIRST, "window", None, (rows[1].value,), 0, rows[0])

    async def _write(self, socket: ClientConnection, command: messages.Command) -> None:
        while True:
            await socket.send(self._codec.command(command))
            command = await self._outbox.get()

    async def _receive(self, socket: ClientConnection) -> Frame:
        data = await socket.recv(decode=False)
        frame = self._codec.read_frame(data)
        self._clock = (frame.now_ms, self._monotonic_s())
        return frame

    def _take(self, frame: Frame) -> None:
        try:
            has_snapshot = self._mirror.apply(frame)
        except FeedError:
            self._mirror.hello = None  # so that the next connection gets all anew
            raise
        window = self._mirror.snapshot.window_minutes
        if self._window is not None and self._rows == (self._window, Metric.PRICE) and window not in (0, self._window):
            raise ConfigError(
                f"the server keeps statistics over {window}m, not {self._window}m", f"use --window {window}m"
            )
        for event in frame.events:
            self._questions.take(event)
            if isinstance(event, messages.Trouble):
                self._give_up(event)
            elif isinstance(event, messages.Answer) and event.window is not None:
                self._note_window(event.window)
        self._mirror.keep(self._wanted)
        for key, future in self._wanted.items():
            if key in self._mirror.series and not future.done():
                future.set_result(None)
        if has_snapshot:
            self._publish()

    def _note_window(self, minutes: int) -> None:
        """Rows are over another window from here on."""
        hello = self._mirror.hello
        is_usual = hello is not None and minutes == hello.window_minutes
        self._rows_now = None if is_usual or self._rows is None else self._rows

    def _give_up(self, trouble: messages.Trouble) -> None:
        if trouble.number == FIRST and self._window is not None:
            raise FeedError(f"no window of {self._window} minutes: {clean(trouble.detail)}", "choose another --window")
        if trouble.number == FIRST:
            self._rows_now = None
        _log.info("%s: %s: %s", self._place, clean(trouble.title), clean(trouble.detail))
        for window in [window for window in self._wanted if window[0] == trouble.id]:
            future = self._wanted.pop(window)
            if not future.done():
                future.set_exception(UnknownPairError(clean(window[0])))
                future.exception()  # whoever asked may have gone

    def _want(self, window: Window) -> None:
        self._wanted[window] = asyncio.get_running_loop().create_future()
        self._send(messages.Command(windows=((window[0], window[1].value),)))
        for old in [key for key, future in self._wanted.items() if future.done()][: len(self._wanted) - MOST_WINDOWS]:
            del self._wanted[old]
            self._mirror.series.pop(old, None)
            self._send(messages.Command(unsubscribe=(old[0],), metrics=(old[1].value,)))

    def _send(self, command: messages.Command) -> None:
        """Send when there is a connection; what is asked for again on each new one may be lost without harm."""
        if not self._outbox.full():
            self._outbox.put_nowait(command)

    def _publish(self) -> None:
        if self._once and self._asked:
            backfill = BackfillProgress(len(self._asked), len(self._asked))
            self._mirror.snapshot = replace(
                self._mirror.snapshot, status=replace(self._mirror.snapshot.status, backfill=backfill)
            )
        self._count += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _end(self, error: TrackerError) -> None:
        self._ended = (
            error if isinstance(error, ConfigError) else type(error)(f"{self._place}: {error.message}", error.hint)
        )
        self._changed.set()
        self._questions.fail(self._ended)
        for future in self._wanted.values():
            if not future.done():
                future.set_exception(self._ended)


def _told(windows: Iterable[Window]) -> tuple[tuple[str, str], ...]:
    return tuple((name, metric.value) for name, metric in windows)


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
