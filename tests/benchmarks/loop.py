"""How long single callbacks hold the event loop while a whole market is polled and shown. Run by ``app.py``."""

import asyncio
import sys
import time
from asyncio import events
from collections.abc import Callable

from tests.benchmarks.timing import verdict
from tests.support.feed import FakeStore
from tui_tracker.cli.compose import spare_what_stays
from tui_tracker.config.model import Settings
from tui_tracker.engine.clock import SystemClock
from tui_tracker.engine.engine import Engine
from tui_tracker.feed.local import LocalFeed
from tui_tracker.sources.registry import create
from tui_tracker.tui.app import TrackerApp

POLLS = 6
held: list[tuple[float, float]] = []
"""(processor time, wall time) of each callback over 4 ms. The wall also counts what other processes took."""


def watched(run: Callable[[events.Handle], None]) -> Callable[[events.Handle], None]:
    """Time every callback of the loop."""

    def timed(handle: events.Handle) -> None:
        start, worked = time.perf_counter(), time.thread_time()
        run(handle)
        worked, took = time.thread_time() - worked, time.perf_counter() - start
        if took > 0.004:
            held.append((worked, took))

    return timed


async def main(url: str) -> None:
    """Poll and show, several times over."""
    clock = SystemClock()
    source = create("kraken", clock=clock, base_url=url, interval_s=60, spacing_s=0.0)
    async with Engine(source, clock).running() as engine:
        app = TrackerApp(LocalFeed(engine), Settings(quote=None), None, FakeStore(), clock.now_ms)
        async with app.run_test(size=(140, 40)) as pilot:
            await spare_what_stays(LocalFeed(engine))
            await pilot.pause(1.0)
            held.clear()
            for _ in range(POLLS):
                engine.request_poll()
                await pilot.pause(2.0)
    held.sort(reverse=True)
    print(f"From the bytes of a 1,500-pair Ticker to the screen, {POLLS} polls, history loading beside it")
    worked_ms = ", ".join(f"{worked * 1e3:.1f}" for worked, _ in held[:8])
    most_ms = max((wall for _, wall in held), default=0.0) * 1e3
    print(f"        longest callbacks, processor time: {worked_ms} ms; wall: {most_ms:.1f} ms at most")
    verdict("longest hold of the event loop, processor time", held[0][0] * 1e3 if held else 0.0, 10, "ms")


if __name__ == "__main__":
    events.Handle._run = watched(events.Handle._run)  # type: ignore[method-assign, assignment]
    asyncio.run(main(sys.argv[1]))
