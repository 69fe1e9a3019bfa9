from collections.abc import Callable
from contextvars import copy_context
from datetime import UTC, timedelta, timezone
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.core import format as fmt

finite = st.floats(allow_nan=False, allow_infinity=False)
usual = st.floats(min_value=1e-12, max_value=9e14)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (84120.5, 1, "84,120.5"),
        (84120.5, 2, "84,120.50"),
        (0.00001102, 8, "0.00001102"),
        (1.0001, 5, "1.00010"),
        (0.0, 2, "0.00"),
        (-0.0, 2, "0.00"),
        (0.00000004, 2, "0.00000004"),
        (-3.5, 0, "-4"),
        (1e60, 2, "1.00000e+60"),
        (None, 2, "–"),
        (nan, 2, "–"),
        (inf, 2, "–"),
    ],
)
def test_price(value: float | None, digits: int, text: str) -> None:
    assert fmt.price(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (912.44, "912.44"),
        (44.2081, "44.208"),
        (12.91, "12.910"),
        (6.121, "6.1210"),
        (9.999999, "10.000"),
        (123456.7, "123,457"),
        (0.000012345, "0.000012345"),
        (0.0, "0"),
        (-0.5, "-0.50000"),
        (1.5e-20, "1.5000e-20"),
        (2e15, "2.0000e+15"),
        (None, "–"),
        (nan, "–"),
    ],
)
def test_figure(value: float | None, text: str) -> None:
    assert fmt.figure(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "signed", "text"),
    [
        (1.209, 2, False, "1.21"),
        (1.209, 2, True, "+1.21"),
        (-0.48, 2, True, "-0.48"),
        (-0.001, 2, True, "0.00"),
        (0.001, 2, True, "0.00"),
        (1234.5, 1, False, "1,234.5"),
        (41.4, 0, False, "41"),
        (1e20, 2, False, "1.00e+20"),
        (None, 2, False, "–"),
        (-inf, 2, False, "–"),
    ],
)
def test_percent(value: float | None, digits: int, signed: bool, text: str) -> None:
    assert fmt.percent(value, digits, signed=signed) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (812_345_678, "812M"),
        (1_240_000, "1.2M"),
        (58_000, "58k"),
        (940, "940"),
        (999.6, "1.0k"),
        (999_600, "1.0M"),
        (9.96, "10"),
        (7, "7"),
        (7.25, "7.2"),
        (0.05, "0.05"),
        (0, "0"),
        (-5_800, "-5.8k"),
        (3.2e13, "32T"),
        (3e17, "3.0e+17"),
        (None, "–"),
        (nan, "–"),
    ],
)
def test_compact(value: float | None, text: str) -> None:
    assert fmt.compact(value) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (1.0, "100%"),
        (0.999, "99%"),
        (1439 / 1440, "99%"),
        (0.9999999999999999, "99%"),
        (0.71, "71%"),
        (0.29, "29%"),
        (1 / 1440, "<1%"),
        (0.0, "0%"),
        (None, "–"),
    ],
)
def test_share(fraction: float | None, text: str) -> None:
    assert fmt.share(fraction) == text


def test_times() -> None:
    ms = 1_709_330_277_123
    assert fmt.utc_time(ms) == "21:57:57"
    assert fmt.utc_time(ms, seconds=False) == "21:57"
    assert fmt.clock_time(ms, timezone(timedelta(hours=2))) == "23:57"
    assert fmt.clock_time(ms, UTC, seconds=True) == "21:57:57"
    assert fmt.rfc3339(ms) == "2024-03-01T21:57:57.123Z"
    assert fmt.rfc3339(0) == "1970-01-01T00:00:00.000Z"


def test_instants_that_no_calendar_has_are_absent() -> None:
    for ms in (None, 10**17, -(10**17), 10**30):
        assert fmt.utc_time(ms) == fmt.rfc3339(ms) == "–"


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (45_999, "45s"),
        (120_000, "2m"),
        (3_900_000, "1h05"),
        (273_600_000, "3d04h"),
        (-5, "0s"),
        (None, "–"),
    ],
)
def test_age(ms: int | None, text: str) -> None:
    assert fmt.age(ms) == text


