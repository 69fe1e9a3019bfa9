"""Nine exchanges at once: processor time of a collector, of one core, minute after minute.

``python -m tests.benchmarks.many_sources`` (12 minutes). The fake exchanges run in a process of their own and list
some 950 pairs each; the collector is the program's own, polls each minute, keeps a history on disk, puts consolidated
pairs together, and gives one feed that is ranked at each snapshot, as the app does, of which some rows are in sight. No
candles are loaded: what is measured is what each minute costs, for ever; so pairs are ranked by the little that is
known of them, and windows begin full, as they are a whole day later. How fast the machine is just then is printed
too: the pace of one that others share may change by half within minutes.

With ``--updates 20`` five of them are streamed besides, each telling so many changes a second. With ``--app`` the whole
app is measured, in a pseudo-terminal of 140 × 40. With ``--faults`` something else is wrong with each exchange in each
minute meanwhile; within one interval after that all must be live again, and no pair may be gone; of the app this is
what its screen and its log say.
"""

import argparse
import asyncio
import logging
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from tests.benchmarks.raw_pty import RawPty
from tests.benchmarks.timing import verdict
from tests.benchmarks.whole_day import begin_full
from tests.support.exchanges.nine import NAMES
from tests.support.mishaps import Mishaps
from tui_tracker.cli.compose import spare_what_stays
from tui_tracker.cli.several import collected_together
from tui_tracker.cli.shared_history import opened_history
from tui_tracker.config.model import Settings
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import STREAMING, SourceState
from tui_tracker.engine.clock import SystemClock
from tui_tracker.engine.engine import Engine
from tui_tracker.engine.shared import SharedEngine
from tui_tracker.engine.together import Together
from tui_tracker.feed.base import Feed
from tui_tracker.sources.registry import SOURCES, create, open_stream, request_budget
from tui_tracker.stats.ranking import Ranking, Scope, rank
from tui_tracker.stats.window import DAY_MINUTES

PATIENCE_S = 120
INTERVAL_S = 60
IN_SIGHT = 40
"""Rows that a screen shows."""
SETTLED_MINUTES = 5
"""Beyond the start, in which each window has its figures worked out from nothing, and a stream tells of it first."""


class Watched(Protocol):
    """What shows the exchanges."""

    def broken(self) -> list[str]:
        """What does not work at this moment, and why."""

    def pairs(self) -> Counter[str]:
        """How many are shown."""

    def mishaps(self) -> list[str]:
        """Everything so far that is logged as an error of the program's own."""


class Consumer:
    """Ranks each snapshot, looks at the first rows of it, and remembers how many came."""

    def __init__(self) -> None:
        self.snapshots = 0
        self.latest: Snapshot | None = None
        self._ranking: Ranking | None = None
        self._changed = asyncio.Event()
        self._mishaps = Mishaps()
        logging.getLogger().addHandler(self._mishaps)

    async def follow(self, feed: Feed) -> None:
        """Rank until cancelled."""
        async for snapshot in feed.updates():
            if self.latest is None or snapshot.version != self.latest.version:
                scope = Scope(quote="USD")
                self._ranking = rank(snapshot, Metric.PRICE, Measure.STDDEV, scope, 0.0, self._ranking)
                feed.prioritise([place.row.id for place in self._ranking.places[:IN_SIGHT]])
                self.snapshots += 1
            self.latest = snapshot
            self._changed.set()

    async def wait_for_all(self) -> None:
        """Return once every exchange has answered."""
        async with asyncio.timeout(PATIENCE_S):
            while self.latest is None or any(part.last_good_ms is None for part in self.latest.status.parts):
                self._changed.clear()
                await self._changed.wait()

    def broken(self) -> list[str]:
        """See ``Watched``."""
        assert self.latest is not None
        parts = self.latest.status.parts
        down = [f"{one.source}: {one.state.value}, {one.error}" for one in parts if one.state is not SourceState.LIVE]
        return down + [f"{one.source}: stream {one.stream}" for one in parts if one.stream not in ("", STREAMING)]

    def pairs(self) -> Counter[str]:
        """Of each exchange; see ``Watched``."""
        assert self.latest is not None
        return Counter(row.instrument.source for row in self.latest.rows)

    def mishaps(self) -> list[str]:
        """See ``Watched``."""
        return self._mishaps.found


