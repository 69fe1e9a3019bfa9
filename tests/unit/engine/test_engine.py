"""The engine on a clock and a source that do what the test says."""

import asyncio
from itertools import pairwise

import pytest

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource, instrument
from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import RateLimitedError, RejectedError, SourceError, TimedOutError, UnreachableError
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import SourceState
from tui_tracker.engine.board import Board
from tui_tracker.engine.engine import Engine
from tui_tracker.engine.turns import Turns
from tui_tracker.feed.local import LocalFeed
from tui_tracker.sources.base import InstrumentBatch, ServerTime

START = 28_333_320 * MINUTE + 10_000  # ten seconds into a minute


def latest(engine: Board) -> Snapshot:
    snapshot = engine.hub.latest
    assert snapshot is not None
    return snapshot


def price_n(engine: Engine, pair: str = "BTC/USD") -> int:
    row = next(row for row in latest(engine).rows if row.instrument.pair == pair)
    figures = row.figures_of(Metric.PRICE)
    return figures.samples if figures else 0


async def test_an_error_that_nobody_foresaw_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    async with Engine(source, clock).running() as engine:
        await clock.advance(1)
        source.error = ZeroDivisionError("\x1b[31mby what?")  # type: ignore[assignment]
        await clock.advance(60)
        status = latest(engine).status
        assert status.error == "not foreseen: ZeroDivisionError: ·[31mby what?"
        assert status.state is SourceState.STALE
        assert latest(engine).rows
        assert "Traceback" in caplog.text
        source.error = None
        await clock.advance(61)
        assert latest(engine).status.error == ""


async def test_polls_at_the_start_and_then_3_s_before_each_minute_ends() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    async with Engine(source, clock).running():
        await clock.advance(200)
    polls = source.polled_at()
    assert polls[0] == START
    assert [at % MINUTE for at in polls[1:]] == [57_000] * 3
    assert {b - a for a, b in pairwise(polls[1:])} == {MINUTE}
    assert source.is_closed


