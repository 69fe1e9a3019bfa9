"""A restored window beside one that was pushed and filled sample by sample."""

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.core.candle import Provenance
from tui_tracker.core.errors import SampleError
from tui_tracker.stats.window import Window

MINUTE = 60_000
START = 28_333_333
accepted = st.one_of(
    st.floats(0.01, 1e6),
    st.integers(0, 10**6).map(lambda ticks: ticks / 1000),
    st.integers(0, 50).map(float),
    st.sampled_from([0.0, -0.0, 1e-60, -1e-60, 1e60, -1e60, 0.1, 1 / 3, 84_120.5, 1e-8, 1e15 + 0.3]),
    st.floats(-1e60, 1e60).filter(lambda x: x == 0 or abs(x) >= 1e-60),
)
samples = st.lists(st.one_of(st.none(), st.tuples(accepted, st.sampled_from(Provenance))), min_size=1, max_size=90)


def one_by_one(found: list[tuple[float, Provenance] | None], length: int) -> Window:
    window = Window(length)
    for index, sample in enumerate(found):
        minute_ms = (START + index) * MINUTE
        if sample is None:
            window.advance(minute_ms)
        elif sample[1] in (Provenance.POLL, Provenance.STREAM):
            window.push(minute_ms, *sample)
        else:
            window.advance(minute_ms)
            window.fill(minute_ms, *sample)
    return window


def restored(found: list[tuple[float, Provenance] | None], length: int) -> Window:
    values = array("d", [math.nan if sample is None else sample[0] for sample in found])
    sources = bytes([0 if sample is None else int(sample[1]) for sample in found])
    return Window.restore((START + len(found) - 1) * MINUTE, values, sources, length)


def assert_equal(one: Window, other: Window) -> None:
    assert one.figures() == other.figures()
    assert one.variance == other.variance
    assert one.values().tobytes() == other.values().tobytes()
    assert (one.end_ms, one.last(), one.extrema()) == (other.end_ms, other.last(), other.extrema())
    assert one.provenance_counts() == other.provenance_counts()


@given(samples, st.integers(1, 40), samples)
def test_a_restored_window_equals_one_that_never_stopped(
    found: list[tuple[float, Provenance] | None], length: int, later: list[tuple[float, Provenance] | None]
) -> None:
    lasting, back = one_by_one(found, length), restored(found, length)
    assert_equal(back, lasting)
    for index, sample in enumerate(later[:20], len(found) - 3):
        minute_ms = (START + index) * MINUTE
        if sample is None:
            assert back.drop_after(minute_ms) == lasting.drop_after(minute_ms)
        elif sample[1] > Provenance.POLL:
            assert back.fill(minute_ms, *sample) is lasting.fill(minute_ms, *sample)
        else:
            assert back.push(minute_ms, *sample) is lasting.push(minute_ms, *sample)
        assert_equal(back, lasting)


def test_without_provenance_all_were_polled() -> None:
    window = Window.restore(START * MINUTE, array("d", [1.0, math.nan, 3.0]), length=5)
    assert window.provenance_counts() == (0, 2, 0, 0)
    assert window.samples == 2


def test_what_was_never_observed_restores_to_an_empty_window() -> None:
    window = Window.restore(START * MINUTE, array("d", [math.nan] * 3), bytes(3), 5)
    assert (window.samples, window.end_ms, window.figures().stddev) == (0, START * MINUTE, None)


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e61, -1e61, 1e-61, -1e-61])
def test_a_number_that_push_refuses_is_refused(value: float) -> None:
    with pytest.raises(SampleError):
        Window.restore(START * MINUTE, array("d", [1.0, value, 2.0]), None, 5)
