"""Several sources back in time together, from one history."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.source import MINUTE
from tests.unit.engine.test_engine import START
from tests.unit.engine.test_replay import lived
from tui_tracker.core.errors import NoDataError
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import Moment
from tui_tracker.engine.replay import Replay
from tui_tracker.feed.merged_past import MergedPastFeed
from tui_tracker.feed.past import ReplayFeed
from tui_tracker.storage.store import Store


@asynccontextmanager
async def replaying(folder: Path, clock: FakeClock, *names: str) -> AsyncIterator[MergedPastFeed]:
    store = Store(folder, lambda: START, is_reader=True)
    try:
        async with AsyncExitStack() as stack:
            replays = {name: Replay(store, name, clock) for name in names}
            parts = {name: ReplayFeed(await stack.enter_async_context(one.running())) for name, one in replays.items()}
            yield await stack.enter_async_context(MergedPastFeed(",".join(names), parts, clock).running())
    finally:
        store.close()


async def shown(feed: MergedPastFeed, minute_ms: int, rows: int) -> Snapshot:
    """The snapshot of a minute, once so many rows of it have come."""
    async with asyncio.timeout(30):
        async for snapshot in feed.updates():
            if snapshot.end_ms == minute_ms and len(snapshot.rows) == rows:
                return snapshot
    raise AssertionError


def moment(feed: MergedPastFeed) -> Moment:
    found = feed.status().moment
    assert found is not None
    return found


async def test_all_stand_at_the_same_minute_and_one_without_it_shows_nothing(tmp_path: Path) -> None:
    short, long = await lived(tmp_path, 12), await lived(tmp_path, 30, "other")
    minutes = sorted(long)
    async with replaying(tmp_path, FakeClock(START), "fake", "other", "never") as feed:
        await feed.go(minutes[8], Metric.PRICE)
        snapshot = await shown(feed, minutes[8], 6)
        live = [row for rows in (short, long) for row in rows[minutes[8]].rows]
        assert [(row.id, row.figures[0]) for row in snapshot.rows] == [(row.id, row.figures[0]) for row in live]
        assert [part.source for part in snapshot.status.parts] == ["fake", "other"]
        assert (snapshot.status.moment, moment(feed).last_ms) == (moment(feed), minutes[-1])
        told = [each async for each in feed.earlier(minutes[2], 3, Metric.PRICE)]
        assert [(each.end_ms, len(each.rows)) for each in told] == [(at_ms, 6) for at_ms in minutes[2:5]]
        await feed.go(minutes[20], Metric.PRICE)
        alone = await shown(feed, minutes[20], 3)
        assert {row.instrument.source for row in alone.rows} == {"other"}
        told = [each async for each in feed.earlier(minutes[18], 2, Metric.PRICE)]
        assert [len(each.rows) for each in told] == [3, 3]
        assert (await feed.series("other:BTC-USD", Metric.PRICE)).end_ms == minutes[20]


async def test_they_go_on_together_to_the_end(tmp_path: Path) -> None:
    minutes = sorted(await lived(tmp_path, 12))
    await lived(tmp_path, 12, "other")
    clock = FakeClock(START)
    async with replaying(tmp_path, clock, "fake", "other") as feed:
        await feed.go(minutes[-3], Metric.PRICE)
        feed.play(True)
        for at_ms in minutes[-2:]:
            assert moment(feed).is_playing
            await clock.advance(1)
            await shown(feed, at_ms, 6)
        while moment(feed).is_playing:
            await clock.advance(1)
        assert moment(feed).minute_ms == minutes[-1]
        feed.close()
        assert feed.closed.is_set()


async def test_where_none_has_a_history_that_is_said(tmp_path: Path) -> None:
    await lived(tmp_path, 2)
    async with replaying(tmp_path, FakeClock(START), "one", "two") as feed:
        with pytest.raises(NoDataError, match="no history of one"):
            await feed.go(START - MINUTE, Metric.PRICE)
        assert moment(feed) == Moment(0)
