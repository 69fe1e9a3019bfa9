"""Kills of real collectors at full load: every minute that was told to be stored is there afterwards, as it was.

``python -m tests.benchmarks.kills --kills 200`` keeps two sessions over one history, of 1,100 pairs on a clock that
runs 40 times as fast. It kills one of them with SIGKILL at a random moment (mostly the one that collects), sees the
other take over, reads back every minute that any of them told, bit for bit, and starts another; so kills fall into
polls, loaded history, merging, retention (the file may have 3 MB), starts and takeovers. Each tenth kill is of a
process that brings a copy of the history to another schema, which must have happened whole or not at all. Some 5 s a
kill.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.kills_session import SOURCE, expected, ids
from tests.storage import child
from tests.storage.test_crash import run_until_killed
from tui_tracker.core.candle import Provenance
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.storage.connection import FILE_NAME, open_for_reading, open_for_writing
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.recovery import check
from tui_tracker.storage.schema import SCHEMA

RATE = 40.0
"""Minutes of the market in 60 s of ours."""
PATIENCE_S = 300.0
MIGRATED = 10
"""Each so many-th kill is of a migration."""
CHECKED = (Metric.PRICE, Metric.MID, Metric.SPREAD, Metric.VOLUME, Metric.QUOTE_VOLUME, Metric.TRADES)
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Session:
    """One process, and what it told."""

    process: "subprocess.Popen[str]"
    told: list[tuple[str, int, float]] = field(default_factory=list)
    """(what, number, instant)."""
    reader: threading.Thread | None = None

    def leads_since(self, instant_s: float) -> float | None:
        """Instant from which on it collects, after another one."""
        return next(
            (at_s for what, is_ours, at_s in self.told if what == "leads" and is_ours and at_s > instant_s), None
        )

    @property
    def is_leading(self) -> bool:
        """Whether it says that it collects."""
        said = [number for what, number, _ in self.told if what == "leads"]
        return bool(said and said[-1])


def start(folder: Path, start_s: float, pairs: int, rate: float = RATE) -> Session:
    """Start a session."""
    arguments = str(folder), repr(start_s), str(pairs), repr(rate)
    command = [sys.executable, "-m", "tests.benchmarks.kills_session", *arguments]
    session = Session(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT))
    session.reader = threading.Thread(target=_read, args=(session,), daemon=True)
    session.reader.start()
    return session


def _read(session: Session) -> None:
    assert session.process.stdout is not None
    for line in session.process.stdout:
        what, number = line.split()
        session.told.append((what, int(number), time.monotonic()))


class Trial:
    """Kills, and looks at what is left."""

    def __init__(self, folder: Path, pairs: int, seed: int) -> None:
        self.folder, self.pairs, self.random = folder, pairs, random.Random(seed)
        self.start_s = time.monotonic()
        self.sessions = [start(folder, self.start_s, pairs) for _ in range(2)]
        self.acknowledged: set[int] = set()
        self.lost: list[str] = []
        self.checked = self.merged = self.let_go = self.takeovers = 0

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait for something that a call tells."""
        end_s = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > end_s or any(each.process.poll() not in (None, -9) for each in self.sessions):
                raise SystemExit(f"{what} did not come: {[each.told[-1:] for each in self.sessions]}")
            time.sleep(0.005)

    def kill(self) -> None:
        """Kill one of the sessions, see who collects then, and start another."""
        self.until(lambda: any(each.is_leading for each in self.sessions), "a collector")
        time.sleep(self.random.random() * 2 * 60 / RATE)
        leaders = [each for each in self.sessions if each.is_leading]
        victim = self.random.choice(leaders or self.sessions) if self.random.random() < 0.75 else self.sessions[-1]
        was_leading = victim.is_leading
        victim.process.send_signal(signal.SIGKILL)
        killed_s = time.monotonic()
        victim.process.wait()
        assert victim.reader is not None
        victim.reader.join()
        self.sessions.remove(victim)
        self.acknowledged |= {number for what, number, _ in victim.told if what == "stored"}
        if was_leading:
            other = self.sessions[0]
            self.until(lambda: other.leads_since(killed_s), "another collector")
            self.takeovers += 1
        self.check()
        self.sessions.append(start(self.folder, self.start_s, self.pairs))

    def kill_migration(self) -> None:
        """Kill a process that migrates a copy of the history."""
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as name:
            before = self.kept(self.folder)
            copy = open_for_reading(self.folder / FILE_NAME)
            copy.connection.execute("VACUUM INTO ?", (str(Path(name) / FILE_NAME),))
            copy.close()
            said = run_until_killed(Path(name), 0, "migrate", self.random.randrange(1, 22), self.random.randrange(60))
            raw = open_for_writing(Path(name) / FILE_NAME, child.NEXT_SCHEMA if -2 in said else SCHEMA)
            tables = {each for (each,) in raw.connection.execute("SELECT name FROM sqlite_master")}
            version = raw.connection.execute("PRAGMA user_version").fetchone()[0]
            raw.close()
            if ("extra" in tables) is not (version == child.NEXT_SCHEMA.version):
                self.lost.append("a migration that happened in part")
            if version == SCHEMA.version and not before <= self.kept(Path(name)):
                self.lost.append("minutes in a migration")

    def kept(self, folder: Path) -> set[int]:
        """Minutes that are there."""
        database = open_for_reading(folder / FILE_NAME)
        try:
            span = Reader(database).span(SOURCE)
            if span is None:
                return set()
            found = Reader(database).load(
                SOURCE, [Metric.MID], span.first_ms, (span.last_ms - span.first_ms) // 60_000 + 1
            )
            first = span.first_ms // 60_000
            one = found[ids(self.pairs)[0]][Metric.MID].provenance
            return {first + at for at, origin in enumerate(one) if origin}
        finally:
            database.close()

    def check(self) -> None:
        """Compare all that was acknowledged with what is there; let go is only what is oldest."""
        told = set(self.acknowledged)
        for session in self.sessions:
            told |= {number for what, number, _ in list(session.told) if what == "stored"}
        self.acknowledged = told
        if not told:
            return
        database = open_for_reading(self.folder / FILE_NAME)
        try:
            check(database)
            reader = Reader(database)
            first, last = min(told), max(told)
            loaded = reader.load(SOURCE, CHECKED, first * 60_000, last - first + 1)
            self.merged = database.connection.execute("SELECT count(DISTINCT id / 8) FROM hour").fetchone()[0]
            if reader.damaged:
                self.lost.append(f"{reader.damaged} rows damaged")
        finally:
            database.close()
        name = ids(self.pairs)[0]
        known = {first + at for at, origin in enumerate(loaded[name][Metric.MID].provenance) if origin}
        self.let_go = max(self.let_go, min(known) - first)
        for minute in sorted(each for each in told if each >= min(known)):
            self.checked += 1
            rows = expected(minute, self.pairs)
            for place, each in enumerate(ids(self.pairs)):
                for metric in CHECKED:
                    series = loaded.get(each, {}).get(metric)
                    value, origin = (
                        (None, 0)
                        if series is None
                        else (series.values[minute - first], series.provenance[minute - first])
                    )
                    if value != rows[place][METRIC_INDEX[metric]] or not (
                        origin == Provenance.POLL or metric is Metric.PRICE
                    ):
                        self.lost.append(f"{each} {metric} of minute {minute}: {value}, {origin}")

    def end(self) -> None:
        """End all sessions."""
        for each in self.sessions:
            each.process.kill()
            each.process.wait()


def main() -> None:
    """Run all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=1_100)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_DIR")) as base:
        folder = Path(base) / "history"
        folder.mkdir()
        trial = Trial(folder, wanted.pairs, wanted.seed)
        try:
            for number in range(1, wanted.kills + 1):
                if number % MIGRATED:
                    trial.kill()
                else:
                    trial.kill_migration()
                if trial.lost:
                    print(f"after {number} kills, seed {wanted.seed}:", *trial.lost[:10], sep="\n  ")
                    shutil.copytree(folder, Path(tempfile.gettempdir()) / f"kills-{number}", dirs_exist_ok=True)
                    raise SystemExit(1)
                if number % 10 == 0:
                    print(f"  {number} kills, {len(trial.acknowledged)} minutes acknowledged", flush=True)
        finally:
            trial.end()
    print(
        f"{wanted.kills} kills in {time.monotonic() - began_s:.0f} s, {wanted.pairs} pairs, {trial.takeovers} takeovers"
    )
    print(f"{len(trial.acknowledged)} minutes acknowledged, compared {trial.checked} times: none lost")
    print(f"{trial.merged} hours merged at the end, {trial.let_go} minutes let go for want of room")


if __name__ == "__main__":
    main()
