"""The past from the history, against an engine that was live at that moment."""

import asyncio
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.source import MINUTE
from tests.unit.engine.test_archive import CountingSource, collecting, settled
from tests.unit.engine.test_engine import START, latest
from tui_tracker.core.errors import NoDataError
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.engine.replay import Replay
from tui_tracker.stats.ranking import rank
from tui_tracker.stats.window import Window
from tui_tracker.storage.store import Store

PAIRS = ("BTC/USD", "ETH/USD", "XRP/USD")


def price(pair: str, minute: int) -> float:
    return 50.0 + len(pair) + PAIRS.index(pair) + minute * (7 + PAIRS.index(pair)) % 31 / 10


async def lived(folder: Path, minutes: int, name: str = "fake") -> dict[int, Snapshot]:
    """Collect for a while; return what was published at the end of each minute."""
    clock = FakeClock(START)
    source = CountingSource(clock, PAIRS, name)
    source.price = price
    found: dict[int, Snapshot] = {}
    async with collecting(folder, source, clock) as engine:
        for _ in range(minutes):
            await clock.advance(60)
            snapshot = latest(engine)
            assert snapshot.end_ms is not None
            found[snapshot.end_ms] = snapshot
        store = engine._archive._store  # type: ignore[union-attr]
        await clock.advance(30)
        await settled(store, clock)
    return found


@asynccontextmanager
async def replaying(folder: Path, clock: FakeClock | None = None, last_ms: int | None = None) -> AsyncIterator[Replay]:
    store = Store(folder, lambda: START, is_reader=True)
    try:
        async with Replay(store, "fake", clock or FakeClock(START), last_ms).running() as replay:
            yield replay
    finally:
        store.close()


def compare(past: Snapshot, live: Snapshot) -> None:
    """Everything that ranks rest on is the same, bit for bit."""
    assert (past.end_ms, past.window_minutes) == (live.end_ms, live.window_minutes)
    assert [row.id for row in past.rows] == [row.id for row in live.rows]
    for one, other in zip(past.rows, live.rows, strict=True):
        assert one.figures == other.figures
        assert one.provenance == other.provenance
        assert _told(one) == _told(other)
    for metric in METRICS:
        for measure in Measure:
            if measure in (Measure.HL_RANGE, Measure.PARKINSON):
                continue  # the exchange's own high and low are not stored
            here, there = rank(past, metric, measure), rank(live, metric, measure)
            assert [(place.row.id, place.rank, place.value) for place in here.places] == [
                (place.row.id, place.rank, place.value) for place in there.places
            ]


def _told(row: Row) -> tuple[object, ...]:
    return row.last, row.volume_usd, row.traded, row.halted, row.activity


async def test_the_past_equals_what_was_live(tmp_path: Path) -> None:
    lived_through = await lived(tmp_path, 130)
    moments = sorted(lived_through)
    async with replaying(tmp_path) as replay:
        for at in (100, 99, 101, 60, 61, 20, 125, 124, 40, 41):
            await replay.go(moments[at])
            rows = latest(replay).rows
            assert [row.figures[0] for row in rows] == [row.figures[0] for row in lived_through[moments[at]].rows]
            async with asyncio.timeout(30):
                await replay.whole.wait()
            compare(latest(replay), lived_through[moments[at]])
            assert (await replay.hours("fake:BTC-USD", Metric.PRICE, 48)).missing == ""
        await replay.set_window(60, Metric.PRICE)
        for at in (80, 81, 79, 110):
            await replay.go(moments[at])
            series = replay.series("fake:BTC-USD", Metric.PRICE)
            assert series.end_ms == moments[at]
            assert latest(replay).window_minutes == 60
            for row in latest(replay).rows:
                values = array("d", replay.series(row.id, Metric.PRICE).values[-60:])
                assert row.figures[0] == Window.restore(moments[at], values, None, 60).figures()
            assert rank(latest(replay), Metric.PRICE, Measure.STDDEV).ranked == len(PAIRS)
        await replay.set_window(1_440, Metric.PRICE)
        compare(latest(replay), lived_through[moments[110]])


async def test_earlier_minutes_are_told_for_their_ranks(tmp_path: Path) -> None:
    lived_through = await lived(tmp_path, 130)
    moments = sorted(lived_through)
    async with replaying(tmp_path) as replay:
        with pytest.raises(NoDataError, match="begins at"):
            await anext(replay.earlier(moments[0] - 3 * 1_440 * MINUTE_MS, 1, Metric.SPREAD))
        [unpolled] = [snapshot async for snapshot in replay.earlier(moments[0] - 60 * MINUTE_MS, 1, Metric.PRICE)]
        assert rank(unpolled, Metric.PRICE, Measure.STDDEV).ranked == len(PAIRS), "candles alone tell of it"
        told = [snapshot async for snapshot in replay.earlier(moments[50], 61, Metric.SPREAD)]
        assert [snapshot.end_ms for snapshot in told] == moments[50:111]
        for snapshot in told:
            live = lived_through[snapshot.end_ms or 0]
            for metric in (Metric.PRICE, Metric.SPREAD):
                here, there = rank(snapshot, metric, Measure.STDDEV), rank(live, metric, Measure.STDDEV)
                assert [(p.row.id, p.rank, p.value) for p in here.places] == [
                    (p.row.id, p.rank, p.value) for p in there.places
                ]


async def test_time_goes_on_a_minute_a_second_to_the_end(tmp_path: Path) -> None:
    moments = sorted(await lived(tmp_path, 20))
    clock = FakeClock(START)
    async with replaying(tmp_path, clock, moments[12]) as replay:
        await replay.go(moments[8])
        replay.play(True)
        seen = [moments[8]]
        for _ in range(8):
            await clock.advance(1)
            await _come_to_rest(replay, clock)
            seen.append(latest(replay).end_ms or 0)
        assert seen == [*moments[8:13], *[moments[12]] * 4]
        moment = replay.status().moment
        assert moment is not None
        assert not moment.is_playing
        await replay.go(moments[3])
        replay.play(True)
        replay.play(False)
        await clock.advance(5)
        assert latest(replay).end_ms == moments[3]
        await replay.go(moments[0] - 1_000 * MINUTE * 1440)
        assert latest(replay).end_ms == moment.first_ms


async def _come_to_rest(replay: Replay, clock: FakeClock) -> None:
    for _ in range(8):
        await clock.settle()
        await asyncio.wrap_future(replay._store.read(lambda reader: reader.damaged))
        async with replay._moving:
            pass


async def test_without_a_history_it_says_so(tmp_path: Path) -> None:
    await lived(tmp_path, 2)
    async with replaying(tmp_path, last_ms=START - 10**10) as replay:
        with pytest.raises(NoDataError, match="begins at"):
            await replay.go(START)
    store = Store(tmp_path, lambda: START, is_reader=True)
    async with Replay(store, "other", FakeClock(START)).running() as replay:
        with pytest.raises(NoDataError, match="no history of other"):
            await replay.go(START)
    store.close()
