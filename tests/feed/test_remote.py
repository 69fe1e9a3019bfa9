"""A feed over the line: restarts, resuming, refusals, and servers that send nonsense."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_socket

from tests.support.clock import FakeClock
from tests.support.feed import AT_MS, END_MS, FakeFeed, live_status, make_pairs, several_status
from tui_tracker.api.security import Access
from tui_tracker.api.server import ServeOptions, Serving, serving
from tui_tracker.core.errors import AccessError, ConfigError, FeedError, UnknownPairError
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import SourceReport, SourceState
from tui_tracker.feed import messages, remote
from tui_tracker.feed.mirror import Mirror
from tui_tracker.feed.remote import RemoteFeed
from tui_tracker.feed.wire import Codec, Encoding, Frame
from tui_tracker.tui.times import UTC_ZONE
from tui_tracker.tui.titles import header_line

BTC = "kraken:BTC-USD"
DEADLINE_S = 20.0


async def no_wait(_: float) -> None:
    """Waits for nothing, but lets others run."""
    await asyncio.sleep(0)


@asynccontextmanager
async def server(feed: FakeFeed, port: int = 0, access: Access | None = None) -> AsyncIterator[Serving]:
    options = ServeOptions(port=port, access=access or Access(), min_frame_s=0.0)
    async with serving(feed, FakeClock(AT_MS), options) as running:
        yield running


async def until(feed: RemoteFeed, fits: Callable[[Snapshot], bool]) -> Snapshot:
    """The first snapshot that fits."""
    async with asyncio.timeout(DEADLINE_S):
        async for snapshot in feed.updates():
            if fits(snapshot):
                return snapshot
    raise AssertionError("the feed ended")


def version(number: int) -> Callable[[Snapshot], bool]:
    return lambda snapshot: snapshot.version == number and snapshot.status.state is SourceState.LIVE


async def test_snapshots_are_equal_to_the_last_bit() -> None:
    feed = FakeFeed(make_pairs())
    async with server(feed) as running, RemoteFeed(running.url).running() as client:
        assert await until(client, version(1)) == replace(
            feed.current, rows=tuple(sorted(feed.current.rows, key=lambda row: row.id))
        )
        feed.pairs[3].values[-1] += 1
        feed.publish()
        rows = (await until(client, version(2))).rows
        assert rows == tuple(sorted(feed.current.rows, key=lambda row: row.id))
        assert client.health() == feed.health()
        assert client.now_ms() >= AT_MS


async def test_only_rows_that_changed_are_sent() -> None:
    feed = FakeFeed(make_pairs())
    async with server(feed) as running, RemoteFeed(running.url).running() as client:
        first = await until(client, version(1))
        rows = list(feed.current.rows)
        rows[7] = rows[7]._replace(last=1.25)
        feed.publish(replace(feed.current, version=2, rows=tuple(rows)))
        second = await until(client, version(2))
        changed = [new for old, new in zip(first.rows, second.rows, strict=True) if new is not old]
        assert [row.id for row in changed] == [rows[7].id]
        feed.publish(replace(feed.current, version=3, rows=tuple(rows[:50])))
        assert len((await until(client, version(3))).rows) == 50


async def test_a_restart_of_the_server_leaves_no_gap_and_doubles_nothing() -> None:
    feed = FakeFeed(make_pairs(count=30))
    seen: list[Snapshot] = []

    async def note(client: RemoteFeed) -> None:
        async for snapshot in client.updates():
            seen.append(snapshot)  # noqa: PERF401 - kept one by one: this is cancelled

    async with asyncio.TaskGroup() as group:
        async with server(feed) as first:
            client, port = RemoteFeed(first.url, sleep=no_wait), int(first.url.rpartition(":")[2])
            running = client.running()
            await running.__aenter__()
            noting = group.create_task(note(client))
            await until(client, version(1))
            assert list((await client.series(BTC, Metric.PRICE)).values) == feed.pairs[0].values
        offline = await until(client, lambda snapshot: snapshot.status.state is SourceState.OFFLINE)
        assert f"127.0.0.1:{port}" in offline.status.error
        assert offline.rows
        assert offline.status.last_attempt_ms is not None
        assert list((await client.series(BTC, Metric.PRICE)).values) == feed.pairs[0].values
        missed = [value + 3 for value in feed.pairs[0].values[:5]]
        feed.pairs[0].values[:] = [*feed.pairs[0].values[5:], *missed]
        feed.slid = 5
        feed.publish()
        async with server(feed, port):
            await until(client, version(2))
            while not any(map(version(2), seen)):  # noqa: ASYNC110 - the other subscriber gets it in its turn
                await asyncio.sleep(0)
            series = await client.series(BTC, Metric.PRICE)
            assert list(series.values) == feed.pairs[0].values
            assert series.end_ms == END_MS + 5 * MINUTE_MS
            noting.cancel()
            await running.__aexit__(None, None, None)
    live = [snapshot.version for snapshot in seen if snapshot.status.state is SourceState.LIVE]
    assert live == sorted(live)
    assert set(live) == {1, 2}


class Proxy:
    """Passes bytes to a server, and breaks all connections when told to."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []
        self.opened = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        async with await asyncio.start_server(self._pass, "127.0.0.1", 0) as listener:
            yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
            self.cut()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, far_writer]
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer), return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
        finally:
            writer.close()


