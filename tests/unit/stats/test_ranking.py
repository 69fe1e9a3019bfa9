"""Ranks, scopes and reasons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceState, SourceStatus
from tui_tracker.stats.ranking import Scope, rank, shared_ranks

STATUS = SourceStatus("kraken", SourceState.LIVE)


def row(
    pair: str,
    stddev: float | None = 1.0,
    *,
    samples: int = 1_440,
    mean: float = 10.0,
    volatility: float | None = 0.5,
    volume_usd: float | None = 1e6,
    traded: bool = True,
    halted: str = "",
) -> Row:
    base, quote = pair.split("/")
    instrument = Instrument(f"kraken:{base}-{quote}", base, quote, base + quote, (), 2)
    figures = Figures(1_440, samples, mean, stddev, mean - 1, mean + 1, mean, 0, mean, 60_000, volatility)
    return Row(instrument, mean, None, None, volume_usd, traded, halted, None, (figures,) * len(METRICS))


def snapshot(*rows: Row) -> Snapshot:
    return Snapshot(1, 0, 0, 1_440, tuple(sorted(rows, key=lambda r: r.id)), STATUS)


@given(st.lists(st.one_of(st.sampled_from([0.0, 1.0, 1.5]), st.floats(0, 1e9)), max_size=40))
def test_rank_is_one_plus_the_number_of_strictly_larger_values(values: list[float]) -> None:
    ranking = rank(snapshot(*(row(f"A{i:02}/USD", v) for i, v in enumerate(values))), Metric.PRICE, Measure.STDDEV)
    assert ranking.ranked == len(values)
    for place in ranking.places:
        assert place.value is not None
        assert place.rank == 1 + sum(other > place.value for other in values)
    assert [p.value for p in ranking.places] == sorted(values, reverse=True)


def test_largest_is_first_and_ties_share() -> None:
    assert shared_ranks([9.0, 5.0, 5.0, 1.0]) == [1, 2, 2, 4]
    assert shared_ranks([]) == []


def test_unranked_come_last_with_the_reason() -> None:
    ranking = rank(
        snapshot(
            row("HALT/USD", 99.0, halted="maintenance"),
            row("QUIET/USD", 98.0, traded=False),
            row("NEW/USD", 97.0, samples=173),
            row("FULL/USD", 1.0),
            row("EDGE/USD", 2.0, samples=1_296),
            row("SHORT/USD", 2.0, samples=1_295, volume_usd=5e6),
        ),
        Metric.PRICE,
        Measure.STDDEV,
    )
    shown = [(place.row.instrument.base, place.rank, place.reason) for place in ranking.places]
    assert shown == [
        ("EDGE", 1, ""),
        ("FULL", 2, ""),
        ("SHORT", None, "89 % observed"),
        ("NEW", None, "12 % observed"),
        ("QUIET", None, "no trades"),
        ("HALT", None, "halted: maintenance"),
    ]
    assert ranking.ranked == 2


@pytest.mark.parametrize(
    ("measure", "expected"),
    [(Measure.STDDEV, 3.0), (Measure.CV, 0.3), (Measure.VOLATILITY, 0.5), (Measure.RANGE, 20.0)],
)
def test_measures(measure: Measure, expected: float) -> None:
    assert rank(snapshot(row("A/USD", 3.0)), Metric.PRICE, measure).places[0].value == pytest.approx(expected)


def test_undefined_figures_are_unranked() -> None:
    ranking = rank(snapshot(row("A/USD", mean=0.0), row("B/USD")), Metric.MID, Measure.CV)
    assert [(p.row.instrument.base, p.reason) for p in ranking.places] == [("B", ""), ("A", "undefined")]
    without = row("C/USD", volatility=None)
    assert rank(snapshot(without), Metric.MID, Measure.VOLATILITY).ranked == 0


def test_scopes() -> None:
    rows = snapshot(
        row("A/USD", 1.0),
        row("B/EUR", 2.0),
        row("C/USD", 3.0, volume_usd=10.0),
        row("D/USD", 4.0, volume_usd=None),
    )
    everything = rank(rows, Metric.PRICE, Measure.STDDEV)
    assert [p.row.instrument.base for p in everything.places] == ["D", "C", "B", "A"]
    assert everything.mixed_units
    assert not rank(rows, Metric.PRICE, Measure.CV).mixed_units
    assert not rank(rows, Metric.SPREAD, Measure.STDDEV).mixed_units
    usd = rank(rows, Metric.PRICE, Measure.STDDEV, Scope(quote="USD"))
    assert [p.row.instrument.base for p in usd.places] == ["D", "C", "A"]
    assert not usd.mixed_units
    floor = rank(rows, Metric.PRICE, Measure.STDDEV, Scope(quote="USD", min_volume_usd=100))
    assert [p.row.instrument.base for p in floor.places] == ["A"]
    assert floor.no_usd_route == 1
    mine = rank(rows, Metric.PRICE, Measure.STDDEV, Scope(ids=frozenset({"kraken:B-EUR", "kraken:A-USD"})))
    assert [(p.row.instrument.base, p.rank) for p in mine.places] == [("B", 1), ("A", 2)]
    place = mine.place("kraken:A-USD")
    assert place is not None
    assert place.rank == 2
    assert mine.place("kraken:D-USD") is None


def test_coverage_threshold_is_configurable() -> None:
    rows = snapshot(row("A/USD", samples=144))
    assert rank(rows, Metric.PRICE, Measure.STDDEV, min_coverage=0.1).ranked == 1
    assert rank(rows, Metric.PRICE, Measure.STDDEV, min_coverage=0.11).ranked == 0