@given(usual, st.integers(0, 18))
def test_a_price_reads_back_within_half_a_tick(value: float, digits: int) -> None:
    read = float(fmt.price(value, digits).replace(",", ""))
    assert read != 0
    assert abs(read - value) <= 0.5 * 10.0**-digits + abs(value) * 1e-15


@given(usual, st.integers(2, 9))
def test_a_figure_reads_back_to_its_digits_and_has_no_exponent(value: float, significant: int) -> None:
    text = fmt.figure(value, significant)
    assert "e" not in text
    assert abs(float(text.replace(",", "")) - value) <= value * 0.51 * 10.0 ** (1 - significant)


@given(finite)
def test_compact_is_short_and_near(value: float) -> None:
    text = fmt.compact(value)
    assert len(text) <= 16
    if 1 <= abs(value) < 999e12:
        assert len(text.lstrip("-")) <= 4
        scale = {"k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}.get(text[-1])
        read = float(text[:-1]) * scale if scale else float(text)
        assert abs(read - value) <= abs(value) * 0.0501


@given(st.floats(0, 1), st.floats(0, 1))
def test_share_keeps_order_and_its_ends(one: float, other: float) -> None:
    low, high = sorted((one, other))
    if high < 1:
        assert fmt.share(high) != "100%"
    if low > 0:
        assert fmt.share(low) != "0%"
    assert float(fmt.share(low).strip("<%")) <= float(fmt.share(high).strip("<%"))


@given(finite, st.integers(0, 12))
def test_signs_tell_the_truth(value: float, digits: int) -> None:
    text = fmt.percent(value, digits, signed=True)
    if text.strip("+-0."):
        assert text.startswith("-" if value < 0 else "+") or abs(value) >= 1e15
    else:
        assert text[0] == "0"


@given(st.integers(-(10**18), 10**18))
def test_times_have_one_shape(ms: int) -> None:
    assert len(fmt.utc_time(ms)) in (1, 8)
    assert fmt.age(ms)[-1] in "smh0123456789"


def styled(style: fmt.NumberStyle, *texts: Callable[[], str]) -> list[str]:
    """What is written in a style, which stays in a context of its own."""

    def write() -> list[str]:
        fmt.use_style(fmt.StyleInUse(style))
        return [text() for text in texts]

    return copy_context().run(write)


@pytest.mark.parametrize(
    ("thousands", "text"), [(",", "84,120.50"), ("_", "84_120.50"), (" ", "84 120.50"), ("", "84120.50")]
)
def test_thousands_are_separated_as_wanted(thousands: str, text: str) -> None:
    style = fmt.NumberStyle(thousands=thousands)
    found = styled(style, lambda: fmt.price(84120.5, 2), lambda: fmt.whole(1123), lambda: fmt.figure(-123456.7))
    assert found == [text, f"1{thousands}123", f"-123{thousands}457"]


def test_magnitudes_do_without_suffixes() -> None:
    style = fmt.NumberStyle(has_suffixes=False)
    assert styled(style, lambda: fmt.compact(812e6), lambda: fmt.compact(1234), lambda: fmt.compact(940)) == [
        "812e6",
        "1.2e3",
        "940",
    ]


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "12:00:00am"), (12 * 3_600_000, "12:00:00pm"), (79_077_000, "09:57:57pm"), (None, "–")]
)
def test_a_clock_may_have_twelve_hours(ms: int | None, text: str) -> None:
    assert styled(fmt.NumberStyle(is_12h=True), lambda: fmt.utc_time(ms)) == [text]


def test_a_style_stays_in_its_context() -> None:
    styled(fmt.NumberStyle(thousands="_"))
    assert fmt.whole(1123) == "1,123"
