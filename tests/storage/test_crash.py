"""Real processes, killed at any moment: whatever they said is on disk, is."""

import signal
import subprocess
import sys
from pathlib import Path
from random import Random

from tests.storage import child
from tests.storage.made import FIRST, MINUTE_MS, SOURCE, Samples, add_fill, add_minute, made_fill, made_minute
from tests.storage.reading import between, bits, everything
from tui_tracker.storage.connection import FILE_NAME, open_for_writing
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.recovery import check
from tui_tracker.storage.schema import SCHEMA

ROOT = Path(__file__).resolve().parents[2]


def run_until_killed(folder: Path, first: int, mode: str, lines: int, byte: int) -> list[int]:
    """Kill a child after it said so many lines, at an instant that ``byte`` varies; return what it said."""
    command = [sys.executable, "-m", "tests.storage.child", str(folder), str(first), mode]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        said = [int(process.stdout.readline() or -3)]
        while len(said) < lines:
            if mode == "migrate":
                process.stdin.write("\n")
                process.stdin.flush()
            said.append(int(process.stdout.readline() or -3))
        for _ in range(byte):
            sum(range(2_000))
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split("\n")
    return [*said, *(int(line) for line in rest[:-1] if line)]


def model_of(first: int, last: int) -> Samples:
    """What a child has written up to a minute."""
    model: Samples = {}
    for minute in range(first, last + 1):
        if minute % child.FILLED == 0:
            add_fill(model, made_fill(minute % child.PAIRS, minute - 90, 60))
        add_minute(model, made_minute(minute, child.PAIRS))
    return model


def assert_kept(folder: Path, first: int, acknowledged: int) -> int:
    """Open as the next start does, and compare; return the last minute that is there."""
    database = open_for_writing(folder / FILE_NAME)
    check(database)
    reader = Reader(database)
    span = reader.span(SOURCE)
    assert span is not None
    last = span.last_ms // MINUTE_MS
    assert acknowledged <= last <= acknowledged + 1
    start = max(first, last - 200)
    found = everything(reader, start, last - start + 1)
    assert bits(found) == bits(between(model_of(first, last), start, last - start + 1))
    assert reader.damaged == 0
    latest = reader.latest(SOURCE)
    assert latest == made_minute(last, child.PAIRS).latest
    database.close()
    return last


def kill_often(folder: Path, mode: str, kills: int, seed: int) -> None:
    random, begin, next_minute = Random(seed), FIRST, FIRST
    for _ in range(kills):
        said = run_until_killed(folder, next_minute, mode, random.randrange(2, 30), random.randrange(60))
        assert -3 not in said
        next_minute = assert_kept(folder, begin, max(said)) + 1


def test_no_acknowledged_minute_is_lost_when_writing(tmp_path: Path) -> None:
    kill_often(tmp_path, "append", 20, 1)


def test_nor_when_merging_and_letting_go(tmp_path: Path) -> None:
    kill_often(tmp_path, "tidy", 25, 2)


def test_a_migration_happens_whole_or_not_at_all(tmp_path: Path) -> None:
    run_until_killed(tmp_path, FIRST, "append", 40, 0)
    random, seen = Random(3), []
    for lines in (*range(1, 20, 2), 21):
        said = run_until_killed(tmp_path, FIRST, "migrate", lines, random.randrange(60))
        raw = open_for_writing(tmp_path / FILE_NAME, child.NEXT_SCHEMA if -2 in said else SCHEMA)
        version = raw.connection.execute("PRAGMA user_version").fetchone()[0]
        tables = {name for (name,) in raw.connection.execute("SELECT name FROM sqlite_master")}
        assert ("extra" in tables) is (version == child.NEXT_SCHEMA.version)
        assert len({key[2] for key in everything(Reader(raw), FIRST, 60)}) >= 39
        raw.close()
        seen.append(version)
        if version == child.NEXT_SCHEMA.version:
            break
    assert seen == [SCHEMA.version] * 10 + [child.NEXT_SCHEMA.version]


def test_hours_are_merged_by_the_process_after_the_one_that_was_killed(tmp_path: Path) -> None:
    said = run_until_killed(tmp_path, FIRST, "tidy", 150, 0)
    database = open_for_writing(tmp_path / FILE_NAME)
    merger = Merger(database)
    while merger.step():
        pass
    last = max(said)
    assert database.connection.execute("SELECT count(*) FROM hour").fetchone()[0] >= 10
    database.close()
    assert_kept(tmp_path, FIRST, last)
