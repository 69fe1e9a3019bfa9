"""What is loaded again."""

import asyncio
from contextlib import suppress

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource, instrument
from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import RejectedError
from tui_tracker.core.instrument import Instrument
from tui_tracker.engine.backfill import Backfill, Wanted

START = 28_333_320 * MINUTE + 10_000


class HeldSource(FakeSource):
    """Answers for candles when it is let."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.asked: list[tuple[str, int]] = []
        self.may_answer = asyncio.Event()

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        self.asked.append((instrument.pair, step_minutes))
        await self.may_answer.wait()
        return await super().candles(instrument, step_minutes)


async def test_what_is_to_be_repaired_while_it_is_loaded_is_loaded_again() -> None:
    clock = FakeClock(START)
    source, loaded = HeldSource(clock), list[str]()

    async def take(instrument: Instrument, batch: CandleBatch) -> None:
        loaded.append(instrument.pair)

    backfill = Backfill(source, clock, 1_440, Wanted.ALL, take)
    backfill.want([instrument("BTC/USD")], lambda _: None)
    backfill.is_open.set()
    task = asyncio.ensure_future(backfill.run())
    await clock.advance(1)
    steps = [step.minutes for step in backfill.steps]
    assert source.asked == [("BTC/USD", steps[0])]
    backfill.repair(2)  # the finest step alone
    source.may_answer.set()
    await clock.advance(1)
    assert source.asked == [("BTC/USD", step) for step in steps]
    assert not backfill.progress().is_running
    source.may_answer.clear()
    backfill.repair(2)
    await clock.advance(1)
    backfill.repair(2)  # what was asked for before may know nothing of these minutes
    source.may_answer.set()
    await clock.advance(1)
    assert source.asked[len(steps) :] == [("BTC/USD", steps[-1])] * 2
    assert not backfill.progress().is_running
    assert len(loaded) == len(source.asked)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_an_exchange_that_serves_nobody_here_is_asked_for_no_more_history_until_it_answers() -> None:
    clock = FakeClock(START)
    source = HeldSource(clock)
    source.may_answer.set()
    barred = RejectedError("HTTP 451")
    barred.http_status = 451
    source.candle_errors = dict.fromkeys(("BTC/USD", "ETH/USD"), barred)

    async def take(instrument: Instrument, batch: CandleBatch) -> None:
        """Of no account here."""

    backfill = Backfill(source, clock, 1_440, Wanted.ALL, take)
    pairs = [instrument("BTC/USD"), instrument("ETH/USD")]
    backfill.want(pairs, lambda _: None)
    backfill.is_open.set()
    task = asyncio.ensure_future(backfill.run())
    await clock.advance(600)
    assert len(source.asked) == 1
    source.candle_errors = {}
    backfill.is_open.set()
    await clock.advance(10)
    assert not backfill.progress().is_running
    assert backfill.progress().failed == ()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
