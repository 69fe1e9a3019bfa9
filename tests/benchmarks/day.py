"""A day of the simulated market in minutes: the app, painted on the terminal it runs in. Run by ``app.py``.

After each simulated hour the terminal's title says ``hour 3 rss 81234`` (KiB). The clock is ours; all else is real.
"""

import asyncio
import os

from tests.benchmarks.memory import resident_kib
from tests.support.clock import FakeClock
from tests.support.feed import FakeStore
from tui_tracker.cli.compose import spare_what_stays, tidy_up
from tui_tracker.config.choices import Theme
from tui_tracker.config.model import Settings
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.engine.engine import Engine
from tui_tracker.feed.local import LocalFeed
from tui_tracker.sources.simulated import START_MS, SimulatedSource
from tui_tracker.tui.app import TrackerApp
from tui_tracker.tui.driver import QuietDriver

HOURS = 24
PAIRS = 300
PAINT_S = 0.02
"""Real time for the app to paint a minute."""


async def live(clock: FakeClock, feed: LocalFeed, app: TrackerApp) -> None:
    """Let the hours pass, then end the app."""
    await polled(feed, START_MS)
    await spare_what_stays(feed)
    for minute in range(1, HOURS * 60 + 1):
        await clock.advance(60)
        await polled(feed, START_MS + minute * MINUTE_MS)
        await asyncio.sleep(PAINT_S)
        if minute % 60 == 0:
            os.write(2, f"\x1b]2;hour {minute // 60} rss {resident_kib()}\x07".encode())
    app.exit()


async def polled(feed: LocalFeed, at_ms: int) -> None:
    """Return once a poll at or after an instant is known, and all history."""
    async for snapshot in feed.updates():
        status = snapshot.status
        is_loaded = status.backfill.total > 0 and not status.backfill.is_running
        if is_loaded and status.last_good_ms is not None and status.last_good_ms >= at_ms:
            return


async def main() -> None:
    """Run the app and its day."""
    clock = FakeClock(START_MS)
    engine = Engine(SimulatedSource(clock, 1, PAIRS), clock)
    async with engine.running():
        feed = LocalFeed(engine)
        settings = Settings(demo=True, theme=Theme.DARK)
        app = TrackerApp(feed, settings, None, FakeStore(), clock.now_ms, driver_class=QuietDriver)
        async with asyncio.TaskGroup() as group:
            group.create_task(live(clock, feed, app))
            tidying = group.create_task(tidy_up(clock.sleep))
            await app.run_async()
            tidying.cancel()


if __name__ == "__main__":
    asyncio.run(main())