@pytest.mark.parametrize(("interval", "expected"), [(15, [12, 27, 42, 57]), (300, [57])])
async def test_other_intervals(interval: int, expected: list[int]) -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    async with Engine(source, clock, interval_s=interval).running():
        await clock.advance(1_200)
    polls = source.polled_at()[1:]
    assert sorted({at % MINUTE // 1000 for at in polls}) == expected
    assert {b - a for a, b in pairwise(polls)} == {interval * 1000}


async def test_snapshot_has_rows_after_the_first_poll_and_history_after_backfill() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(120)
        snapshot = latest(engine)
        assert [row.instrument.pair for row in snapshot.rows] == ["BTC/USD", "ETH/USD"]
        assert snapshot.status.state is SourceState.LIVE
        assert not snapshot.status.backfill.is_running
        assert price_n(engine) >= 1_435
        figures = snapshot.rows[0].figures_of(Metric.VOLUME)
        assert figures is not None
        assert figures.samples == 2
        feed = LocalFeed(engine)
        series = await feed.series("fake:BTC-USD", Metric.PRICE)
        assert series.end_ms == snapshot.end_ms
        assert series.version == snapshot.version
        assert len(series.values) == 1_440


async def test_every_row_of_a_snapshot_spans_the_same_minutes() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.history = ()
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(70)
        source.quoted = ["BTC/USD"]
        await clock.advance(240)
        ends = {(await LocalFeed(engine).series(row.id, Metric.PRICE)).end_ms for row in latest(engine).rows}
        assert ends == {latest(engine).end_ms}
        eth = latest(engine).rows[1]
        assert eth.halted == "not quoted"
        assert eth.halted_since_ms is not None
        source.quoted = ["BTC/USD", "ETH/USD"]
        await clock.advance(60)
        assert latest(engine).rows[1].halted == ""
        assert price_n(engine, "ETH/USD") == price_n(engine, "BTC/USD") - 4


async def test_a_clock_one_hour_fast_is_corrected_by_the_measured_offset() -> None:
    clock = FakeClock(START + 3_600_000)
    source = FakeSource(clock)
    source.server_ahead_s = -3_600
    source.history = ()
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(180)
        assert latest(engine).status.skew_ms == -3_600_000
        before = price_n(engine)
        clock.jump_wall(-3_600)
        source.server_ahead_s = 0
        await clock.advance(65)
        assert price_n(engine) == before + 1
        assert latest(engine).status.skew_ms == 0
        end_ms = latest(engine).end_ms
        assert end_ms is not None
        assert 0 <= clock.now_ms() - end_ms < 2 * MINUTE


async def test_minutes_stamped_by_a_wrong_clock_are_dropped_once_it_is_right() -> None:
    clock = FakeClock(START + 3_600_000)
    source = FakeSource(clock)
    source.history = ()
    source.time_error = RejectedError("no time today")
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(180)
        assert price_n(engine) == 3
        clock.jump_wall(-3_600)
        source.time_error = None
        await clock.advance(65)
        assert latest(engine).status.state is SourceState.LIVE
        assert abs((latest(engine).status.last_good_ms or 0) - clock.now_ms()) <= MINUTE
        assert price_n(engine) in (1, 2)
        end_ms = latest(engine).end_ms
        assert end_ms is not None
        assert end_ms <= clock.now_ms()


async def test_after_sleep_one_poll_catches_up_within_5_s() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    async with Engine(source, clock).running():
        await clock.advance(60)
        count = len(source.polled_at())
        clock.jump_wall(3 * 3_600)
        woke = clock.now_ms()
        await clock.advance(5)
        caught_up = source.polled_at()[count:]
        assert len(caught_up) == 1
        assert caught_up[0] - woke <= 5_000


async def test_an_outage_leaves_a_gap_that_candles_fill() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(600)
        full = price_n(engine)
        source.error = UnreachableError("connection refused")
        await clock.advance(1_200)
        assert latest(engine).status.state is SourceState.OFFLINE
        assert price_n(engine) < full
        source.error = None
        await clock.advance(180)
        assert latest(engine).status.state is SourceState.LIVE
        assert price_n(engine) >= 1_439


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (UnreachableError("refused"), SourceState.OFFLINE),
        (TimedOutError("no answer"), SourceState.OFFLINE),
        (RejectedError("HTTP 503"), SourceState.STALE),
    ],
)
async def test_a_failed_poll_keeps_the_last_good_data(error: SourceError, state: SourceState) -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.history = ()
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(60)
        rows = latest(engine).rows
        source.error = error
        await clock.advance(60)
        snapshot = latest(engine)
        assert snapshot.rows is rows
        assert snapshot.status.state is state
        assert snapshot.status.error == str(error)
        source.error = None
        await clock.advance(60)
        assert latest(engine).status.state is SourceState.LIVE


async def test_rate_limit_is_waited_out_and_said() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(60)
        source.error = RateLimitedError("HTTP 429", 120.0)
        await clock.advance(60)
        count = len(source.polled_at())
        limited = source.polled_at()[-1]
        assert latest(engine).status.limited_until_ms == limited + 120_000
        source.error = None
        await clock.advance(59)
        assert len(source.polled_at()) == count
        await clock.advance(125)
        assert source.polled_at()[count] >= limited + 120_000
        source.error = RateLimitedError("too many requests")
        await clock.advance(180)
        told = latest(engine).status
        assert told.next_poll_ms is not None
        assert told.limited_until_ms == told.next_poll_ms, "nobody said how long: until the next poll"


async def test_a_ban_that_a_request_for_history_met_is_said_before_a_poll_meets_it() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(60)
        source.slot_s = 9.0
        assert engine.status().limited_until_ms is None
        source.slot_s = 600.0
        assert engine.status().limited_until_ms == clock.now_ms() + 600_000


async def test_a_rate_limit_after_other_failures_pauses_as_long_as_told() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.error = RejectedError("HTTP 500")
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(300)
        source.error = RateLimitedError("HTTP 429", retry_after_s=5)
        engine.request_poll()
        await clock.advance(1)
        source.error = None
        await clock.advance(6)
        assert latest(engine).status.state is SourceState.LIVE


