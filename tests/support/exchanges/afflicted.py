"""Everything that goes wrong with exchanges, one thing after the other: each minute something else on each of them.

What spoils answers begins before the poll of a minute and ends after it, what spoils a WebSocket comes in between.
``python -m tests.support.exchanges.afflicted`` serves like ``…nine``; SIGUSR1 begins, SIGUSR2 ends it and has a line
printed of what happened.
"""

import argparse
import asyncio
import json
import random
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from typing import TypeVar

from tests.support.exchanges.nine import Nine
from tests.support.exchanges.server import FakeExchange
from tests.support.exchanges.stream import FakeStream, churning
from tests.support.fake_kraken import FakeKraken
from tests.support.fake_kraken_faults import DATA_PATHS, TRANSPORT
from tests.support.fake_kraken_http import HttpResponse
from tests.support.fake_kraken_server import FakeServer
from tests.support.server_thread import serve_until

BEGIN_S, END_S = 50.0, 64.0
"""Seconds after the begin of a minute."""
BANS = {"binance": {418, 403}, "bybit": {403}}
"""After these nothing may be asked for longer than the next minute, as documented."""
PAGE = b"<!DOCTYPE html><title>\x1b[31mSign in</title>"
STATUSES = (418, 403, 429, 451, 500, 502, 503, 504, 520)
BAD_VALUES: tuple[object, ...] = ("NaN", "Infinity", "-1", "0", "1e309", None, {}, [])
T = TypeVar("T")
Trouble = Callable[[FakeServer], None]


def troubles_of(name: str) -> list[tuple[str, Trouble]]:
    """What is done to an exchange, by what it is called."""
    found: list[tuple[str, Trouble]] = [(fault, _faulty(fault)) for fault in sorted(TRANSPORT) if "kraken" not in fault]
    if name == "kraken":
        found += [(fault, _faulty(fault)) for fault in sorted(DATA_PATHS)]
        found += [(fault, _faulty(fault)) for fault in sorted(TRANSPORT) if "kraken" in fault]
        return found
    found += [(f"HTTP {status}", _answering(status)) for status in STATUSES if status not in BANS.get(name, ())]
    found += [(f"every fifth value {bad!r}", _spoiling(bad)) for bad in BAD_VALUES]
    found += [("doubled", _doubling), ("empty list", _emptying)]
    return [one for one in found if one[0] != "http_403" or 403 not in BANS.get(name, ())]


def _faulty(fault: str) -> Trouble:
    def begin(server: FakeServer) -> None:
        server.faults.set(fault)

    return begin


def _answering(status: int) -> Trouble:
    headers = {"Retry-After": "5"} if status in (429, 503) else {}

    def begin(server: FakeServer) -> None:
        assert isinstance(server, FakeExchange)
        server.queue.extend([HttpResponse(PAGE, status, "text/html", headers)] * 3)

    return begin


def _spoiling(bad: object) -> Trouble:
    def begin(server: FakeServer) -> None:
        assert isinstance(server, FakeExchange)
        server.said.spoil = lambda _, document: spoiled(document, bad)

    return begin


def _doubling(server: FakeServer) -> None:
    assert isinstance(server, FakeExchange)
    server.said.spoil = lambda _, document: json.dumps(document).encode() * 2


def _emptying(server: FakeServer) -> None:
    assert isinstance(server, FakeExchange)
    server.said.spoil = lambda _, document: []


def spoiled(document: object, bad: object) -> object:
    """The same with every fifth text or number that is in a list or table of a list replaced."""
    count = iter(range(1_000_000_000))

    def change(value: object, depth: int) -> object:
        if isinstance(value, dict):
            return {key: change(one, depth) for key, one in value.items()}
        if isinstance(value, list):
            return [change(one, depth + 1) for one in value]
        return bad if depth and next(count) % 5 == 4 else value

    return change(document, 0)


def end(server: FakeServer) -> None:
    """Let answers be good again."""
    server.faults.clear()
    if isinstance(server, FakeExchange):
        server.queue.clear()
        server.said.spoil = None


def _drop(stream: FakeStream) -> None:
    stream.drop()


def _end_as_agreed(stream: FakeStream) -> None:
    stream.end(1012, "service restart")


def _lose(stream: FakeStream) -> None:
    stream.lose()


