"""Disks that are full, folders that may not be written, locks, other versions, other processes. For real."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.storage.child import NEXT_SCHEMA
from tests.storage.made import FIRST, made_minute
from tests.storage.reading import bits, everything
from tests.storage.test_crash import ROOT, model_of
from tui_tracker.core.errors import StorageError, StorageFault
from tui_tracker.storage.connection import FILE_NAME, open_for_reading, open_for_writing
from tui_tracker.storage.mounts import kind_of, refuse_network
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.schema import SCHEMA
from tui_tracker.storage.writer import Writer

NOBODY = 65_534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user or mount")


def run(program: str, *arguments: str, user: int | None = None) -> list[str]:
    """Run a program in another process, as another user; return the lines that it printed."""
    become = f"import os; os.setgid({user}); os.setuid({user})" if user is not None else ""
    imports = "import sys; from pathlib import Path; import tests.storage.remote as remote"
    source = "\n".join([imports, become, program])
    done = subprocess.run(
        [sys.executable, "-c", source, *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that other users can enter, and that can be removed whatever became of it."""
    yield tmp_path
    tmp_path.chmod(0o755)


def write(path: Path, first: int, minutes: int) -> None:
    database = open_for_writing(path)
    for minute in range(first, first + minutes):
        Writer(database).append(made_minute(minute))
    database.close()


def test_a_file_that_may_not_grow_is_full_and_keeps_what_it_has(tmp_path: Path) -> None:
    said = run("remote.fill_up(Path(sys.argv[1]), 400_000)", str(tmp_path))
    *stored, fault = said
    assert fault in (StorageFault.FULL, StorageFault.IO)  # SQLite tells only ENOSPC from other failures to write
    assert len(stored) > 3
    database = open_for_writing(tmp_path / FILE_NAME)
    assert {str(key[2]) for key in everything(Reader(database), FIRST, 2_000)} == set(stored)
    database.close()


@contextmanager
def tiny_disk(place: Path, kilobytes: int) -> Iterator[Path]:
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@needs_root
def test_a_full_disk_is_told_and_writing_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", 400) as disk:
        database = open_for_writing(disk / FILE_NAME)
        ballast = disk / "ballast"
        free = os.statvfs(disk)
        ballast.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - 80_000)))
        writer, minute = Writer(database), FIRST
        fault = None
        while fault is None:
            try:
                writer.append(made_minute(minute))
                minute += 1
            except StorageError as error:
                fault = error
        assert fault.fault is StorageFault.FULL
        assert "free some space" in fault.hint
        ballast.unlink()
        assert writer.append(made_minute(minute))
        assert {key[2] for key in everything(Reader(database), FIRST, 2_000)} == set(range(FIRST, minute + 1))
        database.close()


