"""The window against a plain dictionary of minutes and the standard library's exact arithmetic."""

import math
import statistics
from array import array
from collections.abc import Set
from fractions import Fraction
from itertools import pairwise
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tui_tracker.core.candle import Provenance
from tui_tracker.core.errors import SampleError
from tui_tracker.stats import window as stats_window
from tui_tracker.stats.window import Window

MINUTE = 60_000
START = 28_333_333  # a minute of 2023

ordinary = st.floats(0.01, 1e6)
mixed_scales = st.sampled_from([0.0, 1e-60, -1e-60, 1e60, -1e60, 0.1, 1 / 3, 84_120.5, 1e-8, 1e15 + 0.3])
accepted = st.one_of(
    ordinary,
    mixed_scales,
    st.floats(-1e60, 1e60).filter(lambda x: x == 0 or abs(x) >= 1e-60),
)


def expected_volatility(model: dict[int, float], breaks: Set[int] = frozenset()) -> float | None:
    points = [(m, v) for m, v in sorted(model.items()) if m % 5 == 4 and v > 0]
    squares, minutes = [], 0
    for (m0, a), (m1, b) in pairwise(points):
        if m1 - m0 <= 60 and not any(m0 < broken <= m1 for broken in breaks):
            change = (b - a) / a
            squares.append((math.log1p(change) if change > -1 else math.log(b / a)) ** 2)
            minutes += m1 - m0
    return math.sqrt(525_600 * math.fsum(squares) / minutes) if minutes else None


def expected_bipower(model: dict[int, float], breaks: Set[int] = frozenset()) -> float | None:
    returns: dict[int, float] = {}
    for minute in model:
        a, b = model.get(minute - 5), model[minute]
        is_broken = any(minute - 5 < broken <= minute for broken in breaks)
        if minute % 5 == 4 and a is not None and a > 0 and b > 0 and not is_broken:
            change = (b - a) / a
            returns[minute] = abs(math.log1p(change) if change > -1 else math.log(b / a))
    products = [r * returns[minute - 5] for minute, r in returns.items() if minute - 5 in returns]
    return math.sqrt(525_600 * math.pi / 2 * math.fsum(products) / (5 * len(products))) if products else None


def check(window: Window, model: dict[int, float], breaks: Set[int] = frozenset()) -> None:
    figures = window.figures()
    values = list(model.values())
    assert figures.samples == len(values)
    if not values:
        assert figures.mean is figures.stddev is figures.minimum is figures.volatility is None
        return
    assert figures.stddev == statistics.pstdev(values)
    assert figures.mean == float(sum(map(Fraction, values)) / len(values))
    assert (figures.minimum, figures.maximum) == (min(values), max(values))
    assert (figures.first, figures.first_ms) == (model[min(model)], min(model) * MINUTE)
    assert (figures.last, figures.last_ms) == (model[max(model)], max(model) * MINUTE)
    for found, expected in (
        (figures.volatility, expected_volatility(model, breaks)),
        (figures.bipower, expected_bipower(model, breaks)),
    ):
        assert found is None if expected is None else found == pytest.approx(expected, rel=1e-12, abs=1e-15)


LENGTH = 14
"""Two grid intervals and more: enough for returns, few enough that they leave again."""
steps = st.one_of(st.integers(-1, 5), st.integers(-1, 5), st.integers(-30, 60))