async def test_a_broken_line_is_resumed_with_what_was_missed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = FakeFeed(make_pairs(count=30))
    async with server(feed) as running:
        proxy = Proxy(int(running.url.rpartition(":")[2]))
        async with proxy.running() as url, RemoteFeed(url, sleep=no_wait).running() as client:
            await until(client, version(1))
            await client.series(BTC, Metric.PRICE)
            kinds: list[type[messages.Event]] = []
            read = Codec.read_frame

            def noted(codec: Codec, data: bytes) -> Frame:
                frame = read(codec, data)
                kinds.extend(type(event) for event in frame.events)
                return frame

            monkeypatch.setattr(Codec, "read_frame", noted)
            proxy.cut()
            feed.pairs[0].values[-1] += 2.0
            feed.publish()
            await until(client, version(2))
            assert list((await client.series(BTC, Metric.PRICE)).values) == feed.pairs[0].values
            assert proxy.opened >= 2
            assert messages.SeriesWire not in kinds
            assert kinds.count(messages.Samples) == 1


async def test_what_had_not_come_when_the_line_broke_comes_whole() -> None:
    feed = FakeFeed(make_pairs(count=30))
    eth = feed.pairs[1]
    async with server(feed) as running, RemoteFeed(running.url).running() as other:
        await until(other, version(1))
        await other.series(eth.id, Metric.PRICE)  # so that the server could tell mere changes of it
        proxy = Proxy(int(running.url.rpartition(":")[2]))
        async with proxy.running() as url, RemoteFeed(url, sleep=no_wait).running() as client:
            await until(client, version(1))
            await client.series(BTC, Metric.PRICE)
            proxy.cut()
            wanted = asyncio.create_task(client.series(eth.id, Metric.PRICE))
            await asyncio.sleep(0)
            eth.values[-1] += 2.0
            feed.publish()
            async with asyncio.timeout(DEADLINE_S):
                assert list((await wanted).values) == eth.values


async def test_many_windows_are_followed_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "MOST_WINDOWS", 4)
    feed = FakeFeed(make_pairs(count=30))
    async with server(feed) as running, RemoteFeed(running.url).running() as client:
        await until(client, version(1))
        for _ in range(2):
            for pair in feed.pairs[:12]:
                values = (await client.series(pair.id, Metric.PRICE)).values
                assert [value for value in values if not math.isnan(value)] == [
                    value for value in pair.values if not math.isnan(value)
                ]
        assert len(client._mirror.series) <= 5
        with pytest.raises(UnknownPairError):
            await client.series("kraken:NO-NO", Metric.PRICE)


async def test_a_pair_that_the_server_does_not_know_any_more() -> None:
    feed = FakeFeed(make_pairs(count=30))
    async with server(feed) as running, RemoteFeed(running.url).running() as client:
        asked = asyncio.ensure_future(client.series("kraken:NO-NO", Metric.PRICE))
        with pytest.raises(UnknownPairError):
            await asked


async def test_priorities_and_polls_reach_the_server_and_are_told_again_to_the_next() -> None:
    feed = FakeFeed(make_pairs(count=30))
    async with server(feed) as running, RemoteFeed(running.url).running() as client:
        await until(client, version(1))
        client.prioritise([BTC])
        assert client.request_poll() >= AT_MS
        async with asyncio.timeout(DEADLINE_S):
            while not feed.polls:  # noqa: ASYNC110 - what is waited for lies in the server
                await asyncio.sleep(0)
        assert feed.priorities == [(BTC,)]


async def failure(url: str, token: str = "", window: int | None = None) -> Exception:
    """How a feed that collects once fails."""
    async with RemoteFeed(url, token, once=True, window=window).running() as client:
        try:
            async with asyncio.timeout(DEADLINE_S):
                async for snapshot in client.updates():
                    assert not snapshot.rows
        except (FeedError, ConfigError) as error:
            return error
    raise AssertionError("it did not fail")


async def test_who_wants_one_answer_does_not_wait_for_an_exchange_out_of_reach() -> None:
    feed = FakeFeed([], live_status(state=SourceState.OFFLINE, last_good_ms=None, error="no answer from the exchange"))
    was_told = asyncio.Event()

    async def wait(_: float) -> None:
        await was_told.wait()

    async with server(feed) as running, RemoteFeed(running.url, once=True, sleep=wait).running() as client:
        await until(client, lambda snapshot: bool(snapshot.status.error))
        was_told.set()
        with pytest.raises(FeedError, match="has no quotes: no answer from the exchange"):
            await until(client, lambda snapshot: bool(snapshot.rows))


