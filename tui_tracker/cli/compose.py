"""Puts source, engine and feed together; the only place that knows which."""

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from tui_tracker.config.model import Settings
from tui_tracker.config.state import State, StateStore
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import ConfigError, TrackerError
from tui_tracker.core.foreground import QUIET
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.feed.base import DeepFeed, Feed, PastFeed

if TYPE_CHECKING:
    from tui_tracker.api.server import ServeOptions, Serving
    from tui_tracker.cli.replay_spec import ReplaySpec
    from tui_tracker.engine.engine import Engine
    from tui_tracker.engine.sharing import Sharing
    from tui_tracker.engine.together import Together
    from tui_tracker.feed.late import LateFeed
    from tui_tracker.feed.remote import RemoteFeed
    from tui_tracker.sources.base import Source, Stream
    from tui_tracker.sources.budget import RequestBudget
    from tui_tracker.storage.store import Store

DAY_MINUTES = 1440
"""What is collected and kept of every metric; other windows of the app are made from it and from the history."""
DEMO_SCALE = 60.0
"""Minutes of the simulated market in a minute: a new one each second …"""
DEMO_PAIRS = 1_000
"""… of up to so many pairs; ten times as many are ten times as slow, and take no more of the processor."""
FULL_COLLECTION_EVERY = 1_000
"""Full collections of garbage come only after so many young ones (Python's default is 10)."""
TIDY_EVERY_S = 600.0
"""Seconds between two full collections that we ask for ourselves: screens and charts do have cycles, and without these
they grow by 10 MB an hour."""
SWITCH_S = 0.0005
"""Longest that the thread that builds a chart keeps the interpreter while a key waits. A key takes several turns of the
loop, each of which would wait for Python's default of 5 ms."""

PAINTS_A_SECOND = 120
"""Most paints while keys come fast. With the 60 of Textual a key waits for 16 ms where another came just before."""


def collect_once(
    settings: Settings, window: int, *, across: bool = False, metrics: Collection[Metric] = METRICS
) -> AbstractAsyncContextManager[Feed]:
    """A feed that polls a single time, and loads only the history of instruments that it is asked to prioritise.

    Args:
        settings: What is in force.
        window: Minutes that the statistics cover.
        across: Whether consolidated pairs are made of what several sources say.
        metrics: What is taken up from a history on disk, beside the price.

    Raises:
        ConfigError: An unknown source, an unusable URL or proxy variable.
    """
    if _is_thin(settings):
        return _remote(settings, once=True, window=window).running()
    from tui_tracker.engine.clock import SteppedClock, SystemClock

    clock: Clock = SystemClock()
    if settings.demo:
        from tui_tracker.sources.simulated import START_MS

        clock = SteppedClock(START_MS)
    return _collect(settings, clock, _collected(window), once=True, across=across, metrics=metrics)


def collect_live(settings: Settings) -> AbstractAsyncContextManager[Feed]:
    """A feed that polls on and on, and loads all history, that of prioritised instruments first.

    Raises:
        ConfigError: An unknown source, an unusable URL or proxy variable.
    """
    if _is_thin(settings):
        return _remote(settings, window=settings.window).running()
    return _collect_live(settings, _live_clock(settings))


@asynccontextmanager
async def serve(settings: Settings, options: "ServeOptions") -> AsyncIterator["Serving"]:
    """Collect, and serve what is collected, while inside.

    Raises:
        ConfigError: An unknown source, an unusable URL or proxy variable.
        ServiceError: An address or a certificate that can't be used.
    """
    from tui_tracker.api.server import serving

    clock = _live_clock(settings)
    async with _collect_live(settings, clock) as feed, asyncio.TaskGroup() as group:
        sparing = group.create_task(spare_what_stays(feed))
        options = replace(
            options,
            min_coverage=settings.min_coverage,
            interval_s=settings.interval,
            clock_rate=demo_scale(settings.demo_pairs) if settings.demo else 1.0,
        )
        try:
            async with serving(feed, clock, options, feed) as server:
                yield server
        finally:
            sparing.cancel()


def _is_thin(settings: Settings) -> bool:
    return bool(settings.connect) and not settings.demo


def _remote(settings: Settings, *, once: bool = False, window: int | None = None) -> "RemoteFeed":
    from tui_tracker.feed.remote import RemoteFeed

    return RemoteFeed(settings.connect, settings.token, once=once, window=window, ca_file=settings.ca_file)


