"""The engine with a history on disk: restarts, gaps and wrong clocks. The store is real, the clock is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource
from tests.unit.engine.test_engine import START, latest, price_n
from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.errors import TimedOutError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.status import SourceState
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.engine.engine import Engine
from tui_tracker.storage.store import Store


class CountingSource(FakeSource):
    """Quotes that change every minute, with today's counters."""

    async def tickers(self) -> TickerBatch:
        batch = await super().tickers()
        minute = batch.sent_ms // MINUTE
        counted = tuple(
            ticker._replace(
                bid=(ticker.last or 0.0) * (1 - 1e-4 * (1 + minute % 3)),
                base_volume=10.0 + minute % 11 / 7,
                today_volume=float(minute % 1440) / 3,
                today_trades=minute % 1440 * 2,
            )
            for ticker in batch.tickers
        )
        return replace(batch, tickers=counted)


class LateQuotes(CountingSource):
    """Quotes that come some seconds after they were asked for."""

    delay_s = 0.0

    async def tickers(self) -> TickerBatch:
        batch = await super().tickers()
        quoted = tuple(ticker._replace(bid=(batch.sent_ms % MINUTE) / 1e3 + 1) for ticker in batch.tickers)
        await self.clock.sleep(self.delay_s)
        return replace(batch, tickers=quoted)


class SlowCandles(FakeSource):
    """Candles that come a minute after they were asked for."""

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        await self.clock.sleep(60)
        return await super().candles(instrument, step_minutes)


@asynccontextmanager
async def collecting(folder: Path, source: FakeSource, clock: FakeClock) -> AsyncIterator[Engine]:
    """An engine over the history of a folder, once what was kept has been taken up."""
    store = Store(folder, clock.now_ms)
    engine = Engine(source, clock, store=store)
    try:
        async with engine.running():
            await settled(store, clock)
            yield engine
            await settled(store, clock)
    finally:
        store.close()


async def settled(store: Store, clock: FakeClock) -> None:
    """Wait until everything that was asked of the disk is done, and what follows from it."""
    for _ in range(12):
        await clock.settle()
        await asyncio.wrap_future(store.read(lambda reader: reader.damaged))
    await clock.settle()


def everything(engine: Engine) -> dict[str, object]:
    """All that a market holds of its instruments, bit for bit."""
    return {
        holding.instrument.id: (
            [None if w is None else (w.values().tobytes(), w.origins(), w.figures()) for w in holding.windows],
            holding.activity.state,
            holding.ticker,
            holding.quoted_ms,
            holding.last_trade_ms,
            holding.halted,
        )
        for holding in engine.market
    }


async def test_windows_after_a_restart_equal_those_of_a_process_that_never_stopped(tmp_path: Path) -> None:
    clock = FakeClock(START)
    lasting, first, second = (CountingSource(clock) for _ in range(3))
    async with collecting(tmp_path / "a", lasting, clock) as never_stopped:
        async with collecting(tmp_path / "b", first, clock):
            await clock.advance(15 * 60)  # ends ten seconds into a minute
        async with collecting(tmp_path / "b", second, clock) as restarted:
            await clock.advance(50)
            assert everything(restarted) == everything(never_stopped)
            await clock.advance(10 * 60)
            assert everything(restarted) == everything(never_stopped)
            flow = restarted.series("fake:BTC-USD", Metric.FLOW).values
            assert sum(value == value for value in flow) > 100
    assert not [name for name, _ in second.calls if name.startswith("candles")], "history is there"


