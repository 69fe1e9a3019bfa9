"""The exchange's clock between two readings of it."""

from tests.support.clock import FakeClock
from tui_tracker.sources.base import ServerTime
from tui_tracker.sources.readings import TheirClock

OURS, AHEAD = 1_790_000_000_000, 5_000


def read(clock: FakeClock, their_ms: int, took_ms: int = 100) -> ServerTime:
    now_ms = clock.now_ms()
    return ServerTime(their_ms - took_ms // 2, now_ms - took_ms, now_ms)


def test_our_own_clock_counts_until_theirs_was_read() -> None:
    theirs = TheirClock(FakeClock(OURS))
    assert not theirs.is_known
    assert theirs.at(OURS + 7) == OURS + 7


def test_it_goes_on_whatever_ours_is_set_to() -> None:
    clock = FakeClock(OURS)
    theirs = TheirClock(clock)
    theirs.take(read(clock, OURS + AHEAD))
    assert theirs.at(clock.now_ms()) == OURS + AHEAD
    for jump_s in (-1_169, 137, 3_600):
        clock.stall(10)
        clock.jump_wall(jump_s)
        passed_ms = round(clock.monotonic_s() * 1000)
        assert theirs.at(clock.now_ms()) == OURS + AHEAD + passed_ms
        assert theirs.at(clock.now_ms() - 4_000) == OURS + AHEAD + passed_ms - 4_000
    theirs.take(read(clock, OURS + AHEAD + 30_000))
    assert theirs.at(clock.now_ms()) == OURS + AHEAD + 30_000


def test_a_vague_reading_counts_once_ours_was_set() -> None:
    clock = FakeClock(OURS)
    theirs = TheirClock(clock)
    theirs.take(read(clock, OURS + AHEAD))
    theirs.take(read(clock, OURS + 9_000, took_ms=8_000))
    assert theirs.at(clock.now_ms()) == OURS + AHEAD
    clock.jump_wall(60)
    theirs.take(read(clock, OURS + 9_000, took_ms=8_000))
    assert theirs.at(clock.now_ms()) == OURS + 9_000