async def test_failures_are_retried_with_growing_pauses_but_no_scheduled_poll_is_missed() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.error = RejectedError("HTTP 500")
    async with Engine(source, clock).running():
        await clock.advance(600)
    tries = [at for name, at in source.calls if name == "instruments"]
    assert 10 <= len(tries) <= 40
    scheduled = {at // MINUTE for at in tries if at % MINUTE == 57_000}
    assert len(scheduled) >= 9


async def test_stale_by_age_is_published_and_the_window_slides_on() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.history = ()
    engine = Engine(source, clock, window_minutes=10)
    async with engine.running():
        await clock.advance(600)
        assert price_n(engine) == 10
        end = latest(engine).end_ms
        source.error = UnreachableError("gone")
        await clock.advance(110)
        assert latest(engine).end_ms == end
        await clock.advance(240)
        assert latest(engine).end_ms == clock.now_ms() // MINUTE * MINUTE
        assert price_n(engine) <= 6


async def test_a_request_polls_at_once() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(20)
        count = len(source.polled_at())
        LocalFeed(engine).request_poll()
        await clock.advance(0)
        assert len(source.polled_at()) == count + 1


async def test_history_order_is_asked_first_then_by_volume_and_coarse_before_fine() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock, ("AAA/USD", "BBB/USD", "CCC/USD"))
    source.price = lambda pair, minute: {"AAA/USD": 1.0, "BBB/USD": 50.0, "CCC/USD": 9.0}[pair]
    engine = Engine(source, clock)
    async with engine.running():
        engine.prioritise(["fake:AAA-USD"])
        await clock.advance(30)
    candles = [name for name, _ in source.calls if name.startswith("candles")]
    assert candles == [f"candles {pair} {step}" for step in (5, 1) for pair in ("AAA/USD", "BBB/USD", "CCC/USD")]


async def test_a_pair_whose_history_fails_does_not_stop_the_others() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.candle_errors["BTC/USD"] = RejectedError("nonsense")
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(300)
        assert latest(engine).status.backfill.failed == ("fake:BTC-USD",)
        assert price_n(engine, "ETH/USD") >= 1_435


async def test_history_that_was_given_up_is_tried_again_by_itself() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.candle_errors = dict.fromkeys(source.quoted, RejectedError("HTTP 503"))
    for error in source.candle_errors.values():
        error.http_status = 503
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(100)
        assert latest(engine).status.backfill.failed == ("fake:BTC-USD", "fake:ETH-USD")
        source.candle_errors.clear()
        await clock.advance(130)
        assert latest(engine).status.backfill.failed == ()
        assert price_n(engine, "BTC/USD") >= 1_435
        assert price_n(engine, "ETH/USD") >= 1_435


async def test_an_answer_without_a_candle_is_none_of_a_pair_that_trades() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock, ("BTC/USD", "QUIET/USD"))
    source.price = lambda pair, minute: 100.0 if pair == "BTC/USD" and clock.monotonic_s() > 20 else None
    source.quote = lambda pair: 100.0 if pair == "BTC/USD" else None
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(19)
        assert latest(engine).status.backfill.failed == ("fake:BTC-USD",)
        await clock.advance(130)
        assert latest(engine).status.backfill.failed == ()
        assert price_n(engine, "BTC/USD") >= 1_435


async def test_history_that_is_refused_is_asked_for_less_and_less() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.candle_errors["BTC/USD"] = RejectedError("unknown pair")
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(3 * 3_600)
        assert latest(engine).status.backfill.failed == ("fake:BTC-USD",)
    tries = [at for name, at in source.calls if name.startswith("candles BTC/USD")]
    assert len(tries) == 3 * 5  # at once, after 10, 20, 40 minutes, and hourly


async def test_a_list_that_cannot_be_read_is_read_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy() -> InstrumentBatch:
        raise RejectedError("busy")

    clock = FakeClock(START)
    source = FakeSource(clock)
    source.history = ()
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(120)
        with monkeypatch.context() as patched:
            patched.setattr(source, "instruments", busy)
            source.listed.append(instrument("NEW/USD"))
            source.quoted.append("NEW/USD")
            await clock.advance(3_600)
            assert len(latest(engine).rows) == 2
            assert latest(engine).status.state is SourceState.LIVE
        await clock.advance(400)
        assert len(latest(engine).rows) == 3


