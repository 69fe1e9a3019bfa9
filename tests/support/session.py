"""A session without a screen, on a fast clock: dumps its windows as lines of JSON, for tests with real processes.

``python -m tests.support.session FOLDER URL START_MS START_S RATE``: the market's clock was ``START_MS`` when the
machine's monotonic one was ``START_S``, and goes ``RATE`` times as fast. SIGUSR1 asks for a poll.
"""

import asyncio
import hashlib
import json
import logging
import os
import signal
import sys
import time
from importlib import import_module
from pkgutil import walk_packages

from tui_tracker import engine, feed, sources, storage
from tui_tracker.cli.compose import _collect
from tui_tracker.cli.headless import run_headless
from tui_tracker.config.model import Settings
from tui_tracker.core.metric import METRICS
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.feed.base import Feed

LOADED_LATER = (
    "concurrent.futures.thread",
    "pwd",
    "encodings.idna",
    "httpx",
    "httpcore._async.connection_pool",
    "tui_tracker.cli.shared_history",
    "tui_tracker.cli.stopping",
)
PACKAGES_LOADED_LATER = (engine, feed, sources, storage)


class FastClock:
    """The same time in every process."""

    def __init__(self, start_ms: int, start_s: float, rate: float) -> None:
        self._start_ms, self._start_s, self._rate = start_ms, start_s, rate

    def now_ms(self) -> int:
        return self._start_ms + int((time.monotonic() - self._start_s) * self._rate * 1000)

    def monotonic_s(self) -> float:
        return time.monotonic() * self._rate

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._rate)


async def dump(feed: Feed) -> None:
    """Print a line for each change of what is shown; the windows as one digest for the end of each."""
    seen = None
    async for snapshot in feed.updates():
        status = snapshot.status
        said = (snapshot.version, status.collector, status.state, status.error)
        if said == seen:
            continue
        seen = said
        digest = hashlib.sha256()
        for row in snapshot.rows:
            for metric in METRICS:
                series = await feed.series(row.id, metric)
                digest.update(f"{row.id} {metric} {series.start_ms // MINUTE_MS}".encode() + series.values.tobytes())
        line = {
            "at_s": time.monotonic(),
            "pid": os.getpid(),
            "collector": status.collector,
            "state": status.state.value,
            "error": status.error,
            "polled_ms": snapshot.at_ms,
            "end": None if snapshot.end_ms is None else snapshot.end_ms // MINUTE_MS,
            "loading": status.backfill.is_running,
            "stored_ms": None if status.history is None else status.history.stored_ms,
            "digest": digest.hexdigest()[:16],
            "pairs": len(snapshot.rows),
        }
        print(json.dumps(line), flush=True)


def become(uid: int) -> None:
    """Be another user, who may not be able to read the program: all of it is loaded before."""
    inside = [
        found.name for each in PACKAGES_LOADED_LATER for found in walk_packages(each.__path__, f"{each.__name__}.")
    ]
    for name in (*LOADED_LATER, *inside):
        import_module(name)
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


async def run(folder: str, url: str, clock: FastClock) -> None:
    settings = Settings(data_dir=folder, base_urls={"kraken": url}, window=int(os.environ.get("WINDOW", "1440")))
    async with _collect(settings, clock, settings.window, once=False) as feed:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, feed.request_poll)
        await dump(feed)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    folder, url, start_ms, start_s, rate = sys.argv[1:6]
    if sys.argv[6:]:
        become(int(sys.argv[6]))
    run_headless(lambda: run(folder, url, FastClock(int(start_ms), float(start_s), float(rate))))
