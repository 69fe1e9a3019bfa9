"""When polls happen."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.engine.schedule import next_poll_ms

instants = st.integers(1_600_000_000_000, 2_000_000_000_000)


@given(instants, st.integers(5, 3_600))
def test_every_instant_is_later_and_soon_enough(now_ms: int, interval_s: int) -> None:
    instant = next_poll_ms(now_ms, interval_s)
    assert now_ms < instant <= now_ms + max(interval_s, 60) * 1_000 + 60_000


@given(instants, st.integers(60, 3_600))
def test_from_a_minute_on_polls_come_3_s_before_a_minute_ends(now_ms: int, interval_s: int) -> None:
    first = next_poll_ms(now_ms, interval_s)
    second = next_poll_ms(first, interval_s)
    assert first % 60_000 == second % 60_000 == 57_000
    assert abs(second - first - interval_s * 1_000) < 60_000


@given(instants, st.integers(5, 59))
def test_below_a_minute_one_poll_comes_3_s_before_the_end_and_none_too_early(now_ms: int, interval_s: int) -> None:
    polls = [next_poll_ms(now_ms, interval_s)]
    while len(polls) < 30:
        polls.append(next_poll_ms(polls[-1], interval_s))
    steps = {b - a for a, b in pairwise(polls)}
    assert min(steps) >= interval_s * 1_000
    assert max(steps) < 2 * interval_s * 1_000
    assert any(instant % 60_000 == 57_000 for instant in polls)


def test_a_poll_at_its_very_instant_gives_the_next_one() -> None:
    assert next_poll_ms(57_000, 60) == 117_000
    assert next_poll_ms(56_999, 60) == 57_000
    assert next_poll_ms(57_000, 15) == 72_000
