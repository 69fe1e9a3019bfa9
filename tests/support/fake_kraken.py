"""A Kraken of our own: a real HTTP server on 127.0.0.1 with a seeded market and faults on demand.

It shares no code with the product. In a test::

    async with FakeKraken(seed=1, pairs=50) as exchange:
        exchange.faults.set("http_503", count=2, path="Ticker")
        ... exchange.url, exchange.requests, exchange.connections

From a synchronous test use :class:`FakeKrakenThread`, from a shell
``python -m tests.support.fake_kraken --pairs 1100 --seed 1 --port 0``.
"""

import argparse
import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from tests.support.fake_kraken_clock import ExchangeClock
from tests.support.fake_kraken_faults import DATA_PATHS, TRANSPORT, Fault, Faults, parse_fault
from tests.support.fake_kraken_listing import Listing
from tests.support.fake_kraken_server import FakeKraken, LoggedRequest

__all__ = ["ExchangeClock", "FakeKraken", "FakeKrakenThread", "Fault", "Faults", "Listing", "LoggedRequest"]


class FakeKrakenThread:
    """The exchange in a thread of its own, for synchronous tests; takes what :class:`FakeKraken` takes."""

    def __init__(
        self,
        seed: int = 1,
        pairs: int = 1_100,
        *,
        modern_keys: bool = False,
        now_ms: Callable[[], int] | None = None,
        clock_skew_s: float = 0.0,
        port: int = 0,
    ) -> None:
        self.exchange = FakeKraken(
            seed, pairs, modern_keys=modern_keys, now_ms=now_ms, clock_skew_s=clock_skew_s, port=port
        )
        self.faults = self.exchange.faults
        self.requests = self.exchange.requests
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._main, name="fake-kraken", daemon=True)

    @property
    def url(self) -> str:
        """Base URL, without a slash at the end."""
        return self.exchange.url

    @property
    def connections(self) -> int:
        """See :attr:`FakeKraken.connections`."""
        return self.exchange.connections

    @property
    def listings(self) -> list[Listing]:
        """See :attr:`FakeKraken.listings`."""
        return self.exchange.listings

    def paths(self) -> list[str]:
        """See :meth:`FakeKraken.paths`."""
        return self.exchange.paths()

    def most_requests_in(self, seconds: float) -> int:
        """See :meth:`FakeKraken.most_requests_in`."""
        return self.exchange.most_requests_in(seconds)

    def stop_listening(self) -> None:
        """Be out of reach: refuse connections and drop the open ones."""
        self._call(self.exchange.stop())

    def start_listening(self) -> None:
        """Be back, on the same port."""
        self._call(self.exchange.start())

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result(timeout=20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stop is not None:
            self._started.result().call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=20)
        if self._thread.is_alive():
            raise TimeoutError("the fake exchange's thread does not end")

    def _call(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._started.result()).result(timeout=20)

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            else:
                raise

    async def _run(self) -> None:
        self._stop = asyncio.Event()
        async with self.exchange:
            self._started.set_result(asyncio.get_running_loop())
            await self._stop.wait()


async def _run_until(exchange: FakeKraken, duration_s: float, updates: float) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with exchange:
        print(exchange.url, flush=True)
        churning = loop.create_task(exchange.stream.churn(updates)) if updates else None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), duration_s)
        if churning is not None:
            churning.cancel()


def main(arguments: list[str] | None = None) -> None:
    """Serve until the duration is over or a signal comes; the first line printed is the URL."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.fake_kraken", description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=1_100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--skew", type=float, default=0.0, help="seconds that the exchange's clock is ahead")
    parser.add_argument("--rate", type=float, default=1.0, help="speed of the exchange's clock; 0 freezes it")
    parser.add_argument("--start-ms", type=int, default=None, help="where the exchange's clock starts")
    parser.add_argument("--modern-keys", action="store_true", help="Ticker keys such as BTC/USD")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[@PATH][:COUNT|:SECONDSs]",
        help=f"what goes wrong: {', '.join(sorted({*TRANSPORT, *DATA_PATHS}))}",
    )
    parser.add_argument("--updates", type=float, default=0.0, help="changes a second on the WebSocket")
    parser.add_argument("--duration", type=float, default=600.0, help="seconds after which it stops by itself")
    options = parser.parse_args(arguments)
    clock = ExchangeClock(options.start_ms, options.rate, options.skew)
    exchange = FakeKraken(options.seed, options.pairs, modern_keys=options.modern_keys, now_ms=clock, port=options.port)
    for text in options.fault:
        try:
            exchange.faults.add(parse_fault(text))
        except ValueError as error:
            parser.error(f"--fault {text}: {error}")
    asyncio.run(_run_until(exchange, options.duration, options.updates))


if __name__ == "__main__":
    main()
