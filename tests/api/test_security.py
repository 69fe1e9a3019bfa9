"""Who is let in, under what name, how often and how much; over real sockets."""

import asyncio
import base64
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.api.conftest import Serve, Served
from tests.api.stream_client import client
from tests.support.clock import FakeClock
from tests.support.feed import AT_MS
from tui_tracker.api import protocol
from tui_tracker.api.app import make_app
from tui_tracker.api.board import Board
from tui_tracker.api.security import Access, Limits, RateLimiter, host_name, is_loopback
from tui_tracker.api.streams import Streams
from tui_tracker.api.web.browsers import Browsers, WebOptions

TOKEN = "correct-horse"
CALLS = ("/app/v1/ranking", "/app/v1/status", "/app/v1/pairs/btcusd", "/metrics", "/app/v1/nothing")
OPEN = ("/healthz", "/readyz", "/app/v1/docs", "/app/v1/openapi.json", "/app/v1/assets/swagger-ui.css")


async def refused_stream(url: str, **options: object) -> int:
    """The HTTP status that a stream is refused with."""
    with pytest.raises(InvalidStatus) as caught:
        async with connect(url, proxy=None, **options):  # type: ignore[arg-type]
            pass
    assert caught.value.response.headers["content-type"] == "application/problem+json"
    return caught.value.response.status_code


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer wrong", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "é"],
)
async def test_without_the_token_nothing_of_the_market_is_told(serve: Serve, given: str) -> None:
    async with serve(access=Access(token=TOKEN)) as served:
        headers = httpx.Headers({b"Authorization": given.encode("latin-1")} if given else {})
        for path in CALLS:
            answer = await served.http.get(path, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
            assert answer.headers["content-type"] == "application/problem+json"
            assert TOKEN not in answer.text
        for path in OPEN:
            assert (await served.http.get(path, headers=headers)).status_code == 200, path
        options = {"additional_headers": {"Authorization": given}} if given and given.isascii() else {}
        assert await refused_stream(served.stream_url, **options) == 401


async def test_the_token_opens_calls_and_stream(serve: Serve) -> None:
    async with serve(access=Access(token=TOKEN)) as served:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert (await served.http.get("/app/v1/ranking", headers=headers)).status_code == 200
        async with client(served.stream_url, additional_headers=headers):
            pass
        secret = base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")
        async with client(served.stream_url, subprotocols=["crypto-tui.v1", f"bearer.{secret}"]) as browser:
            assert browser.socket.subprotocol == "crypto-tui.v1"
        assert await refused_stream(served.stream_url, subprotocols=["crypto-tui.v1", "bearer.eA"]) == 401
        assert await refused_stream(served.stream_url, subprotocols=["bearer._"]) == 401
        document = (await served.http.get("/app/v1/openapi.json")).json()
        assert document["security"] == [{"token": []}]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "", "localhost.evil.example", "127.0.0.1.nip.io"])
async def test_another_name_is_refused(served: Served, host: str) -> None:
    answer = await served.http.get("/app/v1/ranking", headers={"Host": host})
    assert answer.status_code == 421
    assert "--allow-host" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]:80", "10.1.2.3", "tracker.lan:80"])
async def test_addresses_and_allowed_names_are_known(serve: Serve, host: str) -> None:
    async with serve(access=Access(hosts=frozenset({"tracker.lan"}))) as served:
        assert (await served.http.get("/app/v1/ranking", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "file://"])
async def test_pages_of_elsewhere_are_refused(served: Served, origin: str) -> None:
    answer = await served.http.get("/app/v1/ranking", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert await refused_stream(served.stream_url, origin=origin) == 403


async def test_own_pages_and_allowed_ones_may_ask(serve: Serve) -> None:
    async with serve(access=Access(origins=frozenset({"https://example.org"}))) as served:
        own = await served.http.get("/app/v1/ranking", headers={"Origin": served.url})
        assert own.status_code == 200
        assert "access-control-allow-origin" not in own.headers
        other = await served.http.get("/app/v1/ranking", headers={"Origin": "https://example.org"})
        assert other.headers["access-control-allow-origin"] == "https://example.org"
        preflight = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
        answer = await served.http.options("/app/v1/ranking", headers=preflight)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-headers"] == "authorization, if-none-match"
        async with client(served.stream_url, origin="https://example.org"):
            pass


async def test_bounds_of_body_and_query(served: Served) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3_000):
            yield b"x" * 1_000

    assert (await served.http.get("/app/v1/ranking", params={"pairs": "x" * 17_000})).status_code == 414
    for content in (b"x" * 20_000, chunks()):
        # The server hangs up on what it does not read, so the client may not get to read the answer.
        with suppress(httpx.ReadError, httpx.WriteError):
            assert (await served.http.request("GET", "/app/v1/ranking", content=content)).status_code == 413
    assert (await served.http.get("/healthz")).status_code == 200
    assert 'crypto_tui_responses_total{status="413"} 2.0' in (await served.http.get("/metrics")).text


async def test_a_header_without_end_is_refused(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000)
    async with asyncio.timeout(10):
        assert (await reader.read(12)).startswith(b"HTTP/1.1 4")
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    assert (await served.http.get("/healthz")).status_code == 200


