"""The HTTP client against a real server on this machine, whose answers are written byte by byte."""

import asyncio
import gzip
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from email.utils import formatdate

import httpx
import pytest

from tests.support.clock import FakeClock
from tests.support.listener import Listener
from tui_tracker.core.errors import (
    ConfigError,
    MalformedDataError,
    RateLimitedError,
    RejectedError,
    SourceError,
    TimedOutError,
    UnreachableError,
)
from tui_tracker.sources.budget import Priority, RequestBudget
from tui_tracker.sources.http import Form, HttpClient, Timeouts
from tui_tracker.sources.proxies import check_proxies
from tui_tracker.sources.refusal import Complaint
from tui_tracker.sources.trace import RequestTrace

Answer = bytes | None
"""Bytes to write, or ``None`` to reset the connection."""


class Last(bytes):
    """Bytes after which the server closes the connection."""


class Server(Listener):
    """Answers the n-th request by ``answer(n, head)``; keeps connections open after a complete answer."""

    def __init__(self, answer: Callable[[int, str], Answer]) -> None:
        super().__init__()
        self._answer = answer
        self.heads: list[str] = []
        self.connections = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                answer = self._answer(len(self.heads), head)
                if answer is None:
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return
                writer.write(answer)
                await writer.drain()
                if isinstance(answer, Last):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