@asynccontextmanager
async def _collect(
    settings: Settings,
    clock: Clock,
    window: int,
    *,
    once: bool,
    across: bool = True,
    metrics: Collection[Metric] = METRICS,
    stoppers: "list[Callable[[], None]] | None" = None,
    spares_unseen: bool = False,
) -> AsyncIterator[DeepFeed]:
    from tui_tracker.engine.together import Together
    from tui_tracker.feed.local import LocalFeed

    together = Together()

    @asynccontextmanager
    async def collect(one: Settings) -> "AsyncIterator[Engine]":
        is_first = one.source == settings.sources[0]
        opening = _collect_one(
            one, clock, window, metrics, once=once, stoppers=stoppers, together=together, tends=is_first
        )
        async with opening as engine:
            if spares_unseen:
                engine.spare_unseen()
            yield engine

    if not settings.demo and len(settings.sources) > 1:
        from tui_tracker.cli.several import collected_together

        several = collected_together(
            settings, clock, window, collect, once=once, across=across, spares_unseen=spares_unseen
        )
        async with several as feed:
            yield feed
        return
    async with collect(settings) as engine:
        yield LocalFeed(engine)


@asynccontextmanager
async def _collect_one(
    settings: Settings,
    clock: Clock,
    window: int,
    metrics: Collection[Metric],
    *,
    once: bool,
    stoppers: "list[Callable[[], None]] | None",
    together: "Together",
    tends: bool,
) -> "AsyncIterator[Engine]":
    """The engine of one source, running; ``together`` and ``tends`` are for its history."""
    from tui_tracker.cli.stopping import released_when_stopped

    source, budget = _source(settings, clock)
    history = _history(settings, clock, source.name, may_begin=not once, together=together, tends=tends)
    async with history as (store, sharing):
        engine = await _engine(settings, clock, window, (source, budget), (store, sharing), metrics, once=once)
        async with engine.running():
            with released_when_stopped(None if once else sharing, stoppers):
                yield engine


async def _engine(
    settings: Settings,
    clock: Clock,
    window: int,
    asked: "tuple[Source, RequestBudget | None]",
    kept: "tuple[Store | None, Sharing | None]",
    metrics: Collection[Metric],
    *,
    once: bool,
) -> "Engine":
    """What collects: for all sessions of a history, for this one, or not at all where another one does."""
    (source, budget), (store, sharing) = asked, kept
    place = settings.base_urls.get(settings.source, "")
    if once and store is not None and sharing is not None and await _is_collected(store, sharing, clock, place):
        from tui_tracker.engine.borrowing import BorrowingEngine

        return BorrowingEngine(source, clock, store, sharing, window, metrics)
    stream = None if once else _stream(settings, clock, budget)
    if store is not None and sharing is not None and not once:
        from tui_tracker.engine.shared import SharedEngine

        return SharedEngine(
            source,
            clock,
            store,
            sharing,
            interval_s=settings.interval,
            window_minutes=window,
            budget=budget,
            place=place,
            stream=stream,
        )
    from tui_tracker.engine.engine import Engine

    return Engine(
        source,
        clock,
        interval_s=settings.interval,
        window_minutes=window,
        once=once,
        budget=budget,
        store=store,
        stream=stream,
        metrics=metrics,
    )


async def _is_collected(store: "Store", sharing: "Sharing", clock: Clock, place: str) -> bool:
    """Whether another process polls the same exchange for us, and did so a short while ago; it is named on stderr."""
    from tui_tracker.cli.diagnostics import say
    from tui_tracker.core.errors import StorageError
    from tui_tracker.core.format import utc_time
    from tui_tracker.engine.borrowing import is_fresh

    await sharing.observe()
    try:
        report = await asyncio.wrap_future(store.report(sharing.source))
    except StorageError:
        return False  # a history that can't be read is told of by the engine that polls
    if report is None or not sharing.is_led or not is_fresh(report, place, clock.now_ms()):
        return False
    polled = utc_time(report.status.last_good_ms, seconds=True)
    say(f"note: {sharing.source} is collected by {sharing.collector}, this is its poll of {polled} UTC")
    return True


@asynccontextmanager
async def _history(
    settings: Settings, clock: Clock, source: str, *, may_begin: bool, together: "Together", tends: bool
) -> "AsyncIterator[tuple[Store | None, Sharing | None]]":
    """The history on disk, if it is wanted, and who collects into it."""
    if settings.demo or not settings.history:
        yield None, None
        return
    from tui_tracker.cli.shared_history import opened_history

    async with opened_history(settings, clock, source, may_begin=may_begin, together=together, tends=tends) as opened:
        yield opened