async def test_a_candle_of_a_minute_that_the_windows_have_not_reached_is_not_kept_either(tmp_path: Path) -> None:
    """Where a poll is late, it would stand over the polled sample on disk alone, and for those who begin from there."""
    clock = FakeClock(START)
    source = CountingSource(clock, ("BTC/USD",))
    async with collecting(tmp_path, source, clock) as engine:
        await clock.advance(5 * 60)
        end_ms = engine.market.end_ms
        assert end_ms is not None
        source.error = TimedOutError("late")
        await clock.advance(70)  # the next minute is over, and wasn't polled yet
        assert engine.market.end_ms == end_ms
        ahead = CandleBatch(1, (Candle(end_ms, 120.0, 1.0), Candle(end_ms + MINUTE, 130.0, 1.0)))
        await engine._take_candles(source.listed[0], ahead)
        source.error, source.candle_errors = None, {"BTC/USD": TimedOutError("none")}
        await clock.advance(2 * 60)
        assert engine.market.holding("fake:BTC-USD").windows[0].value(end_ms) == 120.0  # type: ignore[union-attr]
        running = everything(engine)
    silent = CountingSource(clock, ("BTC/USD",))
    silent.error = TimedOutError("none")
    async with collecting(tmp_path, silent, clock) as restarted:
        assert everything(restarted) == running


async def test_a_minute_is_kept_once_no_poll_that_began_in_it_is_on_its_way(tmp_path: Path) -> None:
    clock = FakeClock(START)
    source = LateQuotes(clock, ("BTC/USD",))
    async with collecting(tmp_path, source, clock) as engine:
        await clock.advance(3 * 60)
        source.delay_s = 7.0
        end_ms = engine.market.end_ms or 0
        await clock.advance(20)
        engine.request_poll()  # a first one of this minute, and its last one comes 4 s too late
        await clock.advance(60)
        assert engine.market.end_ms == end_ms + MINUTE
        await clock.advance(10)
        engine.request_poll()
        source.delay_s = 50.0  # the next one is asked for in the minute after its own
        await clock.advance(60)
        source.error = source.candle_errors["BTC/USD"] = TimedOutError("none")
        running = everything(engine)
    silent = CountingSource(clock, ("BTC/USD",))
    silent.error = TimedOutError("none")
    async with collecting(tmp_path, silent, clock) as restarted:
        assert everything(restarted) == running


async def test_the_held_price_of_a_quiet_pair_is_kept_too(tmp_path: Path) -> None:
    clock = FakeClock(START)
    source = SlowCandles(clock, ("ETH/USD",))
    source.price = lambda pair, minute: None if pair == "ETH/USD" and minute > START // MINUTE - 30 else 100.0

    def held(engine: Engine, minute_ms: int) -> float | None:
        window = engine.market.holding("fake:ETH-USD").windows[0]
        return None if window is None else window.value(minute_ms)

    async with collecting(tmp_path, source, clock) as engine:
        await clock.advance(55)  # the minute is over, and stored without a price
        polled_ms = engine.market.polled_ms
        assert polled_ms is not None
        assert held(engine, polled_ms) is None
        await clock.advance(20)
        assert held(engine, polled_ms) == 100.0
    silent = FakeSource(clock, ("ETH/USD",))
    silent.error = TimedOutError("slow")
    async with collecting(tmp_path, silent, clock) as engine:
        assert held(engine, polled_ms) == 100.0


async def test_a_restart_shows_everything_before_the_first_poll(tmp_path: Path) -> None:
    clock = FakeClock(START)
    async with collecting(tmp_path, FakeSource(clock), clock):
        await clock.advance(180)
    await clock.advance(600)
    source = FakeSource(clock)
    source.error = TimedOutError("slow")
    async with collecting(tmp_path, source, clock) as engine:
        snapshot = latest(engine)
        assert [row.instrument.pair for row in snapshot.rows] == ["BTC/USD", "ETH/USD"]
        assert snapshot.at_ms is not None
        assert snapshot.at_ms % MINUTE == 57_000
        assert snapshot.status.history is not None
        assert snapshot.status.history.stored_ms == snapshot.end_ms
        assert snapshot.status.state is not SourceState.LIVE
        assert price_n(engine) >= 1_435
        assert all(row.figures_of(metric) for row in snapshot.rows for metric in METRICS[:6])


@pytest.mark.parametrize(("away_minutes", "asked"), [(0, []), (120, ["1"]), (800, ["5", "1"])])
async def test_only_what_was_missed_is_loaded_again(tmp_path: Path, away_minutes: int, asked: list[str]) -> None:
    clock = FakeClock(START)
    async with collecting(tmp_path, FakeSource(clock), clock):
        await clock.advance(300)
    await clock.advance(away_minutes * 60)
    source = FakeSource(clock)
    async with collecting(tmp_path, source, clock) as engine:
        await clock.advance(180)
        assert price_n(engine) >= 1_435
    assert [name.rpartition(" ")[2] for name, _ in source.calls if name.startswith("candles BTC")] == asked


