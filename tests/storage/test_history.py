"""Writing, merging and letting go, beside a plain dictionary of samples."""

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.storage.made import (
    FIRST,
    HOUR_MS,
    MINUTE_MS,
    SOURCE,
    Samples,
    add_fill,
    add_minute,
    instruments,
    made_fill,
    made_minute,
)
from tests.storage.reading import between, bits, everything
from tui_tracker.core.candle import Provenance
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.stats.exact import sqrt_ratio
from tui_tracker.storage.connection import Database, open_for_reading, open_for_writing
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.retention import Limits, empty_log, retain, size_of
from tui_tracker.storage.standing import Patience
from tui_tracker.storage.upkeep import Rounds
from tui_tracker.storage.writer import Writer


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_for_writing(tmp_path / "history.sqlite")
    yield opened
    opened.close()


def merge_all(database: Database) -> int:
    merger, steps = Merger(database), 0
    while merger.step():
        steps += 1
    return steps


def write(database: Database, first: int, minutes: int, pairs: int = 5) -> Samples:
    writer, model = Writer(database), Samples()
    writer.put_instruments(SOURCE, instruments(pairs), 1)
    for minute in range(first, first + minutes):
        made = made_minute(minute, pairs)
        assert writer.append(made)
        add_minute(model, made)
    return model


def test_minutes_come_back_before_and_after_they_are_merged(database: Database) -> None:
    model = write(database, FIRST + 50, 150)
    reader = Reader(database)
    assert bits(everything(reader, FIRST, 300)) == bits(model)
    assert merge_all(database) > 0
    assert bits(everything(reader, FIRST, 300)) == bits(model)
    assert bits(everything(reader, FIRST + 70, 45)) == bits(between(model, FIRST + 70, 45))
    assert database.connection.execute("SELECT count(*) FROM minute").fetchone()[0] == 20
    assert merge_all(database) == 0
    assert reader.damaged == 0


def test_any_step_of_merging_reads_the_same(database: Database) -> None:
    model = write(database, FIRST + 1_400, 90)
    Writer(database).add_fills([fill := made_fill(1, FIRST + 1_380, 80)])
    add_fill(model, fill)
    merger = Merger(database)
    more = True
    while more:
        more = merger.step()
        assert bits(everything(Reader(database), FIRST + 1_300, 200)) == bits(model)


def test_a_merger_that_stopped_midway_begins_the_hour_again(database: Database) -> None:
    model = write(database, FIRST, 70)
    for steps in (2, 3, 5, 6):
        merger = Merger(database)
        for _ in range(steps):
            merger.step()
        assert bits(everything(Reader(database), FIRST, 80)) == bits(model)
    merge_all(database)
    assert bits(everything(Reader(database), FIRST, 80)) == bits(model)


def test_fills_obey_precedence_in_any_order(database: Database) -> None:
    model = write(database, FIRST, 125)
    fills = [
        made_fill(0, FIRST - 30, 90, Provenance.CANDLE_1M),
        made_fill(0, FIRST - 60, 120, Provenance.CANDLE_5M),
        made_fill(2, FIRST + 20, 100, Provenance.CANDLE_1M),
        made_fill(7, FIRST, 10, Provenance.CANDLE_1M),
    ]
    for fill in fills:
        add_fill(model, fill)
    writer = Writer(database)
    writer.add_fills(fills[2:])
    merge_all(database)
    writer.add_fills(fills[1::-1])
    assert bits(everything(Reader(database), FIRST - 100, 300)) == bits(model)
    merge_all(database)
    assert bits(everything(Reader(database), FIRST - 100, 300)) == bits(model)
    left = database.connection.execute("SELECT instrument FROM fill").fetchall()
    assert left == [] or all(last > FIRST for (last,) in database.connection.execute("SELECT last FROM fill"))