async def test_new_halted_and_delisted_instruments() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.history = ()
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(120)
        source.listed = [instrument("BTC/USD", Trading.MAINTENANCE), instrument("NEW/USD")]
        source.quoted = ["BTC/USD", "NEW/USD"]
        await clock.advance(3_700)
        rows = {row.instrument.pair: row for row in latest(engine).rows}
        assert rows["BTC/USD"].halted == "maintenance"
        assert rows["ETH/USD"].halted == "delisted"
        assert price_n(engine, "NEW/USD") >= 1
        source.listed = [instrument("BTC/USD"), instrument("ETH/USD")]
        source.quoted = ["BTC/USD", "ETH/USD"]
        await clock.advance(3_700)
        rows = {row.instrument.pair: row for row in latest(engine).rows}
        assert rows["ETH/USD"].halted == ""
        assert price_n(engine, "ETH/USD") <= 5
        assert price_n(engine, "BTC/USD") > 60


async def test_zeros_hold_the_last_price_and_count_as_observed() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.history = ()
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(60)
        source.price = lambda pair, minute: None if pair == "ETH/USD" else 5.0
        await clock.advance(120)
        figures = latest(engine).rows[1].figures_of(Metric.PRICE)
        assert figures is not None
        assert figures.samples == price_n(engine, "BTC/USD")
        assert figures.minimum is not None
        assert figures.minimum >= 100


async def test_once_polls_a_single_time_and_loads_only_what_is_asked() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock, once=True)
    async with engine.running():
        feed = LocalFeed(engine)
        seen: list[Snapshot] = []
        async for snapshot in feed.updates():
            seen.append(snapshot)
            if snapshot.rows and not snapshot.status.backfill.total:
                feed.prioritise(["fake:ETH-USD"])
            elif snapshot.status.backfill.total and not snapshot.status.backfill.is_running:
                break
        assert len(source.polled_at()) == 1
        assert [name for name, _ in source.calls if name.startswith("candles")] == [
            "candles ETH/USD 5",
            "candles ETH/USD 1",
        ]
        assert price_n(engine, "BTC/USD") == 1
        assert latest(engine).rows[1].provenance[1] == 1


async def test_once_gives_up_with_the_error() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.error = UnreachableError("connection refused")

    async def follow(feed: LocalFeed) -> None:
        async for _ in feed.updates():
            pass

    async with Engine(source, clock, once=True).running() as engine:
        task = asyncio.create_task(follow(LocalFeed(engine)))
        await clock.advance(60)
        with pytest.raises(UnreachableError):
            await task


@pytest.mark.parametrize("window", [10, 720])
async def test_a_short_window_skips_the_coarse_request(window: int) -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock, window_minutes=window)
    async with engine.running():
        await clock.advance(100)
        assert price_n(engine) == window
    assert not [name for name, _ in source.calls if name.endswith(" 5")]


async def test_the_polled_minute_of_a_quiet_pair_holds_what_history_tells() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    past = source.price
    source.price = lambda pair, minute: None if minute >= START // MINUTE else past(pair, minute)
    engine = Engine(source, clock, once=True, window_minutes=30)
    async with engine.running():
        await clock.advance(1)
        LocalFeed(engine).prioritise(["fake:BTC-USD"])
        await clock.advance(5)
        assert price_n(engine) == 30
        row = latest(engine).rows[0]
        figures = row.figures_of(Metric.PRICE)
        assert figures is not None
        assert figures.last_ms == latest(engine).end_ms
        assert row.provenance == (0, 1, 0, 29)


async def test_once_gives_up_sooner_where_there_is_no_connection() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.time_error = source.error = UnreachableError("connection refused")
    async with Engine(source, clock, once=True).running() as engine:
        await clock.advance(30)
        assert engine.hub.latest is not None
    assert [name for name, _ in source.calls] == ["time", "time"]


