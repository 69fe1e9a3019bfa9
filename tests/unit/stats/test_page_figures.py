"""Correlation, histogram, influence and gaps against slow and obvious ways to find them."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.stats.correlation import correlation, grid_returns, return_correlation
from tui_tracker.stats.gaps import Gap, find_gaps
from tui_tracker.stats.histogram import histogram, plain_returns
from tui_tracker.stats.influence import heaviest_returns, heaviest_samples

NAN = math.nan
NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 6))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=60))
def test_correlation_is_that_of_the_standard_library(pairs: list[tuple[float, float]]) -> None:
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]
    found = correlation(xs, ys)
    if len(set(xs)) == 1 or len(set(ys)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(statistics.correlation(xs, ys), abs=1e-6)
        assert found is not None
        assert -1 <= found <= 1


@pytest.mark.parametrize(("xs", "ys"), [([], []), ([1.0], [2.0]), ([1.0, 1.0], [1.0, 2.0])])
def test_correlation_is_undefined_without_variation(xs: list[float], ys: list[float]) -> None:
    assert correlation(xs, ys) is None


def test_returns_end_at_the_last_minute_of_each_five() -> None:
    values = [float(minute) for minute in range(100, 120)]
    returns = grid_returns(values, first_minute=100)
    assert list(returns) == [109, 114, 119]
    assert returns[109] == math.log(109 / 104)
    values[9] = NAN
    assert list(grid_returns(values, first_minute=100)) == [119]


def test_only_returns_that_both_have_are_correlated() -> None:
    one = {4: 0.1, 9: -0.2, 14: 0.3, 19: 0.5}
    other = {4: 0.2, 9: -0.4, 14: 0.6, 24: 9.0}
    found = return_correlation(one, other)
    assert found is not None
    assert found.returns == 3
    assert found.coefficient == pytest.approx(1)
    assert return_correlation(one, {}) is None


@given(st.lists(st.floats(-1, 1, allow_nan=False), max_size=200), st.sampled_from([3, 5, 11, 21]))
def test_every_value_is_counted_once_where_it_belongs(values: list[float], bins: int) -> None:
    found = histogram(values, bins)
    assert sum(found.counts) == len(values)
    if found.edges:
        assert len(found.counts) == len(found.edges) + 1 == bins
        assert list(found.edges) == sorted(found.edges)
        bounds = (-math.inf, *found.edges, math.inf)
        for place, count in enumerate(found.counts):
            assert count == sum(bounds[place] <= value < bounds[place + 1] for value in values)
        assert found.edges == tuple(-edge for edge in reversed(found.edges))


def test_what_never_moves_is_one_bin() -> None:
    assert histogram([0.0] * 9, 11).counts == (9,)
    assert histogram([], 11).counts == (0,)


def test_one_jump_among_zeros_has_its_own_bin() -> None:
    assert histogram([0.0] * 999 + [0.5], 5).counts == (0, 0, 999, 0, 1)


def test_minute_returns_leave_gaps_out() -> None:
    assert plain_returns([100.0, 110.0, NAN, 50.0, 0.0, 5.0]) == [pytest.approx(0.1), -1.0]


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(NAN)), max_size=80))
def test_shares_of_the_variance_add_up(values: list[float]) -> None:
    parts = heaviest_samples(values, len(values))
    seen = [value for value in values if value == value]
    if parts:
        mean = math.fsum(seen) / len(seen)
        assert math.fsum(part.share for part in parts) == pytest.approx(1)
        assert len(parts) == len(seen)
        far = [abs(part.value - mean) for part in parts]
        assert far == pytest.approx(sorted(far, reverse=True))
        assert all(values[part.minute] == part.value for part in parts)
    else:
        assert len(set(seen)) <= 1 or statistics.pvariance(seen) < 1e-300


def test_the_heaviest_return_comes_first() -> None:
    parts = heaviest_returns({4: 0.01, 9: -0.03, 14: 0.0}, 2)
    assert [(part.minute, part.value) for part in parts] == [(9, -0.03), (4, 0.01)]
    assert parts[0].share == pytest.approx(0.9)
    assert heaviest_returns({4: 0.0}, 2) == []


@given(st.lists(st.sampled_from([1.0, NAN]), max_size=60))
def test_gaps_are_the_missing_minutes(values: list[float]) -> None:
    gaps = find_gaps(values)
    missing = sorted(index for gap in gaps for index in range(gap.start, gap.start + gap.minutes))
    assert missing == [index for index, value in enumerate(values) if value != value]
    assert [gap.minutes for gap in gaps] == sorted((gap.minutes for gap in gaps), reverse=True)


def test_neighbouring_missing_minutes_are_one_gap() -> None:
    assert find_gaps([NAN, 1.0, NAN, NAN, 1.0, NAN]) == [Gap(2, 2), Gap(0, 1), Gap(5, 1)]
