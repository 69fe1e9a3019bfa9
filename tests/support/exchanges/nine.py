"""All nine fake exchanges at once, each on a port of its own.

In a test::

    async with Nine(pairs=30) as nine:
        ... nine.urls, nine.servers["okx"].requests

From a synchronous test use :class:`NineThread`. From a shell ``python -m tests.support.exchanges.nine --pairs 1000``
prints the flags that make crypto-tui ask them, in one line, and serves until the duration is over.
"""

import argparse
import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from tests.support.exchanges.server import FakeExchange
from tests.support.fake_kraken import FakeKraken
from tests.support.fake_kraken_server import FakeServer

NAMES = ("kraken", "binance", "bitfinex", "bitstamp", "bybit", "coinbase", "gate", "kucoin", "okx")


class Nine:
    """The exchanges of some names, the same seeded market on each, in the quote currency that each has.

    Args:
        pairs: How many each lists at most.
        names: Which.
        now_ms: Their clock; the real one if ``None``.
    """

    def __init__(self, pairs: int = 30, names: Sequence[str] = NAMES, now_ms: Callable[[], int] | None = None) -> None:
        self.servers: dict[str, FakeServer] = {
            name: FakeKraken(1, pairs, now_ms=now_ms)
            if name == "kraken"
            else FakeExchange(name, 1, pairs, now_ms=now_ms)
            for name in names
        }

    @property
    def urls(self) -> dict[str, str]:
        """Base URLs by name."""
        return {name: server.url for name, server in self.servers.items()}

    @property
    def flags(self) -> list[str]:
        """The flags that make the program ask them."""
        urls = [word for name, url in self.urls.items() for word in ("--base-url", f"{name}={url}")]
        return ["--source", ",".join(self.servers), *urls]

    async def __aenter__(self) -> Self:
        self._stack = contextlib.AsyncExitStack()
        for server in self.servers.values():
            await self._stack.enter_async_context(server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()


class NineThread:
    """They in a thread of their own, for synchronous tests."""

    def __init__(self, pairs: int = 30, names: Sequence[str] = NAMES) -> None:
        self.nine = Nine(pairs, names)
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._main, name="fake-exchanges", daemon=True)

    def __enter__(self) -> Nine:
        self._thread.start()
        self._started.result(timeout=20)
        return self.nine

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._started.result().call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=20)
        if self._thread.is_alive():
            raise TimeoutError("the thread of the fake exchanges does not end")

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _run(self) -> None:
        async with self.nine:
            self._started.set_result(asyncio.get_running_loop())
            await self._stop.wait()


async def _run_until(nine: Nine, duration_s: float) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with nine:
        print(" ".join(nine.flags), flush=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), duration_s)


def main(arguments: list[str] | None = None) -> None:
    """Serve until the duration is over or a signal comes; the first line printed is the flags."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.exchanges.nine")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--duration", type=float, default=600.0, help="seconds after which it stops by itself")
    options = parser.parse_args(arguments)
    asyncio.run(_run_until(Nine(options.pairs), options.duration))


if __name__ == "__main__":
    main()