def _source(settings: Settings, clock: Clock) -> "tuple[Source, RequestBudget | None]":
    """The source, and the pace of its requests; a simulated one makes none."""
    if settings.demo:
        from tui_tracker.sources.simulated import SimulatedSource

        return SimulatedSource(clock, settings.seed, settings.demo_pairs), None
    from tui_tracker.cli.shared_history import ban_of
    from tui_tracker.sources.registry import create, request_budget

    budget = request_budget(settings.source, clock, memory=ban_of(settings, settings.source, clock))
    base_url = settings.base_urls.get(settings.source)
    source = create(
        settings.source,
        clock=clock,
        base_url=base_url,
        interval_s=settings.interval,
        budget=budget,
        ca_file=settings.ca_file,
    )
    return source, budget


def _stream(settings: Settings, clock: Clock, budget: "RequestBudget | None") -> "Stream | None":
    """What reads live quotes, if they are wanted and the source has them."""
    if settings.demo or not settings.is_streamed:
        return None
    from tui_tracker.sources.registry import open_stream

    base_url = settings.base_urls.get(settings.source)
    return open_stream(settings.source, clock=clock, base_url=base_url, budget=budget, ca_file=settings.ca_file)


def _collect_live(
    settings: Settings, clock: Clock, stoppers: "list[Callable[[], None]] | None" = None
) -> AbstractAsyncContextManager[DeepFeed]:
    return _collect(settings, clock, _collected(settings.window), once=False, stoppers=stoppers)


def _collected(window: int) -> int:
    """A window that can be kept of every metric.

    Raises:
        ConfigError: If it is longer than a day.
    """
    if window > DAY_MINUTES:
        raise ConfigError("windows over 24 h are for the app and rank alone", "use --window 24h or less")
    return window


def run_app(settings: Settings, state: State, store: StateStore, replay: "ReplaySpec | None" = None) -> int:
    """Run the app until it ends; return its exit code.

    Args:
        settings: What is in force.
        state: What the last run left.
        store: Where it is left for the next one.
        replay: Where to begin in the past; ``None`` to begin live.

    Raises:
        ConfigError: An unknown source, an unusable URL or proxy variable.
    """
    from tui_tracker.cli.event_loop import run_to_end

    os.environ.setdefault("TEXTUAL_FPS", str(PAINTS_A_SECOND))
    sys.setswitchinterval(SWITCH_S)
    gc.disable()  # until the first paint: loading modules would set it off again and again
    return run_to_end(_run_app(settings, state, store, replay))


async def _run_app(settings: Settings, state: State, store: StateStore, replay: "ReplaySpec | None") -> int:
    from tui_tracker.config.paths import default_paths
    from tui_tracker.config.themes import read_themes
    from tui_tracker.feed.late import LateFeed
    from tui_tracker.tui.app import TrackerApp
    from tui_tracker.tui.driver import QuietDriver, install_signal_handlers
    from tui_tracker.tui.foreground import Foreground

    foreground = Foreground()
    QUIET.set(foreground.quiet)
    async with asyncio.TaskGroup() as group:
        holders: list[asyncio.Task[None]] = []
        stoppers: list[Callable[[], None]] = []

        def open_late(market: _Market) -> LateFeed:
            late = LateFeed(market.name, market.is_simulated, market.now_ms)
            holders.append(group.create_task(_hold(late, market, stoppers)))
            return late

        async def open_demo() -> Feed:
            return open_late(_market(replace(settings, demo=True)))

        async def open_past() -> PastFeed:
            opened: asyncio.Future[PastFeed] = asyncio.get_running_loop().create_future()
            holders.append(group.create_task(_hold_past(settings, replay, opened)))
            return await opened

        market = _market(settings)
        themes, errors = read_themes(default_paths().config_file.with_name("themes"))
        if errors:
            state = replace(state, warning=" · ".join(filter(None, (state.warning, errors[0].message))))
        app = TrackerApp(
            open_late(market),
            settings,
            state,
            store,
            market.now_ms,
            None if settings.demo else open_demo,
            QuietDriver,
            themes=themes,
            open_past=open_past if _has_past(settings, replay) else None,
            start_ms=None if replay is None else replay.first_ms,
        )
        app.before_stop = stoppers
        app.foreground = foreground
        install_signal_handlers(app)
        await app.run_async(mouse=settings.mouse)
        for holder in holders:
            holder.cancel()
    return app.return_code or 0


