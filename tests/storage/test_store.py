"""The history on its thread: what waits, what is tried again, what is let go."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from tests.storage.child import NEXT_SCHEMA
from tests.storage.made import (
    FIRST,
    MINUTE_MS,
    SOURCE,
    Samples,
    add_fill,
    add_minute,
    instruments,
    made_fill,
    made_minute,
)
from tests.storage.reading import bits, everything
from tui_tracker.core.errors import StorageError, StorageFault
from tui_tracker.storage.connection import FILE_NAME, open_for_writing
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.retention import Limits
from tui_tracker.storage.standing import Patience, StoreStatus
from tui_tracker.storage.store import Store

PATIENCE_S = 30
NOW_MS = (FIRST + 500) * MINUTE_MS


class Watched:
    """A store and all that it reported."""

    def __init__(self, folder: Path, limits: Limits | None = None, **patience: float) -> None:
        self._changed = threading.Condition()
        self.seen: list[StoreStatus] = []
        how = replace(Patience(retry_s=0.01, fill_pause_s=0.05), **patience)  # type: ignore[arg-type]
        self.store = Store(folder, lambda: NOW_MS, limits=limits, on_change=self._note, patience=how)

    def _note(self, status: StoreStatus) -> None:
        with self._changed:
            self.seen.append(status)
            self._changed.notify_all()

    def wait_for(self, holds: Callable[[StoreStatus], bool]) -> StoreStatus:
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(holds, self.seen)), PATIENCE_S)
            return next(status for status in self.seen if holds(status))

    def everything(self) -> Samples:
        return self.store.read(lambda reader: everything(reader, FIRST - 200, 1_000)).result(PATIENCE_S)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    found = Watched(tmp_path)
    yield found
    found.store.close()


def test_what_is_acknowledged_is_on_disk(watched: Watched, tmp_path: Path) -> None:
    model: Samples = {}
    assert watched.store.put_instruments(SOURCE, instruments(5)).result(PATIENCE_S) == 5
    fill = made_fill(1, FIRST - 60, 100)
    pending: list[Future[None]] = [watched.store.add_fill(fill)]
    for minute in range(FIRST, FIRST + 70):
        made = made_minute(minute)
        assert watched.store.append(made).result(PATIENCE_S)
        add_minute(model, made)
    add_fill(model, fill)
    assert pending[0].result(PATIENCE_S) is None
    other = open_for_writing(tmp_path / FILE_NAME)
    assert bits(everything(Reader(other), FIRST - 200, 1_000)) == bits(model)
    other.close()
    assert bits(watched.everything()) == bits(model)
    assert watched.store.status.stored_ms == (FIRST + 69) * MINUTE_MS
    assert watched.store.append(made_minute(FIRST + 3)).result(PATIENCE_S) is False


def test_fills_alone_are_written_within_a_second_together(watched: Watched) -> None:
    futures = [watched.store.add_fill(made_fill(at, FIRST, 30)) for at in range(5)]
    assert [future.result(PATIENCE_S) for future in futures] == [None] * 5
    assert len(watched.everything()) > 0


def test_a_log_that_grew_too_large_is_cut_and_reported(tmp_path: Path) -> None:
    watched = Watched(tmp_path, Limits(most_log_bytes=50_000))
    for minute in range(FIRST, FIRST + 20):
        watched.store.append(made_minute(minute))
    assert watched.wait_for(lambda status: status.log_cut > 0).log_cut > 50_000
    watched.store.close()


def test_upkeep_merges_what_has_ended(watched: Watched) -> None:
    for minute in range(FIRST, FIRST + 130):
        watched.store.append(made_minute(minute))
    status = watched.wait_for(lambda status: status.size is not None)
    assert status.error is None


def test_minutes_wait_out_a_lock_and_are_written_in_order_once(tmp_path: Path) -> None:
    watched, model = Watched(tmp_path, busy_ms=20), Samples()
    watched.wait_for(lambda status: status.is_open)
    holder = open_for_writing(tmp_path / FILE_NAME)
    holder.connection.execute("BEGIN IMMEDIATE")
    futures = []
    for minute in range(FIRST, FIRST + 9):
        made = made_minute(minute)
        futures.append(watched.store.append(made))
        add_minute(model, made)
    fault = watched.wait_for(lambda status: status.held == 9).error
    assert fault is not None
    assert fault.fault is StorageFault.LOCKED
    assert not any(future.done() for future in futures)
    holder.connection.execute("ROLLBACK")
    holder.close()
    assert [future.result(PATIENCE_S) for future in futures] == [True] * 9
    assert bits(watched.everything()) == bits(model)
    assert (watched.store.status.error, watched.store.status.held) == (None, 0)
    watched.store.close()


def test_stores_of_one_process_take_turns_instead_of_being_locked_out(tmp_path: Path) -> None:
    turn, watched = threading.Lock(), Watched(tmp_path)
    watched.wait_for(lambda status: status.is_open)
    watched.store.close()
    stores = [Store(tmp_path, lambda: NOW_MS, patience=Patience(busy_ms=0), turn=turn) for _ in range(2)]
    assert [store.read(lambda reader: reader.sources()).result(PATIENCE_S) for store in stores] == [(), ()]
    with turn:  # as one of them holds it while it writes
        holder = open_for_writing(tmp_path / FILE_NAME)
        holder.connection.execute("BEGIN IMMEDIATE")
        futures = [store.append(made_minute(FIRST + place)) for place, store in enumerate(stores)]
        with pytest.raises(TimeoutError):
            futures[0].result(0.1)
        holder.connection.execute("ROLLBACK")
        holder.close()
    futures[0].result(PATIENCE_S)  # False if the later minute came first
    assert futures[1].result(PATIENCE_S)
    assert [store.status.error for store in stores] == [None, None]
    for store in stores:
        store.close()


def test_one_of_several_stores_tidies_up(tmp_path: Path) -> None:
    idle = Store(tmp_path, lambda: NOW_MS, patience=Patience(upkeep_s=0.01), tends=False)
    for minute in range(FIRST, FIRST + 130):
        idle.append(made_minute(minute))
    for _ in range(50):  # turns of the thread, each with its upkeep
        idle.read(lambda reader: reader.sources()).result(PATIENCE_S)
    assert idle.status.size is None
    idle.close()
    watched = Watched(tmp_path, upkeep_s=0.01)
    assert watched.wait_for(lambda status: status.size is not None).error is None
    watched.store.close()


def test_of_too_many_minutes_the_oldest_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    watched = Watched(tmp_path / "file", most_minutes=3, most_fills=2)
    futures = [watched.store.append(made_minute(FIRST + at)) for at in range(5)]
    fills = [watched.store.add_fill(made_fill(0, FIRST, 5)) for _ in range(3)]
    for lost in (futures[0], futures[1]):
        error = lost.exception(PATIENCE_S)
        assert isinstance(error, StorageError)
        assert error.fault is StorageFault.OVERFLOW
    assert isinstance(fills[0].exception(PATIENCE_S), StorageError)
    status = watched.wait_for(lambda status: status.dropped == 3)
    assert (status.is_open, status.held) == (False, 3)
    (tmp_path / "file").unlink()
    assert [future.result(PATIENCE_S) for future in futures[2:]] == [True] * 3
    assert {key[2] for key in watched.everything()} >= {FIRST + 2, FIRST + 3, FIRST + 4}
    watched.store.close()


def test_a_newer_schema_stops_it_for_good(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert watched.store.append(made_minute(FIRST)).result(PATIENCE_S)
    open_for_writing(tmp_path / FILE_NAME, NEXT_SCHEMA).close()
    for _ in range(2):
        error = watched.store.append(made_minute(FIRST + 1)).exception(PATIENCE_S)
        assert isinstance(error, StorageError)
        assert error.fault is StorageFault.NEWER_SCHEMA
        assert "restart" in error.hint
    assert isinstance(watched.store.add_fill(made_fill(0, FIRST, 5)).exception(PATIENCE_S), StorageError)
    assert isinstance(watched.store.read(Reader.sources).exception(PATIENCE_S), StorageError)
    assert watched.store.status.is_stopped
    watched.store.close()


def test_damage_that_is_met_while_running_is_recovered(watched: Watched, tmp_path: Path) -> None:
    for minute in range(FIRST, FIRST + 20):
        watched.store.append(made_minute(minute)).result(PATIENCE_S)
    other = open_for_writing(tmp_path / FILE_NAME)
    other.connection.execute("UPDATE source SET name = 'else'")
    other.close()
    assert watched.store.append(made_minute(FIRST + 30)).result(PATIENCE_S)
    recovery = watched.store.status.recovery
    assert recovery is not None
    assert recovery.moved_to.exists()
    assert {key[2] for key in watched.everything()} >= {FIRST + 30}


def test_one_that_may_only_read_refuses_and_goes_on_reading(tmp_path: Path) -> None:
    writer = Store(tmp_path, lambda: NOW_MS)
    writer.append(made_minute(FIRST)).result(PATIENCE_S)
    store = Store(tmp_path, lambda: NOW_MS, is_reader=True, patience=Patience(retry_s=0.01))
    try:
        for refused in (store.append(made_minute(FIRST + 1)), store.add_fill(made_fill(0, FIRST, 5))):
            error = refused.exception(PATIENCE_S)
            assert isinstance(error, StorageError)
            assert error.fault is StorageFault.READ_ONLY
        assert store.status.error is not None
        assert store.status.held == 0
        assert store.read(lambda reader: reader.span(SOURCE)).result(PATIENCE_S) is not None
        assert store.status.error is not None, "nothing will be kept, however long one waits"
        store.follow()
        store.read(lambda reader: reader.span(SOURCE)).result(PATIENCE_S)
        assert store.status.error is None
    finally:
        store.close()
        writer.close()


def test_damaged_rows_are_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    writer = Store(tmp_path, lambda: NOW_MS)
    for minute in range(FIRST, FIRST + 3):
        writer.append(made_minute(minute)).result(PATIENCE_S)
    writer.close()
    database = open_for_writing(tmp_path / FILE_NAME)
    with database.writing("damage") as connection:
        connection.execute("UPDATE minute SET body = zeroblob(length(body)) WHERE id = (SELECT max(id) FROM minute)")
    database.close()
    store = Store(tmp_path, lambda: NOW_MS, is_reader=True)
    try:
        for _ in range(3):
            store.read(lambda reader: everything(reader, FIRST, 10)).result(PATIENCE_S)
        assert store.status.has_damage
        assert len([record for record in caplog.records if "hour" in record.getMessage()]) == 1
    finally:
        store.close()


def test_closing_fails_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    watched = Watched(tmp_path / "file", retry_s=60)
    minute = watched.store.append(made_minute(FIRST))
    fill = watched.store.add_fill(made_fill(0, FIRST, 5))
    watched.store.close()
    assert watched.store.status.lost == 1
    for error in (minute.exception(0), fill.exception(0)):
        assert isinstance(error, StorageError)
        assert error.fault is StorageFault.CLOSED


def test_closing_writes_what_waits_and_leaves_the_log_for_readers(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    fill = watched.store.add_fill(made_fill(0, FIRST, 5))
    watched.store.close()
    assert fill.result(0) is None
    assert sorted(each.name for each in tmp_path.iterdir()) == [FILE_NAME, f"{FILE_NAME}-shm", f"{FILE_NAME}-wal"]
    assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size == 0


def test_an_error_of_the_caller_is_the_callers(watched: Watched) -> None:
    future = watched.store.read(lambda reader: 1 // 0)
    assert isinstance(future.exception(PATIENCE_S), ZeroDivisionError)
    assert watched.store.append(made_minute(FIRST)).result(PATIENCE_S)


def test_a_minute_that_cannot_be_coded_fails_alone(watched: Watched) -> None:
    broken = replace(made_minute(FIRST), values=made_minute(FIRST, 3).values)
    future = watched.store.append(broken)
    assert watched.store.append(made_minute(FIRST + 1)).result(PATIENCE_S)
    assert isinstance(future.exception(PATIENCE_S), ValueError)
    assert {key[2] for key in watched.everything()} == {FIRST + 1}


def test_a_write_that_was_given_up_does_no_harm(watched: Watched) -> None:
    for at in range(5):
        watched.store.append(made_minute(FIRST + at)).cancel()
    assert watched.store.append(made_minute(FIRST + 9)).result(PATIENCE_S)
    assert {key[2] for key in watched.everything()} == {FIRST + at for at in (0, 1, 2, 3, 4, 9)}


def test_fills_are_merged_once_they_are_many(tmp_path: Path) -> None:
    watched = Watched(tmp_path, upkeep_s=0.01, fill_rest_s=1e9, most_unmerged=3)
    watched.store.put_instruments(SOURCE, instruments(5)).result(PATIENCE_S)
    watched.store.append(made_minute(FIRST + 600)).result(PATIENCE_S)
    for number in range(2):
        watched.store.add_fill(made_fill(number, FIRST, 50)).result(PATIENCE_S)

    def fills(reader: Reader) -> int:
        count: int = reader._database.connection.execute("SELECT count(*) FROM fill").fetchone()[0]
        return count

    for _ in range(20):  # turns of the thread, each with its upkeep
        assert watched.store.read(fills).result(PATIENCE_S) == 2
    watched.store.add_fill(made_fill(3, FIRST, 50)).result(PATIENCE_S)
    watched.wait_for(lambda status: status.size is not None)
    assert any(watched.store.read(fills).result(PATIENCE_S) == 0 for _ in range(10_000))
    watched.store.close()
