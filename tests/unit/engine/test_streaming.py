"""Live quotes beside polls, on a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource, instrument
from tests.support.stream import FakeStream
from tests.unit.engine.test_archive import settled
from tui_tracker.core.candle import Provenance
from tui_tracker.core.errors import RateLimitedError, RejectedError, SourceError, TimedOutError, UnreachableError
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.core.status import SourceState
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.engine.engine import Engine
from tui_tracker.sources.base import HistoryStep
from tui_tracker.storage.store import Store

START = 28_333_320 * MINUTE + 10_000


@asynccontextmanager
async def opened(
    most_pairs: int = 1_000,
    interval_s: int = 60,
    store: Store | None = None,
    clock: FakeClock | None = None,
    history: tuple[HistoryStep, ...] = (),
) -> AsyncIterator[tuple[FakeClock, FakeSource, FakeStream, Engine]]:
    clock = clock or FakeClock(START)
    source, stream = FakeSource(clock), FakeStream(most_pairs)
    source.history = history
    async with Engine(source, clock, stream=stream, interval_s=interval_s, store=store).running() as engine:
        await clock.advance(1)
        yield clock, source, stream, engine


def row(engine: Engine, pair: str = "BTC/USD") -> Row:
    assert engine.hub.latest is not None
    return next(row for row in engine.hub.latest.rows if row.instrument.pair == pair)


async def test_what_is_said_shows_within_a_quarter_of_a_second_and_at_most_four_times_in_one() -> None:
    async with opened() as (clock, source, stream, engine):
        assert stream.opened == [("BTC/USD", "ETH/USD")]
        assert engine.status().stream == "not open yet"
        stream.say(200.0)
        await clock.advance(0.25)
        assert engine.status().stream == "live"
        assert row(engine).last == 200
        assert row(engine).mid == 200
        assert len(source.polled_at()) == 1
        assert engine.hub.latest is not None
        before = engine.hub.latest.version
        for number in range(100):
            stream.say(201.0 + number)
            await clock.advance(0.01)
        assert engine.hub.latest.version - before <= 5
        await clock.advance(0.25)
        assert row(engine).last == 300


async def test_whoever_shows_a_snapshot_a_second_is_told_no_more_often() -> None:
    async with opened() as (clock, _, stream, engine):
        engine.pace_stream(1.0)
        stream.say(200.0)
        await clock.advance(0.25)
        assert stream.of("BTC/USD").rest_s() == 1.0
        stream.say(201.0)
        await clock.advance(0.5)
        assert row(engine).last == 200
        await clock.advance(0.5)
        assert row(engine).last == 201


async def test_rows_that_nobody_looks_at_show_large_moves_at_once_and_small_ones_with_the_minute() -> None:
    async with opened() as (clock, source, stream, engine):
        source.price = lambda pair, minute: 200.0
        await clock.advance(60)
        for pair in ("BTC/USD", "ETH/USD"):
            stream.say(200.0, pair)
        await clock.advance(1)
        engine.spare_unseen()
        engine.prioritise(["fake:ETH-USD"])
        assert engine.hub.latest is not None
        version = engine.hub.latest.version
        stream.say(200.1)
        await clock.advance(1)
        assert (row(engine).last, engine.hub.latest.version) == (200, version)
        assert engine.series("fake:BTC-USD", Metric.PRICE).values[-1] == 200.1, "its window knows"
        assert engine.hub.latest.status.streamed_ms == engine.status().streamed_ms
        stream.say(200.1, "ETH/USD")
        await clock.advance(1)
        assert (row(engine).last, row(engine, "ETH/USD").last) == (200, 200.1)
        stream.say(200.3)
        await clock.advance(1)
        assert row(engine).last == 200.3, "it moved"
        stream.say(200.4)
        await clock.advance(1)
        assert row(engine).last == 200.3
        engine.prioritise(["fake:BTC-USD"])
        await clock.advance(0.1)
        assert row(engine).last == 200.4, "it came into sight"
        engine.prioritise(["fake:ETH-USD"])
        stream.say(200.5)
        await clock.advance(1)
        assert row(engine).last == 200.4
        source.error = UnreachableError("no route")
        await clock.advance(55)
        stream.say(200.1, "ETH/USD")
        await clock.advance(1)
        assert row(engine).last == 200.5, "all are made anew with the minute"


async def test_whoever_reads_all_is_told_all_at_once() -> None:
    async with opened() as (clock, _, stream, engine):
        stream.say(200.0)
        await clock.advance(1)
        engine.prioritise(["fake:ETH-USD"])
        stream.say(200.01)
        await clock.advance(1)
        assert row(engine).last == 200.01


async def test_every_message_is_read_at_once_before_a_minute_ends() -> None:
    async with opened() as (clock, _, stream, _):
        stream.say(200.0)
        assert stream.of("BTC/USD").rest_s() == 0.25
        await clock.advance(59.5 - START % MINUTE / 1000 - 1)
        assert stream.of("BTC/USD").rest_s() == 0.2
        await clock.advance(0.3)
        assert stream.of("BTC/USD").rest_s() <= 0
        await clock.advance(0.25)
        assert stream.of("BTC/USD").rest_s() == 0, "the last ones of the minute before are still to come"
        await clock.advance(0.5)
        assert stream.of("BTC/USD").rest_s() == 0.25


async def test_the_sample_of_a_minute_is_the_last_that_was_said_in_it() -> None:
    async with opened() as (clock, source, stream, engine):
        source.price = lambda pair, minute: 100.0
        await clock.advance(47)  # the poll at :57 has been
        stream.say(150.0)
        await clock.advance(1.9)
        stream.say(160.0)
        await clock.advance(0.15)  # into the next minute, before it was delivered
        stream.say(170.0)
        await clock.advance(1)
        series = engine.series("fake:BTC-USD", Metric.PRICE)
        assert list(series.values[-2:]) == [160, 170]
        window = engine.market.holding("fake:BTC-USD").windows[0]
        assert window is not None
        assert window.sample(series.end_ms) == (170, Provenance.STREAM)
        assert series.end_ms == (START + 50_000) // MINUTE * MINUTE
        assert row(engine).figures_of(Metric.PRICE).samples == 2  # type: ignore[union-attr]
        await clock.advance(60)
        assert engine.series("fake:BTC-USD", Metric.PRICE).values[-1] == 100


async def test_a_quote_belongs_to_the_minute_in_which_the_exchange_said_it() -> None:
    end = START - START % MINUTE + MINUTE
    async with opened() as (clock, source, stream, engine):
        source.price = lambda pair, minute: 100.0
        await clock.advance(47)
        stream.say(150.0, said_ms=end - 1_500)
        await clock.advance((end - clock.now_ms()) / 1000 + 0.08)
        stream.say(160.0, said_ms=end - 20)  # it took 0.1 s to come
        stream.say(170.0, "ETH/USD", said_ms=end + 70)
        stream.say(180.0, said_ms=end + 75)
        await clock.advance(0.2)
        stream.say(161.0, "ETH/USD", said_ms=end - 10)
        await clock.advance(1.3)
        assert list(engine.series("fake:BTC-USD", Metric.PRICE).values[-2:]) == [160, 180]
        assert list(engine.series("fake:ETH-USD", Metric.PRICE).values[-2:]) == [161, 170]
        stream.say(190.0, said_ms=end - 3_600_000)  # what was last said an hour ago is told now
        await clock.advance(1)
        assert engine.series("fake:BTC-USD", Metric.PRICE).values[-1] == 190
        stream.say(200.0, said_ms=clock.now_ms() + 4_000)
        await clock.advance(1)
        assert row(engine).last == 200


async def test_a_minute_that_our_clock_has_not_come_to_is_that_of_the_exchange() -> None:
    end = START - START % MINUTE + MINUTE
    async with opened() as (clock, _, stream, engine):
        await clock.advance((end - clock.now_ms()) / 1000 - 0.25)
        stream.say(200.0, said_ms=end + 10)
        await clock.advance(1.25)
        series = engine.series("fake:BTC-USD", Metric.PRICE)
        assert (series.end_ms, series.values[-1]) == (end, 200)


async def test_no_connection_is_tried_while_the_exchange_wants_to_be_left_alone() -> None:
    async with opened() as (clock, source, stream, engine):
        stream.say(200.0)
        await clock.advance(1)
        source.slot_s = 300.0
        stream.end(UnreachableError("gone"))
        await clock.advance(120)
        assert len(stream.opened) == 1
        assert engine.status().stream == "nothing is asked for a while, as the exchange wants"
        source.slot_s = 0.0
        await clock.advance(60)
        assert len(stream.opened) == 2


async def test_what_only_polls_count_stays_as_polled() -> None:
    async with opened() as (clock, _, stream, engine):
        stream.say(200.0)
        await clock.advance(1)
        holding = engine.market.holding("fake:BTC-USD")
        assert holding.ticker is not None
        assert (holding.ticker.last, holding.ticker.trades) == (200, 5)
        stream.say(7.0, "NO/USD")
        await clock.advance(1)
        assert engine.status().refused == 0


async def test_it_is_opened_again_with_growing_pauses_and_polls_go_on_meanwhile() -> None:
    async with opened() as (clock, source, stream, engine):
        stream.say(200.0)
        await clock.advance(1)
        stream.error = UnreachableError("no route")
        stream.end(UnreachableError("reset"))
        await clock.advance(0)
        assert engine.status().stream == "reset"
        await clock.advance(100)
        assert 7 <= len(stream.opened) <= 10
        assert engine.status().stream == "no route"
        assert len(source.polled_at()) == 3, "the first, one at once, and that of the next minute"
        stream.error = None
        await clock.advance(61)
        stream.say(300.0)
        await clock.advance(0.25)
        assert engine.status().stream == "live"
        assert row(engine).last == 300


@pytest.mark.parametrize("error", [RejectedError("HTTP 503"), TimedOutError("no answer"), RateLimitedError("429", 900)])
async def test_quotes_are_live_by_the_stream_while_polls_fail(error: SourceError) -> None:
    async with opened() as (clock, source, stream, engine):
        stream.say(200.0)
        await clock.advance(1)
        source.error = error
        await clock.advance(600)
        stream.say(300.0)
        await clock.advance(1)
        status = engine.status()
        assert (status.state, status.is_streamed, status.error) == (SourceState.LIVE, True, error.message)
        assert clock.now_ms() - (status.quoted_ms or 0) <= 1_000
        assert clock.now_ms() - (status.last_good_ms or 0) >= 500_000
        stream.error = UnreachableError("reset")
        stream.end(stream.error)
        await clock.advance(30)
        assert engine.hub.latest is not None
        status = engine.hub.latest.status
        assert status.state is not SourceState.LIVE
        assert 30_000 <= clock.now_ms() - (status.quoted_ms or 0) <= 31_500


async def test_it_waits_as_long_as_it_is_asked_to() -> None:
    async with opened() as (clock, _, stream, _engine):
        stream.end(RateLimitedError("too many", 300.0))
        await clock.advance(299)
        assert len(stream.opened) == 1
        await clock.advance(2)
        assert len(stream.opened) == 2


async def test_new_pairs_are_followed_on_a_new_connection_and_gone_ones_until_theirs_ends() -> None:
    async with opened() as (clock, source, stream, engine):
        source.listed = source.listed[:1]
        source.quoted = ["BTC/USD"]
        await clock.advance(3_700)
        assert stream.opened == [("BTC/USD", "ETH/USD")]
        stream.say(200.0, "ETH/USD")
        await clock.advance(1)
        assert row(engine, "ETH/USD").last != 200
        source.listed.append(instrument("SOL/USD"))
        source.quoted.append("SOL/USD")
        await clock.advance(3_700)
        assert stream.opened[1:] == [("BTC/USD", "SOL/USD")]


async def test_pairs_are_spread_over_connections_and_one_that_ends_takes_no_other_down() -> None:
    async with opened(most_pairs=1) as (clock, _, stream, engine):
        assert stream.opened == [("BTC/USD",), ("ETH/USD",)]
        stream.of("BTC/USD").opened()
        stream.of("ETH/USD").opened()
        assert engine.status().stream == "live"
        stream.end(UnreachableError("reset"))
        await clock.advance(0)
        assert engine.status().stream == "1 of 2 connections: reset"
        stream.say(200.0, "ETH/USD")
        await clock.advance(0.25)
        assert row(engine, "ETH/USD").last == 200
        await clock.advance(1)
        assert stream.opened[2:] == [("BTC/USD",)]
        stream.say(300.0)
        await clock.advance(0.25)
        assert engine.status().stream == "live"
        assert row(engine).last == 300


async def test_what_a_stream_does_not_tell_holds_as_it_was_polled() -> None:
    async with opened() as (clock, _, stream, engine):
        before = engine.market.holding("fake:BTC-USD").ticker
        assert before is not None
        stream.say(before.last * 2, bid=None, ask=None, quote_volume=None, trades=9)  # type: ignore[operator]
        await clock.advance(1)
        holding = engine.market.holding("fake:BTC-USD")
        assert holding.ticker is not None
        assert (holding.ticker.last, holding.ticker.trades) == (before.last * 2, 9)  # type: ignore[operator]
        assert (holding.ticker.bid, holding.ticker.ask) == (before.bid, before.ask)
        assert holding.ticker.quote_volume == before.quote_volume
        assert not holding.is_suspect, "bid and ask are older than the trade"
        mid = engine.series("fake:BTC-USD", Metric.MID).values[-1]
        assert mid == before.mid, "a mid that was not told is no sample"


async def test_a_price_counts_though_the_next_quote_at_once_has_none() -> None:
    async with opened() as (clock, _, stream, engine):
        stream.say(200.0)
        stream.say(None, bid=209.0, ask=211.0)
        await clock.advance(0.25)
        assert (row(engine).last, row(engine).mid) == (200, 210)
        assert engine.series("fake:BTC-USD", Metric.PRICE).values[-1] == 200


async def test_bid_and_ask_that_only_a_stream_tells_hold_over_a_poll_but_not_for_ever() -> None:
    async with opened() as (clock, source, stream, engine):

        async def without_book() -> TickerBatch:
            batch = await tickers()
            return replace(batch, tickers=tuple(one._replace(bid=None, ask=None) for one in batch.tickers))

        tickers, source.tickers = source.tickers, without_book  # type: ignore[method-assign]
        await clock.advance(60)
        assert row(engine).mid is None
        stream.say(200.0)
        await clock.advance(60)
        assert len(source.polled_at()) == 3
        assert row(engine).mid == 200
        assert row(engine).last != 200
        await clock.advance(60)
        assert row(engine).mid is None
        mids = engine.series("fake:BTC-USD", Metric.MID).values
        assert mids[-2] == 200
        assert isnan(mids[-1]), "nobody told a mid of this minute"


async def test_lost_messages_cause_a_poll_but_not_one_each() -> None:
    async with opened() as (clock, source, stream, _):
        assert len(source.polled_at()) == 1
        for _ in range(20):
            stream.of("BTC/USD").missed()
            await clock.advance(0.5)
        assert len(source.polled_at()) == 2
        await clock.advance(6)
        stream.of("BTC/USD").missed()
        await clock.advance(1)
        assert len(source.polled_at()) == 3


async def test_minutes_without_polls_are_filled_from_candles_once_the_stream_is_back() -> None:
    async with opened(interval_s=600, history=(HistoryStep(1, 720),)) as (clock, source, stream, _):
        stream.say(200.0)
        await clock.advance(1)
        source.calls.clear()
        stream.error = UnreachableError("no route")
        stream.end(UnreachableError("reset"))
        await clock.advance(200)
        stream.error = None
        assert not [name for name, _ in source.calls if name.startswith("candles")]
        await clock.advance(61)
        stream.say(300.0)
        await clock.advance(1)
        assert [name for name, _ in source.calls if name.startswith("candles")]


async def test_streamed_minutes_are_stored_while_polls_fail(tmp_path: Path) -> None:
    clock = FakeClock(START)
    store = Store(tmp_path, clock.now_ms)
    try:
        async with opened(clock=clock, store=store) as (_, source, stream, engine):
            await settled(store, clock)
            source.candle_errors = dict.fromkeys(("BTC/USD", "ETH/USD"), UnreachableError("none"))
            await clock.advance(60)
            source.error = UnreachableError("no route")
            for minute in range(5):
                stream.say(1_000.0 + minute)
                await clock.advance(60)
                await settled(store, clock)
            assert len(source.polled_at()) > 3
            assert (engine.status().state, engine.status().error) == (SourceState.LIVE, "no route")
            end_ms = (engine.market.end_ms or 0) - MINUTE
            while_failing = await minutes_of(store, end_ms)
            source.error = None
            await clock.advance(121)
            await settled(store, clock)
            afterwards = await minutes_of(store, end_ms + 2 * MINUTE)
    finally:
        store.close()
    assert [while_failing[end_ms - back * MINUTE] for back in range(5)] == [1_004, 1_003, 1_002, 1_001, 1_000]
    assert while_failing.items() <= afterwards.items(), "what was stored stays, in order and once"
    assert len(afterwards) == 8


async def minutes_of(store: Store, end_ms: int) -> dict[int, float]:
    """Stored prices of BTC/USD up to a minute, by minute."""
    start_ms = end_ms - 9 * MINUTE
    loaded = await asyncio.wrap_future(store.read(lambda reader: reader.load("fake", (Metric.PRICE,), start_ms, 10)))
    values = loaded["fake:BTC-USD"][Metric.PRICE].values
    return {start_ms + at * MINUTE: value for at, value in enumerate(values) if value == value}


async def test_the_last_poll_of_a_minute_shows_with_the_first_quotes_of_the_next_one_or_soon_without_any() -> None:
    """Every row was made anew twice within four seconds otherwise."""
    async with opened() as (clock, source, stream, engine):
        for is_said in (True, False):
            stream.say(200.0, "ETH/USD")
            await clock.advance(1)
            source.price = lambda pair, minute: 300.0
            polls = len(source.polled_at())
            while len(source.polled_at()) == polls:
                await clock.advance(0.5)
            at_ms = source.polled_at()[-1]
            assert engine.hub.latest is not None
            assert engine.hub.latest.at_ms != at_ms, "rows and their instant go together"
            assert engine.status().last_good_ms == at_ms
            assert row(engine).last != 300
            await clock.advance(3)
            if is_said:
                stream.say(200.0, "ETH/USD")
            await clock.advance(1 if is_said else 5.5)
            assert row(engine).last == 300
            assert engine.hub.latest.at_ms == at_ms
            source.price = lambda pair, minute: 100.0
            await clock.advance(60)