async def test_once_gives_up_at_once_where_the_exchange_is_closed_to_us() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.error = RejectedError("HTTP 451")
    source.error.http_status = 451
    async with Engine(source, clock, once=True).running() as engine:
        with pytest.raises(RejectedError, match="HTTP 451"):
            [_ async for _ in LocalFeed(engine).updates()]
    assert [name for name, _ in source.calls] == ["time", "instruments"]


async def test_once_does_not_wait_for_an_exchange_that_wants_it_to_wait_for_long() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.slot_s = 3_600.0
    async with Engine(source, clock, once=True).running() as engine:
        await clock.advance(1)
        with pytest.raises(RateLimitedError, match="left alone for 1h00"):
            [_ async for _ in LocalFeed(engine).updates()]
    assert not source.calls, "not even for its time"


async def test_once_does_not_wait_where_its_question_for_the_time_is_answered_with_a_long_pause() -> None:
    class Maintained(FakeSource):
        async def server_time(self) -> ServerTime:
            self.slot_s = 600.0
            raise RejectedError("HTTP 503")

    clock = FakeClock(START)
    source = Maintained(clock)
    async with Engine(source, clock, once=True).running() as engine:
        await clock.advance(1)
        with pytest.raises(RateLimitedError, match="left alone for 10m"):
            [_ async for _ in LocalFeed(engine).updates()]
    assert not source.calls


async def test_a_simulated_market_is_never_stale_by_age() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.is_simulated = True
    async with Engine(source, clock).running() as engine:
        await clock.advance(60)
        clock.stall(600)
        assert engine.status().state is SourceState.LIVE


async def test_an_answer_without_a_readable_quote_is_a_bad_one() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(60)
        source.quoted = []
        await clock.advance(60)
        assert latest(engine).status.state is SourceState.STALE
        assert "without a readable quote" in latest(engine).status.error


async def test_a_source_that_lists_nothing_is_offline() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.listed = []
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(60)
        assert latest(engine).status.state is SourceState.OFFLINE
        assert "lists no instrument" in latest(engine).status.error


async def test_a_list_that_cannot_be_read_again_leaves_the_old_one() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.history = ()
    engine = Engine(source, clock)
    failing = source.instruments
    async with engine.running():
        await clock.advance(120)

        async def refuse() -> InstrumentBatch:
            await failing()
            raise RejectedError("HTTP 500")

        source.instruments = refuse  # type: ignore[method-assign]
        await clock.advance(3_700)
        assert latest(engine).status.state is SourceState.LIVE
        assert len(latest(engine).rows) == 2
    assert len([name for name, _ in source.calls if name == "instruments"]) == 2


async def test_history_waits_while_the_source_is_out_of_reach_and_goes_on_after() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.candle_errors["BTC/USD"] = TimedOutError("no answer")
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(100)
        assert price_n(engine, "ETH/USD") < 5
        source.candle_errors.clear()
        await clock.advance(180)
        assert price_n(engine, "BTC/USD") >= 1_435
        assert price_n(engine, "ETH/USD") >= 1_435


async def test_history_that_never_answers_is_given_up_in_the_end() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    source.candle_errors["BTC/USD"] = TimedOutError("no answer")
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(600)
        assert latest(engine).status.backfill.failed == ("fake:BTC-USD",)
        assert price_n(engine, "ETH/USD") >= 1_435


async def test_above_a_minute_the_minutes_between_are_filled_hourly() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock, interval_s=300)
    async with engine.running():
        await clock.advance(3 * 3_600)
        assert price_n(engine) >= 1_440 - 60
    fine = [at for name, at in source.calls if name == "candles BTC/USD 1"]
    assert 3 <= len(fine) <= 5


async def test_a_pair_that_misses_a_poll_while_history_is_pending_gets_it_once_it_is_back() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock)
    source.candle_errors = dict.fromkeys(source.quoted, TimedOutError("slow"))
    async with engine.running():
        await clock.advance(20)
        source.quoted = ["BTC/USD"]
        await clock.advance(60)
        source.candle_errors.clear()
        await clock.advance(60)
        source.quoted = ["BTC/USD", "ETH/USD"]
        await clock.advance(180)
        assert price_n(engine, "ETH/USD") >= 1_430


