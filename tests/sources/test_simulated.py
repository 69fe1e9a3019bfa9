"""The simulated exchange: reproducible, plausible, and never in the way of the loop."""

import asyncio
import math
import os
import re
import statistics
import subprocess
import sys
import tracemalloc

import pytest

from tests.support.clock import FakeClock
from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import RejectedError
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.base import HistoryStep, Source
from tui_tracker.sources.simulated import START_MS, SimulatedSource

MINUTE_MS = 60_000
START_MINUTE = START_MS // MINUTE_MS


async def opened(
    now_ms: int = START_MS, seed: int = 1, pairs: int = 300
) -> tuple[FakeClock, SimulatedSource, dict[str, Instrument]]:
    """A source whose instruments have been read."""
    clock = FakeClock(now_ms)
    source = SimulatedSource(clock, seed, pairs)
    batch = await source.instruments()
    assert batch.malformed == ()
    return clock, source, {instrument.pair: instrument for instrument in batch.instruments}


async def quotes(source: Source) -> dict[str, Ticker]:
    """The tickers by the id of their instrument."""
    return {ticker.instrument_id: ticker for ticker in (await source.tickers()).tickers}


async def test_it_keeps_the_protocol_of_a_source() -> None:
    clock, source, instruments = await opened()
    checked: Source = source
    assert (checked.name, checked.is_simulated) == ("simulated", True)
    assert checked.history == (HistoryStep(1, 1_441),)
    assert checked.next_slot_s() == 0
    assert (await checked.server_time()).offset_ms == 0
    assert (await checked.tickers()).sent_ms == clock.now_ms() == START_MS
    assert instruments["BTC/USD"].id == "simulated:BTC-USD"
    assert instruments["BTC/USD"].source == checked.name
    await checked.aclose()


async def test_names_are_plain_and_unique() -> None:
    _, _, instruments = await opened(pairs=1_000)
    every = list(instruments.values())
    assert len(every) == 999  # one is listed later
    assert len({instrument.id for instrument in every}) == len({instrument.symbol for instrument in every}) == 999
    assert all(re.fullmatch(r"simulated:[A-Z0-9]{1,10}-[A-Z0-9]{1,10}", instrument.id) for instrument in every)
    assert "SIM0001/USD" in instruments


async def test_most_pairs_are_priced_in_dollars_and_fiat_money_is_listed() -> None:
    _, _, instruments = await opened()
    listed = [instrument.quote for instrument in instruments.values()]
    assert listed.count("USD") > 150
    assert {"EUR", "USDT", "USDC", "BTC", "ETH", "GBP"} <= set(listed)
    assert {"EUR/USD", "GBP/USD", "USD/JPY", "EUR/GBP", "USDC/USDT", "ETH/BTC"} <= set(instruments)


async def test_the_order_of_the_questions_changes_no_answer() -> None:
    clock, live, instruments = await opened(START_MS - 95 * MINUTE_MS, pairs=60)
    for _ in range(95):
        await live.tickers()
        await clock.advance(60)
    _, late, _ = await opened(pairs=60)
    assert clock.now_ms() == START_MS
    for instrument in reversed(instruments.values()):
        assert await late.candles(instrument, 1) == await live.candles(instrument, 1)
    assert (await late.tickers()).tickers == (await live.tickers()).tickers


async def test_a_clock_that_steps_back_finds_the_same_minutes_again() -> None:
    clock, source, _ = await opened(pairs=60)
    before = await source.tickers()
    clock.jump_wall(30 * 3_600)
    await source.tickers()
    clock.jump_wall(-30 * 3_600)
    assert await source.tickers() == before


async def test_seeds_make_different_markets() -> None:
    _, one, _ = await opened(seed=1, pairs=20)
    _, other, _ = await opened(seed=2, pairs=20)
    ours, theirs = await quotes(one), await quotes(other)
    shared = ours.keys() & theirs.keys()
    assert len(shared) >= 15
    assert all(ours[name].last != theirs[name].last for name in shared if "USDC-USD" not in name)