def test_known_trades_are_told_with_the_fills(database: Database) -> None:
    write(database, FIRST, 3)
    fill = made_fill(0, FIRST - 600, 600)
    Writer(database).add_fills([fill])
    found = Reader(database).traded(SOURCE, (FIRST - 300) * MINUTE_MS)
    assert found == {fill.instrument_id: {m: t for m, t in fill.traded.items() if m >= FIRST - 300}}


def test_no_minute_is_written_twice_or_out_of_order(database: Database) -> None:
    writer = Writer(database)
    assert writer.append(made_minute(FIRST + 5))
    assert not writer.append(made_minute(FIRST + 5))
    assert not writer.append(made_minute(FIRST + 4))
    assert writer.append(made_minute(FIRST + 9))
    assert Writer(database).append(made_minute(FIRST + 9)) is False
    assert len({key[2] for key in everything(Reader(database), FIRST, 60)}) == 2


def test_a_second_writer_goes_on_where_the_first_was(tmp_path: Path) -> None:
    first, second = (open_for_writing(tmp_path / "history.sqlite") for _ in range(2))
    writers, model = (Writer(first), Writer(second)), Samples()
    for minute in range(FIRST, FIRST + 40):
        made = made_minute(minute)
        assert writers[minute // 3 % 2].append(made)
        add_minute(model, made)
    assert bits(everything(Reader(first), FIRST, 60)) == bits(model)
    first.close()
    second.close()


def test_instruments_may_come_and_go_within_an_hour(database: Database) -> None:
    writer, model = Writer(database), Samples()
    for minute, pairs in zip(range(FIRST, FIRST + 130), [3, 3, 4, 4, 2, 2, 6] * 20, strict=False):
        made = made_minute(minute, pairs)
        writer.append(made)
        add_minute(model, made)
    merge_all(database)
    assert bits(everything(Reader(database), FIRST, 130)) == bits(model)


def test_sources_lie_apart(database: Database) -> None:
    writer = Writer(database)
    for minute in range(FIRST, FIRST + 65):
        writer.append(made_minute(minute, 2, source="one"))
        writer.append(made_minute(minute, 3, source="two"))
    merge_all(database)
    reader = Reader(database)
    assert reader.sources() == ("one", "two")
    assert {name.partition(":")[0] for name in reader.load("two", METRICS, FIRST * MINUTE_MS, 65)} == {"two"}
    assert reader.load("three", METRICS, FIRST * MINUTE_MS, 65) == {}
    assert (reader.span("three"), reader.latest("three"), reader.listings("three")) == (None, None, ())


def test_the_last_state_is_that_of_the_last_minute(database: Database) -> None:
    write(database, FIRST, 3)
    reader = Reader(database)
    assert reader.latest(SOURCE) == made_minute(FIRST + 2).latest
    span = reader.span(SOURCE)
    assert span is not None
    assert (span.first_ms, span.last_ms) == (FIRST * MINUTE_MS, (FIRST + 2) * MINUTE_MS)


def test_instruments_are_stored_once_and_on_change(database: Database) -> None:
    writer, listed = Writer(database), instruments(4)
    assert writer.put_instruments(SOURCE, listed, 10) == 4
    assert writer.put_instruments(SOURCE, listed, 20) == 0
    changed = (*listed[:3], replace(listed[3], digits=7))
    assert writer.put_instruments(SOURCE, changed, 30) == 1
    assert [(each.instrument, each.changed_ms) for each in Reader(database).listings(SOURCE)] == [
        *((each, 10) for each in listed[:3]),
        (changed[3], 30),
    ]


def test_ranges_are_told_hour_by_hour(database: Database) -> None:
    model = write(database, FIRST + 30, 100)
    found: Samples = {}
    starts = []
    reader = Reader(database)
    for start_ms, loaded in reader.hours(SOURCE, METRICS, (FIRST + 35) * MINUTE_MS, (FIRST + 400) * MINUTE_MS):
        starts.append(start_ms // MINUTE_MS)
        for name, known in loaded.items():
            for metric, series in known.items():
                for at, (value, origin) in enumerate(zip(series.values, series.provenance, strict=True)):
                    if origin:
                        found[name, metric, start_ms // MINUTE_MS + at] = value, origin
    assert starts == [FIRST + 35, FIRST + 60, FIRST + 120]
    assert bits(found) == bits(between(model, FIRST + 35, 400))


def test_roll_ups_are_exact(database: Database) -> None:
    model = write(database, FIRST + 1_380, 130)
    merge_all(database)
    name = instruments(2)[1].id
    found = Reader(database).rollups(SOURCE, name, 0, 2 * FIRST * MINUTE_MS)
    assert [rollup.hour_ms // MINUTE_MS for rollup in found] == [FIRST + 1_380, FIRST + 1_440]
    for rollup in found:
        hour = rollup.hour_ms // MINUTE_MS
        prices = [model[name, Metric.PRICE, m][0] for m in range(hour, hour + 60) if (name, Metric.PRICE, m) in model]
        flows = [model[name, Metric.FLOW, m][0] for m in range(hour, hour + 60) if (name, Metric.FLOW, m) in model]
        exact = [Fraction(price) for price in prices]
        mean = sum(exact, Fraction()) / len(exact)
        variance = sum(((price - mean) ** 2 for price in exact), Fraction()) / len(exact)
        assert (rollup.open, rollup.close, rollup.count) == (prices[0], prices[-1], len(prices))
        assert (rollup.high, rollup.low) == (max(prices), min(prices))
        assert rollup.mean == float(mean)
        assert rollup.stddev == sqrt_ratio(variance.numerator, variance.denominator)
        assert rollup.volume == math.fsum(flows)


def test_roll_ups_stay_the_same_when_days_are_folded_into_weeks(database: Database) -> None:
    write(database, FIRST + 1_200, 300)
    reader, name = Reader(database), instruments(1)[0].id
    merger, before = Merger(database), None
    while merger.step():
        found = reader.rollups(SOURCE, name, 0, 2 * FIRST * MINUTE_MS)
        if database.connection.execute("SELECT count(*) FROM rollup_week").fetchone()[0]:
            assert before is None or found == before
        if len(found) == 4:
            before = found
    assert database.connection.execute("SELECT count(*) FROM rollup_hour").fetchone()[0] == 0
    assert len(reader.rollups(SOURCE, name, (FIRST + 1_260) * MINUTE_MS, (FIRST + 1_380) * MINUTE_MS)) == 2


def test_old_minutes_go_and_roll_ups_stay(database: Database) -> None:
    model = write(database, FIRST, 400)
    Writer(database).add_fills([made_fill(0, FIRST, 300)])
    merge_all(database)
    now_ms = (FIRST + 1_440 + 185) * MINUTE_MS
    used = size_of(database).used
    while retain(database, Limits(raw_days=1), now_ms):
        pass
    left = everything(Reader(database), FIRST, 500)
    assert min(key[2] for key in left) == FIRST + 180
    assert {key[1:] for key in left} == {key[1:] for key in between(model, FIRST + 180, 500)}
    assert len(Reader(database).rollups(SOURCE, instruments(1)[0].id, 0, now_ms)) == 6
    after = size_of(database)
    assert (after.free, after.used < used) == (0, True)


def test_the_oldest_hours_go_where_the_file_grows_too_large(database: Database) -> None:
    write(database, FIRST, 500)
    merge_all(database)
    used = size_of(database).used
    while retain(database, Limits(most_bytes=used - 20_000), (FIRST + 500) * MINUTE_MS):
        pass
    assert size_of(database).used <= used - 20_000
    span = Reader(database).span(SOURCE)
    assert span is not None
    assert span.first_ms > FIRST * MINUTE_MS
    assert span.last_ms == (FIRST + 499) * MINUTE_MS


def test_old_roll_ups_go(database: Database) -> None:
    write(database, FIRST + 1_380, 130)
    merge_all(database)
    write(database, FIRST + 60 * 24 * 60, 1)
    merge_all(database)
    assert database.connection.execute("SELECT count(*) FROM rollup_week").fetchone()[0] > 0
    now_ms = (FIRST + 60 * 24 * 60) * MINUTE_MS
    while retain(database, Limits(rollup_days=30), now_ms):
        pass
    assert Reader(database).rollups(SOURCE, instruments(1)[0].id, 0, now_ms - 30 * 24 * HOUR_MS) == ()


def test_the_log_can_be_emptied_but_under_a_reader(database: Database) -> None:
    write(database, FIRST, 5)
    reading = open_for_reading(database.path)
    with reading.reading("read") as connection:
        connection.execute("SELECT count(*) FROM minute").fetchone()
        write(database, FIRST + 5, 5)
        assert empty_log(database) == 0
    assert empty_log(database) > 0
    assert size_of(database).log == 0
    reading.close()


def test_space_is_given_back_from_the_first_page_on(database: Database) -> None:
    assert database.connection.execute("PRAGMA auto_vacuum").fetchone()[0] == 2
    assert database.connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert database.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_fills_alone_can_wait_and_go_with_minutes(database: Database) -> None:
    model = write(database, FIRST + 600, 70)
    fills = [made_fill(1, FIRST + 10, 80), made_fill(2, FIRST + 590, 20)]
    for fill in fills:
        add_fill(model, fill)
    Writer(database).add_fills(fills)
    merger = Merger(database)
    while merger.step({}):
        pass
    left = [row[0] for row in database.connection.execute("SELECT first FROM fill ORDER BY id")]
    assert FIRST + 10 in left, "an hour of fills alone"
    assert not Merger(database).step({})
    assert bits(everything(Reader(database), FIRST - 100, 900)) == bits(model)
    merge_all(database)
    assert FIRST + 10 not in [row[0] for row in database.connection.execute("SELECT first FROM fill")]
    assert bits(everything(Reader(database), FIRST - 100, 900)) == bits(model)


def test_a_round_takes_what_was_there_when_it_began(database: Database) -> None:
    rounds, writer = Rounds(Patience(fill_rest_s=60, most_unmerged=3)), Writer(database)
    writer.append(made_minute(FIRST + 600))
    assert not rounds.wanted(database, 0.0)
    rounds.end()
    writer.add_fills([made_fill(number, FIRST, 50) for number in range(2)])
    assert not rounds.wanted(database, 0.0), "few, and they just came"
    rounds.end()
    writer.add_fills([made_fill(3, FIRST, 50)])
    assert rounds.wanted(database, 1.0) == {1: 3}, "many"
    writer.add_fills([made_fill(4, FIRST, 50)])
    assert rounds.wanted(database, 2.0) == {1: 3}, "what came later waits for the next round"
    merger, hours = Merger(database), 0
    while merger.step(rounds.wanted(database, 3.0)):
        hours += 1
    rounds.end()
    assert hours > 0
    writer.add_fills([made_fill(5, FIRST, 50)])
    assert not rounds.wanted(database, 4.0)
    rounds.end()
    assert not rounds.wanted(database, 63.0)
    rounds.end()
    assert rounds.wanted(database, 64.0) == {1: 5}, "they rest"


def test_sources_rest_by_themselves(database: Database) -> None:
    rounds, writer = Rounds(Patience(fill_rest_s=60)), Writer(database)
    assert not rounds.wanted(database, 0.0)
    rounds.end()
    writer.add_fills([made_fill(1, FIRST, 50), replace(made_fill(1, FIRST, 50), source="other", instrument_id="x")])
    assert not rounds.wanted(database, 0.0)
    rounds.end()
    writer.add_fills([made_fill(2, FIRST, 50)])
    assert list(rounds.wanted(database, 60.0)) == [2]


def test_what_was_there_at_the_start_is_not_waited_for(database: Database) -> None:
    Writer(database).add_fills([made_fill(1, FIRST, 50)])
    rounds = Rounds(Patience(fill_rest_s=60))
    assert rounds.wanted(database, 0.0) == {1: 1}