class App:
    """The app as its screen and its log show it."""

    def __init__(self, terminal: RawPty) -> None:
        self._terminal = terminal

    def title(self) -> str:
        """The first line of the screen."""
        return self._terminal.text().splitlines()[0].strip()

    def broken(self) -> list[str]:
        """See ``Watched``."""
        title = self.title()
        working = sum(int(number) for number in re.findall(r"● (\d+) (?:streaming|live)(?!,)", title))
        return [] if working == len(NAMES) else [f"{len(NAMES) - working} of {len(NAMES)}: {title}"]

    def pairs(self) -> Counter[str]:
        """Of all exchanges together; see ``Watched``."""
        found = re.search(r"Pairs ── .*?/([\d,]+)", self._terminal.text())
        return Counter({"shown": int(found[1].replace(",", "")) if found else 0})

    def mishaps(self) -> list[str]:
        """See ``Watched``."""
        lines = [line for path in self._terminal.home.rglob("*.log") for line in path.read_text().splitlines()]
        return [line for line in lines if re.match(r"\S+ (ERROR|CRITICAL) ", line)]


TOGETHER = Together()


@asynccontextmanager
async def collected(settings: Settings) -> AsyncIterator[Engine]:
    """One source as the program collects it, but for its candles."""
    clock = SystemClock()
    url = settings.base_urls[settings.source]
    budget = request_budget(settings.source, clock)
    source = create(settings.source, clock=clock, base_url=url, interval_s=60, budget=budget)
    source.history = ()  # type: ignore[misc]
    tends = settings.source == NAMES[0]
    history = opened_history(settings, clock, source.name, may_begin=True, together=TOGETHER, tends=tends)
    async with history as (store, sharing):
        assert store is not None
        assert sharing is not None
        is_streamed = settings.is_streamed
        stream = open_stream(settings.source, clock=clock, base_url=url, budget=budget) if is_streamed else None
        async with SharedEngine(source, clock, store, sharing, budget=budget, stream=stream).running() as engine:
            engine.spare_unseen()
            yield engine


async def measure(consumer: Consumer, settings: Settings, minutes: int, faults: "Faults | None") -> tuple[float, float]:
    """(processor seconds, seconds) of so many minutes after the first polls."""
    together = collected_together(settings, SystemClock(), DAY_MINUTES, collected, once=False)
    async with together as feed, asyncio.TaskGroup() as group:
        tasks = [group.create_task(consumer.follow(feed)), group.create_task(spare_what_stays(feed))]
        await consumer.wait_for_all()
        await asyncio.sleep(_settled_s())
        began_s, used_s, consumer.snapshots = time.monotonic(), time.process_time(), 0
        if faults is not None:
            faults.begin()
        for _ in range(minutes):
            await asyncio.sleep(60)
            if faults is not None:
                faults.note()
        spent_s, passed_s = time.process_time() - used_s, time.monotonic() - began_s
        if faults is not None:
            faults.end()
            await asyncio.sleep(INTERVAL_S)
            faults.report()
        for task in tasks:
            task.cancel()
    return spent_s, passed_s


class Faults:
    """The time in which things go wrong, and what came of it."""

    def __init__(self, served: subprocess.Popen[str], watched: Watched) -> None:
        self._served = served
        self._watched = watched
        self._before: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()

    def begin(self) -> None:
        """Let things go wrong."""
        self._before = self._watched.pairs()
        self._served.send_signal(signal.SIGUSR1)

    def note(self) -> None:
        """Remember what a person would see."""
        self._lost |= self._before - self._watched.pairs()
        self._seen.update(line.partition(":")[0] for line in self._watched.broken())

    def end(self) -> None:
        """Let all be good again."""
        assert self._served.stdout is not None
        self._served.send_signal(signal.SIGUSR2)
        print(f"  {self._served.stdout.readline().strip()}; once a minute a fault was seen of {dict(self._seen)}")

    def report(self) -> None:
        """Whether everything works again."""
        broken, mishaps = self._watched.broken(), self._watched.mishaps()
        print(f"  broken after one interval: {broken or 'nothing'}; errors: {mishaps or 'none'}")
        verdict("sources broken an interval after the last fault", len(broken), 0, "")
        verdict("pairs that were gone at the end of any minute", self._lost.total(), 0, "")
        verdict("errors of the program's own", len(mishaps), 0, "")


