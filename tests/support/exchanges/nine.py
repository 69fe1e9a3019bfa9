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
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from tests.support.exchanges.server import FakeExchange
from tests.support.exchanges.stream import FakeStream, churning
from tests.support.fake_kraken import FakeKraken
from tests.support.fake_kraken_server import FakeServer
from tests.support.server_thread import ServerThread, serve_until

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

    @property
    def streams(self) -> list[FakeStream]:
        """Their WebSockets, as far as they are spoken."""
        served = self.servers.values()
        found = [one.stream for one in served if isinstance(one, FakeKraken | FakeExchange)]
        return [stream for stream in found if stream is not None]

    async def __aenter__(self) -> Self:
        self._stack = contextlib.AsyncExitStack()
        for server in self.servers.values():
            await self._stack.enter_async_context(server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()


class NineThread(ServerThread):
    """They in a thread of their own, for synchronous tests."""

    def __init__(self, pairs: int = 30, names: Sequence[str] = NAMES) -> None:
        self.nine = Nine(pairs, names)
        super().__init__(self.nine, "fake-exchanges")


def main(arguments: list[str] | None = None) -> None:
    """Serve until the duration is over or a signal comes; the first line printed is the flags."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.exchanges.nine")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--updates", type=float, default=0.0, help="changes a second on each WebSocket")
    parser.add_argument("--duration", type=float, default=600.0, help="seconds after which it stops by itself")
    options = parser.parse_args(arguments)
    nine = Nine(options.pairs)
    asyncio.run(
        serve_until(churning(nine, nine.streams, options.updates), lambda: " ".join(nine.flags), options.duration)
    )


if __name__ == "__main__":
    main()
