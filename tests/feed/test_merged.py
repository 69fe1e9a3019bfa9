"""Several feeds as one: what is summed up, and that a broken one is nobody else's trouble."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from tests.support.clock import FakeClock
from tests.support.feed import AT_MS, FakeFeed, Pair, live_status
from tests.support.source import MINUTE, FakeSource
from tui_tracker.cli.collecting import first_rows
from tui_tracker.core.errors import (
    NoDataError,
    RejectedError,
    SourcesError,
    StorageError,
    StorageFault,
    UnknownPairError,
    UnreachableError,
)
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import BackfillProgress, ErrorTally, HistoryStatus, SourceReport, SourceState
from tui_tracker.engine.engine import Engine
from tui_tracker.feed.local import LocalFeed
from tui_tracker.feed.merged import MergedFeed
from tui_tracker.feed.merging import merged_report, merged_status
from tui_tracker.feed.translate import report_event, report_of
from tui_tracker.feed.wire import Codec, Encoding

START = 28_333_320 * MINUTE + 10_000


def feed_of(name: str, bases: tuple[str, ...] = ("BTC",)) -> FakeFeed:
    pairs = [Pair(1, index, base, "USD", 100.0, 2) for index, base in enumerate(bases)]
    for pair in pairs:
        pair.instrument = replace(pair.instrument, id=f"{name}:{pair.instrument.base}-USD")
    return FakeFeed(pairs, live_status(source=name))


async def first(feed: MergedFeed) -> Snapshot:
    return await anext(feed.updates())


async def test_rows_of_all_come_in_the_order_of_their_ids() -> None:
    parts = {name: feed_of(name, ("ETH", "BTC")[: index + 1]) for index, name in enumerate(("kraken", "bin"))}
    async with MergedFeed("kraken,bin", parts, FakeClock().sleep).running() as feed:
        await FakeClock().settle()
        snapshot = await first(feed)
        assert [row.id for row in snapshot.rows] == ["bin:ETH-USD", "bin:BTC-USD", "kraken:ETH-USD"]
        assert (snapshot.status.source, snapshot.status.instruments) == ("kraken,bin", 480)
        assert [part.source for part in snapshot.status.parts] == ["bin", "kraken"]
        assert (await feed.series("kraken:ETH-USD", Metric.PRICE)).version == snapshot.version
        with pytest.raises(UnknownPairError):
            await feed.series("okx:BTC-USD", Metric.PRICE)


async def test_versions_rise_with_rows_alone_and_what_comes_in_a_second_comes_together() -> None:
    clock, parts = FakeClock(), {name: feed_of(name) for name in ("a", "b")}
    async with MergedFeed("a,b", parts, clock.sleep).running() as feed:
        updates = feed.updates()
        before = await anext(updates)
        await clock.advance(2)
        parts["a"].publish_status(malformed=3)
        await clock.settle()
        after = await anext(updates)
        assert (after.version, after.status.malformed) == (before.version, 3)
        parts["a"].publish(source="a")
        await clock.settle()
        parts["b"].publish(source="b")
        await clock.settle()
        waiting = asyncio.ensure_future(anext(updates))
        await clock.settle()
        assert not waiting.done()
        await clock.advance(1)
        assert (await waiting).version == before.version + 1


async def test_history_is_asked_of_each_exchange_in_the_order_of_the_whole() -> None:
    parts = {name: feed_of(name) for name in ("all", "a", "b")}
    async with MergedFeed("a,b", parts, FakeClock().sleep).running() as feed:
        feed.prioritise(["b:X-USD", "a:Y-USD", "a:Z-USD", "nobody:X-USD"])
        feed.prioritise(["all:BTC-USD"])
        feed.prioritise([])
    assert parts["a"].priorities == [("a:Y-USD", "a:Z-USD"), ("a:BTC-USD",), ()]
    assert parts["b"].priorities == [("b:X-USD",), ("b:BTC-USD",), ()]
    assert parts["all"].priorities == [("all:BTC-USD",), ()]


async def test_a_window_that_one_cannot_show_is_shown_by_none() -> None:
    clock, parts = FakeClock(), {name: feed_of(name) for name in ("a", "b")}
    async with MergedFeed("a,b", parts, clock.sleep).running() as feed:
        await clock.settle()
        parts["b"].window_error = StorageError("no disk", StorageFault.IO)
        with pytest.raises(StorageError):
            await feed.set_window(60, Metric.PRICE)
        parts["b"].window_error = None
        await feed.set_window(360, Metric.PRICE)
    assert [minutes for minutes, _ in parts["a"].windows] == [60, 1_440, 360]


async def test_what_is_kept_is_asked_of_whose_it_is() -> None:
    parts = {name: feed_of(name, ("BTC", "ETH")) for name in ("a", "b", "all")}
    async with MergedFeed("a,b", parts, FakeClock().sleep).running() as feed:
        with pytest.raises(NoDataError):
            await feed.over(60, Metric.PRICE)
        await FakeClock().settle()
        kept = await feed.kept()
        assert (kept.source, kept.ids) == ("a,b", ("a:BTC-USD", "a:ETH-USD", "b:BTC-USD", "b:ETH-USD"))
        assert kept.minutes == (await parts["a"].kept()).minutes
        assert kept.hours is None
        everything = await feed.minutes(None, [Metric.PRICE], AT_MS - 120_000, 2)
        assert sorted(everything) == list(kept.ids)
        assert sorted(await feed.minutes(["b:BTC-USD", "c:X-USD"], [Metric.PRICE], AT_MS, 1)) == ["b:BTC-USD"]
        assert list(await feed.rollups(["a:ETH-USD"], 0, 3_600_000)) == ["a:ETH-USD"]
        assert sorted(await feed.rollups(None, 0, 3_600_000)) == list(kept.ids)


async def test_figures_over_another_window_are_those_of_all() -> None:
    parts = {name: feed_of(name) for name in ("a", "all", "b")}
    async with MergedFeed("a,b", parts, FakeClock().sleep).running() as feed:
        await FakeClock().settle()
        snapshot = await feed.over(10_080, Metric.VOLUME)
        published = await first(feed)
    assert (snapshot.window_minutes, snapshot.version) == (10_080, published.version)
    assert [row.id for row in snapshot.rows] == [row.id for row in published.rows]
    assert [part.source for part in snapshot.status.parts] == ["a", "all", "b"]
    assert published.window_minutes == 1_440


async def test_a_broken_source_delays_no_other() -> None:
    clock = FakeClock(START)
    sources = {name: FakeSource(clock, name=name) for name in ("good", "slow", "gone")}
    sources["gone"].error = UnreachableError("no route")

    async def never() -> object:
        await clock.sleep(1e6)
        raise AssertionError

    sources["slow"].tickers = never  # type: ignore[assignment,method-assign]
    async with AsyncExitStack() as stack:
        engines = {name: await stack.enter_async_context(Engine(one, clock).running()) for name, one in sources.items()}
        parts = {name: LocalFeed(engine) for name, engine in engines.items()}
        feed = await stack.enter_async_context(MergedFeed("good,slow,gone", parts, clock.sleep).running())
        await clock.advance(200)
        snapshot = await first(feed)
    assert [at % MINUTE for at in sources["good"].polled_at()[1:]] == [57_000] * 3
    assert {row.instrument.source for row in snapshot.rows if row.last is not None} == {"good"}
    states = {part.source: part.state for part in snapshot.status.parts}
    assert states == {"good": SourceState.LIVE, "slow": SourceState.OFFLINE, "gone": SourceState.OFFLINE}
    assert snapshot.status.error == "gone: no route"
    assert snapshot.status.state is SourceState.OFFLINE


async def test_where_each_polls_once_all_are_waited_for_and_a_failure_fails_nothing_else() -> None:
    clock = FakeClock(START)
    sources = {name: FakeSource(clock, name=name) for name in ("good", "bad")}
    sources["bad"].error = RejectedError("not here")
    async with AsyncExitStack() as stack:
        engines = {
            name: await stack.enter_async_context(Engine(one, clock, once=True).running())
            for name, one in sources.items()
        }
        parts = {name: LocalFeed(engine) for name, engine in engines.items()}
        feed = await stack.enter_async_context(MergedFeed("good,bad", parts, clock.sleep, is_once=True).running())
        waiting = asyncio.ensure_future(first(feed))
        await clock.settle()
        assert not waiting.done()
        await clock.advance(10)
        snapshot = await waiting
        assert {row.instrument.source for row in snapshot.rows} == {"good"}
        (bad,) = (part for part in snapshot.status.parts if part.source == "bad")
        assert (bad.state, bad.error) == (SourceState.OFFLINE, "not here")


async def test_where_each_polls_once_one_that_says_nothing_is_left_out_after_a_while() -> None:
    clock = FakeClock(START)
    mute = live_status(state=SourceState.OFFLINE, last_good_ms=None)
    parts = {"good": feed_of("good"), "mute": FakeFeed((), mute), "slow": FakeFeed((), mute)}
    async with MergedFeed("good,mute,slow", parts, clock.sleep, is_once=True).running() as feed:
        waiting = asyncio.ensure_future(first(feed))
        await clock.advance(4)
        parts["slow"].publish(feed_of("slow").current)
        await clock.advance(5)
        assert not waiting.done()
        await clock.advance(2)
        snapshot = await waiting
        assert {row.instrument.source for row in snapshot.rows} == {"good", "slow"}
        assert [part.error for part in snapshot.status.parts] == ["", "no answer so far, left out", ""]


async def test_no_patience_is_lost_with_one_that_reads_its_history() -> None:
    clock, reading = FakeClock(START), {"slow"}
    parts = {"good": feed_of("good"), "slow": FakeFeed((), live_status(state=SourceState.OFFLINE, last_good_ms=None))}
    merged = MergedFeed("good,slow", parts, clock.sleep, is_once=True, is_reading=reading.__contains__)
    async with merged.running() as feed:
        waiting = asyncio.ensure_future(first(feed))
        await clock.advance(60)
        assert not waiting.done()
        reading.clear()
        await clock.advance(4)
        assert not waiting.done()
        await clock.advance(3)
        assert {row.instrument.source for row in (await waiting).rows} == {"good"}


async def test_one_that_is_left_out_says_what_it_answered() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock, name="bad")
    source.error = UnreachableError("HTTP 503 Service Unavailable")
    async with (
        Engine(source, clock, once=True).running() as engine,
        MergedFeed(
            "good,bad", {"good": feed_of("good"), "bad": LocalFeed(engine)}, clock.sleep, is_once=True
        ).running() as feed,
    ):
        waiting = asyncio.ensure_future(first(feed))
        await clock.advance(30)
        (bad,) = (part for part in (await waiting).status.parts if part.source == "bad")
        assert bad.error == "HTTP 503 Service Unavailable"


async def test_it_fails_where_every_source_failed() -> None:
    clock = FakeClock(START)
    source = FakeSource(clock, name="bad")
    source.error = RejectedError("not here")
    async with (
        Engine(source, clock, once=True).running() as engine,
        MergedFeed("bad", {"bad": LocalFeed(engine)}, clock.sleep, is_once=True).running() as feed,
    ):
        waiting = asyncio.ensure_future(first_rows(feed.updates()))
        await clock.advance(10)
        with pytest.raises(RejectedError, match="not here"):
            await waiting


async def test_where_every_source_failed_each_reason_is_told_once() -> None:
    clock = FakeClock(START)
    reasons = {
        "a": RejectedError("not here", "go"),
        "b": UnreachableError("no route"),
        "c": RejectedError("not here", "go"),
    }
    sources = {name: FakeSource(clock, name=name) for name in reasons}
    for name, source in sources.items():
        source.error = reasons[name]
    async with AsyncExitStack() as stack:
        engines = [await stack.enter_async_context(Engine(one, clock, once=True).running()) for one in sources.values()]
        parts = {name: LocalFeed(engine) for name, engine in zip(sources, engines, strict=True)}
        feed = await stack.enter_async_context(MergedFeed("c,b,a", parts, clock.sleep, is_once=True).running())
        waiting = asyncio.ensure_future(first_rows(feed.updates()))
        await clock.advance(10)
        with pytest.raises(SourcesError) as caught:
            await waiting
    assert caught.value.message == "a, c: not here; b: no route"
    assert caught.value.alike == ((("a", "c"), reasons["a"]), (("b",), reasons["b"]))


def test_a_status_of_several_survives_the_wire_and_that_of_one_is_as_it_was() -> None:
    one = live_status(
        source="a",
        backfill=BackfillProgress(3, 9),
        history=HistoryStatus(5, "full", "tidy up"),
        stream="live",
        streamed_ms=AT_MS + 5,
    )
    other = live_status(source="b", state=SourceState.STALE, error="slow", skew_ms=300, collector="pid 1")
    tally = ErrorTally("timed out", 2, 7, "slow")
    whole = merged_report("a,b", [SourceReport(one), SourceReport(other, errors=(tally,), skipped=(("X", "bad"),))])
    assert (whole.status.backfill.total, whole.status.error, whole.status.skew_ms) == (9, "b: slow", 100)
    assert (whole.status.history, whole.skipped) == (HistoryStatus(5, "full", "tidy up"), (("b: X", "bad"),))
    assert whole.status.quoted_ms == AT_MS + 5
    for encoding in Encoding:
        codec = Codec(encoding)
        frame = codec.read_frame(codec.frame(1, 1, 1, [codec.event(report_event(whole))]))
        assert report_of(frame.events[0]) == whole  # type: ignore[arg-type]
    assert b"parts" not in Codec(Encoding.JSON).event(report_event(SourceReport(one)))


def test_the_state_is_the_worst_of_the_exchanges() -> None:
    live, stale = live_status(source="a"), live_status(source="b", state=SourceState.STALE)
    across = live_status(source="all", state=SourceState.OFFLINE, error="too few", next_poll_ms=1)
    status = merged_status("a,b", [across, live, stale])
    assert (status.state, status.error, status.instruments) == (SourceState.STALE, "", 480)
    assert status.next_poll_ms == live.next_poll_ms
    hung = live_status(source="c", next_poll_ms=live.last_attempt_ms)
    assert merged_status("a,c", [live, hung]).next_poll_ms == live.next_poll_ms, "told of before its poll began"
