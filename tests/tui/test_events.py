"""What successive snapshots tell of."""

import random
import statistics
import time
from dataclasses import replace

import pytest

from tests.support.feed import AT_MS, END_MS, FakeFeed, Pair, make_pairs
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import BackfillProgress
from tui_tracker.stats.ranking import Scope, rank
from tui_tracker.tui.events import LEAST_JUMP, MOST_EVENTS, Event, EventLog, Happening
from tui_tracker.tui.pulse import REST_MS, Pulse, median_cv, sparkline

PAIRS = make_pairs(count=60)
BASE = FakeFeed(PAIRS).snapshot()
SCOPE = Scope(quote="USD")


def later(snapshot: Snapshot, minutes: int = 1, **changed: Row | None) -> Snapshot:
    """The poll some minutes on, with some rows replaced, and new ones added."""
    rows = {row.id: row for row in snapshot.rows}
    for row in changed.values():
        assert row is not None
        rows[row.id] = row
    at_ms, end_ms = (snapshot.at_ms or 0) + minutes * MINUTE_MS, (snapshot.end_ms or 0) + minutes * MINUTE_MS
    return replace(snapshot, version=snapshot.version + 1, at_ms=at_ms, end_ms=end_ms, rows=tuple(rows.values()))


def told(*snapshots: Snapshot) -> list[Event]:
    log = EventLog()
    for snapshot in snapshots:
        log.note(snapshot, rank(snapshot, Metric.PRICE, Measure.STDDEV, SCOPE))
    return list(log)


def row_of(key: str = "kraken:BTC-USD") -> Row:
    return next(row for row in BASE.rows if row.id == key)


def priced(row: Row, last: float, **changes: object) -> Row:
    """The row a minute later, at another price."""
    price = row.figures[0]
    assert price is not None
    assert price.last_ms is not None
    figures = price._replace(last=last, last_ms=price.last_ms + MINUTE_MS, **changes)  # type: ignore[arg-type]
    return row._replace(last=last, figures=(figures, *row.figures[1:]))


def test_the_first_snapshot_and_the_same_poll_tell_nothing() -> None:
    halted = replace(BASE, version=2, rows=(row_of()._replace(halted="maintenance"), *BASE.rows[1:]))
    assert told(BASE, halted) == []
    assert told(BASE, later(BASE)) == []


@pytest.mark.parametrize(
    ("was", "now", "happening", "detail"),
    [
        ("", "cancel_only", Happening.HALTED, "cancel only"),
        ("maintenance", "", Happening.RESUMED, ""),
        ("", "delisted", Happening.DELISTED, ""),
    ],
)
def test_halts(was: str, now: str, happening: Happening, detail: str) -> None:
    first = later(BASE, btc=row_of()._replace(halted=was))
    (event,) = told(first, later(first, btc=row_of()._replace(halted=now)))
    assert event == Event(AT_MS + 2 * MINUTE_MS, happening, "kraken:BTC-USD", "BTC/USD", detail)


def test_new_and_vanished_pairs() -> None:
    new = Pair(7, 900, "NEW", "USD", 1.0, 2).row()
    (event,) = told(BASE, later(BASE, new=new))
    assert (event.happening, event.pair) == (Happening.NEW, "NEW/USD")
    (event,) = told(later(BASE, new=new), later(BASE, 2))
    assert (event.happening, event.pair) == (Happening.DELISTED, "NEW/USD")


def test_a_record_is_told_once_until_the_pair_rested() -> None:
    row = row_of()
    price = row.figures[0]
    assert price is not None
    assert price.maximum is not None
    up = priced(row, price.maximum * 1.01, maximum=price.maximum * 1.01)
    upper = priced(up, price.maximum * 1.02, maximum=price.maximum * 1.02)
    first = later(BASE, btc=up)
    second = later(first, btc=upper)
    events = told(BASE, first, second)
    assert [(event.happening, event.detail) for event in events] == [(Happening.HIGH, "86,960.7")]
    rested = later(second, 61, btc=priced(upper, price.maximum * 1.03, maximum=price.maximum * 1.03))
    assert len(told(BASE, first, second, rested)) == 2


def test_a_low_of_a_window_that_is_hardly_known_is_no_record() -> None:
    row = row_of()
    assert [event.happening for event in told(BASE, later(BASE, btc=priced(row, 1.0, minimum=1.0)))] == [Happening.LOW]
    young = priced(row, 1.0, minimum=1.0, samples=700)
    assert told(BASE, later(BASE, btc=young)) == []


def test_a_high_of_another_window_is_no_record_of_24_h() -> None:
    of_an_hour = [
        replace(each, window_minutes=60) for each in (BASE, later(BASE, btc=priced(row_of(), 1.0, minimum=1.0)))
    ]
    assert told(*of_an_hour) == []
    row = row_of()
    price = row.figures[0]
    assert price is not None
    short = row._replace(figures=(price._replace(length=60, minimum=price.last), *row.figures[1:]))
    first = replace(later(BASE, btc=short), window_minutes=60)
    assert told(BASE, first, later(later(BASE), btc=priced(row, 1.0, minimum=1.0))) == []


def test_a_high_that_history_brought_is_no_record() -> None:
    row = row_of()
    price = row.figures[0]
    assert price is not None
    loaded = row._replace(figures=(price._replace(maximum=1e6), *row.figures[1:]))
    assert told(BASE, later(BASE, btc=loaded)) == []


