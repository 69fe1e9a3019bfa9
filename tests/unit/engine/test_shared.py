"""Two engines over one history, in one process and real time: one collects, the other follows and takes over."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from tests.support.clock import FakeClock
from tests.support.source import FakeSource, ticker
from tests.support.stream import FakeStream
from tui_tracker.core.candle import Provenance
from tui_tracker.core.errors import RejectedError, TimedOutError
from tui_tracker.core.instrument import Trading
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import ELSEWHERE, OURS, SourceState
from tui_tracker.engine.clock import SystemClock
from tui_tracker.engine.shared import USUAL_PLACE, SharedEngine
from tui_tracker.engine.sharing import Sharing
from tui_tracker.sources.bans import Ban
from tui_tracker.sources.base import ServerTime
from tui_tracker.sources.budget import RequestBudget
from tui_tracker.storage.bringing import Bringer
from tui_tracker.storage.connection import FILE_NAME, open_for_writing
from tui_tracker.storage.events import Polled
from tui_tracker.storage.lock import CollectorLock
from tui_tracker.storage.looking import Look
from tui_tracker.storage.news import News
from tui_tracker.storage.store import Store

PATIENCE_S = 30


@asynccontextmanager
async def session(
    folder: Path,
    source: FakeSource,
    stream: FakeStream | None = None,
    budget: RequestBudget | None = None,
    *,
    is_reader: bool = False,
    place: str = "",
) -> AsyncIterator[SharedEngine]:
    """One session of the host."""
    clock = SystemClock()
    lock = CollectorLock(folder, source.name)
    store = Store(folder, clock.now_ms, may_recover=lambda: lock.is_held or lock.is_free(), is_reader=is_reader)
    sharing = Sharing(store, source.name, lock, clock, is_reader=is_reader, alone_s=0.1)
    try:
        made = SharedEngine(source, clock, store, sharing, budget=budget, stream=stream, place=place)
        async with made.running() as engine:
            assert isinstance(engine, SharedEngine)
            yield engine
    finally:
        await asyncio.to_thread(sharing.release)
        await asyncio.to_thread(store.close)
        lock.release()


def source() -> FakeSource:
    return FakeSource(cast(FakeClock, SystemClock()))


async def until(engine: SharedEngine, holds: Callable[[Snapshot], bool]) -> Snapshot:
    """Wait for a snapshot in which something holds."""
    async with asyncio.timeout(PATIENCE_S):
        async for snapshot in engine.hub.subscribe():
            if holds(snapshot):
                return snapshot
    raise AssertionError("the engine ended")


def windows(engine: SharedEngine) -> dict[str, list[bytes | None]]:
    """All samples, bit for bit."""
    return {
        holding.instrument.id: [None if window is None else window.values().tobytes() for window in holding.windows]
        for holding in engine.market
    }


async def until_alike(one: SharedEngine, other: SharedEngine) -> None:
    """Wait until two have the same samples, whichever of them is behind."""

    def is_alike(_: Snapshot) -> bool:
        return windows(one) == windows(other)

    waiting = [asyncio.create_task(until(engine, is_alike)) for engine in (one, other)]
    done, late = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in late:
        task.cancel()
    for task in done:
        task.result()


def is_loaded(snapshot: Snapshot) -> bool:
    return bool(snapshot.rows) and all(row.figures[0] is not None for row in snapshot.rows)


@pytest.mark.timeout(120)
async def test_one_collects_the_other_follows_asks_and_takes_over(tmp_path: Path) -> None:
    first_source, second_source = source(), source()
    async with AsyncExitStack() as both:
        first_end = AsyncExitStack()
        first = await first_end.enter_async_context(session(tmp_path, first_source))
        await until(first, lambda snapshot: is_loaded(snapshot) and not snapshot.status.backfill.is_running)
        second = await both.enter_async_context(session(tmp_path, second_source))
        snapshot = await until(second, is_loaded)
        assert snapshot.status.collector not in ("", "this session")
        assert not second_source.calls, "the exchange sees one client"

        polls = len(first_source.polled_at())
        second.request_poll()
        second.prioritise(["fake:ETH-USD"])
        await until(first, lambda _: len(first_source.polled_at()) > polls)
        at_ms = (await until(first, is_loaded)).at_ms or 0
        # Not "==": one that follows takes two polls that came close together at once, and shows the newer one alone.
        await until(second, lambda shown: (shown.at_ms or 0) >= at_ms)
        await until_alike(first, second)
        assert second.report().status.source == "fake"

        await first_end.aclose()
        snapshot = await until(second, lambda snapshot: snapshot.status.collector == "this session")
        await until(second, lambda _: bool(second_source.polled_at()))
        assert is_loaded(snapshot)


@pytest.mark.timeout(120)
async def test_who_asks_elsewhere_than_the_session_that_collects_is_told(tmp_path: Path) -> None:
    async with session(tmp_path, source(), place="http://127.0.0.1:1") as first:
        await until(first, is_loaded)
        assert not first.status().asked_at
        async with session(tmp_path, source(), place="http://127.0.0.1:1") as second:
            assert not (await until(second, is_loaded)).status.asked_at
        async with session(tmp_path, source()) as third:
            await until(third, lambda snapshot: snapshot.status.asked_at == "http://127.0.0.1:1")
    async with session(tmp_path, source()) as first:  # which may see, for a moment, that its lock is looked at
        await until(first, lambda snapshot: is_loaded(snapshot) and snapshot.status.collector == OURS)
        async with session(tmp_path, source(), place="http://127.0.0.1:1") as second:
            await until(second, lambda snapshot: snapshot.status.asked_at == USUAL_PLACE)


@pytest.mark.timeout(120)
async def test_only_the_one_that_collects_streams(tmp_path: Path) -> None:
    first_stream, second_stream = FakeStream(), FakeStream()
    async with AsyncExitStack() as both:
        first_end = AsyncExitStack()
        failing = source()
        first = await first_end.enter_async_context(session(tmp_path, failing, first_stream))
        await until(first, lambda _: bool(first_stream.opened))
        first_stream.say(12_345.0)
        await until(first, lambda snapshot: any(row.last == 12_345 for row in snapshot.rows))
        assert first.status().stream == "live"
        second = await both.enter_async_context(session(tmp_path, source(), second_stream))
        snapshot = await until(second, lambda snapshot: is_loaded(snapshot) and snapshot.status.stream == ELSEWHERE)
        assert all(row.last != 12_345 for row in snapshot.rows)
        assert not second_stream.opened
        failing.error = RejectedError("HTTP 503")
        first.request_poll()
        await until(second, lambda snapshot: snapshot.status.error == "HTTP 503")
        assert (first.status().state, second.status().state) == (SourceState.LIVE, SourceState.STALE)
        await first_end.aclose()
        await until(second, lambda _: bool(second_stream.opened))
        second_stream.say(54_321.0)
        await until(second, lambda snapshot: any(row.last == 54_321 for row in snapshot.rows))
        assert second.status().stream == "live"


@pytest.mark.timeout(120)
async def test_a_follower_learns_of_lists_and_of_what_the_exchange_refuses(tmp_path: Path) -> None:
    from tests.support.source import instrument

    first_source, second_source = source(), source()
    async with session(tmp_path, first_source) as first:
        await until(first, is_loaded)
        async with session(tmp_path, second_source) as second:
            await until(second, is_loaded)
            first_source.listed[1] = instrument("ETH/USD", Trading.MAINTENANCE)
            first_source.error = TimedOutError("slow")
            first.request_poll()
            told = await until(second, lambda snapshot: "slow" in snapshot.status.error)
            assert told.rows, "good data stays"
            assert not second_source.calls


async def test_who_takes_over_leaves_the_exchange_alone_for_as_long_as_it_asked(tmp_path: Path) -> None:
    clock = SystemClock()
    budgets = [RequestBudget(clock, 0.0, Ban(tmp_path, "fake", "", clock.now_ms)) for _ in range(2)]
    async with AsyncExitStack() as both:
        first_end = AsyncExitStack()
        first = await first_end.enter_async_context(session(tmp_path, source(), None, budgets[0]))
        await until(first, is_loaded)
        second = await both.enter_async_context(session(tmp_path, source(), None, budgets[1]))
        await until(second, is_loaded)
        Ban(tmp_path, "fake", "", clock.now_ms).note(600.0)
        assert not budgets[1].next_slot_s(), "who follows asks nothing"
        await first_end.aclose()
        await until(second, lambda snapshot: snapshot.status.collector == OURS)
        assert 500 < budgets[1].next_slot_s() <= 600


async def test_a_ban_from_before_the_start_is_told_before_the_first_poll(tmp_path: Path) -> None:
    class Silent(FakeSource):
        async def server_time(self) -> ServerTime:
            await asyncio.Event().wait()
            raise AssertionError

    clock, ban = SystemClock(), Ban(tmp_path, "fake", "", SystemClock().now_ms)
    ban.note(600.0)
    budget, banned = RequestBudget(clock, 0.0, ban), Silent(cast(FakeClock, clock))
    banned.slot_s = budget.next_slot_s()
    async with session(tmp_path, banned, None, budget) as first:
        snapshot = await until(first, lambda snapshot: snapshot.status.limited_until_ms is not None)
        assert not snapshot.rows


async def test_a_follower_that_missed_polls_begins_anew(tmp_path: Path) -> None:
    """One that was slow to begin, so that what it should have begun from was let go meanwhile."""
    follower_source = source()
    at_ms = SystemClock().now_ms() // 60_000 * 60_000
    polled = Polled((ticker("BTC/USD"),), at_ms + 57_000, at_ms + 57_010, ())
    async with session(tmp_path, source()) as first:
        await until(first, is_loaded)
        async with session(tmp_path, follower_source) as second:
            await until(second, is_loaded)
            second._position, second._base, second._is_patchy = 0, at_ms // 60_000 - 2, False
            await second._apply_news(Look(news=(News(9, 8, polled),), minute=second._base))
            assert second._must_begin(Look(minute=second._base + 1))


@pytest.mark.timeout(120)
async def test_imported_minutes_come_into_all_windows(tmp_path: Path) -> None:
    async with session(tmp_path, source()) as first, session(tmp_path, source()) as second:
        for each in (first, second):
            await until(each, is_loaded)
        now = SystemClock().now_ms() // 60_000
        database = open_for_writing(tmp_path / FILE_NAME)
        bringer = Bringer(database, "fake", now * 60_000)
        for minute, mid in ((now - 90, 77.0), (now - 30, 78.0)):
            bringer.add("fake:BTC-USD", minute, [(METRICS.index(Metric.MID), mid, int(Provenance.POLL))])
        bringer.finish()
        database.close()

        def imported(engine: SharedEngine) -> list[float]:
            if "fake:BTC-USD" not in windows(engine):
                return []  # one that begins anew, from what is on disk
            series = engine.series("fake:BTC-USD", Metric.MID)
            return [value for value in series.values[:-5] if value == value]

        await until(first, lambda _: imported(first) == [77.0, 78.0])
        await until(second, lambda _: imported(second) == [77.0, 78.0])
        await until_alike(first, second)


@pytest.mark.timeout(120)
async def test_one_that_may_only_read_polls_for_itself_while_nobody_collects(tmp_path: Path) -> None:
    async with session(tmp_path, source()) as leader:
        await until(leader, is_loaded)
    own = source()
    async with session(tmp_path, own, is_reader=True) as reader:
        await until(reader, lambda snapshot: "poll for itself" in snapshot.status.error)
        await until(reader, lambda snapshot: snapshot.status.collector == OURS and not snapshot.status.error)
        assert any(call.startswith("tickers") for call, _ in own.calls)
        async with session(tmp_path, source()) as leader:
            await until(leader, lambda snapshot: snapshot.status.state is SourceState.LIVE)
            await until(reader, lambda snapshot: snapshot.status.collector.startswith("pid"))
            await until(reader, is_loaded)
