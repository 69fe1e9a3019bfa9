"""Flipped bits and cut files: never an error but ``StorageError``, never a wrong sample, and what is whole is kept."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

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
from tui_tracker.core.errors import StorageError
from tui_tracker.storage.connection import FILE_NAME, open_for_writing
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.recovery import open_or_recover
from tui_tracker.storage.writer import Writer

MINUTES = 400
NOW_MS = 1_795_647_000_000
"""2026-11-25 22:50 UTC."""


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Samples]:
    """A closed history with merged hours, single minutes and fills, and what is in it."""
    path, model = tmp_path_factory.mktemp("healthy") / FILE_NAME, Samples()
    database = open_for_writing(path)
    writer, merger = Writer(database), Merger(database)
    writer.put_instruments(SOURCE, instruments(5), 1)
    for minute in range(FIRST + 1_100, FIRST + 1_100 + MINUTES):
        made = made_minute(minute)
        writer.append(made)
        add_minute(model, made)
    while merger.step():
        pass
    for at in range(5):
        fill = made_fill(at, FIRST + 1_400, 100)
        writer.add_fills([fill])
        add_fill(model, fill)
    database.close()
    return path.read_bytes(), model


def damaged_copies(whole: bytes, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    random = Random(seed)
    for number in range(count):
        if number % 3 == 2:
            size = random.randrange(len(whole))
            yield f"cut to {size}", whole[:size]
            continue
        copy = bytearray(whole)
        for _ in range(random.choice((1, 1, 5, 50))):
            copy[random.randrange(len(copy))] ^= 1 << random.randrange(8)
        yield f"flipped {number}", bytes(copy)


def assert_true(found: Samples, model: Samples) -> None:
    """What was read is what was written, or part of it: a polled price where the candle over it is gone."""
    expected = bits(model)
    for key, (value, origin) in bits(found).items():
        assert key in expected
        assert origin < expected[key][1] or (value, origin) == expected[key]


@pytest.mark.parametrize("seed", range(3))
def test_damage_is_never_taken_for_samples(healthy: tuple[bytes, Samples], tmp_path: Path, seed: int) -> None:
    whole, model = healthy
    kept = []
    for number, (what, content) in enumerate(damaged_copies(whole, 12, seed)):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / FILE_NAME
        path.write_bytes(content)
        database, recovery = open_or_recover(path, NOW_MS)
        found = everything(Reader(database), FIRST + 1_000, 600)
        assert_true(found, model)
        assert Writer(database).append(made_minute(FIRST + 2_000)), what
        merger = Merger(database)
        while merger.step():
            pass
        assert_true(everything(Reader(database), FIRST + 1_000, 600), model)
        database.close()
        if recovery is not None:
            assert recovery.moved_to.read_bytes()[: len(content)] == content or recovery.kept
            assert recovery.moved_to.name.startswith("history-corrupt-20261125T")
            assert recovery.moved_to.name in recovery.notice
        kept.append(len(found) / len(model))
    assert sum(kept) / len(kept) > 0.3


def test_a_healthy_file_is_left_alone(healthy: tuple[bytes, Samples], tmp_path: Path) -> None:
    whole, model = healthy
    path = tmp_path / FILE_NAME
    path.write_bytes(whole)
    database, recovery = open_or_recover(path, NOW_MS)
    assert recovery is None
    assert bits(everything(Reader(database), FIRST + 1_000, 600)) == bits(model)
    database.close()


def test_all_but_the_damaged_page_is_recovered(healthy: tuple[bytes, Samples], tmp_path: Path) -> None:
    """One page of a tree is wiped: what lies beyond it is found by asking for each minute and hour by itself."""
    whole, model = healthy
    page = int.from_bytes(whole[16:18], "big")
    for number in range(3, len(whole) // page, 7):
        path = tmp_path / f"{number}" / FILE_NAME
        path.parent.mkdir()
        path.write_bytes(whole[: number * page] + bytes(page) + whole[(number + 1) * page :])
        database, _ = open_or_recover(path, NOW_MS)
        assert_true(everything(Reader(database), FIRST + 1_000, 600), model)
        database.close()


@pytest.mark.parametrize(
    "content", [b"", b"SQLite format 3\0", b"no database at all, but long enough to look like one" * 90]
)
def test_something_else_than_a_history_is_moved_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    database, recovery = open_or_recover(path, NOW_MS)
    assert Writer(database).append(made_minute(FIRST))
    database.close()
    if content:
        assert recovery is not None
        assert (recovery.kept, recovery.moved_to.read_bytes()) == (0, content)


def test_a_second_damage_in_the_same_minute_gets_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    names = set()
    for _ in range(3):
        path.write_bytes(b"nonsense" * 1_000)
        for ending in ("-wal", "-shm"):
            (tmp_path / f"{FILE_NAME}{ending}").unlink(missing_ok=True)
        database, recovery = open_or_recover(path, NOW_MS)
        database.close()
        assert recovery is not None
        names.add(recovery.moved_to.name)
    assert names == {
        "history-corrupt-20261125T2250Z.sqlite",
        "history-corrupt-20261125T2250Z-2.sqlite",
        "history-corrupt-20261125T2250Z-3.sqlite",
    }


def test_a_recovery_that_was_cut_short_is_finished_or_begun_again(
    healthy: tuple[bytes, Samples], tmp_path: Path
) -> None:
    whole, model = healthy
    fresh = tmp_path / "history-recovering.sqlite"
    fresh.write_bytes(whole)
    database, recovery = open_or_recover(tmp_path / FILE_NAME, NOW_MS)
    assert recovery is None
    assert bits(everything(Reader(database), FIRST + 1_000, 600)) == bits(model)
    database.close()
    half = bytearray(whole)
    half[60:64] = bytes(4)
    other = tmp_path / "other"
    other.mkdir()
    (other / fresh.name).write_bytes(half)
    database, _ = open_or_recover(other / FILE_NAME, NOW_MS)
    assert everything(Reader(database), FIRST + 1_000, 600) == {}
    assert not (other / fresh.name).exists()
    database.close()


def test_readers_meet_damage_as_errors(healthy: tuple[bytes, Samples], tmp_path: Path) -> None:
    """A reader can't repair anything: it gets ``StorageError``, or what is whole."""
    whole, model = healthy
    refused: list[bool] = []
    for number, (_, content) in enumerate(damaged_copies(whole, 12, 9)):
        path = tmp_path / str(number) / FILE_NAME
        path.parent.mkdir()
        path.write_bytes(content)
        try:
            database = open_for_writing(path)
        except StorageError:
            continue
        try:
            reader = Reader(database)
            assert_true(everything(reader, FIRST + 1_000, 600), model)
            reader.rollups(SOURCE, instruments(1)[0].id, 0, NOW_MS)
            reader.traded(SOURCE, FIRST * MINUTE_MS)
            reader.latest(SOURCE)
            reader.listings(SOURCE)
        except StorageError as error:
            refused.append(str(path) in str(error))
        finally:
            database.close()
    assert all(refused)


@pytest.mark.parametrize("has_log", [False, True])
def test_a_lost_first_page_costs_no_sample(healthy: tuple[bytes, Samples], tmp_path: Path, has_log: bool) -> None:
    """Without it SQLite doesn't know the file for its own."""
    whole, model = healthy
    path, model = tmp_path / FILE_NAME, dict(model)
    path.write_bytes(whole)
    if has_log:
        made = made_minute(FIRST + 1_100 + MINUTES)
        running = open_for_writing(path)
        Writer(running).append(made)
        add_minute(model, made)
        kept = {each: each.read_bytes() for each in tmp_path.iterdir() if not each.name.endswith("-shm")}
        running.close()
        for each, content in kept.items():
            each.write_bytes(content)
    with path.open("r+b") as file:
        file.write(bytes(4_096))
    database, recovery = open_or_recover(path, NOW_MS)
    assert recovery is not None
    assert bits(everything(Reader(database), FIRST + 1_000, MINUTES + 200)) == bits(model)
    database.close()
    assert not list(tmp_path.glob("*mended*"))
