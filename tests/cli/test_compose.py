"""What the composition does beside putting parts together."""

import asyncio
import gc
import weakref
from pathlib import Path

from tests.support.clock import FakeClock
from tui_tracker.cli.compose import TIDY_EVERY_S, _source, _stream, tidy_up
from tui_tracker.config.model import Settings
from tui_tracker.sources.stream import SocketStream


async def test_a_ban_on_a_stream_stops_the_requests_of_the_same_exchange(tmp_path: Path) -> None:
    clock, settings = FakeClock(), Settings(source="binance", stream=True, data_dir=str(tmp_path))
    source, budget = _source(settings, clock)
    stream = _stream(settings, clock, budget)
    assert isinstance(stream, SocketStream)
    stream._refusal(418, "600")
    assert source.next_slot_s() == 600
    await source.aclose()


class Knot:
    """Something that refers to itself, as screens and charts do."""

    def __init__(self) -> None:
        self.self = self


async def test_knots_are_collected_now_and_then() -> None:
    clock = FakeClock()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        task = asyncio.create_task(tidy_up(clock.sleep))
        known = weakref.ref(Knot())
        await clock.advance(TIDY_EVERY_S - 1)
        assert known() is not None
        await clock.advance(1)
        assert known() is None
        known = weakref.ref(Knot())
        await clock.advance(TIDY_EVERY_S)
        assert known() is None
        task.cancel()
    finally:
        if was_enabled:
            gc.enable()
