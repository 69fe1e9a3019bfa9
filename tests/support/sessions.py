"""Several real processes over one history and one real fake exchange, all on the same fast clock."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.waiting import wait_until
from tests.support.fake_kraken import FakeKrakenThread
from tests.support.session import FastClock
from tui_tracker.storage.connection import FILE_NAME
from tui_tracker.storage.rows import time_of

ROOT = Path(__file__).resolve().parents[2]
OURS = "this session"
PATIENCE_S = 25.0
NOBODY = 65_534
START_MS = 1_795_653_160_000
"""20 s before the end of a minute."""
Line = dict[str, Any]


@dataclass
class Session:
    """One process and the lines that it printed."""

    process: "subprocess.Popen[str]"
    lines: list[Line] = field(default_factory=list)
    reader: threading.Thread | None = None

    @property
    def last(self) -> Line:
        return self.lines[-1] if self.lines else {"collector": "", "digest": "", "end": None, "pairs": 0, "error": ""}

    def signal(self, number: signal.Signals) -> float:
        """Send a signal; return the instant before."""
        before_s = time.monotonic()
        self.process.send_signal(number)
        return before_s

    def led_after(self, instant_s: float) -> float | None:
        """Seconds until it first said that it collects, after an instant."""
        return next(
            (x["at_s"] - instant_s for x in self.lines if x["at_s"] > instant_s and x["collector"] == OURS), None
        )


class Sessions:
    """Starts sessions, and waits for what they say."""

    def __init__(self, folder: Path, exchange: FakeKrakenThread, rate: float, start_s: float) -> None:
        self.folder, self.exchange, self._rate, self._start_s = folder, exchange, rate, start_s
        self.all: list[Session] = []

    def start(self, uid: int | None = None) -> Session:
        """Start one, as another user if need be."""
        command = [sys.executable, "-m", "tests.support.session", str(self.folder), self.exchange.url]
        user = [] if uid is None else [str(uid)]
        process = subprocess.Popen(
            [*command, str(START_MS), repr(self._start_s), repr(self._rate), *user],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        session = Session(process)
        session.reader = threading.Thread(target=_read, args=(session,), daemon=True)
        session.reader.start()
        self.all.append(session)
        return session

    @property
    def alive(self) -> list[Session]:
        return [each for each in self.all if each.process.poll() is None]

    def until(self, holds: Callable[[], bool], what: str, minutes: int = 0) -> None:
        """Wait for something that takes so many minutes of the market's clock."""
        try:
            wait_until(holds, PATIENCE_S + minutes * 60 / self._rate, what)
        except AssertionError as error:
            raise AssertionError(f"{error}: {[each.last for each in self.all]}") from None

    def until_loaded(self) -> Session:
        """Wait until all show the same loaded windows; return the one that collects."""
        self.until(
            lambda: bool(self.stored_minutes()) and not any(x.last.get("loading", True) for x in self.alive), "load"
        )
        self.until_equal()
        return self.leader()

    def until_equal(self) -> None:
        """Wait until all that run show the same windows, bit for bit."""

        def is_equal() -> bool:
            shown = {(x.last["end"], x.last["digest"]) for x in self.alive}
            return len(shown) == 1 and all(x.last["pairs"] for x in self.alive)

        self.until(is_equal, "equal windows")

    def leader(self) -> Session:
        leaders = [each for each in self.alive if each.last["collector"] == OURS]
        assert len(leaders) == 1, [each.last for each in self.alive]
        return leaders[0]

    def until_taken_over(self, instant_s: float, others: list[Session]) -> float:
        """Wait until one of these collects; return the seconds since an instant."""
        self.until(lambda: any(x.led_after(instant_s) is not None for x in others), "a new collector")
        return min(took for x in others if (took := x.led_after(instant_s)) is not None)

    def until_minutes(self, count: int) -> None:
        """Wait until so many more minutes are on disk."""
        before = len(self.stored_minutes())
        self.until(lambda: len(self.stored_minutes()) >= before + count, "more minutes", count)

    def stored_minutes(self) -> list[int]:
        with suppress(sqlite3.OperationalError):
            return [time_of(row) for (row,) in self.query("SELECT id FROM minute ORDER BY id")]
        return []

    def query(self, text: str) -> list[tuple[int, ...]]:
        connection = sqlite3.connect(f"file:{self.folder / FILE_NAME}?mode=ro", uri=True)
        try:
            return connection.execute(text).fetchall()
        finally:
            connection.close()

    def end(self) -> None:
        for each in self.alive:
            each.process.send_signal(signal.SIGCONT)
            each.process.kill()
        for each in self.all:
            each.process.wait(10)
            if each.reader is not None and each.process.stdout is not None:
                each.reader.join(10)
                each.process.stdout.close()


def _read(session: Session) -> None:
    assert session.process.stdout is not None
    for line in session.process.stdout:
        session.lines.append(json.loads(line))


@contextmanager
def sessions(rate: float, pairs: int = 6) -> Iterator[Sessions]:
    """An exchange and an empty folder that everybody may read; every session is ended at the latest when left."""
    start_s = time.monotonic()
    clock = FastClock(START_MS, start_s, rate)
    with tempfile.TemporaryDirectory() as base, FakeKrakenThread(pairs=pairs, now_ms=clock.now_ms) as exchange:
        os.chmod(base, 0o755)
        found = Sessions(Path(base) / "history", exchange, rate, start_s)
        try:
            yield found
        finally:
            found.end()
