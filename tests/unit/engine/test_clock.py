"""The clocks of the engine."""

import asyncio
import time

import pytest

from tests.support.clock import FakeClock
from tui_tracker.core.clock import Clock
from tui_tracker.engine.clock import ScaledClock, SteppedClock, SystemClock

START_MS = 1_768_478_397_000


@pytest.mark.parametrize("clock", [SystemClock(), ScaledClock(START_MS, 60), SteppedClock(START_MS)])
async def test_every_clock_keeps_the_protocol(clock: Clock) -> None:
    before = clock.monotonic_s()
    await clock.sleep(0)
    await clock.sleep(-1)
    await clock.sleep(0.001)
    assert clock.monotonic_s() > before
    assert isinstance(clock.now_ms(), int)


def test_the_system_clock_tells_the_time_of_the_machine() -> None:
    before = time.time()
    now_ms = SystemClock().now_ms()
    assert int(before * 1000) - 1 <= now_ms <= time.time() * 1000


async def test_a_scaled_clock_runs_faster_than_the_one_that_drives_it() -> None:
    base = FakeClock()
    clock = ScaledClock(START_MS, 60, base)
    assert clock.now_ms() == START_MS
    await base.advance(1)
    assert clock.now_ms() == START_MS + 60_000
    assert clock.monotonic_s() == 60


async def test_a_scaled_sleep_ends_when_its_own_time_has_passed() -> None:
    base = FakeClock()
    clock = ScaledClock(START_MS, 60, base)
    sleeper = asyncio.ensure_future(clock.sleep(90))
    await base.advance(1.4)
    assert not sleeper.done()
    await base.advance(0.1)
    assert sleeper.done()
    assert clock.now_ms() == START_MS + 90_000
    await sleeper


async def test_a_scaled_clock_ignores_jumps_of_the_wall_clock() -> None:
    base = FakeClock()
    clock = ScaledClock(START_MS, 60, base)
    base.jump_wall(-3_600)
    assert clock.now_ms() == START_MS


async def test_a_scaled_clock_waits_for_a_sleeper_that_is_woken_late() -> None:
    base = FakeClock()
    clock = ScaledClock(START_MS, 60, base)
    sleeper = asyncio.ensure_future(clock.sleep(60))
    other = asyncio.ensure_future(clock.sleep(120))
    await base.settle()
    base.stall(10)
    assert clock.monotonic_s() == 60
    await base.advance(0)
    assert (sleeper.done(), other.done()) == (True, False)
    assert clock.monotonic_s() == pytest.approx(60)
    await base.advance(1)
    assert other.done()
    assert clock.monotonic_s() == pytest.approx(120)


async def test_a_sleeper_that_gives_up_holds_nobody() -> None:
    base = FakeClock()
    clock = ScaledClock(START_MS, 60, base)
    sleeper = asyncio.ensure_future(clock.sleep(60))
    await base.settle()
    sleeper.cancel()
    await base.settle()
    await base.advance(2)
    assert clock.monotonic_s() == 120


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_that_leads_nowhere_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        ScaledClock(START_MS, scale)


async def test_a_stepped_clock_moves_only_when_somebody_sleeps() -> None:
    clock = SteppedClock(START_MS)
    assert (clock.now_ms(), clock.now_ms()) == (START_MS, START_MS)
    await clock.sleep(3_600)
    assert clock.now_ms() == START_MS + 3_600_000
    assert clock.monotonic_s() == 3_600


async def test_a_stepped_sleep_lets_other_tasks_run() -> None:
    ran = asyncio.Event()

    async def other() -> None:
        ran.set()

    task = asyncio.ensure_future(other())
    await SteppedClock(START_MS).sleep(1)
    assert ran.is_set()
    await task