async def test_a_missed_minute_while_history_loads_does_not_begin_it_anew() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    slow = source.candles

    async def candles(instrument: Instrument, step_minutes: int) -> CandleBatch:
        await clock.sleep(50)
        return await slow(instrument, step_minutes)

    source.candles = candles  # type: ignore[method-assign]
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(60)
        source.error = TimedOutError("slow")
        await clock.advance(60)
        source.error = None
        await clock.advance(600)
        assert price_n(engine) == 1_440
    asked = [name for name, _ in source.calls if name.startswith("candles")]
    assert asked.count("candles BTC/USD 5") == 1
    assert asked.count("candles BTC/USD 1") == 2


async def test_minutes_in_which_one_pair_was_not_quoted_are_filled_once_it_is_back() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(120)
        source.quoted = ["BTC/USD"]
        await clock.advance(3 * 3_600)
        assert price_n(engine, "ETH/USD") < 1_300
        asked = len(source.calls)
        source.quoted = ["BTC/USD", "ETH/USD"]
        await clock.advance(180)
        assert price_n(engine, "ETH/USD") >= 1_435
        assert [name for name, _ in source.calls[asked:] if name.startswith("candles")] == ["candles ETH/USD 1"]


async def test_minutes_lost_to_a_wrong_clock_are_filled_from_candles() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(3_600)
        clock.jump_wall(2 * 3_600)
        source.time_error = TimedOutError("slow")
        await clock.advance(1_800)
        clock.jump_wall(-2 * 3_600)
        source.time_error = None
        await clock.advance(240)
        assert price_n(engine) >= 1_435


async def test_long_work_gives_turns() -> None:
    clock = FakeClock(START)
    turns = Turns(clock.monotonic_s)
    other = asyncio.ensure_future(asyncio.sleep(0, "done"))
    await turns.give()
    assert not other.done()
    await clock.advance(0.004)
    await turns.give()
    assert other.done()


async def test_no_route_to_dollars_means_no_volume() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock, ("BTC/USD", "XYZ/QQQ"))
    engine = Engine(source, clock)
    async with engine.running():
        await clock.advance(5)
        assert [row.volume_usd is None for row in latest(engine).rows] == [False, True]


async def test_history_that_comes_while_a_poll_is_taken_in_is_published_after_it() -> None:
    """No snapshot mixes rows of two minutes, whatever happens between the steps of a poll."""
    clock = FakeClock(START)
    source = FakeSource(clock)
    engine = Engine(source, clock)
    seen: list[Snapshot] = []
    async with engine.running():
        await clock.advance(120)
        close_poll, publish = engine.market.close_poll, engine.hub.publish

        def interrupted(at_ms: int, malformed: frozenset[str]) -> None:
            close_poll(at_ms, malformed)
            engine._dirty.add("fake:BTC-USD")
            engine._publish_given_up()

        def noted(snapshot: Snapshot) -> None:
            seen.append(snapshot)
            publish(snapshot)

        engine.market.close_poll = interrupted  # type: ignore[method-assign, assignment]
        engine.hub.publish = noted  # type: ignore[method-assign, assignment]
        await clock.advance(60)
    ends = [{f.last_ms for row in shot.rows if (f := row.figures_of(Metric.VOLUME))} for shot in seen if shot.rows]
    assert ends
    assert all(len(minutes) == 1 for minutes in ends)
    assert all(minutes == {shot.end_ms} for minutes, shot in zip(ends, seen, strict=True))


async def test_a_ban_that_a_request_for_history_is_told_is_published_at_once() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)

    async def banned(instrument: Instrument, step_minutes: int) -> CandleBatch:
        if source.slot_s:  # the pace of requests lets none go before
            await clock.sleep(source.slot_s)
        source.slot_s = 600.0
        raise RateLimitedError("banned", retry_after_s=600.0)

    source.candles = banned  # type: ignore[method-assign]
    async with Engine(source, clock).running() as engine:
        await clock.advance(5)
        latest = engine.hub.latest
        assert latest is not None
        assert latest.status.state is SourceState.LIVE
        assert (latest.status.limited_until_ms or 0) - START > 590_000