async def test_refusals_are_told_in_words() -> None:
    feed = FakeFeed(make_pairs(count=20))
    async with server(feed, access=Access(token="right")) as running:
        assert isinstance(await failure(running.url), AccessError)
        error = await failure(running.url, "wrong")
        assert "CRYPTO_TUI_TOKEN" in getattr(error, "hint", "")
        async with RemoteFeed(running.url, "right", once=True).running() as client:
            await until(client, version(1))
        assert "there is no crypto-tui there" in str(await failure(running.url + "/elsewhere", "right"))
    assert "out of reach" in str(await failure(running.url))
    async with server(feed) as running:
        wrong = await failure(running.url, window=60)
        assert isinstance(wrong, ConfigError)
        assert "1440m" in str(wrong)


Script = Callable[[ServerConnection], Awaitable[None]]


async def nonsense(*sent: bytes | str) -> Exception:
    """How a feed fails whose server sends this."""

    async def script(socket: ServerConnection) -> None:
        for data in sent:
            await socket.send(data)
        await socket.wait_closed()

    async with serve_socket(script, "127.0.0.1", 0) as listener:
        return await failure(f"http://127.0.0.1:{next(iter(listener.sockets)).getsockname()[1]}")


def framed(*events: messages.Event) -> bytes:
    codec = Codec(Encoding.MSGPACK)
    return codec.frame(1, 1, AT_MS, [codec.event(event) for event in events])


HELLO = messages.Hello(protocol=1, server="x", epoch="e", source="s")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([b"\x00"], "no message of its protocol"),
        (["text"], "no message of its protocol"),
        ([framed()], "another protocol"),
        ([framed(messages.Hello(protocol=2, server="x", epoch="e", source="s"))], "another protocol"),
        ([framed(HELLO), b"\xff" * 99], "no message of its protocol"),
        (
            [
                framed(HELLO),
                framed(messages.Rows(version=2, at_ms=1, end_ms=1, window_minutes=9, metrics=(), rows=(), base=1)),
            ],
            "not known",
        ),
        (
            [
                framed(HELLO),
                framed(messages.SeriesWire(id="a", metric="price", start_ms=0, values=(1.0,))),
                framed(messages.Samples(id="a", metric="price", start_ms=0, length=1, samples=((60_000, 1.0),))),
            ],
            "",
        ),
    ],
)
async def test_nonsense_is_refused(sent: Sequence[bytes | str], said: str) -> None:
    if said:
        assert said in str(await nonsense(*sent))


async def test_a_feed_that_stays_tries_again_until_the_server_talks_sense() -> None:
    feed = FakeFeed(make_pairs(count=20))
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    async def script(socket: ServerConnection) -> None:
        await socket.send(b"\x00")

    async with serve_socket(script, "127.0.0.1", 0) as listener:
        port = next(iter(listener.sockets)).getsockname()[1]
        client = RemoteFeed(f"http://127.0.0.1:{port}", sleep=note)
        running = client.running()
        await running.__aenter__()
        await until(client, lambda snapshot: "no message" in snapshot.status.error)
    async with server(feed, port):
        await until(client, version(1))
        await running.__aexit__(None, None, None)
    assert waits
    assert all(0.25 <= wait <= 30 for wait in waits)


async def test_https(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    chain, key, trusted = tmp_path / "chain.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(trusted)
    options = ServeOptions(port=0, certificate=chain, key=key, min_frame_s=0.0)
    async with serving(FakeFeed(make_pairs(count=20)), FakeClock(AT_MS), options) as running:
        assert running.url.startswith("https://127.0.0.1:")
        assert "no secure connection" in str(await failure(running.url))
        async with RemoteFeed(running.url, once=True, ca_file=str(trusted)).running() as client:
            await until(client, version(1))
        for wrong in (tmp_path / "none.pem", key):
            with pytest.raises(ConfigError, match="cannot be used"):
                RemoteFeed(running.url, ca_file=str(wrong))


def test_of_a_lost_server_all_its_sources_are_out_of_reach() -> None:
    feed = FakeFeed(make_pairs(count=20))
    feed.current = replace(feed.current, status=several_status())
    parts = tuple(SourceReport(part) for part in several_status().parts)
    feed.report = SourceReport(several_status(), parts=parts)
    mirror = Mirror("far")
    mirror._told = feed.report
    mirror.regain()
    mirror.lose("far: gone", 1_000, 3_000)
    status = mirror.snapshot.status
    assert {(part.state, part.error) for part in status.parts} == {(SourceState.OFFLINE, "far: gone")}
    assert {part.status.error for part in mirror.report.parts} == {"far: gone"}
    told = header_line(status, 2, 2_000, UTC_ZONE, 140).text
    assert "5 sources ○ offline" in told
    assert "far: gone" in told
    assert "live" not in told
    mirror.regain()
    assert mirror.snapshot.status == several_status()


def test_a_lost_server_is_told_with_the_next_try_and_none_while_it_is_tried() -> None:
    mirror = Mirror("far")
    mirror.lose("gone", 1_000, 3_000)
    assert (mirror.snapshot.status.last_attempt_ms, mirror.snapshot.status.next_poll_ms) == (1_000, 3_000)
    mirror.lose("gone", 3_000, None)
    assert mirror.snapshot.status.next_poll_ms is None
    assert mirror.snapshot.status.state is SourceState.OFFLINE
