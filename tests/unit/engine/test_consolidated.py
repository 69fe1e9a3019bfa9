"""A pair made of several exchanges', by engines on a clock that the test moves."""

from array import array
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource
from tui_tracker.core.errors import UnreachableError
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.core.status import SourceState
from tui_tracker.engine.consolidated import ConsolidatingEngine, consolidating_engine
from tui_tracker.engine.engine import Engine
from tui_tracker.sources.consolidated import Pair, Side

START = 28_333_320 * MINUTE + 10_000
NAMES = ("one", "two", "three", "four")
Opened = tuple[FakeClock, dict[str, FakeSource], ConsolidatingEngine]


@asynccontextmanager
async def opened(names: tuple[str, ...] = NAMES, *, history: bool = False) -> AsyncIterator[Opened]:
    clock = FakeClock(START)
    sources = {name: FakeSource(clock, ("BTC/USD", "BTC/USDT"), name) for name in names}
    async with AsyncExitStack() as stack:
        engines: dict[str, Engine] = {}
        for name, source in sources.items():
            source.price = lambda pair, minute: 100.0
            if not history:
                source.history = ()
            engines[name] = await stack.enter_async_context(Engine(source, clock).running())
        across = consolidating_engine(engines, clock, interval_s=60, window_minutes=1_440)
        await stack.enter_async_context(across.running())
        yield clock, sources, across


def row(engine: Engine, pair: str = "all:BTC-USD") -> Row:
    assert engine.hub.latest is not None
    return next(row for row in engine.hub.latest.rows if row.id == pair)


def level(price: float) -> object:
    return lambda pair, minute: price


async def test_it_has_the_median_of_the_mids_of_this_minute_and_a_window_of_its_own() -> None:
    async with opened() as (clock, sources, across):
        for source, price in zip(sources.values(), (100.0, 101.0, 102.0, 104.0), strict=True):
            source.price = level(price)  # type: ignore[assignment]
        await clock.advance(130)
        found = row(across)
        assert found.last == 101.5
        figures = found.figures_of(Metric.PRICE)
        assert figures is not None
        assert figures.samples == 2
        assert figures.last_ms == (START + 107_000) // MINUTE * MINUTE
        assert (found.bid, found.ask, found.traded) == (None, None, True)
        assert found.volume_usd == 10.0 * (100 + 101 + 102 + 104)
        assert {each.id for each in across.hub.latest.rows} == {"all:BTC-USD", "all:BTC-USDT"}  # type: ignore[union-attr]
        assert across.status().state is SourceState.LIVE


async def test_one_out_of_reach_leaves_after_90_s_and_no_return_is_made_of_it() -> None:
    async with opened() as (clock, sources, across):
        for source, price in zip(sources.values(), (100.0, 101.0, 102.0, 104.0), strict=True):
            source.price = level(price)  # type: ignore[assignment]
        await clock.advance(50 + 5 * 60)
        assert row(across).last == 101.5
        sources["four"].error = UnreachableError("gone")
        await clock.advance(60)
        assert row(across).last == 101.5
        await clock.advance(60)
        assert row(across).last == 101
        await clock.advance(600)
        figures = row(across).figures_of(Metric.PRICE)
        assert figures is not None
        assert (figures.minimum, figures.maximum) == (101, 101.5)
        assert figures.volatility == 0
        sources["three"].quoted = ["BTC/USDT"]
        await clock.advance(180)
        assert row(across).halted == "not quoted"
        assert row(across, "all:BTC-USDT").last == 101
        sources["three"].error = UnreachableError("gone")
        await clock.advance(180)
        assert across.status().error == "fewer than 3 exchanges agree on any pair"


async def test_a_pair_that_cannot_be_read_any_more_leaves_though_its_exchange_answers() -> None:
    async with opened() as (clock, sources, across):
        for source, price in zip(sources.values(), (100.0, 101.0, 102.0, 104.0), strict=True):
            source.price = level(price)  # type: ignore[assignment]
        await clock.advance(130)
        assert (row(across).last, row(across).members) == (101.5, ("four", "one", "three", "two"))
        sources["four"].unreadable = ("BTC/USD",)
        await clock.advance(60)
        assert row(across).last == 101.5
        await clock.advance(60)
        assert (row(across).last, row(across).members) == (101, ("one", "three", "two"))
        assert row(across, "all:BTC-USDT").last == 101.5