class WindowMachine(RuleBasedStateMachine):
    """Any mixture of pushes, replacements, fills, slides and steps back."""

    def __init__(self) -> None:
        super().__init__()
        self.window = Window(LENGTH)
        self.model: dict[int, tuple[float, Provenance]] = {}
        self.end: int | None = None

    def _evict(self) -> None:
        assert self.end is not None
        self.model = {m: v for m, v in self.model.items() if m > self.end - LENGTH}

    @rule(step=steps, value=accepted, source=st.sampled_from([Provenance.POLL, Provenance.STREAM]))
    def push(self, step: int, value: float, source: Provenance) -> None:
        minute = (self.end or START) + step
        newest = max(self.model, default=-1)
        closed = minute in self.model and self.model[minute][1] is Provenance.CANDLE_1M
        refused = minute < newest or (self.end is not None and minute <= self.end - LENGTH) or closed
        assert self.window.push(minute * MINUTE + 59_000, value, source) is not refused
        if not refused:
            self.model[minute] = (value, source)
            self.end = max(self.end or minute, minute)
            self._evict()

    @rule(value=accepted)
    def push_next(self, value: float) -> None:
        self.push(1, value, Provenance.POLL)

    @rule(back=st.integers(-2, LENGTH + 2), value=accepted, source=st.sampled_from(Provenance))
    def fill(self, back: int, value: float, source: Provenance) -> None:
        minute = (self.end or START) - back
        inside = self.end is not None and self.end - LENGTH < minute <= self.end
        taken = inside and (minute not in self.model or self.model[minute][1] <= source)
        assert self.window.fill(minute * MINUTE, value, source) is taken
        if taken:
            self.model[minute] = (value, source)

    @rule()
    def keep_up(self) -> None:
        self.window.keep_up()

    @rule(step=st.one_of(st.integers(0, 5), st.integers(0, 40)))
    def advance(self, step: int) -> None:
        self.end = (self.end or START) + step
        self.window.advance(self.end * MINUTE)
        self._evict()

    @rule(back=st.one_of(st.integers(0, 4), st.integers(0, 30)))
    def drop_after(self, back: int) -> None:
        if self.end is None:
            return
        minute = self.end - back
        late = [m for m in self.model if m > minute]
        assert self.window.drop_after(minute * MINUTE) == len(late)
        for m in late:
            del self.model[m]
        self.end = minute

    @rule()
    def figures_agree(self) -> None:
        """A rule, not an invariant: what is kept between looks must stand any number of changes."""
        check(self.window, {m: v for m, (v, _) in self.model.items()})

    def teardown(self) -> None:
        self.figures_agree()

    @invariant()
    def agrees(self) -> None:
        counts = tuple(sum(p is kind for _, p in self.model.values()) for kind in Provenance)
        assert self.window.provenance_counts() == counts
        if self.end is not None:
            values = [v if v == v else None for v in self.window.values()]
            assert values == [
                self.model[m][0] if m in self.model else None for m in range(self.end - LENGTH + 1, self.end + 1)
            ]


WindowMachine.TestCase.settings = settings(max_examples=300, stateful_step_count=40)
TestWindowMachine = WindowMachine.TestCase


def test_minutes_that_left_are_inside_again_after_a_step_back() -> None:
    window = Window(10)
    for minute, value in ((999, 6.0), (1002, 8.0)):
        window.push(minute * MINUTE, value)
    window.figures()
    for minute, value in ((1004, 9.0), (1008, 2.0), (1009, 8.0)):
        window.push(minute * MINUTE, value)
    window.drop_after(1006 * MINUTE)
    check(window, {999: 6.0, 1002: 8.0, 1004: 9.0} if window.value(999 * MINUTE) else {1002: 8.0, 1004: 9.0})


def test_the_first_streamed_sample_of_a_full_window_counts_as_streamed() -> None:
    window = Window(2)
    for minute in (1, 2):
        window.push(minute * MINUTE, 1.0)
    window.push(3 * MINUTE, 1.0, Provenance.STREAM)
    assert window.provenance_counts() == (0, 1, 1, 0)
    assert not window.fill(3 * MINUTE, 5.0, Provenance.POLL)


@given(st.lists(accepted, min_size=1, max_size=120), st.integers(1, 40))
def test_sliding_stays_exact(values: list[float], length: int) -> None:
    window = Window(length)
    for index, value in enumerate(values):
        window.push((START + index) * MINUTE, value)
        seen = values[max(0, index + 1 - length) : index + 1]
        assert window.stddev == statistics.pstdev(seen)
    check(window, {START + len(values) - len(seen) + i: v for i, v in enumerate(seen)})


@given(st.permutations(range(30)), st.lists(ordinary, min_size=30, max_size=30))
def test_order_of_filling_does_not_matter(order: list[int], values: list[float]) -> None:
    window = Window(30)
    window.advance((START + 29) * MINUTE)
    for index in order:
        window.fill((START + index) * MINUTE, values[index], Provenance.CANDLE_1M)
    check(window, {START + i: v for i, v in enumerate(values)})


