"""Ranks over time against an obvious model."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.support.feed import END_MS, WINDOW, Pair, live_status, make_pairs
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.stats.ranking import Ranking, Scope, rank
from tui_tracker.tui.rank_history import RankHistory, RankTrack

PAIRS: list[Pair] = make_pairs(count=20)
ROWS = {pair.id: pair.row() for pair in PAIRS}
IDS = tuple(ROWS)


def ranking(rows: list[Row], scope: Scope | None = None) -> Ranking:
    snapshot = Snapshot(1, END_MS, END_MS, WINDOW, tuple(rows), live_status())
    return rank(snapshot, Metric.PRICE, Measure.STDDEV, scope)


def ranks_of(some: Ranking) -> dict[str, int]:
    return {place.row.id: place.rank for place in some.places if place.rank is not None}


def test_a_rank_is_known_in_its_minute_only() -> None:
    history = RankHistory()
    now = ranking(list(ROWS.values()))
    history.record(now, END_MS)
    track = history.track_of(now)
    for key, place in ranks_of(now).items():
        assert track.rank_at(key, END_MS) == place
        assert track.rank_at(key, END_MS + MINUTE_MS - 1) == place
        assert track.rank_at(key, END_MS - MINUTE_MS) is None
    assert track.rank_at("kraken:LTC-USD", END_MS) is None  # unranked: never observed
    assert track.rank_at("kraken:NO-USD", END_MS) is None
    assert (track.since_ms, track.end_ms) == (END_MS, END_MS)


def test_nothing_recorded_is_nothing_known() -> None:
    track = RankHistory().track(Metric.PRICE, Measure.CV, Scope())
    assert track.since_ms is None
    assert track.end_ms is None
    assert track.rank_at(IDS[0], END_MS) is None
    assert len(track.series(IDS[0])) == 0


def test_a_series_has_gaps_where_no_minute_was_recorded() -> None:
    track = RankTrack()
    now = ranking(list(ROWS.values()))
    track.record(now, END_MS)
    track.record(now, END_MS + 3 * MINUTE_MS)
    series = track.series(IDS[0])
    place = ranks_of(now)[IDS[0]]
    assert [None if math.isnan(value) else value for value in series] == [place, None, None, place]


def test_a_pair_that_is_listed_later_has_no_earlier_rank() -> None:
    track = RankTrack()
    track.record(ranking([ROWS[IDS[0]]]), END_MS)
    track.record(ranking([ROWS[IDS[1]], ROWS[IDS[0]]]), END_MS + MINUTE_MS)
    assert track.rank_at(IDS[1], END_MS) is None
    assert track.rank_at(IDS[1], END_MS + MINUTE_MS) is not None


def test_each_ranking_has_its_own_track_and_the_oldest_makes_room() -> None:
    history = RankHistory(most=2)
    rows = list(ROWS.values())
    scopes = [Scope(), Scope(quote="USD"), Scope(quote="EUR")]
    for scope in scopes:
        history.record(ranking(rows, scope), END_MS)
    assert history.track(Metric.PRICE, Measure.STDDEV, scopes[0]).since_ms is None
    assert history.track(Metric.PRICE, Measure.STDDEV, scopes[1]).since_ms == END_MS
    assert history.track(Metric.MID, Measure.STDDEV, scopes[1]).since_ms is None
    history.forget()
    assert history.track(Metric.PRICE, Measure.STDDEV, scopes[1]).since_ms is None


def test_ranks_beyond_what_two_bytes_hold_are_the_largest() -> None:
    some = ranking([ROWS[IDS[0]]])
    some = replace(some, places=(some.places[0]._replace(rank=70_000),))
    track = RankTrack()
    track.record(some, END_MS)
    assert track.rank_at(IDS[0], END_MS) == 65_535


@given(st.lists(st.tuples(st.integers(0, 60), st.permutations(IDS[:6])), max_size=30), st.integers(2, 20))
def test_it_agrees_with_a_dictionary_of_minutes(records: list[tuple[int, list[str]]], minutes: int) -> None:
    track, model, newest = RankTrack(minutes), dict[int, dict[str, int]](), -1
    for minute, order in records:
        places = tuple(ranking([ROWS[key]]).places[0]._replace(rank=place) for place, key in enumerate(order, 1))
        some = replace(ranking([]), places=places, ranked=len(places))
        track.record(some, minute * MINUTE_MS + 30_000)
        if minute > newest - minutes:
            model[minute] = {place.row.id: place.rank or 0 for place in places}
            newest = max(newest, minute)
            if minute % 3:  # what isn't over yet may be asked for, and recorded anew
                assert {key for key in IDS[:6] if track.rank_at(key, minute * MINUTE_MS)} == model[minute].keys()
            if minute % 2:
                assert track.ranked_at(minute * MINUTE_MS) == model[minute].keys()
    model = {minute: ranks for minute, ranks in model.items() if minute > newest - minutes}
    for minute in range(62):
        for key in IDS[:6]:
            assert track.rank_at(key, minute * MINUTE_MS) == model.get(minute, {}).get(key)
        assert track.ranked_at(minute * MINUTE_MS) == model.get(minute, {}).keys()
    if model:
        since = min(model)
        assert track.since_ms == since * MINUTE_MS
        assert len(track.series(IDS[0])) == newest - since + 1
