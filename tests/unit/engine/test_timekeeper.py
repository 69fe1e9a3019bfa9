"""The exchange's time as it can be known here: what readings count."""

import pytest

from tests.support.clock import FakeClock
from tests.support.source import FakeSource
from tui_tracker.engine.timekeeper import REMEASURE_S, Timekeeper
from tui_tracker.sources.base import ServerTime

AHEAD_MS = 5_000


class Asked(FakeSource):
    """Tells a time that is on its way for so long as the test says, all of it on the way back."""

    took_ms = 0

    async def server_time(self) -> ServerTime:
        now_ms = self.clock.now_ms()
        return ServerTime(now_ms + AHEAD_MS, now_ms, now_ms + self.took_ms)


@pytest.fixture
def source() -> Asked:
    return Asked(FakeClock())


async def test_a_quick_reading_is_enough(source: Asked) -> None:
    timekeeper = Timekeeper(source.clock)
    assert timekeeper.is_due
    await timekeeper.measure(source)
    assert (timekeeper.is_due, timekeeper.offset_ms) == (False, AHEAD_MS)


async def test_a_reading_that_was_long_on_its_way_is_taken_until_a_quick_one_comes(source: Asked) -> None:
    timekeeper = Timekeeper(source.clock)
    source.took_ms = 8_000
    await timekeeper.measure(source)
    assert (timekeeper.is_due, timekeeper.offset_ms) == (True, AHEAD_MS - 4_000)
    source.took_ms = 100
    await timekeeper.measure(source)
    assert (timekeeper.is_due, timekeeper.offset_ms) == (False, AHEAD_MS - 50)


async def test_the_quickest_of_three_counts_where_none_is_quick(source: Asked) -> None:
    timekeeper = Timekeeper(source.clock)
    for source.took_ms in (6_000, 3_000, 9_000):
        assert timekeeper.is_due
        await timekeeper.measure(source)
    assert (timekeeper.is_due, timekeeper.offset_ms) == (False, AHEAD_MS - 1_500)


async def test_a_good_offset_stays_where_the_hourly_reading_is_vague(source: Asked) -> None:
    timekeeper = Timekeeper(source.clock)
    await timekeeper.measure(source)
    source.clock.stall(REMEASURE_S)
    source.took_ms = 8_000
    await timekeeper.measure(source)
    assert (timekeeper.is_due, timekeeper.offset_ms) == (True, AHEAD_MS)


async def test_a_jump_makes_earlier_readings_worthless(source: Asked) -> None:
    timekeeper = Timekeeper(source.clock)
    source.took_ms = 3_000
    await timekeeper.measure(source)
    source.clock.jump_wall(3_600)
    assert timekeeper.notice_jump()
    source.took_ms = 4_000
    await timekeeper.measure(source)
    assert timekeeper.offset_ms == AHEAD_MS - 2_000
