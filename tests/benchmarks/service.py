"""Load test of the service on loopback: 2,000 clients of its stream, and requests for a ranking; beside a bare server.

``python -m tests.benchmarks.service`` takes two minutes and 6,000 descriptors. Server and clients have a process each.
"""

import argparse
import asyncio
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from tests.benchmarks.service_server import FOLLOWED, PAIRS, followed
from tests.benchmarks.timing import verdict
from tests.support.feed import make_pairs

CLIENTS = 2_000
AT_ONCE = 100
"""Connections that are opened at a time."""
SECONDS = 10
ASKING = 4
"""Connections that ask for rankings."""
ROUNDS = 5
_STAMP = re.compile(rb"\[\d{13},(\d+\.\d+)\]\]")
_HANDSHAKE = (
    "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@dataclass
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    stream: str
    ranking: str
    watched: psutil.Process = field(init=False)

    def __post_init__(self) -> None:
        self.watched = psutil.Process(self.process.pid)

    def publish(self, every_s: float, count: int) -> None:
        """Have it publish; ``done`` waits for the end of it."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{every_s} {count}\n")
        self.process.stdin.flush()

    async def done(self) -> None:
        """Wait until all is published."""
        assert self.process.stdout is not None
        await asyncio.to_thread(self.process.stdout.readline)

    def cpu_s(self) -> float:
        """Processor time that it has taken."""
        times = self.watched.cpu_times()
        return float(times.user + times.system)

    def resident(self) -> int:
        """Bytes of its memory."""
        return int(self.watched.memory_info().rss)


@contextmanager
def server(kind: str, stream: str, ranking: str, *arguments: str) -> Iterator[Server]:
    """Start one; it ends with its stdin."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.service_server", kind, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Server(process, int(process.stdout.readline()), stream, ranking)
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Seen:
    """What all clients together saw."""

    ages: list[float] = field(default_factory=list)
    """Of samples as they came, in seconds."""
    frames: int = 0


class Client(asyncio.Protocol):
    """Follows one pair and notes how old each sample is when it comes; reads no more of a frame than that."""

    def __init__(self, path: str, command: bytes, seen: Seen) -> None:
        self._path, self._command, self._seen = path, command, seen
        self._is_open = False
        self._tail = b""
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(_HANDSHAKE.format(self._path).encode())

    def data_received(self, data: bytes) -> None:
        now_s = time.monotonic()
        if not self._is_open:
            self._is_open = True
            if self._command:
                mask = bytes([0x81, 0x80 | len(self._command), 0, 0, 0, 0])
                self.transport.write(mask + self._command)
            else:
                self.begun.set_result(None)
        whole = self._tail + data
        for found in _STAMP.finditer(whole):
            self._seen.ages.append(now_s - float(found[1]))
        self._seen.frames += data.count(b'{"seq":')
        self._tail = b"" if whole.endswith(b"}]}") else whole[-200:]
        if not self.begun.done() and b'"series"' in whole:
            self.begun.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.begun.done():
            self.begun.set_exception(exc or ConnectionError("closed"))


def _same(client: Client) -> Client:
    return client


async def connected(one: Server, ids: list[str], seen: Seen) -> list[Client]:
    """All clients, each with the window of its pair."""
    loop, clients = asyncio.get_running_loop(), []
    for start in range(0, CLIENTS, AT_ONCE):
        made = []
        for number in range(start, min(start + AT_ONCE, CLIENTS)):
            command = b'{"subscribe":["%b"],"statistics":false}' % ids[number % len(ids)].encode()
            given = command if one.stream.startswith("/app") else b""
            client = Client(one.stream, given, seen)
            await loop.create_connection(partial(_same, client), "127.0.0.1", one.port)
            made.append(client)
        await asyncio.gather(*(client.begun for client in made))
        clients += made
    return clients


@dataclass
class Told:
    """How a stretch of publishing went."""

    frames: int
    ages: list[float]
    cpu_s: float
    wall_s: float

    def quantile_ms(self, share: float) -> float:
        """Age of samples as they came, in ms."""
        return sorted(self.ages)[min(len(self.ages) - 1, int(share * len(self.ages)))] * 1e3


async def publish(one: Server, seen: Seen, every_s: float, count: int) -> Told:
    """Publish, and let all of it come."""
    seen.ages, seen.frames = [], 0
    cpu_s, start_s = one.cpu_s(), time.monotonic()
    one.publish(every_s, count)
    await one.done()
    quiet = -1
    while quiet != seen.frames:
        quiet = seen.frames
        await asyncio.sleep(0.6)
    return Told(seen.frames, seen.ages, one.cpu_s() - cpu_s, time.monotonic() - start_s)


def show(name: str, minute: Told, often: Told, bytes_each: float) -> None:
    """Print what one server did."""
    print(f"{name}: {bytes_each / 1e3:.1f} kB a client")
    for what, told in (("once a minute", minute), ("10 a second a pair", often)):
        ages = f"p50 {told.quantile_ms(0.5):.1f} ms, p99 {told.quantile_ms(0.99):.1f} ms from sample to client"
        share = f"{told.cpu_s / told.wall_s:.0%} of a core, {told.cpu_s / told.frames * 1e6:.0f} µs a frame"
        print(f"        {what}: {ages}; {told.frames:,} frames with {len(told.ages):,} samples, {share}")


async def streams(one: Server, name: str, ids: list[str]) -> tuple[Told, Told]:
    """Load a server with clients."""
    seen = Seen()
    before = one.resident()
    clients = await connected(one, ids, seen)
    await asyncio.sleep(1.0)
    bytes_each = (one.resident() - before) / CLIENTS
    minute = await publish(one, seen, 3.0, 4)
    often = await publish(one, seen, 0.1, SECONDS * 10)
    show(name, minute, often, bytes_each)
    for client in clients:
        client.transport.abort()
    await asyncio.sleep(0.5)
    return minute, often


class Asker(asyncio.Protocol):
    """Asks for one path again and again."""

    def __init__(self, path: str) -> None:
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self._left = 0
        self._head = b""
        self.count = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._left -= len(data)
        else:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 200"), head[:200]
            length = int(re.search(rb"content-length: (\d+)", head.lower())[1])  # type: ignore[index]
            self._left, self._head = length - len(body), b""
        if not self._left:
            self.count += 1
            self.transport.write(self._request)


async def asked(one: Server) -> float:
    """Requests a second."""
    loop = asyncio.get_running_loop()
    askers = [
        (await loop.create_connection(lambda: Asker(one.ranking), "127.0.0.1", one.port))[1] for _ in range(ASKING)
    ]
    await asyncio.sleep(0.3)
    before, start_s = sum(asker.count for asker in askers), time.monotonic()
    await asyncio.sleep(1.5)
    rate = (sum(asker.count for asker in askers) - before) / (time.monotonic() - start_s)
    for asker in askers:
        asker.transport.abort()
    return rate


async def rankings(one: Server, bare: Server, what: str) -> float:
    """Ratio of the requests a second of both, round by round."""
    found = [(await asked(one), await asked(bare)) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(each) for each in zip(*found, strict=True))
    print(f"{what}: {ours:,.0f} requests a second, the bare endpoint {theirs:,.0f}")
    return statistics.median(a / b for a, b in found)


def body_of(one: Server) -> bytes:
    """What its ranking answers."""
    import httpx

    return httpx.get(
        f"http://127.0.0.1:{one.port}{one.ranking}", headers={"Accept-Encoding": "identity"}, trust_env=False
    ).content


def main() -> None:
    """Measure both servers, and print verdicts."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    ids = followed(make_pairs(count=PAIRS))
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:

        def start(*each: str) -> Server:
            return stack.enter_context(server(*each))

        one = start("ours", "/app/v1/stream", "/app/v1/ranking?limit=5000")
        for path in ("/app/v1/ranking?limit=5000", "/app/v1/ranking"):
            one.ranking = path
            place = Path(folder) / "body"
            place.write_bytes(body_of(one))
            bare = start("floor", "/stream", "/ranking", str(place))
            size = f"{place.stat().st_size / 1e3:,.0f} kB"
            what = f"ranking of {PAIRS:,} pairs, {'whole' if 'limit' in path else 'a page of 100'}, {size}"
            ratios[what] = asyncio.run(rankings(one, bare, what))
    print(f"{CLIENTS:,} clients on {FOLLOWED} pairs")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "body"
        place.write_bytes(b"{}")
        with server("floor", "/stream", "/ranking", str(place)) as bare:
            floor = asyncio.run(streams(bare, "bare fan-out of Starlette", ids))
        with server("ours", "/app/v1/stream", "/app/v1/ranking") as one:
            ours = asyncio.run(streams(one, "crypto-tui", ids))
    for what, ratio in ratios.items():
        verdict(what, ratio, 0.5, "×", at_least=True)
    for what, mine, theirs in (("once a minute", ours[0], floor[0]), ("10 a second a pair", ours[1], floor[1])):
        each, bare_each = mine.frames / mine.cpu_s, theirs.frames / theirs.cpu_s
        verdict(f"frames for a second of a core, {what}", each / bare_each, 0.5, "×", at_least=True)


if __name__ == "__main__":
    main()