def test_another_process_with_another_hash_seed_sees_the_same_bits() -> None:
    program = (
        "import asyncio; from tui_tracker.engine.clock import SteppedClock\n"
        "from tui_tracker.sources.simulated import *\n"
        "async def main():\n"
        "    source = SimulatedSource(SteppedClock(START_MS), 7, 50)\n"
        "    batch = await source.instruments()\n"
        "    print(batch, await source.tickers(), await source.candles(batch.instruments[40], 1))\n"
        "asyncio.run(main())\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10_000


async def test_a_minute_closes_with_what_was_polled_in_it() -> None:
    clock, source, instruments = await opened(START_MS - 3 * MINUTE_MS, pairs=120)
    polled: list[dict[str, Ticker]] = []
    for _ in range(6):
        polled.append(await quotes(source))
        await clock.advance(60)
    for instrument in instruments.values():
        if not instrument.trading.is_sampled:
            continue
        batch = await source.candles(instrument, 1)
        closes = [candle.close for candle in batch.candles[-6:]]
        assert closes == [last for poll in polled if (last := poll[instrument.id].last) is not None]


async def test_a_quote_stands_for_the_whole_minute() -> None:
    clock, source, _ = await opened(START_MINUTE * MINUTE_MS, pairs=40)
    first = await quotes(source)
    await clock.advance(59.999)
    assert await quotes(source) == first
    await clock.advance(0.001)
    assert await quotes(source) != first


async def test_candles_are_the_closed_minutes_of_the_last_day() -> None:
    _, source, instruments = await opened(START_MS + 17 * 1_000)
    batch = await source.candles(instruments["BTC/USD"], 1)
    minute = (START_MS + 17_000) // MINUTE_MS
    assert batch.step_minutes == 1
    assert [candle.start_ms // MINUTE_MS for candle in batch.candles] == list(range(minute - 1_440, minute))


async def test_prices_are_whole_ticks() -> None:
    _, source, instruments = await opened()
    for ticker in (await quotes(source)).values():
        digits = next(one.digits for one in instruments.values() if one.id == ticker.instrument_id)
        for price in (ticker.last, ticker.bid, ticker.ask):
            assert price is None or (price > 0 and price == round(price, digits))
        assert ticker.bid is not None
        assert ticker.ask is not None
        assert ticker.bid < ticker.ask


async def test_sums_of_a_day_agree_with_the_candles_of_that_day() -> None:
    clock, source, instruments = await opened(START_MS - 20 * MINUTE_MS, pairs=100)
    polled = await quotes(source)
    await clock.advance(60)
    for instrument in instruments.values():
        if not instrument.trading.is_sampled:
            continue
        ticker, batch = polled[instrument.id], await source.candles(instrument, 1)
        if batch.malformed:
            continue
        assert ticker.base_volume == pytest.approx(math.fsum(candle.volume for candle in batch.candles), rel=1e-9)
        worth = math.fsum(candle.volume * candle.close for candle in batch.candles)
        assert ticker.quote_volume == pytest.approx(worth, rel=0.05)
        assert (ticker.trades == 0) == (ticker.base_volume == 0) == (ticker.last is None)


async def test_crosses_agree_with_the_prices_that_they_are_made_of() -> None:
    _, source, instruments = await opened()
    every = await quotes(source)

    def last(pair: str) -> float:
        price = every[instruments[pair].id].last
        assert price is not None
        return price

    assert last("BTC/EUR") == pytest.approx(last("BTC/USD") / last("EUR/USD"), rel=1e-3)
    assert last("SOL/BTC") == pytest.approx(last("SOL/USD") / last("BTC/USD"), rel=1e-3)
    assert last("BTC/EUR") != last("BTC/USD") / last("EUR/USD")


@pytest.mark.parametrize("seed", [0, 1, 2, 2**70])
async def test_prices_stay_near_the_usual_ones_for_years(seed: int) -> None:
    clock, source, instruments = await opened(seed=seed, pairs=8)
    for _ in range(40):
        every = await quotes(source)
        assert every[instruments["BTC/USD"].id].last == pytest.approx(84_000, rel=0.15)
        assert every[instruments["USDT/USD"].id].last == pytest.approx(1, rel=0.005)
        clock.jump_wall(25 * 86_400 + 3_600)


async def test_pairs_move_very_differently() -> None:
    _, source, instruments = await opened()
    variations = {}
    quiet = {}
    for pair, instrument in list(instruments.items())[::3]:
        batch = await source.candles(instrument, 1)
        closes = [candle.close for candle in batch.candles]
        if closes:
            variations[pair] = statistics.pstdev(closes) / statistics.fmean(closes)
            quiet[pair] = sum(candle.volume == 0 for candle in batch.candles) / len(closes)
    assert min(variations.values()) < 0.0005
    assert max(variations.values()) > 0.06
    assert 0.005 < statistics.median(variations.values()) < 0.06
    assert min(quiet.values()) == 0
    assert max(quiet.values()) > 0.9


async def test_illiquid_pairs_have_wider_spreads_and_fewer_trades() -> None:
    _, source, instruments = await opened()
    every = await quotes(source)
    ranked = [every[one.id] for one in instruments.values() if one.quote == "USD" and one.id in every]
    spreads = [ticker.values()[4] or 0.0 for ticker in ranked]
    assert statistics.median(spreads[:20]) < 3 < 30 < statistics.median(spreads[-20:])
    assert (ranked[0].trades or 0) > 10_000 > 200 > (ranked[-1].trades or 0)
    assert 2e8 < (ranked[0].quote_volume or 0) < 2e9


async def test_some_pairs_are_halted() -> None:
    _, source, instruments = await opened()
    every = await quotes(source)
    maintained = [one for one in instruments.values() if one.trading is Trading.MAINTENANCE]
    cancel_only = [one for one in instruments.values() if one.trading is Trading.CANCEL_ONLY]
    assert len(maintained) == len(cancel_only) == 1
    assert maintained[0].id not in every
    for instrument in (*maintained, *cancel_only):
        newest = (await source.candles(instrument, 1)).candles[-1]
        assert newest.start_ms == (START_MINUTE - 120) * MINUTE_MS


async def test_a_halted_pair_has_no_history_left_after_a_day() -> None:
    _, source, instruments = await opened(START_MS + 86_400_000)
    halted = next(one for one in instruments.values() if one.trading is Trading.CANCEL_ONLY)
    assert await source.candles(halted, 1) == CandleBatch(1, ())
    ticker = (await quotes(source))[halted.id]
    assert (ticker.last, ticker.base_volume, ticker.trades) == (None, 0, 0)


async def test_some_pairs_were_never_traded() -> None:
    _, source, _ = await opened()
    idle = [ticker for ticker in (await quotes(source)).values() if ticker.last is None]
    assert len(idle) == 3
    assert all((ticker.base_volume, ticker.quote_volume, ticker.trades) == (0, 0, 0) for ticker in idle)
    instrument = next(one for one in (await source.instruments()).instruments if one.id == idle[0].instrument_id)
    assert await source.candles(instrument, 1) == CandleBatch(1, ())


async def test_one_pair_is_three_hours_old() -> None:
    _, source, instruments = await opened()
    lengths = {pair: len((await source.candles(one, 1)).candles) for pair, one in instruments.items()}
    young = [pair for pair, length in lengths.items() if 0 < length < 1_000]
    assert len(young) == 1
    assert lengths[young[0]] == 179


async def test_a_new_pair_is_unknown_until_the_instruments_are_read_again() -> None:
    clock, source, instruments = await opened()
    assert (await source.tickers()).unknown == ()
    await clock.advance(8 * 60)
    batch = await source.tickers()
    assert len(batch.unknown) == 1
    (new,) = [one for one in (await source.instruments()).instruments if one.pair not in instruments]
    assert batch.unknown == (new.symbol,)
    ticker = (await quotes(source))[new.id]
    assert ticker.last is not None
    assert (await source.candles(new, 1)).candles == ()
    await clock.advance(60)
    (candle,) = (await source.candles(new, 1)).candles
    assert (candle.start_ms, candle.close) == (clock.now_ms() // MINUTE_MS * MINUTE_MS - MINUTE_MS, ticker.last)
    assert candle.volume > 0


async def test_a_pair_that_is_not_listed_yet_has_no_candles() -> None:
    _, _, later = await opened(START_MS + 3_600_000)
    _, source, now = await opened()
    (new,) = [instrument for pair, instrument in later.items() if pair not in now]
    with pytest.raises(RejectedError, match="no such pair"):
        await source.candles(new, 1)


async def test_lost_candles_are_reported_and_not_given() -> None:
    _, source, instruments = await opened()
    holed = [batch for one in instruments.values() if (batch := await source.candles(one, 1)).malformed]
    assert len(holed) == 2
    for batch in holed:
        assert len(batch.malformed) == 40
        assert list(batch.malformed) == list(range(batch.malformed[0], batch.malformed[0] + 40 * MINUTE_MS, MINUTE_MS))
        starts = [candle.start_ms for candle in batch.candles]
        assert sorted([*starts, *batch.malformed]) == list(range(starts[0], starts[0] + 1_440 * MINUTE_MS, MINUTE_MS))


async def test_what_it_does_not_have_is_refused() -> None:
    _, source, instruments = await opened()
    with pytest.raises(RejectedError, match="1 minute"):
        await source.candles(instruments["BTC/USD"], 5)
    stranger = Instrument("kraken:BTC-USD", "BTC", "USD", "XXBTZUSD", (), 1)
    with pytest.raises(RejectedError, match="no such pair"):
        await source.candles(stranger, 1)


@pytest.mark.parametrize("pairs", [0, -1, 10_001])
def test_a_number_of_pairs_out_of_range_is_refused(pairs: int) -> None:
    with pytest.raises(ValueError, match="pairs"):
        SimulatedSource(FakeClock(START_MS), 1, pairs)


@pytest.mark.parametrize("pairs", [1, 2, 39, 40, 41, 10_000])
async def test_any_number_of_pairs_works(pairs: int) -> None:
    _, _, instruments = await opened(START_MS + 3_600_000, pairs=pairs)
    assert len(instruments) == pairs
    assert instruments["BTC/USD"].digits == 1


async def test_other_tasks_run_while_it_builds_history() -> None:
    _, source, instruments = await opened()
    turns = 0
    done = asyncio.Event()

    async def count() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.ensure_future(count())
    await source.tickers()
    after_tickers = turns
    await source.candles(instruments["BTC/USD"], 1)
    done.set()
    await counter
    assert after_tickers > len(instruments) / 5, "every few pairs"
    assert turns - after_tickers > 4


async def test_memory_does_not_grow_with_time() -> None:
    clock, source, instruments = await opened(pairs=8)

    async def run(hours: int) -> None:
        for _ in range(hours):
            clock.jump_wall(3_600)
            await source.tickers()
        await source.candles(instruments["BTC/USD"], 1)

    tracemalloc.start()
    try:
        await run(60)
        settled, _ = tracemalloc.get_traced_memory()
        await run(60)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < settled * 1.1 + 50_000
