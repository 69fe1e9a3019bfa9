"""Which 5-minute intervals saw a trade, against a plain dictionary."""

from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.stats.activity import Activity

START = 28_333_335  # the first minute of an interval
LENGTH = 60

notes = st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=80)


def expected(noted: list[tuple[int, bool]], end: int) -> float | None:
    """From all notes about the last hour, in whatever order they came."""
    known: dict[int, bool] = {}
    for minute, has_traded in noted:
        known[minute // 5] = known.get(minute // 5, False) or has_traded
    whole = {bucket: active for bucket, active in known.items() if end - LENGTH + 1 <= bucket * 5 <= end}
    if not whole.get(end // 5, True):
        del whole[end // 5]
    return sum(whole.values()) / len(whole) if whole else None


@given(notes)
def test_it_is_the_share_of_what_is_known(steps: list[tuple[int, bool]]) -> None:
    activity, noted, end = Activity(LENGTH), [], START
    for step, has_traded in steps:
        minute = START + step
        end = max(end, minute)
        activity.note(minute, has_traded)
        noted.append((minute, has_traded))
        assert activity.share(end - LENGTH + 1, end) == expected(noted, end)
    later = end + 17
    assert activity.share(later - LENGTH + 1, later) == expected(noted, later)


def test_nothing_known_is_not_nothing_traded() -> None:
    activity = Activity(LENGTH)
    assert activity.share(START - LENGTH + 1, START) is None
    activity.note(START, False)
    assert activity.share(START - LENGTH + 1, START) is None  # the interval is still open
    assert activity.share(START - LENGTH + 6, START + 5) == 0
    activity.note(START + 4, True)
    assert activity.share(START - LENGTH + 1, START + 4) == 1


def test_what_a_wrong_clock_noted_is_forgotten() -> None:
    activity = Activity(LENGTH)
    activity.note(START, True)
    activity.note(START + 40, True)
    activity.drop_after(START + 2)
    activity.note(START + 10, False)
    assert activity.share(START - 20, START + 39) == 0.5
    activity.drop_after(START + 100)
    assert activity.share(START - 20, START + 39) == 0.5
