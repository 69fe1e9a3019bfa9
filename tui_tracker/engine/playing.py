"""Letting the past go on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import TrackerError

STEP_S: Final = 1.0
"""Seconds that a minute takes when time goes on: sixty times as fast as it was."""
_log = logging.getLogger(__name__)


async def play_on(
    clock: Clock,
    wanted: asyncio.Event,
    minute_ms: Callable[[], int],
    step: Callable[[], Awaitable[None]],
    stop: Callable[[], None],
) -> None:
    """Go a minute on each second while that is wanted, for ever; a step that leads nowhere stops it.

    Args:
        clock: What a second is measured by.
        wanted: Set while time goes on.
        minute_ms: The minute that is shown.
        step: Shows the next one.
        stop: Lets time stand.
    """
    due_s = 0.0
    while True:
        if not wanted.is_set():
            await wanted.wait()
            due_s = clock.monotonic_s()
        due_s = max(due_s + STEP_S, clock.monotonic_s())
        await clock.sleep(due_s - clock.monotonic_s())
        if not wanted.is_set():
            continue
        before_ms = minute_ms()
        try:
            await step()
        except TrackerError as error:
            _log.warning("not played on: %s", error)
        if minute_ms() == before_ms:
            stop()
