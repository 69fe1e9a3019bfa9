"""Any of the fake exchanges as a server on 127.0.0.1, whose answers a test can spoil or replace.

In a test::

    async with FakeExchange("okx", pairs=30) as exchange:
        exchange.queue.append(HttpResponse(b"slow down", 429))
        ... exchange.url, exchange.requests

From a synchronous test use :class:`FakeExchangeThread`, from a shell
``python -m tests.support.exchanges.server okx --pairs 300 --port 0``.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Sequence
from email.utils import formatdate

from tests.support.exchanges.market import VOLUME_DIGITS, SeededMarket
from tests.support.exchanges.stream import Told, churning
from tests.support.exchanges.streams import STREAMS
from tests.support.exchanges.wire import Json, RefusedError, Wire
from tests.support.exchanges.wires import WIRES
from tests.support.fake_kraken_clock import ExchangeClock
from tests.support.fake_kraken_faults import Fault, Faults
from tests.support.fake_kraken_http import HttpRequest, HttpResponse
from tests.support.fake_kraken_server import FakeServer
from tests.support.server_thread import ServerThread, serve_until

Spoil = Callable[[str, Json], Json | bytes]
"""Makes another document, or bytes, of what would be answered to a path."""


class WireAnswers:
    """What one exchange answers."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.queue: list[HttpResponse] = []
        self.spoil: Spoil | None = None

    def answer(self, request: HttpRequest, path: str, at_ms: int, faults: Sequence[Fault]) -> HttpResponse:
        """The next of the queue, or what the exchange says."""
        return self.queue.pop(0) if self.queue else self.good(path, request.query, at_ms)

    def good(self, path: str, query: dict[str, str], at_ms: int) -> HttpResponse:
        """What the exchange says at an instant."""
        date = {"Date": formatdate(at_ms / 1000, usegmt=True)}
        try:
            document = self._wire.answer(path, query, at_ms)
        except RefusedError as refused:
            return HttpResponse(json.dumps(refused.document).encode(), refused.status, headers=date)
        if document is None:
            return HttpResponse(b"not found", 404, "text/plain", date)
        spoiled = document if self.spoil is None else self.spoil(path, document)
        body = spoiled if isinstance(spoiled, bytes) else json.dumps(spoiled, separators=(",", ":")).encode()
        return HttpResponse(body, headers=date)


class FakeExchange(FakeServer):
    """An exchange by its name.

    Args:
        name: Which one.
        seed: Which market.
        pairs: How many pairs it lists at most.
        now_ms: Its clock; the real one if ``None``.
        port: TCP port, 0 for any.
    """

    def __init__(
        self, name: str, seed: int = 1, pairs: int = 60, *, now_ms: Callable[[], int] | None = None, port: int = 0
    ) -> None:
        kind = WIRES[name]
        self.market = SeededMarket(seed, pairs, kind.dollar, omits_quiet=kind.omits_quiet)
        self.wire = kind(self.market)
        self.said = WireAnswers(self.wire)
        super().__init__(self.said, Faults(), now_ms, port=port)
        speaks = STREAMS.get(name)
        self.stream = None if speaks is None else speaks(self.wire.by_symbol, self._told, self.now_ms)
        """Its WebSocket, where one is spoken."""
        if self.stream is not None:
            self.upgrade = self.stream.serve

    def _told(self, symbol: str) -> Told:
        pair = self.wire.by_symbol[symbol]
        quote, unit = self.market.quote(pair, self.now_ms()), 10.0**pair.digits
        last, bid, ask, high, low = (
            ticks / unit for ticks in (quote.last, quote.bid, quote.ask, quote.high, quote.low)
        )
        volume = quote.volume / 10**VOLUME_DIGITS
        return Told(last, bid, ask, volume, float(quote.turnover), high, low, quote.trades)

    @property
    def queue(self) -> list[HttpResponse]:
        """Answers that are given before any other."""
        return self.said.queue


class FakeExchangeThread(ServerThread):
    """The exchange in a thread of its own, for synchronous tests."""

    def __init__(self, name: str, seed: int = 1, pairs: int = 60) -> None:
        self.exchange = FakeExchange(name, seed, pairs)
        super().__init__(self.exchange, f"fake-{name}")

    @property
    def url(self) -> str:
        """Base URL, without a slash at the end."""
        return self.exchange.url


def main(arguments: list[str] | None = None) -> None:
    """Serve until the duration is over or a signal comes; the first line printed is the URL."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.exchanges.server")
    parser.add_argument("name", choices=sorted(WIRES))
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--start-ms", type=int, default=None, help="where the exchange's clock starts")
    parser.add_argument("--updates", type=float, default=0.0, help="changes a second on the WebSocket")
    parser.add_argument("--duration", type=float, default=600.0, help="seconds after which it stops by itself")
    options = parser.parse_args(arguments)
    clock = ExchangeClock(options.start_ms)
    exchange = FakeExchange(options.name, options.seed, options.pairs, now_ms=clock, port=options.port)
    streams = [] if exchange.stream is None else [exchange.stream]
    asyncio.run(serve_until(churning(exchange, streams, options.updates), lambda: exchange.url, options.duration))


if __name__ == "__main__":
    main()
