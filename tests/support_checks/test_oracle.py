"""The oracle against cases done by hand, and against recorded candles with published figures."""

import csv
import json
from math import log, sqrt
from statistics import pstdev

import pytest

from tests.support import oracle
from tests.support.recorded import recorded

FILLED = [
    ("bitstamp_btcusd_1m", 34.6308896783),
    ("freqtrade_ADA_BTC_1m", 5.13476167598e-07),
    ("freqtrade_ETH_BTC_1m", 0.000554081842724),
    ("freqtrade_LTC_BTC_1m", 5.77760279977e-05),
    ("freqtrade_UNITTEST_BTC_1m", 6.80878380874e-05),
    ("freqtrade_XMR_BTC_1m", 0.000143121706964),
    ("freqtrade_XRP_ETH_1m", 1.31429555576e-05),
    ("kraken_XBTUSDT_1m", 402.64341802),
    ("nautilus_FTX_BTC-PERP_1m", 515.486000979),
]
"""File and filled population σ of its last 24 h, from the index of the recordings."""


@pytest.mark.parametrize(("name", "sigma"), FILLED)
def test_filled_sigma_of_recorded_candles(name: str, sigma: float) -> None:
    with recorded(f"candles/{name}.csv").open(newline="") as file:
        rows = [(int(row["time_ms"]) // 60_000, float(row["close"])) for row in csv.DictReader(file)]
    end, last = rows[-1]
    figures = oracle.expected(oracle.filled(end, 1_440, last, rows[:-1]), end)
    assert figures.stddev == pytest.approx(sigma, rel=1e-11)
    assert figures.samples == min(1_440, end - rows[0][0] + 1)


def test_reads_a_recorded_answer() -> None:
    rows = oracle.kraken_rows(json.loads(recorded("kraken/OHLC_XBTUSDT_1m_20251110.json").read_text()))
    assert (len(rows), rows[-1]) == (720, (1762820160 // 60, 105899.4))


def test_one_minute_candles_win_and_missing_rows_hold() -> None:
    series = oracle.filled(10, 6, 9.0, rows_1m=[(6, 1.0), (9, 2.0)], rows_5m=[(0, 7.0), (5, 8.0)])
    assert series == [7.0, 1.0, 1.0, 1.0, 2.0, 9.0]


def test_five_minute_close_belongs_to_its_last_minute() -> None:
    series = oracle.filled(21, 22, 5.0, rows_5m=[(5, 1.0), (10, 2.0), (15, 3.0)])
    assert series == [None] * 9 + [1.0] * 5 + [2.0] * 5 + [3.0] + [None] + [5.0]


def test_polls_win_over_five_minute_candles_only() -> None:
    series = oracle.filled(10, 4, 4.0, rows_1m=[(9, 3.0)], rows_5m=[(0, 1.0), (5, 2.0)], polls={8: 8.0, 9: 9.0})
    assert series == [1.0, 8.0, 3.0, 4.0]


def test_open_minute_holds_where_nothing_traded() -> None:
    assert oracle.filled(3, 3, None, rows_1m=[(1, 1.0), (2, 2.0)]) == [1.0, 2.0, 2.0]


def test_figures_by_hand() -> None:
    figures = oracle.expected([None, 2.0, 4.0, 4.0, 6.0], end=4)
    assert (figures.samples, figures.coverage, figures.mean, figures.stddev) == (4, 0.8, 4.0, sqrt(2))
    assert (figures.min, figures.max, figures.first, figures.last) == (2.0, 6.0, 2.0, 6.0)
    assert (figures.change_pct, figures.range_pct, figures.cv) == (200.0, 100.0, sqrt(2) / 4)
    assert figures.volatility is None


def test_no_division_by_what_is_not_positive() -> None:
    figures = oracle.expected([0.0, 0.0], end=1)
    assert (figures.mean, figures.stddev, figures.change_pct, figures.range_pct, figures.cv) == (0, 0, None, None, None)
    assert oracle.expected([None], end=1).mean is None


def test_mean_is_rounded_once() -> None:
    assert oracle.mean_of([0.1] * 10) == 0.1
    assert oracle.mean_of([1e60, 1.0, -1e60]) == 1 / 3


def test_volatility_by_hand() -> None:
    series = [1.0, 9.0, 9.0, 9.0, 9.0, 2.0]
    assert oracle.volatility(series, end=9) == pytest.approx(sqrt(525_600 * log(2) ** 2 / 5))


def test_volatility_over_a_gap_counts_its_span_up_to_an_hour() -> None:
    series: list[float | None] = [None] * 71
    series[0], series[60], series[70] = 1.0, 2.0, 2.0
    assert oracle.volatility(series, end=74) == pytest.approx(sqrt(525_600 * log(2) ** 2 / 70))
    series[60] = None
    assert oracle.volatility(series, end=74) is None


def test_ties_share_a_rank() -> None:
    assert oracle.ranks({"a": 1.0, "b": 3.0, "c": 3.0, "d": 2.0}) == {"a": 4, "b": 1, "c": 1, "d": 3}


def test_sigma_is_of_the_population() -> None:
    assert oracle.expected([1.0, 2.0], end=1).stddev == pstdev([1.0, 2.0]) == 0.5