def ok(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def connected(
    answer: Callable[[int, str], Answer], timeouts: Timeouts | None = None, clock: FakeClock | None = None
) -> AsyncIterator[tuple[HttpClient, Server]]:
    clock = clock or FakeClock()
    async with Server(answer).running() as server:
        url = f"http://127.0.0.1:{server.port}"
        client = HttpClient(url, clock, RequestBudget(clock, 0), idle_s=150, timeouts=timeouts)
        try:
            yield client, server
        finally:
            await client.aclose()


async def get(client: HttpClient, max_bytes: int = 10_000) -> bytes:
    return (await client.get("/a", {}, Priority.POLL, max_bytes)).body


@contextmanager
def refused(kind: type[SourceError], text: str | None = None) -> Iterator[None]:
    with pytest.raises(kind, match=text) as caught:
        yield
    assert caught.type is kind
    assert caught.value.message.isprintable()


async def test_ten_polls_are_one_connection() -> None:
    async with connected(lambda n, _: ok(b"%d" % n)) as (client, server):
        assert [await get(client) for _ in range(10)] == [b"%d" % n for n in range(1, 11)]
        assert server.connections == 1


async def test_requests_are_logged_whether_they_succeed_or_not() -> None:
    async with connected(lambda n, _: ok() if n == 1 else ok(status="503 Busy")) as (client, _server):
        await get(client)
        with refused(RejectedError):
            await get(client)
        report = client.budget.log.report()
    assert (report.answered, report.failed, report.measured, report.last_minute) == (1, 1, 1, 2)


async def test_who_asks_and_for_what() -> None:
    async with connected(lambda n, _: ok()) as (client, server):
        await client.get("/0/public/OHLC", {"pair": "BTC/USD &x", "interval": "1"}, Priority.POLL, 100)
        head = server.heads[0]
    assert head.startswith("GET /0/public/OHLC?pair=BTC%2FUSD+%26x&interval=1 HTTP/1.1\r\n")
    assert "\r\nUser-Agent: crypto-tui/" in head
    assert "\r\nAccept-Encoding: gzip\r\n" in head


async def test_what_is_asked_for_otherwise_than_by_its_address() -> None:
    async with Server(lambda n, _: ok()).running() as server:
        clock = FakeClock()
        client = HttpClient("", clock, RequestBudget(clock, 0), idle_s=9)
        form = Form("POST", {"User-Agent": "x", "Content-Length": "0"}, "")
        await client.get(f"http://127.0.0.1:{server.port}/a?b=%2F+c", {}, Priority.POLL, 100, form=form)
        await client.aclose()
    assert server.heads[0].startswith("POST /a?b=%2F+c HTTP/1.1\r\n")
    assert "\r\nUser-Agent: x\r\n" in server.heads[0]
    assert "\r\nAccept-Encoding: gzip\r\n" in server.heads[0]


async def test_an_address_that_is_none_is_told() -> None:
    async with connected(lambda n, _: ok()) as (client, _server):
        with refused(RejectedError, "no request can be made of '/a·b'"):
            await client.get("/a\x1bb", {}, Priority.POLL, 100)


async def test_a_dead_kept_connection_is_no_failure() -> None:
    async with connected(lambda n, _: None if n == 2 else ok(b"%d" % n)) as (client, server):
        assert [await get(client), await get(client)] == [b"1", b"3"]
        assert server.connections == 2


async def test_a_kept_connection_that_closes_without_an_answer_is_no_failure() -> None:
    async with connected(lambda n, _: Last() if n == 2 else ok(b"%d" % n)) as (client, _server):
        assert [await get(client), await get(client)] == [b"1", b"3"]


async def test_a_reset_of_a_new_connection_is_a_failure() -> None:
    async with connected(lambda n, _: None) as (client, server):
        with refused(UnreachableError, "reset"):
            await get(client)
        assert len(server.heads) == 1


async def test_a_server_that_keeps_resetting_is_asked_only_once_more() -> None:
    async with connected(lambda n, _: ok() if n == 1 else None) as (client, server):
        await get(client)
        with refused(UnreachableError):
            await get(client)
        assert len(server.heads) == 3


class Sleeping(FakeClock):
    """Tells when somebody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.set()
        await super().sleep(seconds)


async def test_a_second_try_waits_for_the_budget_since_the_first_may_have_been_counted() -> None:
    clock = Sleeping()
    async with Server(lambda n, _: None if n == 2 else ok(b"%d" % n)).running() as server:
        client = HttpClient(f"http://127.0.0.1:{server.port}", clock, RequestBudget(clock, 1.0), idle_s=9)
        await client.get("/", {}, Priority.POLL, 99)
        await clock.advance(1)
        second = asyncio.ensure_future(client.get("/", {}, Priority.POLL, 99))
        async with asyncio.timeout(9):
            await clock.slept.wait()
        assert (second.done(), len(server.heads)) == (False, 2)
        await clock.advance(1)
        assert (await second).body == b"3"
        await client.aclose()


async def test_nothing_is_sent_on_a_new_connection_once_another_answer_asked_to_slow_down() -> None:
    async with connected(lambda n, _: ok()) as (client, server):
        trace = RequestTrace(client.clock, client.budget)
        await trace.note("connection.connect_tcp.started", {})
        client.budget.pause(60)
        with pytest.raises(RateLimitedError) as caught:
            await trace.note("http11.send_request_headers.started", {})
        assert caught.value.retry_after_s == 60
        assert server.heads == []


@pytest.mark.parametrize(
    "head", [b"Content-Length: 5\r\n\r\nab", b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"], ids=["length", "chunked"]
)
async def test_an_answer_that_breaks_off_is_a_failure(head: bytes) -> None:
    broken = Last(b"HTTP/1.1 200 OK\r\n" + head)
    async with connected(lambda n, _: broken if n == 2 else ok()) as (client, server):
        await get(client)
        with refused(UnreachableError):
            await get(client)
        assert len(server.heads) == 2


async def test_nobody_listens() -> None:
    async with Server(lambda n, _: ok()).running() as server:
        port = server.port
    clock = FakeClock()
    client = HttpClient(f"http://127.0.0.1:{port}", clock, RequestBudget(clock, 0), idle_s=1)
    with refused(UnreachableError, "^connection refused$"):
        await get(client)
    await client.aclose()


async def test_what_is_no_http() -> None:
    async with connected(lambda n, _: Last(b"SSH-2.0-OpenSSH\r\n\r\n")) as (client, _server):
        with refused(UnreachableError):
            await get(client)


async def test_a_server_that_says_nothing() -> None:
    hang = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    async with connected(lambda n, _: hang, Timeouts(read_s=0.05)) as (client, _server):
        with refused(TimedOutError, "nothing came for 0.05 s"):
            await get(client)


async def test_a_whole_answer_has_its_own_limit() -> None:
    hang = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    async with connected(lambda n, _: hang, Timeouts(total_s=0.05)) as (client, _server):
        with refused(TimedOutError, "no whole answer within 0.05 s"):
            await get(client)


async def test_a_long_body_is_cut_off() -> None:
    async with connected(lambda n, _: ok(b"x" * n)) as (client, _server):
        for _ in range(8):
            await get(client, 8)
        with refused(MalformedDataError, "longer"):
            await get(client, 8)


async def test_gzip_is_unpacked_and_its_size_bounded() -> None:
    body = b'{"error":[]}' * 500
    bodies = [gzip.compress(body), gzip.compress(bytes(50_000_000)), gzip.compress(body)[:-9], b"\x1f\x8bnonsense"]
    async with connected(lambda n, _: ok(bodies[n - 1], "Content-Encoding: gzip")) as (client, _server):
        assert await get(client) == body
        with refused(MalformedDataError, "longer"):
            await get(client)
        with refused(MalformedDataError, "too early"):
            await get(client)
        with refused(MalformedDataError, "decompressed"):
            await get(client)


@pytest.mark.parametrize("encoding", ["deflate", "br", "gzip, gzip", "\x0b"])
async def test_an_encoding_that_was_not_asked_for(encoding: str) -> None:
    answer = ok(zlib.compress(b"{}"), f"Content-Encoding: {encoding}")
    async with connected(lambda n, _: answer) as (client, _server):
        with pytest.raises((MalformedDataError, UnreachableError)):
            await get(client)


@pytest.mark.parametrize(
    ("status", "retry_after", "expected"),
    [
        ("429 Too Many Requests", "30", 30.0),
        ("429 Too Many Requests", "date", 90.0),
        ("429 Too Many Requests", "Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("418 I'm a teapot", "99999999999999", 3600.0),
        ("403 Forbidden", "7", 7.0),
        ("429 Slow down", "soon", None),
        ("429 ", None, None),
    ],
)
async def test_rate_limits_pause_the_budget(status: str, retry_after: str | None, expected: float | None) -> None:
    clock = FakeClock()
    if retry_after == "date":
        retry_after = formatdate(clock.now_ms() / 1000 + 90, usegmt=True)
    answer = ok(b"no", *([] if retry_after is None else [f"Retry-After: {retry_after}"]), status=status)
    async with connected(lambda n, _: answer, clock=clock) as (client, _server):
        with pytest.raises(RateLimitedError, match=f"HTTP {status[:3]}") as caught:
            await get(client)
        assert caught.value.retry_after_s == expected
        assert client.budget.next_slot_s() == (5.0 if expected is None else expected)


@pytest.mark.parametrize("status", ["500 Internal Server Error", "520 ", "403 Forbidden", "404 Not Found", "304 Same"])
async def test_other_statuses_are_refusals_that_name_them(status: str) -> None:
    async with connected(lambda n, _: ok(b"<html>", status=status)) as (client, _server):
        with refused(RejectedError, f"HTTP {status[:3]}"):
            await get(client)
        assert client.budget.next_slot_s() == 0


async def test_a_server_in_maintenance_may_ask_for_a_pause() -> None:
    answer = ok(b"", "Retry-After: 11", status="503 Service Unavailable")
    async with connected(lambda n, _: answer) as (client, _server):
        with refused(RejectedError, "HTTP 503 Service Unavailable"):
            await get(client)
        assert client.budget.next_slot_s() == 11


async def test_a_redirect_on_the_same_server_is_followed() -> None:
    def answer(n: int, head: str) -> bytes:
        return ok(b"there") if head.startswith("GET /b?c=1 ") else ok(b"", "Location: /b?c=1", status="302 Found")

    async with connected(answer) as (client, _server):
        assert await get(client) == b"there"


async def test_redirects_without_end() -> None:
    async with connected(lambda n, _: ok(b"", "Location: /b", status="301 Moved")) as (client, server):
        with refused(RejectedError, "more than 3 times"):
            await get(client)
        assert len(server.heads) == 4


@pytest.mark.parametrize(
    "location",
    [
        *("http://login.hotel.example/", "https://127.0.0.1/", "//127.0.0.2/", "http://127.0.0.1:1/", "file:///etc"),
        *("javascript:location.reload()", "http://xn--/", "data:text/html,x", "mailto:a@b.example"),
    ],
)
async def test_a_redirect_elsewhere_is_refused(location: str) -> None:
    async with connected(lambda n, _: ok(b"", f"Location: {location}", status="302 Found")) as (client, server):
        with refused(RejectedError, "redirects to"):
            await get(client)
        assert len(server.heads) == 1


async def test_a_redirect_to_nowhere_is_refused() -> None:
    answers = [ok(b"", status="302 Found"), ok(b"", "Location: http://x:y", status="302 Found")]
    async with connected(lambda n, _: answers[n - 1]) as (client, _server):
        with refused(RejectedError, "nowhere"):
            await get(client)
        with refused(UnreachableError, "Invalid URL"):
            await get(client)


async def test_an_answer_is_stamped_when_the_request_leaves_and_when_it_is_complete() -> None:
    clock = FakeClock(1_000_000)
    budget = RequestBudget(clock, 1.0)

    def answer(n: int, _head: str) -> bytes:
        clock.stall(2)
        if n == 3:
            clock.jump_wall(-600)
        return ok()

    async with Server(answer).running() as server:
        client = HttpClient(f"http://127.0.0.1:{server.port}", clock, budget, idle_s=9)
        first = await client.get("/", {}, Priority.POLL, 99)
        waiting = asyncio.ensure_future(client.get("/", {}, Priority.POLL, 99))
        await clock.advance(1)
        second = await waiting
        waiting = asyncio.ensure_future(client.get("/", {}, Priority.POLL, 99))
        await clock.advance(1)
        third = await waiting
        await client.aclose()
    assert (first.sent_ms, first.received_ms) == (1_000_000, 1_002_000)
    assert (second.sent_ms, second.received_ms) == (1_002_000, 1_004_000)
    assert (third.sent_ms, third.received_ms) == (405_000, 407_000), "both by the clock as it was set meanwhile"


async def test_a_certificate_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    clock = FakeClock()
    client = HttpClient("https://127.0.0.1:1", clock, RequestBudget(clock, 0), idle_s=9)
    with refused(UnreachableError, "environment"):
        await get(client)
    await client.aclose()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"])
@pytest.mark.parametrize(
    "value",
    [
        "http://user:pa ss@h:1",
        "http://",
        "://x",
        "ftp://x",
        "socks4://x",
        "http://[::1",
        "http://h:abc",
        "http://h:99999",
        "x\n",
        " ",
        "*",
    ],
)
def test_a_malformed_proxy_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        check_proxies({name: value})


def test_a_socks_proxy_needs_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="ALL_PROXY") as caught:
        check_proxies({"ALL_PROXY": "socks5://127.0.0.1:1080"})
    assert caught.value.hint == "install it: pip install 'crypto-tui[socks]'"
    monkeypatch.undo()
    check_proxies({"ALL_PROXY": "socks5://127.0.0.1:1080"})


@pytest.mark.parametrize("value", ["[::1]", "fe80::/10", "x\x01"])
def test_a_malformed_exception_is_named(value: str) -> None:
    with pytest.raises(ConfigError, match="NO_PROXY"):
        check_proxies({"NO_PROXY": f"localhost,{value}"})


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"http_proxy": "", "HTTP_PROXY": "ftp://ignored"},
        {
            "HTTP_PROXY": "proxy:3128",
            "https_proxy": "http://user:pass@proxy.example:3128/",
            "all_proxy": "http://[::1]:3",
        },
        {"HTTP_PROXY": "ftp://x", "NO_PROXY": "a,*"},
        {"HTTP_PROXY": "ftp://x", "REQUEST_METHOD": "GET"},
        {"NO_PROXY": "localhost,127.0.0.1, ::1 ,.example.com,*.x.org,10.0.0.0/8,host:80,,http://direct.example"},
    ],
)
def test_what_httpx_accepts_is_accepted(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    check_proxies(environ)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    httpx.AsyncClient()


def test_a_password_in_a_proxy_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        check_proxies({"HTTPS_PROXY": "ftp://user:secret@proxy"})
    assert "secret" not in str(caught.value) + caught.value.hint


def complaint_of(body: bytes) -> Complaint | None:
    return Complaint(body.decode("utf-8", "replace"), b"slow" in body) if body else None


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        ("400 Bad", b"no such\x1b pair", RejectedError, "the exchange answered HTTP 400 Bad: no such· pair"),
        ("500 Oops", b"slow down", RateLimitedError, "the exchange answered HTTP 500 Oops: slow down"),
        ("404 Gone", b"", RejectedError, "the exchange answered HTTP 404 Gone"),
        ("404 Gone", b"x" * 20_000, RejectedError, "the exchange answered HTTP 404 Gone"),
    ],
)
async def test_what_the_body_of_an_error_says_is_told(
    status: str, body: bytes, kind: type[SourceError], message: str
) -> None:
    async with connected(lambda n, _: ok(body, status=status)) as (client, _server):
        with pytest.raises(kind) as caught:
            await client.get("/", {}, Priority.POLL, 9, complaint_of=complaint_of)
        assert (type(caught.value), caught.value.message) == (kind, message)
        assert (client.budget.next_slot_s() > 0) is (kind is RateLimitedError)


async def test_an_error_that_breaks_off_is_told_by_its_status() -> None:
    answer = Last(b"HTTP/1.1 429 Slow\r\nContent-Length: 99\r\n\r\nhalf")
    async with connected(lambda n, _: answer) as (client, _server):
        with refused(RateLimitedError, "HTTP 429 Slow$"):
            await client.get("/", {}, Priority.POLL, 9, complaint_of=complaint_of)
        assert client.budget.next_slot_s() == 5


async def test_the_date_of_an_answer_is_the_middle_of_its_second() -> None:
    dates = ("Date: Sun, 06 Nov 1994 08:49:37 GMT", "Date: yesterday", "Other: x")
    async with connected(lambda n, _: ok(b"{}", dates[n - 1])) as (client, _server):
        found = [(await client.get("/", {}, Priority.POLL, 9)).date_ms for _ in dates]
    assert found == [784_111_777_500, None, None]
