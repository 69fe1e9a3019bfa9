"""Running a command's coroutine, so that a signal ends it quickly and with the right exit code."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from tui_tracker.cli.event_loop import run_to_end
from tui_tracker.cli.leaving import leave_if_threads_hang

GRACE_S: Final = 0.8
"""How long a command may take to clean up after a signal, in seconds."""
AGAIN_S: Final = 1.0
"""A signal within this time is the same one, sent to a group and passed on."""
_STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_log = logging.getLogger(__name__)
T = TypeVar("T")


def run_headless(work: Callable[[], Coroutine[Any, Any, T]], grace_s: float = GRACE_S) -> T:
    """Run a coroutine to its end, or until a signal cancels it.

    SIGINT, SIGTERM and SIGHUP, unless ignored, cancel the work, which may clean up for ``grace_s``; then the process
    ends even if a thread hangs (in a DNS lookup, say). Another one, a second later or more, ends it at once.

    Args:
        work: Makes the coroutine.
        grace_s: Seconds to clean up in after a signal.

    Raises:
        SystemExit: With 130, 143 or 129 after a signal.
    """
    stopped: list[tuple[int, float]] = []
    """(exit code, instant) of the first signal."""

    async def cancellable() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def stop(number: int) -> None:
            if stopped:
                code, at_s = stopped[0]
                if loop.time() - at_s >= AGAIN_S:
                    _leave(code)
                return
            loop.call_later(grace_s, _leave, 128 + number)
            stopped.append((128 + number, loop.time()))
            task.cancel()

        for number in _STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, stop, number)
        return await work()

    before = {number: signal.getsignal(number) for number in _STOPPING}
    try:
        return run_to_end(cancellable())
    except (Exception, asyncio.CancelledError) as error:
        if not stopped:
            raise
        failed = "" if isinstance(error, asyncio.CancelledError) else f": {error!r}"
        _log.info("ended by a signal%s", failed)
        leave_if_threads_hang(stopped[0][0])
        raise SystemExit(stopped[0][0]) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(code: int) -> None:
    """End the process without waiting for threads."""
    logging.shutdown()
    os._exit(code)