async def test_who_asks_for_nothing_is_let_go_of(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "REQUEST_S", 0.2)
    async with serve() as served, client(served.stream_url) as stream:
        assert (await served.http.get("/healthz")).status_code == 200
        port = int(served.url.rpartition(":")[2])
        whole = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        for before, half in ((b"", b""), (b"", whole[:20]), (whole, whole[:20])):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(before)
            if before:
                assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
            writer.write(half)
            async with asyncio.timeout(10):
                assert await reader.read() == b""
            writer.close()
        await stream.send(ping=1)
        await stream.until("pong")
        (kept,) = served.http._transport._pool.connections  # type: ignore[attr-defined]
        assert not kept.is_closed()
        assert (await served.http.get("/healthz")).status_code == 200
        assert served.http._transport._pool.connections == [kept]  # type: ignore[attr-defined]


async def test_a_flood_is_told_when_to_come_again(serve: Serve) -> None:
    async with serve(limits=Limits(rate_per_s=0.5, burst=3)) as served:
        answers = [await served.get("status") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].headers["retry-after"] in ("1", "2")
        assert await refused_stream(served.stream_url) == 429
        assert (await served.http.get("/healthz")).status_code == 200, "whoever watches the process is always answered"


async def test_clients_behind_a_proxy_that_is_named_count_one_by_one(serve: Serve) -> None:
    for proxies, statuses in (((), [200, 429]), (("127.0.0.0/8",), [200, 200])):
        async with serve(limits=Limits(rate_per_s=0.01, burst=1), proxies=proxies) as served:
            clients = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(2)]
            answers = [await served.http.get("/app/v1/status", headers=headers) for headers in clients]
            assert [answer.status_code for answer in answers] == statuses


def test_a_bucket_fills_again_and_each_address_has_its_own() -> None:
    now = 0.0
    limiter = RateLimiter(2.0, 2, lambda: now)
    assert [limiter.wait_s("a") for _ in range(3)] == [0.0, 0.0, 0.5]
    assert limiter.wait_s("b") == 0.0
    now = 0.5
    assert limiter.wait_s("a") == 0.0
    assert limiter.wait_s("a") > 0
    now = 100.0
    assert [limiter.wait_s("a") for _ in range(3)] == [0.0, 0.0, 0.5]
    assert RateLimiter(0.0, 1, lambda: now).wait_s("a") == 0.0


@pytest.mark.parametrize(
    ("header", "name"),
    [("a.b:80", "a.b"), ("A.b", "a.b"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("::1", "::1"), ("", "")],
)
def test_the_name_of_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


def test_what_is_loopback() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.1", "example.org", ""))


async def test_a_taken_address_is_an_expected_error(serve: Serve) -> None:
    from tui_tracker.core.errors import ConfigError, ServiceError

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ServiceError, match="cannot listen"):
        async with serve(port=taken.getsockname()[1]):
            pass
    with pytest.raises(ConfigError, match="--host"):
        async with serve(host="no.such.host.invalid"):
            pass


async def test_responses_say_nothing_of_the_server(served: Served) -> None:
    answer: httpx.Response = await served.http.get("/app/v1/ranking")
    assert "server" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "query", [f"token={TOKEN}", f"%74o%6Ben={TOKEN}", f"a=1&TOKEN={TOKEN}&b=2", f"x;access_token={TOKEN}"]
)
@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
async def test_the_log_never_has_the_token(
    serve: Serve, caplog: pytest.LogCaptureFixture, query: str, level: int
) -> None:
    # What our own client logs, in this process, is of no account.
    caplog.set_level(level, "uvicorn.error")
    caplog.set_level(logging.INFO, "uvicorn.access")
    async with serve(access=Access(token=TOKEN)) as served:
        assert (await served.http.get(f"/app/v1/ranking?{query}")).status_code == 401
        assert await refused_stream(f"{served.stream_url}?{query}") == 401
        secret = base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")
        async with client(f"{served.stream_url}?{query}", subprotocols=["crypto-tui.v1", f"bearer.{secret}"]):
            pass
        async with client(served.stream_url, additional_headers={"Authorization": f"Bearer {TOKEN}"}):
            pass
    told = [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn.")]
    assert sum("/app/v1/stream?" in line for line in told) >= 2
    assert sum("/app/v1/ranking?" in line for line in told) == 1
    assert not [line for line in told if TOKEN in line or secret in line]


async def test_the_document_asks_for_the_token_with_the_app_in_browsers_too(served: Served) -> None:
    for browsers in (None, Browsers("http://127.0.0.1:1", TOKEN, WebOptions(1))):
        access = Access(token=TOKEN, has_browsers=browsers is not None)
        board = Board(served.feed, FakeClock(AT_MS), min_coverage=0.9, interval_s=60)
        app = make_app(board, Streams(board), access=access, limits=Limits(), browsers=browsers)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
            document = (await http.get("/app/v1/openapi.json")).json()
        assert document["security"] == [{"token": []}]
        assert document["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
        assert "/app/v1/ranking" in document["paths"]
    assert "securitySchemes" not in (await served.http.get("/app/v1/openapi.json")).json()["components"]


@pytest.mark.parametrize("path", [*OPEN, "/app/v1/ranking", "/app/v1/pairs/btcusd/chart.svg", "/app/v1/nothing"])
async def test_head_is_answered_as_get_is(served: Served, path: str) -> None:
    for _ in range(2):  # the second time, where it can, from what is kept
        get, head = await served.http.get(path), await served.http.head(path)
        assert head.status_code == get.status_code
        assert head.content == b""
        for name in ("etag", "content-type", "content-length", "cache-control"):
            assert head.headers.get(name) == get.headers.get(name), name


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/app/v1/ranking", 421)]
)
async def test_a_probe_names_no_host(served: Served, path: str, status: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rpartition(":")[2]))
    writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    async with asyncio.timeout(10):
        assert (await reader.readline()).split()[1] == str(status).encode()
    writer.close()