async def test_history_that_was_half_loaded_is_refined_after_a_restart(tmp_path: Path) -> None:
    clock = FakeClock(START)
    first = FakeSource(clock)
    first.history = first.history[:1]
    async with collecting(tmp_path, first, clock):
        await clock.advance(120)
    source = FakeSource(clock)
    async with collecting(tmp_path, source, clock):
        await clock.advance(120)
    assert [name for name, _ in source.calls if name.startswith("candles BTC")] == ["candles BTC/USD 1"]


async def test_what_candles_tell_of_an_outage_before_the_window_is_kept_too(tmp_path: Path) -> None:
    clock = FakeClock(START)
    async with collecting(tmp_path, CountingSource(clock), clock):
        await clock.advance(15 * 60)
    await clock.advance(32 * 3600)
    async with collecting(tmp_path, CountingSource(clock), clock) as engine:
        await clock.advance(15 * 60)
        start_ms = START - START % MINUTE + 20 * MINUTE
        assert start_ms < engine.market.start_ms - 6 * 60 * MINUTE
        loaded = await engine.minutes(["fake:BTC-USD"], [Metric.PRICE], start_ms, 31 * 60)
        values = loaded["fake:BTC-USD"][Metric.PRICE].values
        assert not any(value != value for value in values)


async def test_minutes_of_a_wrong_clock_make_room_for_the_right_ones(tmp_path: Path) -> None:
    clock = FakeClock(START)
    source = FakeSource(clock)
    async with collecting(tmp_path, source, clock):
        await clock.advance(300)
        clock.jump_wall(3_600)
        source.time_error = TimedOutError("slow")
        await clock.advance(300)
        clock.jump_wall(-3_600)
        source.time_error = None
        await clock.advance(300)
    async with collecting(tmp_path, FakeSource(clock), clock) as engine:
        status = latest(engine).status.history
        assert status is not None
        assert status.stored_ms is not None
        assert 0 <= clock.now_ms() - status.stored_ms < 2 * MINUTE


async def test_an_old_history_is_no_start(tmp_path: Path) -> None:
    clock = FakeClock(START)
    async with collecting(tmp_path, FakeSource(clock), clock):
        await clock.advance(180)
    await clock.advance(25 * 3_600)
    source = FakeSource(clock)
    source.error = TimedOutError("slow")
    async with collecting(tmp_path, source, clock) as engine:
        assert not latest(engine).rows


async def test_what_is_taken_up_after_the_first_polls_makes_no_difference(tmp_path: Path) -> None:
    clock = FakeClock(START)
    async with collecting(tmp_path, CountingSource(clock), clock):
        await clock.advance(15 * 60)
    async with collecting(tmp_path, CountingSource(clock), clock) as engine:
        before = everything(engine)
        end_ms = engine.market.end_ms
        await clock.advance(3 * 60)
        now = everything(engine)
        archive = engine._archive
        assert archive is not None
        assert end_ms is not None
        assert await archive.restore_others(end_ms)  # once more, over what was taken up and polled
        assert everything(engine) == now != before


async def test_of_the_history_so_much_is_taken_up_as_is_wanted(tmp_path: Path) -> None:
    clock = FakeClock(START)
    async with collecting(tmp_path, CountingSource(clock), clock):
        await clock.advance(15 * 60)
    store = Store(tmp_path, clock.now_ms)
    engine = Engine(CountingSource(clock), clock, once=True, store=store, metrics={Metric.MID})
    async with engine.running():
        await settled(store, clock)
        known = [
            engine.market.series("fake:BTC-USD", metric).values for metric in (Metric.PRICE, Metric.MID, Metric.VOLUME)
        ]
        assert [sum(value == value for value in values) > 3 for values in known] == [True, True, False]
    store.close()