@pytest.mark.parametrize("failing", [(), (2,), (2, 3)])
async def test_a_pair_that_is_found_between_list_and_quotes_is_listed_with_the_next_poll(
    failing: tuple[int, ...],
) -> None:
    async with opened() as (clock, sources, across):
        read, asked = across._levels._sides, 0

        async def some_at_first() -> dict[Pair, list[Side]]:
            nonlocal asked
            asked += 1
            found = await read()
            if asked == 1:
                del found["BTC", "USD"]
            if asked in failing:
                across._levels._list(found)
                raise UnreachableError("not now")
            return found

        across._levels._sides = some_at_first  # type: ignore[misc]
        await clock.advance(130 + 60 * len(failing))
        assert row(across).last == 100
        sources["four"].error = UnreachableError("gone")
        await clock.advance(180)
        assert row(across).members == ("one", "three", "two")


async def test_other_members_of_a_pair_that_is_not_listed_are_of_no_account() -> None:
    async with opened() as (clock, _, across):
        await clock.advance(70)
        across._levels.changed = lambda: ["all:NO-USD"]  # type: ignore[method-assign]
        await clock.advance(60)
        assert across.status().state is SourceState.LIVE
        assert across.hub.latest is not None
        assert across.hub.latest.at_ms == across.status().last_good_ms


async def test_a_slow_exchange_is_waited_for_10_s_at_most() -> None:
    async with opened() as (clock, sources, across):
        await clock.advance(130)
        for name, source in sources.items():
            source.price = level(110.0)  # type: ignore[assignment]
            if name == "four":
                stuck = source

        async def never() -> object:
            await clock.sleep(1_000)
            raise UnreachableError("at last")

        stuck.tickers = never  # type: ignore[assignment,method-assign]
        await clock.advance(40)
        minutes = across.market.polled_ms
        await clock.advance(20)
        assert across.market.polled_ms == (minutes or 0) + MINUTE
        assert row(across).last == 110


async def test_the_past_is_made_of_the_exchanges_windows() -> None:
    async with opened(NAMES[:3], history=True) as (clock, sources, across):
        assert len(sources) == 3
        across.prioritise(["all:BTC-USD"])
        await clock.advance(700)
        figures = row(across).figures_of(Metric.PRICE)
        assert figures is not None
        assert figures.samples > 1_400
        assert figures.mean == 100
        assert row(across).provenance[1] >= 10


async def test_the_past_is_put_together_again_only_where_an_exchange_learned_more() -> None:
    async with opened(NAMES[:3], history=True) as (clock, sources, across):
        read: list[tuple[str, str]] = []
        past = across._exchanges.past

        def noting(pair: tuple[str, str], start_ms: int, minutes: int) -> object:
            read.append(pair)
            return past(pair, start_ms, minutes)

        across._exchanges.past = noting  # type: ignore[assignment,method-assign]
        across.prioritise(["all:BTC-USD"])
        await clock.advance(700)
        assert ("BTC", "USD") in read
        read.clear()
        across.prioritise(["all:BTC-USD", "all:BTC-USDT"])
        await clock.advance(30)
        assert read == []
        engine = across._exchanges._engines["one"]
        engine.market.fill_prices("one:BTC-USD", [(engine.market.start_ms, 90.0)], engine.market.end_ms or 0)
        across.prioritise(["all:BTC-USD", "all:BTC-USDT"])
        await clock.advance(30)
        assert read == [("BTC", "USD")]
        read.clear()
        before = engine.market.holding("one:BTC-USD").past
        engine.market.restore_window("one:BTC-USD", Metric.MID, array("d", [90.0]), bytes([2]))
        assert engine.market.holding("one:BTC-USD").past > before, "no number is ever that of another past"
        across.prioritise(["all:BTC-USD"])
        await clock.advance(30)
        assert read == [("BTC", "USD")]
        assert len(sources) == 3


async def test_too_few_exchanges_are_said_and_waited_for() -> None:
    async with opened(NAMES[:2]) as (clock, _, across):
        await clock.advance(60)
        assert across.status().state is SourceState.OFFLINE
        assert "fewer than 3" in across.status().error


async def test_where_each_polls_once_those_that_read_their_histories_are_waited_for() -> None:
    clock = FakeClock(START)
    engines = {}
    async with AsyncExitStack() as stack:
        for name in NAMES[:3]:
            source = FakeSource(clock, ("BTC/USD",), name)
            engines[name] = await stack.enter_async_context(Engine(source, clock, once=True).running())
        await clock.advance(1)
        engines["two"].is_reading = True  # as one does that has its quotes from there before the rest
        across = consolidating_engine(engines, clock, interval_s=60, window_minutes=1_440, once=True)
        await stack.enter_async_context(across.running())
        await clock.advance(60)
        assert across.hub.latest is None or not across.hub.latest.rows
        engines["two"].is_reading = False
        await clock.advance(2)
        assert row(across).last is not None
