"""What every ``Feed`` promises, over each implementation."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource
from tui_tracker.api.server import ServeOptions, serving
from tui_tracker.core.errors import TimedOutError, UnknownPairError
from tui_tracker.core.metric import Metric
from tui_tracker.core.status import SourceReport
from tui_tracker.engine.engine import Engine
from tui_tracker.feed.base import Feed
from tui_tracker.feed.late import LateFeed
from tui_tracker.feed.local import LocalFeed
from tui_tracker.feed.merged import MergedFeed
from tui_tracker.feed.remote import RemoteFeed

START = 28_333_320 * MINUTE + 10_000
Opened = tuple[Feed, FakeClock, FakeSource]


@asynccontextmanager
async def local() -> AsyncIterator[Opened]:
    clock = FakeClock(START)
    source = FakeSource(clock)
    async with Engine(source, clock).running() as engine:
        yield LocalFeed(engine), clock, source


@asynccontextmanager
async def late() -> AsyncIterator[Opened]:
    async with local() as (feed, clock, source):
        standing_in = LateFeed("fake", False, clock.now_ms)
        standing_in.connect(feed)
        yield standing_in, clock, source


@asynccontextmanager
async def merged() -> AsyncIterator[Opened]:
    clock = FakeClock(START)
    source, other = FakeSource(clock), FakeSource(clock, ("BTC/EUR",), "other")
    async with Engine(source, clock).running() as engine, Engine(other, clock).running() as beside:
        parts = {"other": LocalFeed(beside), "fake": LocalFeed(engine)}
        async with MergedFeed("fake", parts, clock.sleep).running() as feed:
            yield feed, clock, source


class SharedClock(FakeClock):
    """Lets a remote feed catch up whenever it settles."""

    def __init__(self, now_ms: int) -> None:
        super().__init__(now_ms)
        self.catch_up: Callable[[], bool] = lambda: True

    async def settle(self, rounds: int = 50) -> None:
        await super().settle(rounds)
        async with asyncio.timeout(10):
            while not self.catch_up():  # noqa: ASYNC110 - what is waited for lies in the server
                await asyncio.sleep(0)
        await super().settle(rounds)


@asynccontextmanager
async def remote() -> AsyncIterator[Opened]:
    clock = SharedClock(START)
    source = FakeSource(clock)
    options = ServeOptions(port=0, min_frame_s=0.0)
    async with (
        Engine(source, clock).running() as engine,
        serving(LocalFeed(engine), clock, options) as server,
        RemoteFeed(server.url, monotonic_s=clock.monotonic_s).running() as feed,
    ):

        def has_caught_up() -> bool:
            newest = engine.hub.latest
            return newest is None or (feed.snapshot.version, feed.snapshot.status) == (newest.version, newest.status)

        clock.catch_up = has_caught_up
        await clock.settle()
        yield feed, clock, source


@pytest.fixture(params=[local, late, merged, remote])
def opening(request: pytest.FixtureRequest) -> Callable[[], AbstractAsyncContextManager[Opened]]:
    made: Callable[[], AbstractAsyncContextManager[Opened]] = request.param
    return made


async def test_a_slow_reader_gets_the_newest_and_never_the_same_twice(
    opening: Callable[[], AbstractAsyncContextManager[Opened]],
) -> None:
    async with opening() as (feed, clock, _):
        updates = feed.updates()
        await clock.advance(300)
        first = await anext(updates)
        await clock.advance(300)
        second = await anext(updates)
        assert second.version > first.version
        waiting = asyncio.ensure_future(anext(updates))
        await clock.settle()
        assert not waiting.done()
        await clock.advance(60)
        assert (await waiting).version > second.version


async def test_series_is_a_copy_that_belongs_to_the_snapshot(
    opening: Callable[[], AbstractAsyncContextManager[Opened]],
) -> None:
    async with opening() as (feed, clock, _):
        await clock.advance(120)
        snapshot = await anext(feed.updates())
        series = await feed.series("fake:BTC-USD", Metric.PRICE)
        assert (series.version, series.end_ms) == (snapshot.version, snapshot.end_ms)
        series.values[-1] = -1.0
        assert (await feed.series("fake:BTC-USD", Metric.PRICE)).values[-1] != -1.0
        with pytest.raises(UnknownPairError):
            await feed.series("fake:NO-NO", Metric.PRICE)


async def test_status_and_requests(opening: Callable[[], AbstractAsyncContextManager[Opened]]) -> None:
    async with opening() as (feed, clock, source):
        await clock.advance(20)
        assert feed.status().source == "fake"
        count = len(source.polled_at())
        assert feed.request_poll() >= clock.now_ms()
        await clock.advance(0)
        assert len(source.polled_at()) == count + 1


async def test_a_late_feed_answers_before_it_is_connected_and_passes_on_what_was_asked() -> None:
    clock = FakeClock(START)
    standing_in = LateFeed("fake", True, clock.now_ms)
    assert standing_in.status().is_simulated
    assert standing_in.request_poll() == clock.now_ms()
    standing_in.prioritise(["fake:ETH-USD"])
    assert not standing_in.wanted.is_set()
    first = asyncio.ensure_future(anext(standing_in.updates()))
    await clock.settle()
    assert standing_in.wanted.is_set()
    assert not first.done()
    source = FakeSource(clock)
    async with Engine(source, clock).running() as engine:
        standing_in.connect(LocalFeed(engine))
        await clock.advance(60)
        assert (await first).status.source == "fake"
        assert next(name for name, _ in source.calls if name.startswith("candles")) == "candles ETH/USD 5"


async def test_health_tells_of_errors_and_of_what_was_skipped(
    opening: Callable[[], AbstractAsyncContextManager[Opened]],
) -> None:
    async with opening() as (feed, clock, source):
        await clock.advance(20)
        assert replace(feed.health(), parts=()) == SourceReport(feed.status())
        source.error = TimedOutError("nothing came for 10 s")
        feed.request_poll()
        await clock.advance(0)
        report = feed.health()
        (tally,) = next((part for part in report.parts if part.status.source == "fake"), report).errors
        assert (tally.kind, tally.message) == ("timed out", "nothing came for 10 s")
        assert tally.count >= 1
        assert tally.last_ms <= clock.now_ms()
        assert feed.health().status == feed.status()


def test_a_late_feed_has_a_status_to_report_from_the_start() -> None:
    standing_in = LateFeed("fake", False, lambda: START)
    assert standing_in.health() == SourceReport(standing_in.status())


async def test_hours_reach_as_far_as_they_are_known(opening: Callable[[], AbstractAsyncContextManager[Opened]]) -> None:
    async with opening() as (feed, clock, _):
        await clock.advance(120)
        series = await feed.series("fake:BTC-USD", Metric.PRICE)
        hours = await feed.hours("fake:BTC-USD", Metric.PRICE, 48)
        assert len(hours.closes) == 48
        assert hours.closes[-1] == series.values[-1]
        assert hours.missing
        with pytest.raises(UnknownPairError):
            await feed.hours("fake:NO-NO", Metric.PRICE, 48)
