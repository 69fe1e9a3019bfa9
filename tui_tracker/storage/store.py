"""The history as the engine sees it: calls that return at once, and one thread that does them in order."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from tui_tracker.core.errors import StorageError, StorageFault
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.status import SourceReport
from tui_tracker.storage import lease
from tui_tracker.storage.connection import FILE_NAME
from tui_tracker.storage.events import Event
from tui_tracker.storage.lease import Wish
from tui_tracker.storage.looking import Look, Looker
from tui_tracker.storage.model import Fill, Minute
from tui_tracker.storage.office import Office
from tui_tracker.storage.opening import Opening
from tui_tracker.storage.promises import fail, resolve
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.retention import Limits
from tui_tracker.storage.schema import SCHEMA, Schema
from tui_tracker.storage.standing import Patience, StoreStatus
from tui_tracker.storage.upkeep import Rounds, tidy_up
from tui_tracker.storage.waiting import Waiting, Write
from tui_tracker.storage.writer import Writer

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


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
        self.on_change = on_change
        """Called on the store's thread with each new status."""
        self._patience: Final = patience or Patience()
        self._calls: Final[queue.SimpleQueue[Callable[[], None] | None]] = queue.SimpleQueue()
        self._status = StoreStatus()
        self._turn: Final = turn or threading.Lock()
        self._tends: Final = tends
        self._office: Final = Office(self.path, now_ms)
        self._waiting: Final = Waiting(self.path, self._patience, self._note_stored)
        self._rounds: Final = Rounds(self._patience)
        self._file: Final = Opening(
            self.path,
            schema,
            self._patience.busy_ms,
            self._office,
            now_ms,
            is_reader=is_reader,
            may_recover=may_recover,
            turn=self._turn,
        )
        self._retry_due_s = self._upkeep_due_s = 0.0
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
            resolve(future, writer.append(minute, fills))

        write = Write(run, lambda error: fail(future, error), minute.minute_ms)
        self._calls.put(lambda: self._take_write(write))
        return future

    def put_instruments(self, source: str, instruments: Iterable[Instrument]) -> "Future[int]":
        """Store the list of instruments; how many differ from what was stored."""
        listed = tuple(instruments)
        future: Future[int] = Future()

        def run(writer: Writer, fills: list[Fill]) -> None:
            resolve(future, writer.put_instruments(source, listed, self._now_ms(), fills))

        write = Write(run, lambda error: fail(future, error))
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
            resolve(future, writer.drop_after(source, minute_ms, fills))

        write = Write(run, lambda error: fail(future, error))
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
                if self._file.database is None:
                    self._open_or_raise()
                assert self._file.database is not None
                self._office.take(self._file.database, seize)
            except Exception as error:  # noqa: BLE001 - the caller gets it
                fail(future, error)
            else:
                resolve(future, None)

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
            resolve(future, None)

        self._calls.put(run)
        return future

    def visit(self, source: str) -> None:
        """From now on write only as long as no other process begins to collect a source."""

        def run() -> None:
            with suppress(StorageError):
                if self._file.database is not None:
                    with self._file.database.reading("read") as connection:
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
        return self._look(lambda looker: looker.look(source, after))

    def wishes(self) -> "Future[Mapping[str, tuple[Wish, ...]] | None]":
        """What is asked of each source's collector, or ``None`` if nothing new; see ``Looker``."""
        return self._look(lambda looker: looker.wishes())

    def _look(self, call: Callable[[Looker], _T | None]) -> "Future[_T | None]":
        future: Future[_T | None] = Future()

        def run() -> None:
            self._guarded(self._reopen_if_outdated)
            self._do_read(lambda _: None if self._file.looker is None else call(self._file.looker), future)

        self._calls.put(run)
        return future

    def report(self, source: str) -> "Future[SourceReport | None]":
        """How the collector last said that a source is doing."""
        return self.read(lambda _: None if self._file.looker is None else self._file.looker.report(source))

    def start_of_news(self, source: str, minute: int | None) -> "Future[int]":
        """The number after which news begin that are not in the windows up to a minute; see ``Looker``."""
        return self.read(lambda _: 0 if self._file.looker is None else self._file.looker.start(source, minute))

    def _aside(self, call: Callable[[Writer], None]) -> "Future[None]":
        """Write something that nothing waits for."""
        future: Future[None] = Future()

        def run() -> None:
            try:
                if self._file.writer is not None and self._status.error is None:
                    call(self._file.writer)
                resolve(future, None)
            except Exception as error:  # noqa: BLE001 - the caller gets it
                fail(future, error)

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
        self._change(lost=self._waiting.minutes)
        self._fail_all(StorageError("the history was closed", StorageFault.CLOSED, str(self.path)))
        self._shut()

    def _pause_s(self) -> float:
        """Time until something is due without being asked."""
        due_s = [self._upkeep_due_s]
        if self._status.error is not None:
            due_s = [self._retry_due_s] if not self._status.is_stopped else [time.monotonic() + self._patience.upkeep_s]
        elif self._waiting.due_s is not None:
            due_s.append(self._waiting.due_s)
        return max(0.0, min(due_s) - time.monotonic())

    def _work(self) -> None:
        """Do what is due."""
        now_s = time.monotonic()
        if self._status.error is not None:
            if not self._status.is_stopped and now_s >= self._retry_due_s:
                self._flush()
        elif self._waiting.due_s is not None and now_s >= self._waiting.due_s:
            self._flush()
        elif now_s >= self._upkeep_due_s:
            self._guarded(self._upkeep)

    def _take_write(self, write: Write) -> None:
        if (error := self._refusal()) is not None:
            write.fail(error)
            return
        self._waiting.add(write)
        self._change(dropped=self._waiting.dropped)
        self._flush()

    def _take_fill(self, filled: Fill, future: "Future[None]") -> None:
        if (error := self._refusal()) is not None:
            fail(future, error)
            return
        self._waiting.add_fill(filled, future)
        self._change(dropped=self._waiting.dropped)

    def _refusal(self) -> StorageError | None:
        """Why nothing will ever be written, if so."""
        if self._status.is_stopped:
            return self._status.error
        if not self._file.is_reader:
            return None
        error = StorageError("the history may only be read here", StorageFault.READ_ONLY, str(self.path))
        self._change(error=error)
        return error

    def _take_news(self, event: Event) -> None:
        if self._office.source is None or self._status.is_stopped:
            return
        if self._waiting.add_event(event):
            self._flush()

    def _do_read(self, call: Callable[[Reader], _T], future: "Future[_T]") -> None:
        if self._waiting.has_samples:
            self._flush()
        try:
            if self._file.reader is None:
                raise self._status.error or StorageError("no history", StorageFault.OTHER, str(self.path))
            result = call(self._file.reader)
        except Exception as error:  # noqa: BLE001 - the caller gets it
            fail(future, error)
            if isinstance(error, StorageError) and error.fault is StorageFault.CORRUPT:
                self._note_failure(error)
        else:
            if self._file.reader.damaged:
                self._change(has_damage=True)
            resolve(future, result)

    def _flush(self) -> None:
        """Write all that waits, in order."""
        self._guarded(self._write_all)

    def _write_all(self) -> None:
        if self._file.database is None:
            self._open_or_raise()
        if self._file.writer is None or self._file.database is None:  # a reader
            self._retry_due_s = time.monotonic() + self._patience.retry_s
            if self._status.error is not None and self._status.error.fault is not StorageFault.READ_ONLY:
                self._change(error=None)
            return
        self._office.take(self._file.database)
        self._waiting.write(self._file.writer, self._office.source)
        if self._status.error is not None:
            _log.warning("history: it is written again")
        self._change(error=None, held=0)

    def _note_stored(self, minute_ms: int) -> None:
        self._change(stored_ms=max(minute_ms, self._status.stored_ms or 0), held=self._waiting.minutes)

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
        self._change(error=error, held=self._waiting.minutes, is_stopped=not error.is_passing)
        if error.fault is StorageFault.CORRUPT and self._file.database is not None:
            self._file.damage, self._retry_due_s = error.message, 0.0
            self._shut()
        elif not error.is_passing:
            self._fail_all(error)
            self._shut()

    def _open(self) -> None:
        with self._turn:
            self._guarded(self._open_or_raise)

    def _open_or_raise(self) -> None:
        recovery = self._file.open()
        self._change(is_open=True, error=None, recovery=recovery or self._status.recovery)

    def _reopen_if_outdated(self) -> None:
        if self._file.is_outdated:
            self._shut()
            self._open_or_raise()

    def _shut(self) -> None:
        self._file.shut()
        self._rounds.end()
        self._change(is_open=False)

    def _upkeep(self) -> None:
        """Merge, let go, or cut the log: one small step. The next is due at once if there is more to do."""
        database, merger = self._file.database, self._file.merger
        self._upkeep_due_s = time.monotonic() + self._patience.upkeep_s
        if database is None or merger is None or not (self._tends and self._office.tends):
            return
        done = tidy_up(database, merger, self._rounds, self._limits, self._now_ms())
        if done.log_cut:
            self._change(log_cut=max(done.log_cut, self._status.log_cut))
        if done.has_more:
            self._upkeep_due_s = time.monotonic()
        else:
            self._change(size=done.size)

    def _fail_all(self, error: StorageError) -> None:
        self._waiting.fail(error)
        self._change(held=0)

    def _change(self, **changes: object) -> None:
        status = replace(self._status, **changes)  # type: ignore[arg-type]
        if status != self._status:
            self._status = status
            if self.on_change is not None:
                self.on_change(status)
