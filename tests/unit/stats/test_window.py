"""The window on known cases: float traps, NIST's reference sets, memory."""

import math
import statistics
from array import array
from fractions import Fraction

import pytest

from tui_tracker.core.candle import Provenance
from tui_tracker.stats.exact import sqrt_ratio
from tui_tracker.stats.returns import SquaredReturns
from tui_tracker.stats.window import Window

M = 60_000


def pushed(values: list[float], length: int = 1_440) -> Window:
    window = Window(length)
    for minute, value in enumerate(values, 1_000_000):
        window.push(minute * M, value)
    return window


def test_the_case_that_crashed_a_float_sum_of_squares() -> None:
    assert pushed([0.1, 0.1, 0.1]).stddev == 0.0


def test_a_regime_change_of_12_orders_leaves_nothing_behind() -> None:
    window = pushed([1e15 + i for i in range(100)] + [0.001 * i for i in range(1, 101)], 100)
    assert window.stddev == statistics.pstdev([0.001 * i for i in range(1, 101)])


# NIST Statistical Reference Datasets, univariate summary statistics, NumAcc1 to NumAcc4: certified mean and sample
# standard deviation (https://www.itl.nist.gov/div898/strd/univ/homepage.html).
NIST: dict[str, tuple[list[float], float, float]] = {
    "NumAcc1": ([10_000_001, 10_000_003, 10_000_002], 10_000_002, 1.0),
    "NumAcc2": ([1.2] + [1.1, 1.3] * 500, 1.2, 0.1),
    "NumAcc3": ([1_000_000.2] + [1_000_000.1, 1_000_000.3] * 500, 1_000_000.2, 0.1),
    "NumAcc4": ([10_000_000.2] + [10_000_000.1, 10_000_000.3] * 500, 10_000_000.2, 0.1),
}


@pytest.mark.parametrize("name", NIST)
def test_nist_numerical_accuracy_sets(name: str) -> None:
    data, mean, sample_stddev = NIST[name]
    values = [float(x) for x in data]
    window = pushed([123.456, 1e9, 1e-9, *values], len(values))
    n = len(values)
    assert window.mean is not None
    assert window.variance is not None
    assert window.mean == pytest.approx(mean, rel=1e-15)
    assert window.stddev == statistics.pstdev(values)
    # The decimals of NumAcc3 and 4 are no doubles: the certified figure is that of the decimals, so the distance of the
    # nearest doubles (1.2e-10 and 1.9e-9 of 0.1 at most) comes on top of the 15 digits.
    inexact = {"NumAcc3": 2e-9, "NumAcc4": 2e-8}.get(name, 1e-15)
    assert math.sqrt(window.variance * n / (n - 1)) == pytest.approx(sample_stddev, rel=inexact)
    middle = sum(map(Fraction, values)) / n
    exact = sum((Fraction(x) - middle) ** 2 for x in values) / n
    assert window.variance == float(exact)


def test_sqrt_ratio_rounds_as_the_rational_root() -> None:
    assert sqrt_ratio(0, 7) == 0.0
    assert sqrt_ratio(1, 4) == 0.5
    assert sqrt_ratio(2, 1) == math.sqrt(2)
    assert sqrt_ratio(10**400, 1, -1_000) == pytest.approx(10.0**200 * 2.0**-1_000, rel=1e-15)
    assert sqrt_ratio(1, 10**120) == 1e-60


def test_a_late_sample_of_a_past_minute_is_refused_and_the_same_minute_replaces() -> None:
    window = Window(10)
    assert window.push(100 * M, 1.0)
    assert window.push(100 * M + 30_000, 2.0)
    assert window.samples == 1
    assert window.value(100 * M) == 2.0
    assert not window.push(99 * M, 3.0)
    assert window.end_ms == 100 * M


def test_precedence_of_closed_minutes() -> None:
    window = Window(10)
    window.push(100 * M, 1.0, Provenance.POLL)
    assert not window.fill(100 * M, 9.0, Provenance.CANDLE_5M)
    assert window.fill(100 * M, 2.0, Provenance.STREAM)
    assert window.fill(100 * M, 3.0, Provenance.CANDLE_1M)
    assert not window.fill(100 * M, 4.0, Provenance.POLL)
    assert not window.push(100 * M, 5.0)
    assert window.value(100 * M) == 3.0
    assert window.provenance_counts() == (0, 0, 0, 1)


def test_figures_of_one_and_of_no_sample() -> None:
    assert Window(10).figures().stddev is None
    assert (Window(10).mean, Window(10).variance, Window(10).extrema()) == (None, None, None)
    figures = pushed([5.0]).figures()
    assert (figures.stddev, figures.mean, figures.volatility, figures.change_pct) == (0.0, 5.0, None, 0.0)
    assert figures.coverage == 1 / 1_440


def test_null_where_a_denominator_is_not_positive() -> None:
    figures = pushed([-1.0, 1.0]).figures()
    assert figures.cv is None
    assert figures.range_pct is None
    assert figures.change_pct is None
    assert figures.change == 2.0


def test_a_return_over_a_gap_counts_with_its_span_up_to_an_hour() -> None:
    window = Window(300)
    grid = 1_000_004
    for offset, value in ((0, 100.0), (60, 110.0), (125, 120.0), (130, 121.0)):
        window.push((grid + offset) * M, value)
    r = math.log1p(0.1) ** 2 + math.log1p((121.0 - 120.0) / 120.0) ** 2
    assert window.volatility == pytest.approx(math.sqrt(525_600 * r / 65), rel=1e-14)


def test_late_samples_let_returns_be_counted_anew_only_where_they_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    begin = SquaredReturns._clear

    def noted(returns: SquaredReturns, oldest: int, point: int) -> None:
        begun.append(oldest)
        begin(returns, oldest, point)

    window = pushed([100.0 + minute % 7 for minute in range(1_442)])
    before = window.volatility
    monkeypatch.setattr(SquaredReturns, "_clear", noted)
    assert window.fill(1_001_440 * M, 150.0, Provenance.POLL)
    assert window.volatility == before
    assert not begun, "it ends no 5 minutes"
    assert window.fill(1_001_439 * M, 150.0, Provenance.POLL)
    after = window.volatility
    assert before is not None
    assert after is not None
    assert after > before
    assert len(begun) == 1
    window.push(1_001_443 * M, 100.0)
    assert window.fill(1_001_442 * M, 100.0, Provenance.POLL)
    window.break_returns(1_001_443 * M)
    assert window.volatility == after
    assert len(begun) == 1
    window.break_returns(1_001_437 * M)
    assert window.volatility != after
    assert len(begun) == 2


def test_minutes_that_leave_let_no_return_be_counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time or several at once, from the first look on."""
    steps: list[bool] = []
    go_on = SquaredReturns._go_on

    def noted(returns: SquaredReturns, ring: "array[float]", start: int, end: int) -> bool:
        steps.append(go_on(returns, ring, start, end))
        return steps[-1]

    monkeypatch.setattr(SquaredReturns, "_go_on", noted)
    window = pushed([100.0 + minute % 7 for minute in range(1_440)])
    assert window.volatility is not None
    assert steps == [False], "from nothing"
    for minute in range(1_001_440, 1_001_500, 5):
        for later in (0, 1, 4) if minute % 10 else range(5):
            window.push((minute + later) * M, 90.0 + minute % 9)
        assert window.volatility is not None
    assert steps[1:] == [True] * 12


def test_the_smallest_and_largest_prices_in_one_window() -> None:
    values = [1e60, 1e-60] * 10
    assert pushed(values, 20).stddev == statistics.pstdev(values)
    assert pushed(values).figures().volatility is not None