@dataclass(frozen=True, slots=True)
class _Market:
    """What the app is to show, not opened yet."""

    name: str
    is_simulated: bool
    now_ms: Callable[[], int]
    open: Callable[[list[Callable[[], None]]], AbstractAsyncContextManager[Feed]]
    """Opens it; puts into the list what is to be done before the process is stopped (ctrl+z)."""


def _market(settings: Settings) -> _Market:
    if _is_thin(settings):
        remote = _remote(settings)
        return _Market(remote.status().source, False, remote.now_ms, lambda _: remote.running())
    clock = _live_clock(settings)
    return _Market(
        settings.market, settings.demo, clock.now_ms, lambda stoppers: _collect_late(settings, clock, stoppers)
    )


@asynccontextmanager
async def _collect_late(settings: Settings, clock: Clock, stoppers: list[Callable[[], None]]) -> AsyncIterator[Feed]:
    await asyncio.to_thread(import_module, "tui_tracker.engine.engine")
    async with _collect(settings, clock, DAY_MINUTES, once=False, stoppers=stoppers, spares_unseen=True) as feed:
        yield feed


async def _hold(late: "LateFeed", market: _Market, stoppers: list[Callable[[], None]]) -> None:
    """Open the real feed when it is wanted, and keep it open until cancelled."""
    await late.wanted.wait()
    gc.freeze()  # modules and panes stay: collections while the market is loaded would go through them each time
    _make_full_collections_rare()
    gc.enable()
    async with market.open(stoppers) as feed:
        late.connect(feed)
        await spare_what_stays(feed)
        await tidy_up()


def _has_past(settings: Settings, replay: "ReplaySpec | None") -> bool:
    if replay is not None:
        return True
    return settings.history and not settings.demo and not _is_thin(settings)


async def _hold_past(settings: Settings, replay: "ReplaySpec | None", opened: "asyncio.Future[PastFeed]") -> None:
    """Keep the history open, to read alone and by a thread of its own, until it isn't needed any more."""
    try:
        await asyncio.to_thread(import_module, "tui_tracker.engine.replay")
        from tui_tracker.cli.shared_history import past_history

        last_ms = None if replay is None else replay.last_ms
        market = settings.market if replay is None else replay.source
        async with past_history(settings, replay) as (store, clock), AsyncExitStack() as stack:
            from tui_tracker.engine.replay import Replay
            from tui_tracker.feed.merged_past import MergedPastFeed
            from tui_tracker.feed.past import ReplayFeed

            parts: dict[str, ReplayFeed] = {}
            for name in market.split(","):
                replayed = Replay(store, name, clock, last_ms).running()
                parts[name] = ReplayFeed(await stack.enter_async_context(replayed))
            feed: ReplayFeed | MergedPastFeed = next(iter(parts.values()))
            if len(parts) > 1:
                feed = await stack.enter_async_context(MergedPastFeed(market, parts, clock).running())
            opened.set_result(feed)
            await feed.closed.wait()
    except TrackerError as error:
        if not opened.done():
            opened.set_exception(error)
        else:
            raise


async def spare_what_stays(feed: Feed) -> None:
    """Once the market is there, keep the garbage collector off it: modules, instruments and windows stay.

    A full collection over them would hold the event loop for 40 ms; over the rows of the newest snapshots alone it
    still takes 10 ms, so it is made rare: rows have no cycles. What has is left to :func:`tidy_up`.
    """
    async for snapshot in feed.updates():
        if snapshot.rows:
            gc.freeze()
            _make_full_collections_rare()
            return


def _make_full_collections_rare() -> None:
    gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTION_EVERY)


async def tidy_up(sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
    """Collect garbage now and then, for ever: polls leave much time between them, in which nobody notices."""
    while True:
        await sleep(TIDY_EVERY_S)
        gc.collect()


def demo_scale(pairs: int) -> float:
    """Seconds of a simulated market in a second."""
    return DEMO_SCALE * min(1.0, DEMO_PAIRS / pairs)


def _live_clock(settings: Settings) -> Clock:
    from tui_tracker.engine.clock import ScaledClock, SystemClock

    if settings.demo:
        from tui_tracker.sources.simulated import START_MS

        return ScaledClock(START_MS, demo_scale(settings.demo_pairs))
    return SystemClock()
