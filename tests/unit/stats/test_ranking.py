"""Ranks, scopes and reasons."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.instrument import CONSOLIDATED, Instrument, InstrumentClass
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceState, SourceStatus
from tui_tracker.stats.ranking import Ranking, Scope, difference, rank, shared_ranks

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


def test_what_too_few_exchanges_agree_on_is_not_called_halted() -> None:
    one = row("BTC/USD", 1.0, halted="not quoted")
    across = one._replace(instrument=replace(one.instrument, id="all:BTC-USD"))
    ranking = rank(snapshot(across), Metric.PRICE, Measure.STDDEV, Scope(source=CONSOLIDATED))
    assert [place.reason for place in ranking.places] == ["under 3 exchanges"]


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
        row("H/GBP", None, volume_usd=None, halted="maintenance"),
    )
    everything = rank(rows, Metric.PRICE, Measure.STDDEV)
    assert [p.row.instrument.base for p in everything.places] == ["D", "C", "B", "A", "H"]
    assert everything.mixed_units
    assert not rank(rows, Metric.PRICE, Measure.CV).mixed_units
    assert not rank(rows, Metric.SPREAD, Measure.STDDEV).mixed_units
    usd = rank(rows, Metric.PRICE, Measure.STDDEV, Scope(quote="USD"))
    assert [p.row.instrument.base for p in usd.places] == ["D", "C", "A"]
    assert not usd.mixed_units
    floor = rank(rows, Metric.PRICE, Measure.STDDEV, Scope(quote="USD", min_volume_usd=100))
    assert [p.row.instrument.base for p in floor.places] == ["A"]
    assert floor.no_usd_route == 1
    every_quote = rank(rows, Metric.PRICE, Measure.STDDEV, Scope(min_volume_usd=100))
    assert every_quote.no_usd_route == 1, "a halted pair is not left out for want of a route"
    mine = rank(rows, Metric.PRICE, Measure.STDDEV, Scope(ids=frozenset({"kraken:B-EUR", "kraken:A-USD"})))
    assert [(p.row.instrument.base, p.rank) for p in mine.places] == [("B", 1), ("A", 2)]
    place = mine.place("kraken:A-USD")
    assert place is not None
    assert place.rank == 2
    assert mine.place("kraken:D-USD") is None


KINDS = (
    row("A/USD", 1.0),
    row("A/USD", 2.0),
    row("A/USD", 2.0, samples=3),
    row("A/USD", 3.0, volume_usd=10.0),
    row("A/USD", 4.0, volume_usd=None),
    row("A/USD", None, volume_usd=None, halted="maintenance"),
    row("A/USD", 5.0, traded=False),
)
SCOPES = (
    Scope(),
    Scope(quote="USD"),
    Scope(min_volume_usd=100.0),
    Scope(unique_base=True, source="kraken"),
    Scope(quote="EUR", ids=frozenset({"kraken:A0-EUR", "kraken:A3-EUR"}), min_volume_usd=1.0),
)
MARKETS = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(["USD", "EUR"])), max_size=8)


def market_of(kinds: list[tuple[Row, str]], known: dict[tuple[int, Row, str], Row]) -> Snapshot:
    """A snapshot of these, of which those that were made before are the same objects."""
    rows = []
    for at, (kind, quote) in enumerate(kinds):
        name = f"A{at}"
        one = replace(kind.instrument, id=f"kraken:{name}-{quote}", base=f"A{at // 2}", quote=quote)
        rows.append(known.setdefault((at, kind, quote), kind._replace(instrument=one)))
    return Snapshot(1, 0, 0, 1_440, tuple(rows), STATUS)


@given(st.lists(MARKETS, min_size=2, max_size=5), st.sampled_from(SCOPES), st.sampled_from(SCOPES))
def test_with_a_ranking_of_before_it_is_the_same(
    markets: list[list[tuple[Row, str]]], scope: Scope, other: Scope
) -> None:
    known: dict[tuple[int, Row, str], Row] = {}
    before = rank(market_of(markets[0], known), Metric.PRICE, Measure.STDDEV, other)
    for kinds in markets:
        now = market_of(kinds, known)
        ranking = rank(now, Metric.PRICE, Measure.STDDEV, scope, before=before)
        assert ranking == rank(now, Metric.PRICE, Measure.STDDEV, scope)
        before = ranking


CHANGES = st.lists(st.tuples(st.integers(0, 63), st.sampled_from(KINDS)), max_size=3)


@given(
    st.lists(st.sampled_from(KINDS), min_size=64, max_size=64),
    st.lists(CHANGES, min_size=1, max_size=4),
    st.sampled_from(SCOPES),
)
def test_rows_that_changed_are_put_to_their_places(
    kinds: list[Row], steps: list[list[tuple[int, Row]]], scope: Scope
) -> None:
    rows = list(market_of([(kind, "USD") for kind in kinds], {}).rows)
    rows.sort(key=lambda one: one.id)
    rows_before = first = tuple(rows)
    before = rank(replace(snapshot(), rows=first), Metric.PRICE, Measure.STDDEV, scope)
    for changes in steps:
        for at, kind in changes:
            rows[at] = kind._replace(instrument=rows[at].instrument)
        now = replace(snapshot(), rows=tuple(rows))
        found = difference(rows_before, now.rows)
        assert [
            at for at, (one, was) in enumerate(zip(now.rows, rows_before, strict=True)) if one is not was
        ] == found.at
        before = rank(now, Metric.PRICE, Measure.STDDEV, scope, before=before, differing=found)
        rows_before = first if len(changes) > 2 else now.rows  # what isn't of the ranking before is of no account
        assert before == rank(now, Metric.PRICE, Measure.STDDEV, scope)
    check_places(before, rows)


def check_places(ranking: Ranking, rows: Sequence[Row]) -> None:
    """Places are the same whichever way they are asked for, with ranks as defined."""
    places = list(ranking.places)
    values = [place.value for place in places[: ranking.ranked] if place.value is not None]
    ranks: list[int | None] = [1 + sum(other > value for other in values) for value in values]
    assert [place.rank for place in places] == ranks + [None] * (len(places) - len(values))
    assert [ranking.places[at] for at in range(-len(places), len(places))] == places * 2
    for start, stop, step in ((0, 5, 1), (3, 9, 1), (len(values) - 1, len(values) + 2, 1), (9, 2, -2), (70, 80, 1)):
        assert ranking.places[start:stop:step] == places[start:stop:step]
    assert list(ranking.rows) == [place.row for place in places]
    of = {place.row.id: place for place in places}
    assert [ranking.place(row.id) for row in rows] == [of.get(row.id) for row in rows]
    assert ranking.place("kraken:NO-USD") is None


@pytest.mark.parametrize("scope", SCOPES)
def test_places_of_rows_in_any_order(scope: Scope) -> None:
    kinds = [(kind, quote) for kind in KINDS for quote in ("USD", "EUR")]
    rows = market_of(kinds, {}).rows[::-1]
    check_places(rank(replace(snapshot(), rows=rows), Metric.PRICE, Measure.STDDEV, scope), rows)


def test_a_ranking_of_before_by_other_rules_is_of_no_account() -> None:
    rows = snapshot(row("A/USD", 1.0, samples=144), row("B/USD", 2.0))
    strict = rank(rows, Metric.PRICE, Measure.STDDEV)
    assert rank(rows, Metric.PRICE, Measure.STDDEV, min_coverage=0.1, before=strict).ranked == 2
    assert rank(rows, Metric.PRICE, Measure.CV, before=strict).places[0].value == 0.2
    short = replace(rows, known_minutes=100)
    assert rank(short, Metric.PRICE, Measure.STDDEV, before=strict).ranked == 2


def test_coverage_threshold_is_configurable() -> None:
    rows = snapshot(row("A/USD", samples=144))
    assert rank(rows, Metric.PRICE, Measure.STDDEV, min_coverage=0.1).ranked == 1
    assert rank(rows, Metric.PRICE, Measure.STDDEV, min_coverage=0.11).ranked == 0


def quoted(pair: str, high: float | None = 120.0, low: float | None = 80.0, **more: object) -> Row:
    return row(pair)._replace(**({"bid": 99.0, "ask": 101.0, "high": high, "low": low} | more))  # type: ignore[arg-type]


def test_measures_of_the_exchanges_high_and_low() -> None:
    one = quoted("A/USD")
    assert one.measured(Metric.PRICE, Measure.HL_RANGE) == 40.0
    expected = math.sqrt(math.log(120 / 80) ** 2 / (4 * math.log(2))) * math.sqrt(365)
    assert one.measured(Metric.PRICE, Measure.PARKINSON) == pytest.approx(expected, rel=1e-15)
    assert quoted("A/USD", 100.0, 100.0).parkinson == 0
    for undefined in (quoted("A/USD", None), quoted("A/USD", low=None), quoted("A/USD", 80.0, 120.0)):
        assert undefined.parkinson is None
    assert quoted("A/USD", bid=None).hl_range_pct is None


@pytest.mark.parametrize("measure", [Measure.HL_RANGE, Measure.PARKINSON])
def test_high_and_low_rank_the_price_alone(measure: Measure) -> None:
    rows = snapshot(quoted("A/USD"), quoted("B/USD", 130.0), quoted("C/USD", None))
    ranking = rank(rows, Metric.PRICE, measure)
    assert [(p.row.instrument.base, p.rank, p.reason) for p in ranking.places] == [
        ("B", 1, ""),
        ("A", 2, ""),
        ("C", None, "undefined"),
    ]
    assert {p.reason for p in rank(rows, Metric.MID, measure).places} == {"undefined"}


def classed(pair: str, *classes: InstrumentClass, **more: Any) -> Row:
    one = row(pair, **more)
    return one._replace(instrument=replace(one.instrument, classes=frozenset(classes)))


def test_classes_are_left_out() -> None:
    stable, fiat = InstrumentClass.STABLE, InstrumentClass.FIAT
    rows = snapshot(classed("A/USD"), classed("B/USD", stable), classed("C/USD", fiat), classed("D/USD", stable, fiat))

    def left(*excluded: InstrumentClass) -> str:
        ranking = rank(rows, Metric.PRICE, Measure.STDDEV, Scope(excluded=frozenset(excluded)))
        return "".join(place.row.instrument.base for place in ranking.places)

    assert (left(), left(stable), left(fiat), left(stable, fiat)) == ("ABCD", "AC", "AB", "A")


def test_one_pair_an_asset_is_its_most_traded_that_is_in_scope() -> None:
    rows = snapshot(
        row("A/USD", volume_usd=5.0),
        row("A/EUR", volume_usd=9.0),
        row("B/USD", volume_usd=None),
        row("B/EUR", volume_usd=0.0),
        row("C/EUR", volume_usd=9.0, halted="maintenance"),
        row("C/USD", volume_usd=1.0),
    )

    def left(**scope: Any) -> list[str]:
        ranking = rank(rows, Metric.PRICE, Measure.STDDEV, Scope(unique_base=True, **scope))
        return sorted(place.row.instrument.pair for place in ranking.places)

    assert left() == ["A/EUR", "B/EUR", "C/USD"]
    assert left(quote="USD") == ["A/USD", "B/USD", "C/USD"]
    assert left(min_volume_usd=2.0) == ["A/EUR", "C/EUR"]
