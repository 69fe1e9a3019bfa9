"""Following a market live without a screen: each newer snapshot, until enough or nobody reads on."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from tui_tracker.cli.diagnostics import say
from tui_tracker.cli.options import Composition
from tui_tracker.config.model import Settings
from tui_tracker.core.format import rfc3339
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import SourceStatus
from tui_tracker.feed.base import Feed
from tui_tracker.stats.ranking import Ranking, Scope, rank


async def polled(feed: Feed) -> AsyncGenerator[Snapshot, None]:
    """Each snapshot whose rows or state differ from the one before; what is wrong with the source is said on stderr."""
    seen: tuple[object, ...] = ()
    error = ""
    resting = frozenset[str]()
    async for snapshot in feed.updates():
        status = snapshot.status
        if not seen:
            resting = _say_resting(status, resting)
        if status.error != error:
            error = status.error
            if error:
                say(f"note: {error}" if status.parts else f"note: {status.source}: {error}")
        if snapshot.rows and snapshot.at_ms is not None and (snapshot.version, status.state) != seen:
            seen = (snapshot.version, status.state)
            yield snapshot


def _say_resting(status: SourceStatus, told: frozenset[str]) -> frozenset[str]:
    """Say until when sources are not asked that a process before was told to leave alone; return which they are."""
    parts = [part for part in status.parts or (status,) if part.limited_until_ms is not None and not part.error]
    for part in parts:
        if part.source not in told:
            until = rfc3339(part.limited_until_ms)
            say(f"note: {part.source}: asked for nothing until {until}, as it wants")
    return frozenset(part.source for part in parts)


@asynccontextmanager
async def followed(composition: Composition, settings: Settings) -> AsyncIterator[tuple[Feed, AsyncIterator[Snapshot]]]:
    """A live feed, and its snapshots that say something new."""
    async with composition.collect_live(settings) as feed, aclosing(polled(feed)) as snapshots:
        yield feed, snapshots


def ranked(snapshot: Snapshot, settings: Settings, quote: str | None) -> Ranking:
    """The ranking of a scope by what is configured."""
    scope = Scope(quote=quote, min_volume_usd=settings.min_volume)
    return rank(snapshot, settings.metric, settings.by, scope, settings.min_coverage)


def by_volume(ranking: Ranking) -> Sequence[str]:
    """The ids of a ranking, the most traded first: the order in which history is loaded."""
    rows = sorted(ranking.rows, key=lambda row: -(row.volume_usd or 0.0))
    return [row.id for row in rows if not row.halted]
