"""Other windows beside the published one, for those who ask."""

from array import array
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource
from tests.unit.engine.test_archive import collecting
from tests.unit.engine.test_engine import START, latest
from tests.unit.engine.test_hours import BTC, bring, price_at
from tests.unit.engine.test_lens import from_scratch
from tui_tracker.core.errors import NoDataError, ServiceError
from tui_tracker.core.metric import Metric
from tui_tracker.engine import beside
from tui_tracker.engine.beside import IDLE_S, MOST_KEPT
from tui_tracker.engine.engine import Engine
from tui_tracker.stats.window import Window


async def test_a_shorter_window_follows_while_the_published_one_stays() -> None:
    clock = FakeClock(START)
    async with Engine(FakeSource(clock), clock).running() as engine:
        await clock.advance(120)
        for _ in range(4):
            beside = await engine.over(60, Metric.PRICE)
            assert (beside.window_minutes, beside.version) == (60, latest(engine).version)
            assert latest(engine).window_minutes == 1440
            for row in beside.rows:
                assert list(row.figures) == from_scratch(engine, row.id, 60), row.id
            await clock.advance(60)
        assert await engine.over(1440, Metric.SPREAD) is latest(engine)


async def test_a_longer_window_is_read_once_and_follows(tmp_path: Path) -> None:
    now, clock, minutes = START // MINUTE, FakeClock(START), 5 * 1440
    bring(tmp_path, now - 3 * 1440, now - 400, Metric.PRICE)
    source = FakeSource(clock)
    source.price = lambda _, minute: price_at(minute)
    async with collecting(tmp_path, source, clock) as engine:
        await clock.advance(120)
        for _ in range(3):
            snapshot = await engine.over(minutes, Metric.SPREAD)
            assert snapshot.end_ms is not None
            end = snapshot.end_ms // MINUTE
            prices = array("d", [price_at(minute) for minute in range(now - 3 * 1440, end + 1)])
            row = next(row for row in snapshot.rows if row.id == BTC)
            assert row.figures_of(Metric.PRICE) == Window.restore(end * MINUTE, prices, None, minutes).figures()
            assert (row.figures_of(Metric.SPREAD), row.figures_of(Metric.MID)) != (None, None)
            assert row.figures_of(Metric.MID) is None
            assert snapshot.known_minutes == len(prices)
            await clock.advance(60)


async def test_only_so_many_at_a_time_and_idle_ones_make_room() -> None:
    clock = FakeClock(START)
    async with Engine(FakeSource(clock), clock).running() as engine:
        await clock.advance(60)
        for minutes in range(20, 20 + MOST_KEPT):
            await engine.over(minutes, Metric.PRICE)
        with pytest.raises(ServiceError, match="in use"):
            await engine.over(60, Metric.PRICE)
        await engine.over(20, Metric.PRICE)
        await clock.advance(IDLE_S - 60)
        await engine.over(20, Metric.PRICE)
        await clock.advance(120)
        assert (await engine.over(60, Metric.PRICE)).window_minutes == 60
        assert [lens.window_minutes for lens in engine.beside.lenses] == [20, 60]


async def test_their_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock(START)
    monkeypatch.setattr(beside, "MOST_BYTES", 8 * 2 * (10_000 + 2_000))  # of two pairs and one metric
    async with Engine(FakeSource(clock), clock).running() as engine:
        await clock.advance(60)
        with pytest.raises(ServiceError, match="such a window takes"):
            await engine.over(12_001, Metric.PRICE)
        await engine.over(10_000, Metric.PRICE)
        with pytest.raises(ServiceError, match="such a window takes"):
            await engine.over(2_000, Metric.SPREAD)
        await engine.over(2_000, Metric.PRICE)


async def test_without_a_history_it_says_so() -> None:
    clock = FakeClock(START)
    async with Engine(FakeSource(clock), clock).running() as engine:
        with pytest.raises(NoDataError, match="no history is kept"):
            await engine.kept()
        with pytest.raises(NoDataError):
            await engine.minutes(None, [Metric.PRICE], 0, 60)
        with pytest.raises(NoDataError):
            await engine.rollups(None, 0, 1)
