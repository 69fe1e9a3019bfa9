"""Hours for charts of weeks: from roll-ups, raw minutes and the window, over a real store."""

import math
from array import array
from pathlib import Path

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource
from tests.unit.engine.test_archive import collecting
from tests.unit.engine.test_engine import START
from tui_tracker.core.candle import Provenance
from tui_tracker.core.hours import HOUR_MS
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.engine.board import NO_HOURS, SIMULATED_HOURS
from tui_tracker.engine.engine import Engine
from tui_tracker.stats.ohlc import candles
from tui_tracker.storage.bringing import Bringer
from tui_tracker.storage.connection import FILE_NAME, open_for_writing

BTC = "fake:BTC-USD"
DAYS = 4


def price_at(minute: int) -> float:
    return 100.0 + minute % 977 / 10


def bring(folder: Path, first: int, last: int, metric: Metric, source: str = "fake") -> None:
    """Put minutes into a history, and merge them into hours and roll-ups."""
    database = open_for_writing(folder / FILE_NAME)
    bringer = Bringer(database, source, START)
    for minute in range(first, last + 1):
        bringer.add(f"{source}:BTC-USD", minute, [(METRIC_INDEX[metric], price_at(minute), int(Provenance.POLL))])
    bringer.finish()
    database.close()


async def test_weeks_are_joined_from_roll_ups_and_minutes(tmp_path: Path) -> None:
    now, clock = START // MINUTE, FakeClock(START)
    bring(tmp_path, now - DAYS * 1440, now - 400, Metric.PRICE)
    source = FakeSource(clock)
    source.price = lambda _, minute: price_at(minute)
    async with collecting(tmp_path, source, clock) as engine:
        await clock.advance(120)
        hours = await engine.hours(BTC, Metric.PRICE, 168)
        again = await engine.hours(BTC, Metric.PRICE, 168)
        assert again.closes.tobytes() == hours.closes.tobytes()
    end = hours.start_ms // MINUTE + 168 * 60
    known = array("d", [math.nan] * (168 * 60))
    for minute in range(now - DAYS * 1440, now + 2):
        known[minute - end + 168 * 60] = price_at(minute)
    model = {each.start_ms: each for each in candles(known, hours.start_ms, 60)}
    assert hours.missing == ""
    assert hours.first_ms == (now - DAYS * 1440) // 60 * HOUR_MS
    for at in range(168):
        expected = model.get(hours.start_ms + at * HOUR_MS)
        found = hours.opens[at], hours.highs[at], hours.lows[at], hours.closes[at]
        if expected is None:
            assert math.isnan(found[3])
        else:
            assert found == (expected.open, expected.high, expected.low, expected.close), at


async def test_other_metrics_come_from_raw_minutes(tmp_path: Path) -> None:
    now, clock = START // MINUTE, FakeClock(START)
    bring(tmp_path, now - 2 * 1440, now - 1450, Metric.SPREAD)
    async with collecting(tmp_path, FakeSource(clock), clock) as engine:
        await clock.advance(60)
        hours = await engine.hours(BTC, Metric.SPREAD, 168)
    assert hours.first_ms == (now - 2 * 1440) // 60 * HOUR_MS
    assert not hours.volumes


async def test_without_a_history_the_window_is_all_there_is() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    async with Engine(source, clock).running() as engine:
        before = await engine.hours(BTC, Metric.PRICE, 24) if len(engine.market) else None
        assert before is None
        await clock.advance(600)
        hours = await engine.hours(BTC, Metric.PRICE, 168)
        assert hours.missing == NO_HOURS
        assert len(hours.closes) == 168
        assert hours.first_ms is not None
        source.is_simulated = True
        assert (await engine.hours(BTC, Metric.PRICE, 168)).missing == SIMULATED_HOURS
