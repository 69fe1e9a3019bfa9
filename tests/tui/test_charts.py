import math
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.feed import END_MS, make_pairs
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.tui.charts.picture import draw
from tui_tracker.tui.charts.request import ChartRequest, Unit
from tui_tracker.tui.runs import width_of
from tui_tracker.tui.times import UTC_ZONE, Zone

NAN = math.nan
PAIRS = {pair.instrument.pair: pair for pair in make_pairs(count=30)}


def request(
    values: list[float], width: int = 80, height: int = 16, digits: int = 1, is_price: bool = True
) -> ChartRequest:
    start_ms = END_MS - (len(values) - 1) * MINUTE_MS
    unit = Unit.PRICE if is_price else Unit.NUMBER
    return ChartRequest((1,), start_ms, tuple(values), width, height, digits, unit, UTC_ZONE)


def picture(
    values: list[float], width: int = 80, height: int = 16, digits: int = 1, is_price: bool = True
) -> list[str]:
    return [line.text for line in draw(request(values, width, height, digits, is_price)).lines]


def is_braille(char: str) -> bool:
    return "⠀" < char <= "⣿"


def test_a_day_of_prices() -> None:
    lines = picture(PAIRS["BTC/USD"].values)
    assert len(lines) == 16
    assert {width_of(line) for line in lines} == {80}
    assert "86,099.7 20:07" in lines[0]
    assert "▾" in lines[0]
    assert "76,445.9 04:49" in lines[13]
    assert "85,000.0 ┤" in "\n".join(lines)
    assert lines[14].count("┬") == lines[15].count(":00")
    assert not any("\x1b" in line for line in lines)


def test_a_small_chart_names_its_extremes_beside_them() -> None:
    lines = picture(PAIRS["SOL/USD"].values, height=8, digits=2)
    assert len(lines) == 8
    assert "┬" not in lines[7]
    assert "04:00" in lines[7]
    assert any("217.79 21:58" in line and "▾" in line for line in lines)
    assert sum("▴" in line for line in lines) == 1


def test_a_gap_is_a_break_in_the_line() -> None:
    values = [1.0 + index / 1000 for index in range(1440)]
    values[600:840] = [NAN] * 240
    lines = picture(values, width=110)
    left = lines[1].index("│") + 1
    columns = range(left + 44, left + 58)
    assert all(not is_braille(line[column]) for line in lines[1:13] for column in columns)
    assert any(is_braille(line[left + 20]) for line in lines[:14])
    assert any(is_braille(line[left + 90]) for line in lines[:14])


def test_every_minute_alone_is_still_seen() -> None:
    values = [NAN] * 60
    values[20] = 5.0
    assert any(is_braille(char) for line in picture(values) for char in line)


def test_three_minutes_of_a_day_stand_at_its_end() -> None:
    lines = picture(PAIRS["ZEC/USD"].values, width=100, digits=2)
    drawn = [line.index(char) for line in lines for char in line if is_braille(char)]
    assert min(drawn) >= 98


def test_a_constant_series_runs_through_the_middle() -> None:
    lines = picture([1.0001] * 120, height=14, digits=5)
    rows = [row for row, line in enumerate(lines) if any(is_braille(char) for char in line)]
    assert rows in ([5], [6])
    assert not any("▾" in line for line in lines)


def test_ticks_have_the_digits_of_the_instrument() -> None:
    text = "\n".join(picture([0.00001102 + index * 1e-8 for index in range(60)], digits=9))
    assert "0.000011250 ┤" in text
    assert "0.000011610 21:57" in text


def test_ticks_of_other_metrics_have_the_digits_of_their_step() -> None:
    text = "\n".join(picture([index / 10 for index in range(100)], is_price=False))
    assert "4 ┤" in text
    big = "\n".join(picture([1e9 + index * 1e7 for index in range(100)], is_price=False))
    assert "1.8B ┤" in big


def test_a_repeated_hour_shows_offsets() -> None:
    berlin = Zone(ZoneInfo("Europe/Berlin"), "local")
    start_ms = 1_761_433_200_000
    values = tuple(float(index) for index in range(300))
    lines = draw(ChartRequest((1,), start_ms, values, 120, 14, 1, Unit.PRICE, berlin)).lines
    assert "02:00+02" in lines[-1].text
    assert "02:00+01" in lines[-1].text


@pytest.mark.parametrize("values", [[], [NAN] * 10, [math.inf, NAN]])
def test_nothing_observed_gives_no_picture(values: list[float]) -> None:
    assert picture(values) == []


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (8, 3), (200, 2), (12, 40)])
def test_no_room_gives_no_picture(size: tuple[int, int]) -> None:
    assert picture([1.0, 2.0], *size) == []


@settings(max_examples=40)
@given(
    st.lists(st.one_of(st.just(NAN), st.floats(-1e60, 1e60), st.floats(1e-60, 1e-50)), min_size=1, max_size=60),
    st.integers(20, 90),
    st.integers(3, 20),
    st.integers(0, 12),
)
def test_any_data_gives_a_whole_picture_or_none(values: list[float], width: int, height: int, digits: int) -> None:
    lines = picture(values, width, height, digits)
    assert len(lines) in (0, height)
    assert all(width_of(line) == width for line in lines)


def test_equal_requests_are_recognised_without_comparing_values() -> None:
    assert request([1.0]) == request([2.0])
    assert request([1.0]) != request([1.0], width=81)
    assert hash(request([1.0])) == hash(request([2.0]))