def _speak_nonsense(stream: FakeStream) -> None:
    for socket in tuple(stream.sockets):
        socket.send("\x1b[2J{{{")
        socket.send('{"channel":"ticker","data":[{"symbol":null}]}')


def _be_silent(stream: FakeStream) -> None:
    stream.is_silent = True


def _be_deaf(stream: FakeStream) -> None:
    stream.is_deaf = True
    stream.drop()


def _refuse(stream: FakeStream) -> None:
    stream.refuses = 503
    stream.drop()


def _repeat(stream: FakeStream) -> None:
    for symbol in stream.symbols:
        for socket in stream.followers(symbol):
            if symbol in socket.last:
                socket.send(socket.last[symbol])


STREAM_TROUBLES: tuple[Callable[[FakeStream], None], ...] = (
    *(_drop, _end_as_agreed, _lose, _speak_nonsense, _be_silent, _be_deaf, _refuse, _repeat),
)


def _recover(stream: FakeStream) -> None:
    stream.is_silent = stream.is_deaf = False
    stream.refuses = None


class Afflictions:
    """What goes wrong, and what went wrong so far.

    Args:
        nine: The exchanges.
        seed: In which order.
    """

    def __init__(self, nine: Nine, seed: int = 1) -> None:
        chance = random.Random(seed)
        self._nine = nine
        self.told: list[str] = []
        """``exchange: what`` of each."""
        self._ahead = {name: cycle(_shuffled(troubles_of(name), chance)) for name in nine.servers}
        self._streams: Iterator[Callable[[FakeStream], None]] = cycle(_shuffled(STREAM_TROUBLES, chance))

    async def run(self) -> None:
        """Go on minute by minute, until cancelled; all is good after that."""
        try:
            while True:
                await _until_second(5.0)
                for name, server in self._nine.servers.items():
                    if isinstance(server, FakeKraken | FakeExchange) and server.stream is not None:
                        self._afflict(name, next(self._streams), server.stream)
                await _until_second(BEGIN_S)
                for stream in self._nine.streams:
                    _recover(stream)
                for name, server in self._nine.servers.items():
                    what, trouble = next(self._ahead[name])
                    self.told.append(f"{name}: {what}")
                    trouble(server)
                await asyncio.sleep(END_S - BEGIN_S)
                self._recover_all()
        finally:
            self._recover_all()

    def _afflict(self, name: str, trouble: Callable[[FakeStream], None], stream: FakeStream) -> None:
        self.told.append(f"{name}: stream{trouble.__name__.replace('_', ' ')}")
        trouble(stream)

    def _recover_all(self) -> None:
        for server in self._nine.servers.values():
            end(server)
        for stream in self._nine.streams:
            _recover(stream)


async def _until_second(second: float) -> None:
    await asyncio.sleep((second - time.time()) % 60)


def _shuffled(items: Sequence[T], chance: random.Random) -> list[T]:
    return chance.sample(items, len(items))


@asynccontextmanager
async def on_demand(nine: Nine, updates: float) -> AsyncIterator[None]:
    """The exchanges, afflicted between two signals."""
    afflictions, loop = Afflictions(nine), asyncio.get_running_loop()
    async with churning(nine, nine.streams, updates), asyncio.TaskGroup() as group:
        running: list[asyncio.Task[None]] = []

        def begin() -> None:
            running.append(group.create_task(afflictions.run()))

        def stop() -> None:
            running.pop().cancel()
            print(
                f"{len(afflictions.told)} faults, {len(set(afflictions.told))} pairs of exchange and fault", flush=True
            )

        loop.add_signal_handler(signal.SIGUSR1, begin)
        loop.add_signal_handler(signal.SIGUSR2, stop)
        try:
            yield
        finally:
            for task in running:
                task.cancel()


def main() -> None:
    """Serve until the duration is over or a signal comes; the first line printed is the flags."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.exchanges.afflicted")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--updates", type=float, default=0.0, help="changes a second on each WebSocket")
    parser.add_argument("--duration", type=float, default=600.0, help="seconds after which it stops by itself")
    options = parser.parse_args()
    nine = Nine(options.pairs)
    asyncio.run(serve_until(on_demand(nine, options.updates), lambda: " ".join(nine.flags), options.duration))


if __name__ == "__main__":
    main()
