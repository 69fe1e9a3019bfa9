"""Numbers as exchanges write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.sources.numbers import LARGEST, SMALLEST, count, decimals, is_absent, number, price, volume

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=70),
    st.from_regex(r"-?[0-9]{1,5}(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.lists(st.integers(), max_size=2),
)


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("105899.40000", 105899.4),
        ("5.313E-5", 5.313e-5),
        ("1e3", 1000.0),
        (37.930307309999996, 37.930307309999996),
        (7, 7.0),
        ("0", 0.0),
        ("-0.5", -0.5),
    ],
)
def test_every_way_to_write_a_number(item: object, value: float) -> None:
    assert number(item) == value


@pytest.mark.parametrize(
    "item", ["", " 1", "1 ", "1_0", "NaN", "inf", "0x10", "٣", ".5", "5.", "+1", "9" * 70, True, [1]]
)
def test_what_is_none(item: object) -> None:
    assert math.isnan(number(item))


@given(ANYTHING)
def test_a_price_is_above_nothing_and_a_volume_not_below(item: object) -> None:
    assert (found := price(item)) is None or SMALLEST <= found <= LARGEST
    assert (traded := volume(item)) is None or traded == 0 or SMALLEST <= traded <= LARGEST
    assert (trades := count(item)) is None or trades >= 0
    assert price(item) is None or not is_absent(item)


@pytest.mark.parametrize(
    ("tick", "digits"),
    [("0.01", 2), ("0.01000000", 2), ("1", 0), ("10", 0), ("1e-7", 7), (0.05, 2), (None, 8), ("x", 8), ("NaN", 8)],
)
def test_decimals_of_a_smallest_step(tick: object, digits: int) -> None:
    assert decimals(tick) == digits