def report(consumer: Consumer, spent_s: float, passed_s: float) -> None:
    """Print what was found."""
    snapshot, counts, snapshots = consumer.latest, consumer.pairs(), consumer.snapshots
    assert snapshot is not None
    streamed = [part.source for part in snapshot.status.parts if part.stream == STREAMING]
    print(f"  streamed: {', '.join(streamed) or 'none'}")
    late = [part.source for part in snapshot.status.parts if snapshot.at_ms is None or part.last_good_ms is None]
    late += [one.source for one in snapshot.status.parts if (snapshot.at_ms or 0) - (one.last_good_ms or 0) > MINUTE_MS]
    print(f"  pairs by source: {', '.join(f'{name} {count:,}' for name, count in sorted(counts.items()))}")
    print(f"  {snapshots} snapshots in {passed_s:.0f} s, {spent_s:.2f} s of processor time; late: {late or 'nobody'}")
    verdict("pairs of nine exchanges", sum(counts.values()) - counts["all"], 8_000, "", at_least=True)
    verdict("processor time, of a core", 100 * spent_s / passed_s, 5, "%")


def report_app(served: subprocess.Popen[str], flags: Sequence[str], minutes: int, *, has_faults: bool) -> None:
    """Measure the whole app, and print what was found."""
    program = [sys.executable, "-m", "tests.benchmarks.app_without_candles", "--min-coverage", "0"]
    with RawPty([*program, *flags]) as terminal:
        terminal.read_until(b"Pairs ", PATIENCE_S)
        terminal.read_for(_settled_s())
        app = App(terminal)
        faults = Faults(served, app) if has_faults else None
        if faults is not None:
            faults.begin()
        began_s, used_s, written, paces_s = time.monotonic(), terminal.cpu_s(), 0, []
        for _ in range(minutes):
            written += terminal.read_for(60)
            paces_s.append(pace_s())
            if faults is not None:
                faults.note()
        spent_s, passed_s = terminal.cpu_s() - used_s, time.monotonic() - began_s
        if faults is not None:
            faults.end()
            terminal.read_for(INTERVAL_S)
            faults.report()
        print(f"  {app.title()}")
        memory_mb, pace = terminal.rss_mb(), statistics.mean(paces_s)
        print(f"  {written / passed_s:.0f} bytes a second, {memory_mb:.0f} MB; pace {pace:.2f} s")
        verdict("processor time of the whole app, of a core", 100 * spent_s / passed_s, 5, "%")


def _settled_s() -> float:
    """How long to wait for the quiet part of a minute, beyond the start."""
    return 60 - time.time() % 60 + 20 + 60 * SETTLED_MINUTES


def pace_s() -> float:
    """Processor seconds of ten million turns of an empty loop."""
    began_s = time.process_time()
    for _ in range(10**7):
        pass
    return time.process_time() - began_s


def main() -> None:
    """Start the exchanges, measure, and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.many_sources")
    parser.add_argument("--minutes", type=int, default=5, help="whole minutes to measure")
    parser.add_argument("--pairs", type=int, default=1_100, help="that each exchange lists")
    parser.add_argument("--updates", type=int, default=0, help="changes a second on each of five streams")
    parser.add_argument("--faults", action="store_true", help="while they fail in every way")
    parser.add_argument("--app", action="store_true", help="the whole app, in a pseudo-terminal")
    options = parser.parse_args()
    module = "afflicted" if options.faults else "nine"
    command = [sys.executable, "-m", f"tests.support.exchanges.{module}", "--pairs", str(options.pairs)]
    command += ["--updates", str(options.updates)]
    seconds = str((options.minutes + 9) * 60)
    with (
        tempfile.TemporaryDirectory(prefix="crypto-tui-") as folder,
        subprocess.Popen([*command, "--duration", seconds], stdout=subprocess.PIPE, text=True) as served,
    ):
        assert served.stdout is not None
        try:
            words = served.stdout.readline().split()
            if options.app:
                flags = [*words, *(["--stream"] if options.updates else [])]
                report_app(served, flags, options.minutes, has_faults=options.faults)
                return
            urls = dict(word.split("=", 1) for word in words if "=http" in word)
            streamed = tuple(name for name in NAMES if SOURCES[name].stream) if options.updates else False
            settings = Settings(source=",".join(NAMES), base_urls=urls, data_dir=folder, stream=streamed)
            begin_full()
            consumer = Consumer()
            faults = Faults(served, consumer) if options.faults else None
            report(consumer, *asyncio.run(measure(consumer, settings, options.minutes, faults)))
            print(f"  pace {pace_s():.2f} s")
        finally:
            served.terminate()


if __name__ == "__main__":
    main()
