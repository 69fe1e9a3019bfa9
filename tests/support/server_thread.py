"""Running a fake exchange: in a thread for synchronous tests, or from a shell until it is enough."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self


class ServerThread:
    """What serves while it is entered, in a thread and on an event loop of its own.

    Args:
        server: What is entered.
        name: Of the thread.
    """

    def __init__(self, server: AbstractAsyncContextManager[object], name: str) -> None:
        self._server = server
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result(timeout=20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._started.result().call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=20)
        if self._thread.is_alive():
            raise TimeoutError(f"the thread {self._thread.name} does not end")

    def call(self, work: Coroutine[None, None, None]) -> None:
        """Do something on the loop of the server, and wait for its end."""
        asyncio.run_coroutine_threadsafe(work, self._started.result()).result(timeout=20)

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _run(self) -> None:
        async with self._server:
            self._started.set_result(asyncio.get_running_loop())
            await self._stop.wait()


async def serve_until(server: AbstractAsyncContextManager[object], told: Callable[[], str], duration_s: float) -> None:
    """Serve until the duration is over or a signal comes; what is told first is printed."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with server:
        print(told(), flush=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), duration_s)
