"""Back in time at full load: a jump, minutes back and on, changes of rank, and what the event loop waits for.

``python -m tests.benchmarks.past [pairs]``; simulating and storing two days takes two minutes or three first, unless
``BENCHMARK_HISTORY`` names a folder, in which it is made once.
"""

import asyncio
import gc
import logging
import os
import statistics
import sys
import tempfile
from asyncio import events
from pathlib import Path
from time import perf_counter, process_time

from tests.benchmarks import loop
from tests.benchmarks.storage import write_ours
from tests.benchmarks.storage_market import market_day
from tests.benchmarks.timing import verdict
from tui_tracker.cli.compose import FULL_COLLECTION_EVERY, SWITCH_S
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.engine.clock import SystemClock
from tui_tracker.engine.replay import Replay
from tui_tracker.storage.connection import FILE_NAME, open_for_writing
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.store import Store

SOURCE = "simulated"
MINUTES = 2 * 1_440
STEPS = 12


def make_history(folder: Path, pairs: int) -> None:
    """Two days of all metrics, merged as they are after a while."""
    write_ours(folder / FILE_NAME, market_day(pairs, MINUTES), with_latest=True)
    database = open_for_writing(folder / FILE_NAME)
    merger = Merger(database)
    while merger.step():
        pass
    database.close()


class Timed:
    """Times something, and what held the loop meanwhile."""

    def __init__(self, what: str, goal_s: float) -> None:
        self.what, self.goal_s = what, goal_s
        self.times: list[float] = []
        self.worked: list[float] = []

    async def __aenter__(self) -> None:
        await asyncio.sleep(0.05)
        self._start_s, self._start_worked = perf_counter(), process_time()

    async def __aexit__(self, *_: object) -> None:
        self.times.append(perf_counter() - self._start_s)
        self.worked.append(process_time() - self._start_worked)

    def report(self) -> None:
        verdict(f"{self.what}, processor time", statistics.median(self.worked), self.goal_s, "s")
        print(f"        … on the clock {statistics.median(self.times):.2f} s, at most {max(self.times):.2f} s")


async def measure(folder: Path, pairs: int) -> None:
    """Go back, step, compare."""
    store = Store(folder, lambda: 0, is_reader=True)
    span = await asyncio.wrap_future(store.read(lambda reader: reader.span(SOURCE)))
    assert span is not None
    sys.setswitchinterval(SWITCH_S)
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTION_EVERY)  # as in the app
    jump, back, on = Timed("a jump", 1.0), Timed("a minute back", 0.1), Timed("a minute on", 0.1)
    whole, ranks = Timed("… until the other metrics are there too", 10.0), Timed("… ranks of the hour before", 10.0)
    try:
        for hours in (1, 9, 3):
            async with Replay(store, SOURCE, SystemClock()).running() as replay:
                at_ms = span.last_ms - hours * 60 * MINUTE_MS
                loop.held.clear()
                async with jump:
                    await replay.go(at_ms)
                async with ranks:
                    async for _ in replay.earlier(at_ms - 60 * MINUTE_MS, 60, Metric.PRICE):
                        pass
                async with whole, asyncio.timeout(60):
                    await replay.whole.wait()
                for timed, step in ((back, -1), (on, 1)):
                    for _ in range(STEPS):
                        async with timed:
                            await replay.step(step)
    finally:
        store.close()
    print(f"{pairs} pairs, 24 h windows, all metrics")
    for each in (jump, back, on, ranks, whole):
        each.report()
    worked = max((worked for worked, _ in loop.held), default=0.0)
    verdict("longest hold of the event loop, processor time", worked * 1e3, 10, "ms")


def main() -> None:
    """Run all."""
    logging.disable(logging.WARNING)
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_100
    with tempfile.TemporaryDirectory() as name:
        folder = Path(os.environ.get("BENCHMARK_HISTORY", name))
        if not (folder / FILE_NAME).exists():
            make_history(folder, pairs)
        events.Handle._run = loop.watched(events.Handle._run)  # type: ignore[method-assign, assignment]
        asyncio.run(measure(folder, pairs))


if __name__ == "__main__":
    main()
