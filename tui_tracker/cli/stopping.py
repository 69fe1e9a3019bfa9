"""Letting go of the collector's office before the process is stopped by ctrl+z."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_tracker.engine.sharing import Sharing


@contextmanager
def released_when_stopped(sharing: "Sharing | None", stoppers: list[Callable[[], None]] | None) -> Iterator[None]:
    """While inside, let another session collect before ctrl+z stops this one.

    Args:
        sharing: Who collects.
        stoppers: Called by the app before it stops itself; without, the signal is waited for.
    """
    if sharing is None:
        yield
        return
    release = sharing.release
    if stoppers is not None:
        stoppers.append(release)
        yield
        stoppers.remove(release)
        return
    loop, is_ours = asyncio.get_running_loop(), signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL

    def stop() -> None:
        release()
        os.kill(os.getpid(), signal.SIGSTOP)

    if is_ours:
        loop.add_signal_handler(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        if is_ours:
            loop.remove_signal_handler(signal.SIGTSTP)
