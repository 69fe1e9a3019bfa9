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
from collections.abc import Callable

from tests.support.exchanges.stream import churning
from tests.support.fake_kraken_clock import ExchangeClock
from tests.support.fake_kraken_faults import DATA_PATHS, TRANSPORT, Fault, Faults, parse_fault
from tests.support.fake_kraken_listing import Listing
from tests.support.fake_kraken_server import FakeKraken, LoggedRequest
from tests.support.server_thread import ServerThread, serve_until

__all__ = ["ExchangeClock", "FakeKraken", "FakeKrakenThread", "Fault", "Faults", "Listing", "LoggedRequest"]


class FakeKrakenThread(ServerThread):
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
        super().__init__(self.exchange, "fake-kraken")

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
        self.call(self.exchange.stop())

    def start_listening(self) -> None:
        """Be back, on the same port."""
        self.call(self.exchange.start())


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
    served = churning(exchange, [exchange.stream], options.updates)
    asyncio.run(serve_until(served, lambda: exchange.url, options.duration))


if __name__ == "__main__":
    main()