@needs_root
def test_a_disk_that_may_only_be_read_is_told(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", 2_000) as disk:
        write(disk / FILE_NAME, FIRST, 3)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(StorageError) as caught:
            write(disk / FILE_NAME, FIRST + 3, 1)
        assert caught.value.fault in (StorageFault.READ_ONLY, StorageFault.PERMISSION)
        reading = open_for_reading(disk / FILE_NAME)
        assert len({key[2] for key in everything(Reader(reading), FIRST, 60)}) == 3
        reading.close()


@needs_root
@pytest.mark.parametrize("has_log", [True, False])
def test_a_reader_needs_no_write_access(folder: Path, has_log: bool) -> None:
    write(folder / FILE_NAME, FIRST, 5)
    assert (folder / f"{FILE_NAME}-wal").exists()
    if not has_log:
        for ending in ("-wal", "-shm"):
            (folder / f"{FILE_NAME}{ending}").unlink()
    folder.chmod(0o555)
    assert run("remote.count(Path(sys.argv[1]))", str(folder), user=NOBODY) == ["5"]


@needs_root
def test_a_reader_sees_what_a_writer_adds(folder: Path) -> None:
    database = open_for_writing(folder / FILE_NAME)
    for minute in range(FIRST, FIRST + 4):
        Writer(database).append(made_minute(minute))
        assert run("remote.count(Path(sys.argv[1]))", str(folder), user=NOBODY) == [str(minute - FIRST + 1)]
    database.close()


@needs_root
@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_folder_of_somebody_else_is_told(folder: Path, mode: int) -> None:
    inner = folder / "inner"
    inner.mkdir()
    write(inner / FILE_NAME, FIRST, 1)
    inner.chmod(mode)
    fault, path = run("remote.try_to_write(Path(sys.argv[1]))", str(inner), user=NOBODY)
    assert fault in (StorageFault.PERMISSION, StorageFault.READ_ONLY)
    assert str(inner) in path
    inner.chmod(0o755)


def test_a_lock_held_too_long_is_told_and_passes(tmp_path: Path) -> None:
    database = open_for_writing(tmp_path / FILE_NAME, busy_ms=20)
    holder = open_for_writing(tmp_path / FILE_NAME)
    holder.connection.execute("BEGIN IMMEDIATE")
    writer = Writer(database)
    with pytest.raises(StorageError) as caught:
        writer.append(made_minute(FIRST))
    assert (caught.value.fault, caught.value.is_passing) == (StorageFault.LOCKED, True)
    holder.connection.execute("ROLLBACK")
    assert writer.append(made_minute(FIRST))
    holder.close()
    database.close()


def test_a_newer_schema_is_refused_and_the_file_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    open_for_writing(path, NEXT_SCHEMA).close()
    (tmp_path / f"{FILE_NAME}-wal").unlink()
    (tmp_path / f"{FILE_NAME}-shm").unlink()
    before = path.read_bytes(), path.stat().st_mtime_ns
    for attempt in (open_for_writing, open_for_reading):
        with pytest.raises(StorageError) as caught:
            attempt(path)
        assert caught.value.fault is StorageFault.NEWER_SCHEMA
        assert f"schema {NEXT_SCHEMA.version}, this one knows {SCHEMA.version}" in caught.value.message
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [each.name for each in tmp_path.iterdir()] == [FILE_NAME]


def test_a_newer_schema_that_is_only_in_the_log_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    write(path, FIRST, 2)
    newer = open_for_writing(path, NEXT_SCHEMA)
    before = path.read_bytes()
    with pytest.raises(StorageError) as caught:
        open_for_writing(path)
    assert caught.value.fault is StorageFault.NEWER_SCHEMA
    assert path.read_bytes() == before
    newer.close()


def test_a_running_process_that_meets_a_newer_schema_stops_writing(tmp_path: Path) -> None:
    database = open_for_writing(tmp_path / FILE_NAME)
    writer = Writer(database)
    writer.append(made_minute(FIRST))
    open_for_writing(tmp_path / FILE_NAME, NEXT_SCHEMA).close()
    with pytest.raises(StorageError) as caught:
        writer.append(made_minute(FIRST + 1))
    assert (caught.value.fault, caught.value.is_passing) == (StorageFault.NEWER_SCHEMA, False)
    assert "restart" in caught.value.hint
    database.close()


def test_a_reader_asks_for_an_older_schema_to_be_brought_up_to_date(tmp_path: Path) -> None:
    open_for_writing(tmp_path / FILE_NAME).close()
    with pytest.raises(StorageError, match=f"schema {SCHEMA.version}, not {NEXT_SCHEMA.version}"):
        open_for_reading(tmp_path / FILE_NAME, NEXT_SCHEMA)


def test_a_history_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        open_for_reading(tmp_path / FILE_NAME)
    assert str(tmp_path / FILE_NAME) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_network_file_system_is_refused_with_the_reason(tmp_path: Path, kind: str) -> None:
    mounts = tmp_path / "mountinfo"
    place = str(tmp_path).replace(" ", "\\040")
    mounts.write_text(
        f"21 1 8:1 / / rw - ext4 /dev/sda rw\n36 21 0:4 / {place} rw shared:1 - {kind} server:/x rw\nnonsense\n"
    )
    with pytest.raises(StorageError, match=f"network file system \\({kind}\\)") as caught:
        refuse_network(tmp_path, mounts)
    assert caught.value.fault is StorageFault.NETWORK
    assert kind_of(Path("/usr"), mounts) == "ext4"
    assert kind_of(Path("/usr"), tmp_path / "absent") is None
    refuse_network(Path("/usr"), mounts)


def test_three_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    """Two write the same minutes, one reads all along; each minute is stored once, by either."""
    open_for_writing(tmp_path / FILE_NAME).close()
    program = "import sys; from pathlib import Path; import tests.storage.remote as remote\n"
    commands = ["remote.write(Path(sys.argv[1]), 40)"] * 2 + ["remote.read_along(Path(sys.argv[1]), 40)"]
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program + command, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for command in commands
    ]
    said = [child.communicate()[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert sorted([*said[0], *said[1]], key=int) == [str(minute) for minute in range(FIRST, FIRST + 40)]
    assert said[2] == sorted(said[2], key=int)
    assert said[2][-1] == "40"
    database = open_for_writing(tmp_path / FILE_NAME)
    expected = {key: value for key, value in model_of(FIRST, FIRST + 39).items() if value[1] == 2}
    found = everything(Reader(database), FIRST, 60)
    assert {key[2] for key in found} == set(range(FIRST, FIRST + 40))
    assert {key for key in bits(found) if int(key[0][6]) < 4} >= set(expected)
    database.close()


LOOK = """
import sqlite3
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM minute").fetchone()[0])
connection.close()
"""


def test_another_program_that_looks_into_the_file_costs_nothing(tmp_path: Path) -> None:
    """Whoever closes the file last takes its log away: that must never be a foreign program while ours has it open."""
    path = tmp_path / FILE_NAME
    first = open_for_writing(path, SCHEMA)
    Writer(first).append(made_minute(FIRST))
    second = open_for_writing(path, SCHEMA)  # as where several exchanges are watched
    open_for_reading(path).close()  # as where the past is looked at
    with pytest.raises(StorageError):
        open_for_reading(tmp_path)
    log = path.with_name(path.name + "-wal")
    before = log.stat().st_ino
    assert run(LOOK, str(path)) == ["1"]
    assert log.stat().st_ino == before
    Writer(first).append(made_minute(FIRST + 1))
    assert run(LOOK, str(path)) == ["2"]
    second.close()
    first.close()
