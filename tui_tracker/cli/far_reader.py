"""The history of a server, read as one on disk is."""

import asyncio
import threading
from collections.abc import Collection, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from tui_tracker.cli.collecting import first_rows
from tui_tracker.config.model import Settings
from tui_tracker.core.kept import Kept, Loaded, Rollup, Stretch, by_hours
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.feed.remote import RemoteFeed

HOUR: Final = 60
DAY: Final = 1_440
MOST_SAMPLES: Final = 1_000_000
"""Minutes times metrics times instruments that are asked for at a time."""
T = TypeVar("T")


class FarReader:
    """What an export needs of ``Reader``, from a server; each call waits for its answer.

    Args:
        feed: From the server.
        loop: On which it runs, in another thread.
    """

    damaged: Final = 0
    """Rows that were left out: the server's log tells of them."""

    def __init__(self, feed: RemoteFeed, loop: asyncio.AbstractEventLoop) -> None:
        self._history, self._loop = feed.history, loop
        self.now_ms: Final = feed.now_ms()
        self._asked: tuple[tuple[Metric, ...], Collection[str] | None] | None = None
        self._block: tuple[int, int, Loaded] = (0, 0, {})
        """(first minute, how many, what they are) of the newest answer."""
        self.kept: Final[Kept] = self._await(self._history.kept())

    def hours(
        self,
        source: str,
        metrics: Sequence[Metric],
        start_ms: int,
        end_ms: int,
        ids: Collection[str] | None = None,
    ) -> Iterator[tuple[int, Loaded]]:
        """See ``Reader.hours``."""
        return by_hours(lambda first_ms, minutes: self.load(source, metrics, first_ms, minutes, ids), start_ms, end_ms)

    def load(
        self,
        source: str,  # noqa: ARG002
        metrics: Sequence[Metric],
        start_ms: int,
        minutes: int,
        ids: Collection[str] | None = None,
    ) -> Loaded:
        """See ``Reader.load``; several hours are asked for at a time, since one follows another."""
        asked = tuple(metrics), ids
        first_ms, count, loaded = self._block
        if asked != self._asked or not first_ms <= start_ms <= first_ms + (count - minutes) * MINUTE_MS:
            cells = len(self.kept.ids if ids is None else ids) * len(metrics) * HOUR
            count = max(minutes, min(DAY, MOST_SAMPLES // max(1, cells) * HOUR))
            loaded = self._await(self._history.minutes(ids, metrics, start_ms, count))
            self._asked, self._block, first_ms = asked, (start_ms, count, loaded), start_ms
        at = (start_ms - first_ms) // MINUTE_MS
        return _part(loaded, at, at + minutes)

    def rollups_of(
        self,
        source: str,  # noqa: ARG002
        instrument_ids: Collection[str],
        start_ms: int,
        end_ms: int,
    ) -> Mapping[str, tuple[Rollup, ...]]:
        """See ``Reader.rollups_of``."""
        return self._await(self._history.rollups(instrument_ids, start_ms, end_ms))

    def instrument_ids(self, source: str) -> tuple[str, ...]:  # noqa: ARG002
        """See ``Reader.instrument_ids``."""
        return self.kept.ids

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _part(loaded: Loaded, start: int, stop: int) -> Loaded:
    """Some of the minutes, without what was not observed in them."""
    parts = {
        name: {
            metric: Stretch(one.values[start:stop], one.provenance[start:stop])
            for metric, one in found.items()
            if any(one.provenance[start:stop])
        }
        for name, found in loaded.items()
    }
    return {name: found for name, found in parts.items() if found}


@contextmanager
def far_reader(settings: Settings) -> Iterator[FarReader]:
    """Read the history of the server that is configured while inside; it is talked to in a thread.

    Raises:
        ConfigError: If the file with authorities can't be used.
        FeedError: If it is out of reach, or tells no history.
    """
    opened: Future[tuple[RemoteFeed, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_talk(settings, opened)), name="server", daemon=True)
    thread.start()
    feed, loop, leave = opened.result()
    try:
        yield FarReader(feed, loop)
    finally:
        loop.call_soon_threadsafe(leave.set)
        thread.join()


async def _talk(
    settings: Settings, opened: "Future[tuple[RemoteFeed, asyncio.AbstractEventLoop, asyncio.Event]]"
) -> None:
    leave = asyncio.Event()
    try:
        async with RemoteFeed(settings.connect, settings.token, once=True, ca_file=settings.ca_file).running() as feed:
            await first_rows(feed.updates())
            opened.set_result((feed, asyncio.get_running_loop(), leave))
            await leave.wait()
    except Exception as error:
        if opened.done():
            raise
        opened.set_exception(error)