def test_jumps_count_only_pairs_that_are_ranked_in_both() -> None:
    places = rank(BASE, Metric.PRICE, Measure.STDDEV, SCOPE).places
    lowest = [place for place in places if place.rank is not None][-1].row
    assert len(places) > LEAST_JUMP
    price = lowest.figures[0]
    assert price is not None
    risen = lowest._replace(figures=(price._replace(stddev=1e9), *lowest.figures[1:]))
    (event,) = told(BASE, later(BASE, lowest=risen))
    assert (event.happening, event.pair) == (Happening.RISE, lowest.instrument.pair)
    assert event.detail.endswith("now 1 of 29")
    few = replace(BASE, rows=(risen, *(row._replace(halted="x") for row in BASE.rows if row.id != risen.id)))
    assert not [event for event in told(few, later(BASE, lowest=risen)) if event.happening is Happening.RISE]


def test_it_is_bounded() -> None:
    snapshot, snapshots = BASE, [BASE]
    for count in range(12):
        rows = tuple(row._replace(halted="x" if count % 2 else "") for row in snapshot.rows)
        snapshot = replace(later(snapshot), rows=rows)
        snapshots.append(snapshot)
    assert len(told(*snapshots)) == MOST_EVENTS


def test_three_thousand_rows_take_a_few_milliseconds() -> None:
    template = row_of()
    chance = random.Random(1)
    rows = []
    for index in range(3_000):
        instrument = replace(template.instrument, id=f"kraken:C{index:04}-USD", base=f"C{index:04}")
        price = template.figures[0]
        assert price is not None
        figures = (price._replace(stddev=chance.random()), *template.figures[1:])
        rows.append(template._replace(instrument=instrument, figures=figures))
    snapshot = replace(BASE, rows=tuple(rows))
    following = later(snapshot)
    log = EventLog()
    log.note(snapshot, rank(snapshot, Metric.PRICE, Measure.STDDEV, SCOPE))
    ranking = rank(following, Metric.PRICE, Measure.STDDEV, SCOPE)
    took_s = []
    for minutes in range(1, 4):
        began_s = time.process_time()
        log.note(later(snapshot, minutes), ranking)
        took_s.append(time.process_time() - began_s)
    assert min(took_s) < 0.05, "5 ms on an idle machine; ten times that on a busy one is a mistake"


def noted(pulse: Pulse, snapshot: Snapshot) -> None:
    pulse.note(snapshot, pulse.measured(snapshot))


def test_the_pulse_is_one_value_a_minute_of_a_day() -> None:
    pulse = Pulse(0.9)
    assert (pulse.last, pulse.start_ms, pulse.extent, pulse.columns(9)) == (None, None, None, [])
    noted(pulse, replace(BASE, end_ms=None))
    assert pulse.last is None
    noted(pulse, BASE)
    wanted = median_cv(BASE.rows, 0.9)
    assert pulse.last == wanted
    noted(pulse, later(BASE, 1439))
    assert pulse.start_ms == END_MS
    assert len(pulse.columns(20)) == 20
    assert pulse.columns(20)[1:19] == [None] * 18
    noted(pulse, replace(later(BASE, 1440), version=9))
    assert pulse.start_ms == END_MS + 1439 * MINUTE_MS
    assert pulse.columns(20) == [wanted, wanted]


def test_the_pulse_leaves_out_what_a_stream_tells_between_polls() -> None:
    pulse = Pulse(0.9)
    noted(pulse, BASE)
    streamed = replace(BASE, version=BASE.version + 1)
    assert pulse.measured(streamed) is None
    assert pulse.measured(replace(streamed, at_ms=(BASE.at_ms or 0) + REST_MS - 1)) is None
    assert pulse.measured(replace(streamed, at_ms=(BASE.at_ms or 0) + REST_MS)) == pulse.last
    assert pulse.measured(replace(streamed, rows=BASE.rows[1:])) is not None
    assert pulse.measured(replace(streamed, end_ms=(BASE.end_ms or 0) + MINUTE_MS)) == pulse.last
    assert pulse.measured(replace(streamed, window_minutes=60)) == pulse.last


def test_the_pulse_begins_anew_with_another_window_and_waits_for_history() -> None:
    pulse = Pulse(0.9)
    noted(pulse, BASE)
    noted(pulse, replace(later(BASE, 1), window_minutes=60))
    assert pulse.start_ms == END_MS + MINUTE_MS
    some = [row._replace(figures=(None, *row.figures[1:])) for row in BASE.rows[:10]]
    partly = replace(later(BASE, 2), rows=(*some, *BASE.rows[10:]), window_minutes=60)
    loading = replace(partly, version=8, status=replace(partly.status, backfill=BackfillProgress(1, 9)))
    assert pulse.measured(loading) is None
    assert pulse.measured(replace(partly, version=9)) is not None


def test_a_sparkline_rises_with_its_values() -> None:
    assert sparkline([1.0, None, 2.0, 8.0]) == "▁ ▂█"
    assert sparkline([3.0, 3.0]) == "▁▁"
    assert sparkline([None]) == " "


def test_the_median_is_that_of_the_standard_library() -> None:
    for count in (59, 60):
        rows = BASE.rows[:count]
        cvs = [row.figures[0].cv for row in rows if row.traded and not row.halted and row.figures[0]]
        assert median_cv(rows, 0.0) == statistics.median(cv for cv in cvs if cv is not None)


def test_a_market_that_is_hardly_known_has_no_pulse() -> None:
    young = [row._replace(figures=(None, *row.figures[1:])) for row in BASE.rows[:40]]
    assert median_cv((*young, *BASE.rows[40:]), 0.9) is None
