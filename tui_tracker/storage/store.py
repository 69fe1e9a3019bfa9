"""The history as the engine sees it: calls that return at once, and one thread that does them in order."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from tui_tracker.core.errors import StorageError, StorageFault
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.status import SourceReport
from tui_tracker.storage import lease
from tui_tracker.storage.connection import FILE_NAME, Database, open_for_reading, open_for_writing
from tui_tracker.storage.events import Event, Loaded
from tui_tracker.storage.lease import Wish
from tui_tracker.storage.looking import Look, Looker
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.model import Fill, Minute
from tui_tracker.storage.office import Office
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.recovery import open_or_recover, recover
from tui_tracker.storage.retention import Limits, empty_log, retain, size_of
from tui_tracker.storage.schema import SCHEMA, Schema
from tui_tracker.storage.standing import Patience, StoreStatus
from tui_tracker.storage.writer import Writer

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Write:
    """A closed minute, or a list of instruments, in the order in which they came."""

    run: Callable[[Writer, list[Fill]], None]
    """Writes it, with the fills that wait, and resolves its future."""
    fail: Callable[[Exception], None]
    minute_ms: int | None = None


class Store:
    """Owns the history of one folder. Every call is handed to a thread of its own; futures tell what became of it.

    A future of a write is resolved once it is on disk, which after a failure can take long: the minutes wait, in
    order, and are written when that is possible again, each once. It fails only if the minute was let go
    (``Patience``), or the store was closed or stopped first. ``status`` says how it stands.
    """

    def __init__(
        self,
        folder: Path,
        now_ms: Callable[[], int],
        *,
        limits: Limits | None = None,
        schema: Schema = SCHEMA,
        on_change: Callable[[StoreStatus], None] | None = None,
        patience: Patience | None = None,
        is_reader: bool = False,
        may_recover: Callable[[], bool] = lambda: True,
        turn: "threading.Lock | None" = None,
        tends: bool = True,
    ) -> None:
        """Start the thread, which opens the file.

        Args:
            folder: Where ``history.sqlite`` is or will be.
            now_ms: The wall clock.
            limits: How much is kept.
            schema: What the program knows.
            patience: How long and how much is waited.
            is_reader: Open it without write access; nothing is written then.
            may_recover: Whether a damaged file may be moved aside: not while another process writes to it.
            turn: Shared by all stores of this process that write to this file, one after the other.
            tends: Whether merging and retention are this one's business where it may write: of several, one is enough.
        """
        self.path: Final = folder / FILE_NAME
        self._now_ms: Final = now_ms
        self._limits: Final = limits or Limits()
        self._schema: Final = schema
        self.on_change = on_change
        """Called on the store's thread with each new status."""
        self._patience: Final = patience or Patience()
        self._calls: Final[queue.SimpleQueue[Callable[[], None] | None]] = queue.SimpleQueue()
        self._status = StoreStatus()
        self._writes: deque[_Write] = deque()
        self._fills: deque[tuple[Fill, Future[None]]] = deque()
        self._database: Database | None = None
        self._writer: Writer | None = None
        self._reader: Reader | None = None
        self._merger: Merger | None = None
        self._looker: Looker | None = None
        self._is_reader: Final = is_reader
        self._may_recover: Final = may_recover
        self._turn: Final = turn or threading.Lock()
        self._tends: Final = tends
        self._opened: tuple[int, int] | None = None
        self._office: Final = Office(self.path, now_ms)
        self._news: deque[Event] = deque()
        self._lost_news = False
        self._damage = ""
        self._fills_due_s = self._retry_due_s = self._upkeep_due_s = 0.0
        self._last_fill_s, self._unmerged = float("-inf"), 0
        self._thread: Final = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    @property
    def status(self) -> StoreStatus:
        """How the history is doing at this moment."""
        return self._status

    def append(self, minute: Minute) -> "Future[bool]":
        """Store a closed minute; ``False`` if that minute of its source, or a later one, is there already."""
        future: Future[bool] = Future()

        def run(writer: Writer, fills: list[Fill]) -> None:
            _resolve(future, writer.append(minute, fills))

        write = _Write(run, lambda error: _fail(future, error), minute.minute_ms)
        self._calls.put(lambda: self._take_write(write))
        return future

    def put_instruments(self, source: str, instruments: Iterable[Instrument]) -> "Future[int]":
        """Store the list of instruments; how many differ from what was stored."""
        listed = tuple(instruments)
        future: Future[int] = Future()

        def run(writer: Writer, fills: list[Fill]) -> None:
            _resolve(future, writer.put_instruments(source, listed, self._now_ms(), fills))

        write = _Write(run, lambda error: _fail(future, error))
        self._calls.put(lambda: self._take_write(write))
        return future

    def add_fill(self, fill: Fill) -> "Future[None]":
        """Store what candles told; with the next minute, or within a second."""
        future: Future[None] = Future()
        self._calls.put(lambda: self._take_fill(fill, future))
        return future

    def drop_after(self, source: str, minute_ms: int) -> "Future[int]":
        """Take out the minutes after one, stamped by a wrong clock; how many rows went."""
        future: Future[int] = Future()

        def run(writer: Writer, fills: list[Fill]) -> None:
            _resolve(future, writer.drop_after(source, minute_ms, fills))

        write = _Write(run, lambda error: _fail(future, error))
        self._calls.put(lambda: self._take_write(write))
        return future

    def read(self, call: Callable[[Reader], _T]) -> "Future[_T]":
        """Read: ``store.read(lambda reader: reader.load(…))``. Writes that came before are done before."""
        future: Future[_T] = Future()
        self._calls.put(lambda: self._do_read(call, future))
        return future

    def take_lead(self, source: str, seize: Callable[[], bool] | None = None) -> "Future[None]":
        """From now on write as the collector of a source; no other process can any more.

        Args:
            source: Its name.
            seize: Called in the transaction that takes the office; ``False`` to leave it.

        The future fails where that could not be written yet: it is tried again before anything else is written.
        """
        future: Future[None] = Future()

        def run() -> None:
            self._office.lead(source)
            try:
                if self._database is None:
                    self._open_or_raise()
                assert self._database is not None
                self._office.take(self._database, seize)
            except Exception as error:  # noqa: BLE001 - the caller gets it
                _fail(future, error)
            else:
                _resolve(future, None)

        self._calls.put(run)
        return future

    def follow(self) -> None:
        """From now on write nothing but wishes: another process collects. What waits to be written fails."""

        def run() -> None:
            self._office.follow()
            self._fail_all(lease.superseded(str(self.path)))
            self._change(error=None)

        self._calls.put(run)

    def rest(self) -> "Future[None]":
        """Write what waits, and from then on nothing, not even to tidy up: the process is about to be stopped."""
        future: Future[None] = Future()

        def run() -> None:
            self._flush()
            self._office.follow()
            _resolve(future, None)

        self._calls.put(run)
        return future

    def visit(self, source: str) -> None:
        """From now on write only as long as no other process begins to collect a source."""

        def run() -> None:
            with suppress(StorageError):
                if self._database is not None:
                    with self._database.reading("read") as connection:
                        self._office.visit(source, lease.epoch_of(connection, source))
                    return
            self._office.follow()

        self._calls.put(run)

    def tell(self, event: Event) -> None:
        """Tell other sessions what was done to the market; candles with the next fill, all else at once."""
        self._calls.put(lambda: self._take_news(event))

    def put_report(self, report: SourceReport) -> "Future[None]":
        """Tell other sessions how the source is doing. Of no use later, so it is tried only once."""
        return self._aside(lambda writer: self._put_report(writer, report))

    def wish(self, source: str, wish: Wish) -> "Future[None]":
        """Ask something of the collector. Tried only once."""

        def run(writer: Writer) -> None:
            with self._office.excepted():
                writer.put_wish(source, wish, self._now_ms())

        return self._aside(run)

    def look(self, source: str, after: int) -> "Future[Look | None]":
        """What other sessions wrote since the last look, or ``None`` if nothing; see ``Looker``."""
        future: Future[Look | None] = Future()

        def run() -> None:
            self._guarded(self._reopen_if_replaced)
            self._do_read(lambda _: None if self._looker is None else self._looker.look(source, after), future)

        self._calls.put(run)
        return future

    def start_of_news(self, source: str, minute: int | None) -> "Future[int]":
        """The number after which news begin that are not in the windows up to a minute; see ``Looker``."""
        return self.read(lambda _: 0 if self._looker is None else self._looker.start(source, minute))

    def _aside(self, call: Callable[[Writer], None]) -> "Future[None]":
        """Write something that nothing waits for."""
        future: Future[None] = Future()

        def run() -> None:
            try:
                if self._writer is not None and self._status.error is None:
                    call(self._writer)
                _resolve(future, None)
            except Exception as error:  # noqa: BLE001 - the caller gets it
                _fail(future, error)

        self._calls.put(run)
        return future

    def _put_report(self, writer: Writer, report: SourceReport) -> None:
        if self._office.source is not None:
            writer.put_report(self._office.source, report)

    def close(self, timeout_s: float | None = None) -> None:
        """Write what can be written, close the file and end the thread. What is left fails.

        A disk that doesn't answer in time is left to itself: the thread ends with the process.
        """
        self._calls.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        self._open()
        while True:
            try:
                call = self._calls.get(timeout=self._pause_s())
            except queue.Empty:
                self._work()
                continue
            if call is None:
                break
            call()
            if self._calls.empty():
                self._work()
        self._flush()
        self._fail_all(StorageError("the history was closed", StorageFault.CLOSED, str(self.path)))
        self._shut()

    def _pause_s(self) -> float:
        """Time until something is due without being asked."""
        due_s = [self._upkeep_due_s]
        if self._status.error is not None:
            due_s = [self._retry_due_s] if not self._status.is_stopped else [time.monotonic() + self._patience.upkeep_s]
        elif self._fills or self._news:
            due_s.append(self._fills_due_s)
        return max(0.0, min(due_s) - time.monotonic())

    def _work(self) -> None:
        """Do what is due."""
        now_s = time.monotonic()
        if self._status.error is not None:
            if not self._status.is_stopped and now_s >= self._retry_due_s:
                self._flush()
        elif (self._fills or self._news) and now_s >= self._fills_due_s:
            self._flush()
        elif now_s >= self._upkeep_due_s:
            self._guarded(self._upkeep)

    def _take_write(self, write: _Write) -> None:
        if self._status.is_stopped and self._status.error is not None:
            write.fail(self._status.error)
            return
        self._writes.append(write)
        if len(self._writes) > self._patience.most_minutes:
            self._writes.popleft().fail(self._let_go("minute"))
        self._flush()

    def _take_fill(self, fill: Fill, future: "Future[None]") -> None:
        if self._status.is_stopped and self._status.error is not None:
            _fail(future, self._status.error)
            return
        if not self._fills:
            self._fills_due_s = time.monotonic() + self._patience.fill_pause_s
        self._fills.append((fill, future))
        if len(self._fills) > self._patience.most_fills:
            _fail(self._fills.popleft()[1], self._let_go("fill"))

    def _take_news(self, event: Event) -> None:
        if self._office.source is None or self._status.is_stopped:
            return
        if not self._fills and not self._news:
            self._fills_due_s = time.monotonic() + self._patience.fill_pause_s
        self._news.append(event)
        if len(self._news) > self._patience.most_news:
            self._news.popleft()
            self._lost_news = True
        if not isinstance(event, Loaded):
            self._flush()

    def _let_go(self, what: str) -> StorageError:
        self._change(dropped=self._status.dropped + 1)
        return StorageError(f"a {what} was let go unwritten", StorageFault.OVERFLOW, str(self.path))

    def _do_read(self, call: Callable[[Reader], _T], future: "Future[_T]") -> None:
        if self._writes or self._fills:
            self._flush()
        try:
            if self._reader is None:
                raise self._status.error or StorageError("no history", StorageFault.OTHER, str(self.path))
            result = call(self._reader)
        except Exception as error:  # noqa: BLE001 - the caller gets it
            _fail(future, error)
            if isinstance(error, StorageError) and error.fault is StorageFault.CORRUPT:
                self._note_failure(error)
        else:
            _resolve(future, result)

    def _flush(self) -> None:
        """Write all that waits, in order."""
        self._guarded(self._write_all)

    def _write_all(self) -> None:
        if self._database is None:
            self._open_or_raise()
        writer = self._writer
        if writer is None or self._database is None:  # a reader
            self._change(error=None)
            return
        self._office.take(self._database)
        self._tell_all(writer)
        while self._writes:
            write, fills = self._writes[0], tuple(self._fills)
            try:
                write.run(writer, [fill for fill, _ in fills])
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - what can never be written must not block the rest
                _log.exception("a minute of the history was unusable")
                self._writes.popleft().fail(error)
                continue
            self._writes.popleft()
            self._settle(fills)
            if write.minute_ms is not None:
                self._change(stored_ms=max(write.minute_ms, self._status.stored_ms or 0), held=len(self._writes))
        if fills := tuple(self._fills):
            writer.add_fills([fill for fill, _ in fills])
            self._settle(fills)
        self._change(error=None, held=0)

    def _tell_all(self, writer: Writer) -> None:
        if not self._news or self._office.source is None:
            return
        fills, events = tuple(self._fills), tuple(self._news)
        try:
            writer.tell(self._office.source, events, [fill for fill, _ in fills], is_complete=not self._lost_news)
        except StorageError:
            raise
        except Exception:  # noqa: BLE001 - what can never be told must not block the rest
            _log.exception("other sessions can't be told")
            self._lost_news = True
            self._news.clear()
            return
        self._lost_news = False
        self._news.clear()
        self._settle(fills)

    def _settle(self, fills: "tuple[tuple[Fill, Future[None]], ...]") -> None:
        for _, future in fills:
            self._fills.popleft()
            _resolve(future, None)
        if fills:
            self._last_fill_s = time.monotonic()
            self._unmerged += len(fills)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do something that may fail; then go on in memory."""
        try:
            work()
        except StorageError as error:
            self._note_failure(error)

    def _note_failure(self, error: StorageError) -> None:
        if error.fault is StorageFault.SUPERSEDED:
            self._office.follow()
            self._fail_all(error)
            self._change(error=None, superseded=self._status.superseded + 1)
            return
        if self._status.error is None or self._status.error.fault is not error.fault:
            _log.warning("history: %s", error)
        self._retry_due_s = time.monotonic() + self._patience.retry_s
        self._change(error=error, held=len(self._writes), is_stopped=not error.is_passing)
        if error.fault is StorageFault.CORRUPT and self._database is not None:
            self._damage, self._retry_due_s = error.message, 0.0
            self._shut()
        elif not error.is_passing:
            self._fail_all(error)
            self._shut()

    def _open(self) -> None:
        with self._turn:
            self._guarded(self._open_or_raise)

    def _open_or_raise(self) -> None:
        recovery = None
        if self._is_reader:
            database = open_for_reading(self.path, self._schema)
        elif not self._may_recover():
            database = open_for_writing(self.path, self._schema, self._patience.busy_ms)
        else:
            if self._damage:
                recovery, self._damage = recover(self.path, self._now_ms(), self._damage, self._schema), ""
            database, found = open_or_recover(self.path, self._now_ms(), self._schema, self._patience.busy_ms)
            recovery = found or recovery
        self._database, self._reader, self._looker = database, Reader(database), Looker(database)
        self._opened = _file_of(self.path)
        if not self._is_reader:
            database.fence, database.turn = self._office.fence, self._turn
            self._writer, self._merger = Writer(database), Merger(database)
        self._change(is_open=True, error=None, recovery=recovery or self._status.recovery)

    def _reopen_if_replaced(self) -> None:
        """Where another process moved a damaged file aside, or began to write to one that nobody wrote."""
        if self._database is None or self._office.tends:
            return
        is_written = self._database.is_still and self.path.with_name(self.path.name + "-wal").exists()
        if is_written or _file_of(self.path) != self._opened:
            self._shut()
            self._open_or_raise()

    def _shut(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database = self._writer = self._reader = self._merger = self._looker = None
        self._change(is_open=False)

    def _upkeep(self) -> None:
        """Merge, let go, or cut the log: one small step. The next is due at once if there is more to do."""
        database, merger = self._database, self._merger
        if database is None or merger is None or not (self._tends and self._office.tends):
            self._upkeep_due_s = time.monotonic() + self._patience.upkeep_s
            return
        has_more = self._merge(merger) or retain(database, self._limits, self._now_ms())
        size = size_of(database)
        if size.log > self._limits.most_log_bytes:
            cut = empty_log(database)
            _log.warning("the write-ahead log of %s had grown to %d MB", self.path, cut // 2**20)
            self._change(log_cut=max(cut, self._status.log_cut))
        self._upkeep_due_s = time.monotonic() + (0.0 if has_more else self._patience.upkeep_s)
        if not has_more:
            self._change(size=size)

    def _merge(self, merger: Merger) -> bool:
        """Merge a little; fills once they rest, or are many."""
        is_at_rest = time.monotonic() - self._last_fill_s >= self._patience.fill_rest_s
        takes_fills = is_at_rest or self._unmerged >= self._patience.most_unmerged
        has_more = merger.step(takes_fills=takes_fills)
        if takes_fills and not has_more:
            self._unmerged = 0
        return has_more

    def _fail_all(self, error: StorageError) -> None:
        for write in self._writes:
            write.fail(error)
        for _, future in self._fills:
            _fail(future, error)
        self._writes.clear()
        self._fills.clear()
        self._lost_news = self._lost_news or bool(self._news)
        self._news.clear()
        self._change(held=0)

    def _change(self, **changes: object) -> None:
        status = replace(self._status, **changes)  # type: ignore[arg-type]
        if status != self._status:
            self._status = status
            if self.on_change is not None:
                self.on_change(status)


def _file_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _resolve(future: "Future[_T]", result: _T) -> None:
    if future.set_running_or_notify_cancel():
        future.set_result(result)


def _fail(future: "Future[_T]", error: Exception) -> None:
    with suppress(InvalidStateError):
        if future.set_running_or_notify_cancel():
            future.set_exception(error)
