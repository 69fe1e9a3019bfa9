"""A stream of quotes at full speed: processor time of a collector, of one core, and its memory.

``python -m tests.benchmarks.streaming`` (about 2 minutes; ``--source okx`` for another than Kraken, ``--seconds 3600``
to see what becomes of the memory). The fake exchange, in a process of its own, lists 1,500 pairs at most and tells
5,000 changes a second over its WebSocket; the collector is the program's engine without a history, ranked at each
snapshot as the app does.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.memory import resident_kib
from tests.benchmarks.timing import verdict
from tui_tracker.cli.compose import spare_what_stays
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.clock import SystemClock
from tui_tracker.engine.engine import Engine
from tui_tracker.feed.local import LocalFeed
from tui_tracker.sources.base import Listener
from tui_tracker.sources.registry import SOURCES, create, open_stream
from tui_tracker.stats.ranking import Scope, rank

WARM_UP_S = 15
MEMORY_EVERY_S = 300
QUOTES = {"kraken": "USD", "coinbase": "USD"}


@dataclass
class Counted:
    """What came while it was measured."""

    quotes: int = 0
    snapshots: int = 0


class Counting:
    """A listener that counts what another is told."""

    def __init__(self, listener: Listener, counted: Counted) -> None:
        self._listener, self._counted = listener, counted
        self.opened, self.missed, self.rest_s = listener.opened, listener.missed, listener.rest_s

    def told(self, tickers: Sequence[Ticker], said_ms: int | None = None) -> None:
        """Count, and pass on."""
        self._counted.quotes += len(tickers)
        self._listener.told(tickers, said_ms)


async def measure(name: str, url: str, seconds: int) -> tuple[Counted, float, float]:
    """(what came, processor seconds, seconds); prints the resident memory now and then."""
    clock, counted = SystemClock(), Counted()
    source = create(name, clock=clock, base_url=url, interval_s=60)
    source.history = ()  # type: ignore[misc]
    stream = open_stream(name, clock=clock, base_url=url)
    assert stream is not None
    run = stream.run
    stream.run = lambda instruments, listener: run(instruments, Counting(listener, counted))  # type: ignore[method-assign]

    async def follow(feed: LocalFeed) -> None:
        async for snapshot in feed.updates():
            rank(snapshot, Metric.PRICE, Measure.STDDEV, Scope(quote=QUOTES.get(name, "USDT")))
            counted.snapshots += 1

    async with Engine(source, clock, stream=stream).running() as engine, asyncio.TaskGroup() as group:
        feed = LocalFeed(engine)
        tasks = [group.create_task(follow(feed)), group.create_task(spare_what_stays(feed))]
        await asyncio.sleep(WARM_UP_S)
        before, began_s, used_s = Counted(counted.quotes, counted.snapshots), time.monotonic(), time.process_time()
        while (left_s := began_s + seconds - time.monotonic()) > 0:
            print(f"  {seconds - left_s:5.0f} s: {resident_kib() / 1024:.1f} MB", flush=True)
            await asyncio.sleep(min(left_s, MEMORY_EVERY_S))
        print(f"  {seconds:5} s: {resident_kib() / 1024:.1f} MB")
        spent_s, passed_s = time.process_time() - used_s, time.monotonic() - began_s
        for task in tasks:
            task.cancel()
    return Counted(counted.quotes - before.quotes, counted.snapshots - before.snapshots), spent_s, passed_s


def main() -> None:
    """Start the exchange, measure, and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.streaming")
    parser.add_argument("--source", default="kraken", choices=[name for name, info in SOURCES.items() if info.stream])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=1_500)
    parser.add_argument("--updates", type=int, default=5_000, help="changes a second")
    options = parser.parse_args()
    duration = options.seconds + WARM_UP_S + 60
    flags = ["--pairs", str(options.pairs), "--updates", str(options.updates), "--duration", str(duration)]
    fake = ["fake_kraken"] if options.source == "kraken" else ["exchanges.server", options.source]
    command = [sys.executable, "-m", f"tests.support.{fake[0]}", *fake[1:], *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        try:
            url = served.stdout.readline().strip()
            counted, spent_s, passed_s = asyncio.run(measure(options.source, url, options.seconds))
        finally:
            served.terminate()
    print(f"  {counted.snapshots / passed_s:.1f} snapshots a second, {spent_s:.2f} s of processor time")
    verdict("quotes a second", counted.quotes / passed_s, 0.95 * options.updates, "", at_least=True)
    verdict("processor time, of a core", 100 * spent_s / passed_s, 50, "%")


if __name__ == "__main__":
    main()
