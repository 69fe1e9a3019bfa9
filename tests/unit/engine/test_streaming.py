"""Live quotes beside polls, on a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource, ticker
from tui_tracker.core.candle import Provenance
from tui_tracker.core.errors import RateLimitedError, SourceError, UnreachableError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.engine import Engine

START = 28_333_320 * MINUTE + 10_000


class FakeStream:
    """Implements ``Stream``: says what the test says, and ends when it ends it."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, ...]] = []
        self.error: SourceError | None = None
        self._take: Callable[[Sequence[Ticker]], None] | None = None
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, instruments: Sequence[Instrument], on_tickers: Callable[[Sequence[Ticker]], None]) -> None:
        self.opened.append(tuple(one.pair for one in instruments))
        if self.error is not None:
            raise self.error
        self._take, self._ended = on_tickers, asyncio.get_running_loop().create_future()
        await self._ended

    def say(self, last: float, pair: str = "BTC/USD") -> None:
        assert self._take is not None
        self._take([replace(ticker(pair, last), trades=None)])

    def end(self, error: SourceError) -> None:
        self._ended.set_exception(error)


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[FakeClock, FakeSource, FakeStream, Engine]]:
    clock = FakeClock(START)
    source, stream = FakeSource(clock), FakeStream()
    source.history = ()
    async with Engine(source, clock, stream=stream).running() as engine:
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
        assert len(source.polled_at()) == 2
        stream.error = None
        await clock.advance(61)
        stream.say(300.0)
        await clock.advance(0.25)
        assert engine.status().stream == "live"
        assert row(engine).last == 300


async def test_it_waits_as_long_as_it_is_asked_to() -> None:
    async with opened() as (clock, _, stream, _engine):
        stream.end(RateLimitedError("too many", 300.0))
        await clock.advance(299)
        assert len(stream.opened) == 1
        await clock.advance(2)
        assert len(stream.opened) == 2


async def test_other_pairs_are_followed_on_a_new_connection() -> None:
    async with opened() as (clock, source, stream, _):
        source.listed = source.listed[:1]
        source.quoted = ["BTC/USD"]
        await clock.advance(3_700)
        assert stream.opened[-1] == ("BTC/USD",)
