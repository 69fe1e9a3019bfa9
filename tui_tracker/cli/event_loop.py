"""An event loop that ends when its work does."""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_to_end(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine like ``asyncio.run``, but don't wait for threads that hang (a DNS lookup can, for minutes)."""
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(main)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()


def leave_if_threads_hang(code: int) -> None:
    """End the process now if a thread is left that the interpreter would wait for; else do nothing."""
    hanging = [t.name for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if hanging:
        logging.getLogger(__name__).info("not waiting for %s", ", ".join(hanging))
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
