"""Puts source, engine and feed together; the only place that knows which."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tui_tracker.config.model import Settings
from tui_tracker.config.state import StateStore
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import ConfigError
from tui_tracker.feed.base import Feed
from tui_tracker.sources.base import Source

DEMO_SCALE = 60.0
"""Minutes of the simulated market in a minute: a new one each second."""


def collect_once(settings: Settings, window: int) -> AbstractAsyncContextManager[Feed]:
    """A feed that polls a single time, and loads only the history of instruments that it is asked to prioritise.

    Args:
        settings: What is in force.
        window: Minutes that the statistics cover.

    Raises:
        ConfigError: An unknown source, an unusable URL or proxy variable.
    """
    from tui_tracker.engine.clock import SteppedClock, SystemClock

    clock: Clock = SystemClock()
    if settings.demo:
        from tui_tracker.sources.simulated import START_MS

        clock = SteppedClock(START_MS)
    return _collect(_source(settings, clock), clock, settings.interval, window, once=True)


@asynccontextmanager
async def _collect(
    source: Source, clock: Clock, interval_s: int, window: int, *, once: bool
) -> AsyncIterator[Feed]:
    from tui_tracker.engine.engine import Engine
    from tui_tracker.feed.local import LocalFeed

    engine = Engine(source, clock, interval_s=interval_s, window_minutes=window, once=once)
    async with engine.running():
        yield LocalFeed(engine)


def _source(settings: Settings, clock: Clock) -> Source:
    if settings.demo:
        from tui_tracker.sources.simulated import SimulatedSource

        return SimulatedSource(clock, settings.seed)
    from tui_tracker.sources.registry import create

    return create(
        settings.source, clock=clock, base_url=settings.base_urls.get(settings.source), interval_s=settings.interval
    )


def run_app(settings: Settings, store: StateStore) -> int:
    """Run the app until it ends; return its exit code."""
    raise ConfigError("the app is not wired yet")
