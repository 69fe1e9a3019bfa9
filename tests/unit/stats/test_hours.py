"""Hours of a chart: joined from roll-ups and minutes, and drawn as points."""

import math
from array import array

from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.core.hours import HOUR_MS, POINTS
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.stats.hours import hours_in, join_hours
from tui_tracker.stats.ohlc import Ohlc, candles, step_for

START = 490_000 * HOUR_MS


def series(values: list[float], start_ms: int = START) -> Series:
    return Series("a", Metric.PRICE, start_ms, array("d", values))


def test_an_hour_that_the_window_tells_in_part_is_taken_from_elsewhere() -> None:
    recent = series([5.0] * 90, START + 30 * MINUTE_MS)
    older = {
        START - HOUR_MS: Ohlc(START - HOUR_MS, 1.0, 4.0, 1.0, 2.0, 7.0),
        START: Ohlc(START, 2.0, 9.0, 2.0, 5.0, math.nan),
    }
    hours = join_hours(recent, 4, older, hours_in(recent), "")
    assert hours.start_ms == START - 2 * HOUR_MS
    assert hours.highs.tolist()[1:] == [4.0, 9.0, 5.0]
    assert math.isnan(hours.opens[0])
    assert hours.first_ms == START - HOUR_MS
    assert hours.volumes[1] == 7.0
    flow = hours.flow()
    assert flow is not None
    assert flow.values[POINTS] == 7.0
    assert join_hours(recent, 4, {}, hours_in(recent), "").highs[2] == 5.0
    assert join_hours(recent, 2, {}, hours_in(recent), "").flow() is None


@given(st.lists(st.floats(1, 100) | st.just(math.nan), min_size=60, max_size=400), st.integers(0, 59))
def test_candles_of_the_points_are_candles_of_the_minutes(values: list[float], late: int) -> None:
    minutes = series(values, START + late * MINUTE_MS)
    count = (late + len(values) + 59) // 60
    points = join_hours(minutes, count, {}, hours_in(minutes), "").points()
    assert points.start_ms == START
    assert len(points.values) == POINTS * count
    for step in (60, 120, 1440):
        drawn = candles(points.values, points.start_ms, step, (), points.step_minutes)
        assert drawn == candles(minutes.values, minutes.start_ms, step)


def test_candles_of_a_year_fit() -> None:
    assert step_for(365 * 1440, 33) == 14 * 1440
    assert step_for(30 * 1440, 33) == 1440
