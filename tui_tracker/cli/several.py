"""Several sources at once: an engine each, and what they collect as one feed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace

from tui_tracker.config.model import Settings
from tui_tracker.core.clock import Clock
from tui_tracker.core.instrument import CONSOLIDATED
from tui_tracker.engine.consolidated import LEAST_SOURCES, consolidating_engine
from tui_tracker.engine.engine import Engine
from tui_tracker.feed.base import DeepFeed
from tui_tracker.feed.local import LocalFeed
from tui_tracker.feed.merged import MergedFeed, usual_pause_s

Collect = Callable[[Settings], AbstractAsyncContextManager[Engine]]
"""Collects a single source."""


@asynccontextmanager
async def collected_together(
    settings: Settings,
    clock: Clock,
    window: int,
    collect: Collect,
    *,
    once: bool,
    across: bool = True,
    spares_unseen: bool = False,
) -> AsyncIterator[DeepFeed]:
    """A feed of all sources of the settings, each opened, polled and closed by itself.

    Args:
        settings: What is in force; names several sources.
        clock: Where all time comes from.
        window: Minutes of the windows.
        collect: Collects one of them.
        once: Whether each is polled a single time.
        across: Whether consolidated pairs are made of theirs.
        spares_unseen: Whether rows of these that nobody looks at may lag behind, as those of the sources.
    """
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        opened: dict[str, asyncio.Future[Engine]] = {}
        for name in settings.sources:
            future = opened[name.rpartition(":")[2]] = asyncio.get_running_loop().create_future()
            group.create_task(_hold(collect(replace(settings, source=name)), future, stop))
        try:
            engines = {name: await future for name, future in opened.items()}
            pause_s = usual_pause_s(len(engines))
            for engine in engines.values():
                engine.pace_stream(pause_s)
            parts: dict[str, DeepFeed] = {name: LocalFeed(engine) for name, engine in engines.items()}
            async with AsyncExitStack() as stack:
                if across and len(engines) >= LEAST_SOURCES:
                    together = consolidating_engine(
                        engines, clock, interval_s=settings.interval, window_minutes=window, once=once
                    )
                    if spares_unseen:
                        together.spare_unseen()
                    parts[CONSOLIDATED] = LocalFeed(await stack.enter_async_context(together.running()))
                merged = MergedFeed(
                    settings.market,
                    parts,
                    clock.sleep,
                    is_once=once,
                    pause_s=pause_s,
                    is_reading=lambda name: name in engines and engines[name].is_reading,
                )
                yield await stack.enter_async_context(merged.running())
        finally:
            stop.set()


async def _hold(
    opening: AbstractAsyncContextManager[Engine], opened: "asyncio.Future[Engine]", stop: asyncio.Event
) -> None:
    """Keep one source open; opening and closing it takes as long as it takes, beside the others."""
    async with opening as engine:
        opened.set_result(engine)
        await stop.wait()
