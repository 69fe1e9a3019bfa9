import math

from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.tui.trends import bar, reduced, sparkline

VALUES = st.lists(st.one_of(st.just(math.nan), st.floats(-1e12, 1e12)), max_size=200)


@given(VALUES, st.integers(0, 30))
def test_a_sparkline_has_exactly_its_width(values: list[float], width: int) -> None:
    assert len(sparkline(values, width)) == width


def test_a_sparkline_spans_its_own_range_and_leaves_gaps_blank() -> None:
    assert sparkline([1, 2, 3, 4, 5, 6, 7], 7) == "▁▂▃▄▅▆▇"
    assert sparkline([1, math.nan, 2], 3) == "▁ ▇"
    assert sparkline([5, 5, 5], 3) == "▁▁▁"
    assert sparkline([], 4) == "    "


def test_reducing_takes_means_of_what_was_observed() -> None:
    assert reduced([1, 3, math.nan, 5], 2) == (2, 5)
    assert math.isnan(reduced([1, 2, math.nan, math.nan], 2)[1])


@given(st.floats(0, 1), st.integers(1, 10))
def test_only_nothing_is_an_empty_bar_and_only_all_a_full_one(share: float, width: int) -> None:
    text = bar(share, width)
    assert len(text) == width
    assert (text == " " * width) == (share == 0)
    assert (text == "━" * width) == (share == 1)
