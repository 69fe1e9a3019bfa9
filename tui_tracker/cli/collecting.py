"""Following a feed that collects once: to its first rows, then through the history of chosen pairs."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager

from tui_tracker.cli.diagnostics import expected_error, say
from tui_tracker.config.model import Settings
from tui_tracker.core.errors import NoDataError, SourceError, SourcesError
from tui_tracker.core.format import utc_time
from tui_tracker.core.instrument import CONSOLIDATED
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import BackfillProgress, SourceState
from tui_tracker.feed.base import Feed


@contextmanager
def told_of(settings: Settings) -> Iterator[None]:
    """Inside, a source's failure becomes a ``NoDataError`` that says which source failed, and where it was sought."""
    try:
        yield
    except (SourceError, ExceptionGroup) as error:
        expected = expected_error(error)
        if not isinstance(expected, SourceError):
            raise
        raise _no_data(expected, settings) from error


def _no_data(error: SourceError, settings: Settings) -> NoDataError:
    """What ends the command; where sources failed for several reasons, each of those is said on stderr before."""
    alike = error.alike if isinstance(error, SourcesError) else ((settings.sources, error),)
    told = [(", ".join(_place(name, settings) for name in names), why) for names, why in alike]
    if len(told) == 1:
        [(places, why)] = told
        return NoDataError(f"{places}: {why.message}", why.hint or "try again later")
    for places, why in told:
        say(f"note: {places}: {why.told}")
    hint = "try again later; crypto-tui sources --check tells which exchanges answer here"
    return NoDataError(f"none of {len(settings.sources)} sources gave quotes", hint)


def _place(name: str, settings: Settings) -> str:
    asked = next((one for one in settings.sources if one.rpartition(":")[2] == name), name)
    url = settings.base_urls.get(asked)
    return f"{asked} at {url}" if url else asked


async def first_rows(updates: AsyncIterator[Snapshot]) -> Snapshot:
    """Return the first snapshot that a poll has filled; what failed since is said on stderr.

    Raises:
        TrackerError: If the source could not be reached or answered nonsense.
        NoDataError: If the feed ended without a row.
    """
    async for snapshot in updates:
        if snapshot.rows and snapshot.at_ms is not None:
            for part in snapshot.status.parts:
                if part.error and part.source != CONSOLIDATED:
                    say(f"note: {part.source}: {part.error}")
            status = snapshot.status
            if not status.parts and status.state is not SourceState.LIVE:
                why = f": {status.error}" if status.error else ""
                say(f"note: {status.source} is {status.state}, this is its poll of {utc_time(snapshot.at_ms)} UTC{why}")
            return snapshot
    raise NoDataError("the source gave no quotes", "try again")


async def with_history(
    feed: Feed,
    updates: AsyncIterator[Snapshot],
    snapshot: Snapshot,
    instrument_ids: Sequence[str],
    on_progress: Callable[[BackfillProgress], None],
) -> Snapshot:
    """Load the history of these instruments and return the snapshot that holds all of it.

    Args:
        feed: Collects once.
        updates: Its updates, as far as they were read.
        snapshot: The last of them.
        instrument_ids: Whose history is wanted; with none, ``snapshot`` comes back at once.
        on_progress: Told of each step.

    Raises:
        TrackerError: If the feed failed.
    """
    if not instrument_ids:
        return snapshot
    feed.prioritise(instrument_ids)
    async for snapshot in updates:
        progress = snapshot.status.backfill
        if progress.total >= len(instrument_ids):
            on_progress(progress)
            if not progress.is_running:
                break
    return snapshot


async def over_window(feed: Feed, updates: AsyncIterator[Snapshot], minutes: int, metric: Metric) -> Snapshot:
    """Return a snapshot with figures over a window of another length, read from the history.

    Raises:
        TrackerError: If it can't be read.
        NoDataError: If the feed ended before.
    """
    await feed.set_window(minutes, metric)
    async for snapshot in updates:
        if snapshot.window_minutes == minutes:
            return snapshot
    raise NoDataError("the history was not read to the end", "try again")
