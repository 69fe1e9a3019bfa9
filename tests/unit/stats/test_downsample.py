import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.stats.downsample import MINUTE_MS, extremes, min_max_columns, runs, time_ticks, value_ticks
from tui_tracker.tui.times import Zone

NAN = math.nan
VALUES = st.lists(st.one_of(st.just(NAN), st.floats(-1e60, 1e60)), max_size=300)


@given(VALUES, st.integers(1, 80))
def test_columns_keep_the_extremes_and_the_ends(values: list[float], count: int) -> None:
    columns = [column for column in min_max_columns(values, count) if column is not None]
    seen = [value for value in values if not math.isnan(value)]
    assert bool(columns) == bool(seen)
    if seen and len(values) >= count:
        assert min(column.low for column in columns) == min(seen)
        assert max(column.high for column in columns) == max(seen)
        assert (columns[0].first, columns[-1].last) == (seen[0], seen[-1])


@given(VALUES, st.integers(0, 80))
def test_there_are_exactly_as_many_columns_as_asked_for(values: list[float], count: int) -> None:
    assert len(min_max_columns(values, count)) == count


def test_a_spike_survives_and_a_gap_stays_a_gap() -> None:
    values = [1.0] * 30 + [NAN] * 20 + [1.0] * 50
    values[7] = 9.0
    columns = min_max_columns(values, 10)
    assert columns[0] is not None
    assert columns[0].high == 9.0
    assert columns[3] is None
    assert columns[4] is None
    assert runs(columns) == [(0, 3), (5, 10)]


def test_fewer_values_than_columns_repeat() -> None:
    columns = min_max_columns([1.0, 2.0], 6)
    assert [column.last if column else None for column in columns] == [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]


def test_infinities_are_not_drawn() -> None:
    assert min_max_columns([math.inf, -math.inf], 1) == [None]
    assert extremes([math.inf, 2.0, 1.0, NAN]) == (2, 1)
    assert extremes([NAN]) is None


def test_the_path_follows_time() -> None:
    column = min_max_columns([2.0, 1.0, 4.0, 3.0], 1)[0]
    assert column is not None
    assert column.path() == (2.0, 1.0, 4.0, 3.0)
    falling = min_max_columns([2.0, 4.0, 1.0, 3.0], 1)[0]
    assert falling is not None
    assert falling.path() == (2.0, 4.0, 1.0, 3.0)


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (82_011.3, 86_969.0, 5, [83_000.0, 84_000.0, 85_000.0, 86_000.0]),
        (0.0000102, 0.0000118, 4, [0.0000105, 0.000011, 0.0000115]),
        (-1.0, 1.0, 3, [-1.0, 0.0, 1.0]),
        (1.0, 1.0, 3, []),
        (0.0, 1.0, 0, []),
        (NAN, 1.0, 3, []),
    ],
)
def test_value_ticks_are_round(low: float, high: float, most: int, expected: list[float]) -> None:
    assert value_ticks(low, high, most) == expected


@given(st.floats(-1e60, 1e60), st.floats(-1e60, 1e60), st.integers(1, 12))
def test_value_ticks_stay_within(low: float, high: float, most: int) -> None:
    ticks = value_ticks(low, high, most)
    assert len(ticks) <= most
    assert all(low <= tick <= high for tick in ticks)
    assert ticks == sorted(ticks)


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def local_hours(ticks: list[int], zone: Zone) -> list[str]:
    return [zone.minute(tick) for tick in ticks]


def test_time_ticks_are_round_in_local_time() -> None:
    kolkata = Zone(ZoneInfo("Asia/Kolkata"), "local")
    start = instant("2025-11-23T21:57")
    ticks = time_ticks(start, start + 1439 * MINUTE_MS, 6, kolkata.offset_ms)
    assert local_hours(ticks, kolkata) == ["04:00", "08:00", "12:00", "16:00", "20:00", "00:00"]


def test_a_repeated_hour_has_its_ticks_twice_and_a_skipped_one_none() -> None:
    berlin = Zone(ZoneInfo("Europe/Berlin"), "local")
    autumn = instant("2025-10-25T23:00")
    hours = local_hours(time_ticks(autumn, autumn + 300 * MINUTE_MS, 8, berlin.offset_ms), berlin)
    assert hours == ["01:00", "02:00+02", "02:00+01", "03:00", "04:00", "05:00"]
    spring = instant("2025-03-29T23:00")
    hours = local_hours(time_ticks(spring, spring + 240 * MINUTE_MS, 8, berlin.offset_ms), berlin)
    assert hours == ["00:00", "01:00", "03:00", "04:00", "05:00"]


@given(st.integers(0, 4_000_000_000_000), st.integers(0, 1440), st.integers(0, 20))
def test_time_ticks_stay_within(start: int, minutes: int, most: int) -> None:
    end = start + minutes * MINUTE_MS
    ticks = time_ticks(start, end, most, lambda _: 0)
    assert len(ticks) <= most
    assert all(start <= tick <= end and tick % MINUTE_MS == 0 for tick in ticks)


def test_long_times_have_days_mondays_and_months_as_ticks() -> None:
    day = 1440 * MINUTE_MS
    start = 20_416 * day + 3_600_000  # 2025-11-24 01:00 UTC, a Monday
    week = time_ticks(start, start + 7 * day, 10, lambda _: 0)
    assert week == [start + at * day - 3_600_000 for at in range(1, 8)]
    month = time_ticks(start, start + 30 * day, 8, lambda _: 0)
    assert month == [start - 3_600_000 + at * 7 * day for at in range(1, 5)]
    year = time_ticks(start, start + 365 * day, 8, lambda _: 3_600_000)
    assert len(year) == 6
    assert (year[0] + 3_600_000) // day == 20_454  # 2026-01-01, local
    assert time_ticks(start, start + 30 * 365 * day, 3, lambda _: 0) == []