@given(
    st.lists(st.tuples(st.integers(0, 29), ordinary, st.sampled_from(Provenance)), max_size=20),
    st.integers(-5, 34),
    st.lists(st.one_of(accepted, st.sampled_from([-0.0, math.inf, math.nan, 1e-70])), max_size=40),
    st.sets(st.integers(-5, 34), max_size=3),
    st.sampled_from(Provenance),
    st.sampled_from([1, 1_000]),
)
def test_to_fill_many_minutes_is_to_fill_each(
    before: list[tuple[int, float, Provenance]],
    first: int,
    values: list[float],
    left_out: set[int],
    source: Provenance,
    many: int,
) -> None:
    samples = [((START + at) * MINUTE, value) for at, value in enumerate(values, first) if at not in left_out]
    one, other = Window(30), Window(30)
    for window in (one, other):
        window.advance((START + 29) * MINUTE)
        for index, value, origin in before:
            window.fill((START + index) * MINUTE, value, origin)
        window.figures()
    taken = refused = 0
    for minute_ms, value in samples:
        try:
            taken += one.fill(minute_ms, value, source)
        except SampleError:
            refused += 1
    with mock.patch.object(stats_window, "MANY", many):
        assert other.fill_all(samples, source) == (taken, refused)
    for _ in range(2):
        assert other.figures() == one.figures()
        assert other.values().tobytes() == one.values().tobytes()
        assert other.origins() == one.origins()
        for window in (one, other):
            window.push((START + 33) * MINUTE, 2.5)


@given(st.floats().filter(lambda x: not (x == 0 or 1e-60 <= abs(x) <= 1e60)))
def test_unacceptable_numbers_are_refused_and_lose_nothing(value: float) -> None:
    window = Window(5)
    window.push(START * MINUTE, 1.5)
    with pytest.raises(SampleError):
        window.push((START + 1) * MINUTE, value)
    with pytest.raises(SampleError):
        window.fill(START * MINUTE, value, Provenance.CANDLE_1M)
    assert window.values() == array("d", [math.nan] * 4 + [1.5]) or window.value(START * MINUTE) == 1.5
    assert window.end_ms == START * MINUTE


@given(st.lists(st.tuples(st.floats(1e3, 1e5), st.integers(1, 50)), min_size=2, max_size=8))
def test_changes_of_regime_leave_no_trace(regimes: list[tuple[float, int]]) -> None:
    window, values = Window(40), []
    for level, count in regimes:
        for scale in (1.0, 1e-9, 1e12):
            values += [level * scale] * count
    for index, value in enumerate(values):
        window.push((START + index) * MINUTE, value)
    assert window.stddev == statistics.pstdev(values[-40:])


@settings(max_examples=400)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["push", "push", "fill", "ask", "ask", "cut"]),
            st.integers(0, 3),
            st.sampled_from([1.0, 2.0, 3.0]),
        ),
        max_size=60,
    )
)
def test_extremes_are_those_of_the_minutes_however_seldom_they_are_asked_for(
    steps: list[tuple[str, int, float]],
) -> None:
    window, model, end = Window(12, has_returns=False), dict[int, float](), START
    window.advance(end * MINUTE)
    for what, far, value in steps:
        if what == "push":
            end += far
            window.push(end * MINUTE, value)
            model[end] = value
        elif what == "fill":
            window.fill((end - far) * MINUTE, value, Provenance.STREAM)
            model[end - far] = value
        elif what == "cut":
            end -= far
            window.drop_after(end * MINUTE)
            model = {minute: each for minute, each in model.items() if minute <= end}
        model = {minute: each for minute, each in model.items() if minute > end - 12}
        if what == "ask":
            assert window.extrema() == ((min(model.values()), max(model.values())) if model else None)


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["push", "push", "five", "five", "late", "break", "keep up", "ask"]),
            st.integers(1, 7),
            st.floats(50, 200),
        ),
        min_size=10,
        max_size=60,
    )
)
def test_returns_are_those_of_the_minutes_whatever_comes_late_or_breaks(steps: list[tuple[str, int, float]]) -> None:
    """Over a full window of eight returns, most of which come and go one at a time."""
    length, end, breaks = 40, START, set[int]()
    window, model = Window(length), dict[int, float]()
    for what, far, value in [("five", 1, 100.0)] * 8 + steps:
        if what == "push":
            end += 1 if far < 7 else 2
            window.push(end * MINUTE, value)
            model[end] = value
        elif what == "five":
            for minute in range(end + 1, end + 6):
                window.push(minute * MINUTE, value + minute % 11)
                model[minute] = value + minute % 11
            end += 5
        elif what == "late":
            window.fill((end - far) * MINUTE, value, Provenance.POLL)
            model[end - far] = value
        elif what == "break":
            window.break_returns((end - far + 2) * MINUTE)
            breaks.add(end - far + 2)
        elif what == "keep up":
            window.keep_up()
        else:
            check(window, model, breaks)
        model = {minute: each for minute, each in model.items() if minute > end - length}
    check(window, model, breaks)
