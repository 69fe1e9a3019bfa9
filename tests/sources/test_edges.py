"""Where the network begins: names, addresses, certificates, proxies; over real sockets on this machine."""

import asyncio
import contextlib
import gc
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.support.clock import FakeClock
from tests.support.exchanges.server import FakeExchange
from tests.support.listener import Listener
from tests.support.names import HAS_IPV6, Names, black_hole
from tests.support.proxy import Proxy, without_proxies
from tui_tracker.core.errors import ConfigError, MalformedDataError, RejectedError, SourceError, UnreachableError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.trust import trusting
from tui_tracker.engine.clock import SystemClock
from tui_tracker.sources.budget import Priority, RequestBudget
from tui_tracker.sources.http import HttpClient, Timeouts
from tui_tracker.sources.issuer import issuer_in
from tui_tracker.sources.registry import create, open_stream

HOST = "exchange.test"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch, HOST)


@asynccontextmanager
async def serving(
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    body: bytes = b"[1]",
    closes: bool = False,
) -> AsyncIterator[int]:
    """A server that gives one answer to everything, after which it may close the connection; its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while await reader.readuntil(b"\r\n\r\n"):
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                    await writer.drain()
                    if closes:
                        break
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(accept, host, port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def client_of(url: str, ca_file: str = "", connect_s: float = 8.0) -> AsyncIterator[Callable[[], Any]]:
    """Asks a server for one thing, again and again."""
    clock = FakeClock()
    http = HttpClient(
        url, clock, RequestBudget(clock, 0), idle_s=150, ca_file=ca_file, timeouts=Timeouts(connect_s=connect_s)
    )
    try:
        yield lambda: http.get("/", {}, Priority.POLL, 1_000)
    finally:
        await http.aclose()


async def test_each_new_connection_asks_for_the_address_anew(names: Names) -> None:
    """An exchange that moves is found at its new address, without a restart."""
    async with (
        serving(closes=True, body=b"[1]") as port,
        serving("127.0.0.2", port, closes=True, body=b"[2]"),
        client_of(f"http://{HOST}:{port}") as get,
    ):
        assert (await get()).body == b"[1]"
        names.addresses = [(socket.AF_INET, "127.0.0.2")]
        assert (await get()).body == b"[2]"
    assert names.asked == [HOST, HOST]


async def test_a_name_that_cannot_be_resolved_is_told_and_found_once_it_can(names: Names) -> None:
    names.addresses = None
    async with serving() as port, client_of(f"http://{HOST}:{port}") as get:
        with pytest.raises(UnreachableError, match=r"^the host name cannot be resolved \(Name or service not known\)$"):
            await get()
        names.addresses = [(socket.AF_INET, "127.0.0.1")]
        assert (await get()).body == b"[1]"


@pytest.mark.skipif(not HAS_IPV6, reason="there is no IPv6 here")
async def test_an_ipv6_address_that_swallows_everything_costs_less_than_half_a_second(names: Names) -> None:
    async with serving() as port:
        with black_hole(port):
            async with client_of(f"http://[::1]:{port}", connect_s=0.5) as get:
                with pytest.raises(UnreachableError, match=r"no connection within 0\.5 s"):
                    await get()
            names.addresses = [(socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")]
            async with client_of(f"http://{HOST}:{port}", connect_s=0.5) as get:
                assert (await get()).body == b"[1]"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, str]:
    """An authority that nobody trusts, and the file of its certificate."""
    authority = trustme.CA(organization_name="Hotel \x1b[31mNetwork")
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return authority, str(path)


def secured(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_an_issuer_that_is_not_trusted_is_named_in_one_line(authority: tuple[trustme.CA, str]) -> None:
    async with serving(tls=secured(authority[0])) as port, client_of(f"https://127.0.0.1:{port}") as get:
        for _ in range(2):
            with pytest.raises(UnreachableError) as caught:
                await get()
            assert caught.value.message == (
                "the server's certificate is not trusted (unable to get local issuer certificate), issued by "
                "'Hotel ·[31mNetwork': a sign-in page or proxy in between, or an authority for --ca-file"
            )


async def test_an_authority_of_a_file_is_trusted_and_still_not_for_another_name(
    authority: tuple[trustme.CA, str],
) -> None:
    async with serving(tls=secured(authority[0])) as port:
        async with client_of(f"https://127.0.0.1:{port}", authority[1]) as get:
            assert (await get()).body == b"[1]"
        async with client_of(f"https://localhost:{port}", authority[1]) as get:
            with pytest.raises(UnreachableError, match=r"not trusted \(Hostname mismatch"):
                await get()


async def test_the_authorities_of_the_system_are_trusted(
    authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of ``SSL_CERT_FILE`` stand for them here."""
    monkeypatch.setenv("SSL_CERT_FILE", authority[1])
    async with serving(tls=secured(authority[0])) as port, client_of(f"https://127.0.0.1:{port}") as get:
        assert (await get()).body == b"[1]"


async def test_ccxt_trusts_the_same_authorities(
    authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ccxt", reason="the extra ccxt is not installed")

    async def ask(port: int, ca_file: str = "") -> None:
        url = f"https://127.0.0.1:{port}"
        source = create("ccxt:mexc", clock=FakeClock(), base_url=url, interval_s=60, spacing_s=0, ca_file=ca_file)
        try:
            await source.server_time()
        finally:
            await source.aclose()

    async with serving(tls=secured(authority[0]), body=b"{}") as port:
        with pytest.raises(
            UnreachableError, match=r"is not trusted \(.*\), issued by 'Hotel ·\[31mNetwork': a sign-in"
        ):
            await ask(port)
        with pytest.raises(MalformedDataError, match="doesn't tell the time"):
            await ask(port, authority[1])
        monkeypatch.setenv("SSL_CERT_FILE", authority[1])
        with pytest.raises(MalformedDataError, match="doesn't tell the time"):
            await ask(port)


def test_where_a_system_has_no_authorities_those_of_the_program_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = ssl.get_default_verify_paths()._replace(cafile="", capath="")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    assert trusting().cert_store_stats()["x509_ca"] > 50


@pytest.mark.parametrize("text", [None, "nonsense"])
def test_a_file_of_authorities_that_cannot_be_used_is_named_before_anything_is_asked(
    text: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=r"the authorities in .*ca\.pem cannot be used"):
        create("okx", clock=FakeClock(), interval_s=60, ca_file=str(path))


def test_what_is_no_certificate_has_no_issuer() -> None:
    good = ssl.PEM_cert_to_DER_cert(trustme.CA(organization_name="Us").cert_pem.bytes().decode())
    assert issuer_in(good) == "Us"
    for cut in range(0, len(good), 7):
        with contextlib.suppress(ValueError, IndexError):
            assert issuer_in(good[:cut]).isprintable()


async def test_a_sign_in_page_is_named_as_such() -> None:
    async with FakeExchange("okx", pairs=9) as exchange:
        source = create("okx", clock=FakeClock(), base_url=exchange.url, interval_s=60, spacing_s=0)
        exchange.faults.set("html", count=1)
        with pytest.raises(MalformedDataError, match="OKX answered with a web page instead of data: a sign-in page"):
            await source.tickers()
        exchange.faults.clear()
        exchange.faults.set("redirect_other_host", count=1)
        with pytest.raises(RejectedError, match=r"redirects to another place, http://exchange\.invalid: a sign-in"):
            await source.tickers()
        await source.aclose()


@pytest.mark.parametrize(
    ("variable", "scheme", "asked"),
    [("http_proxy", "http", "GET"), ("all_proxy", "http", "GET"), ("all_proxy", "socks5", "SOCKS5")],
)
async def test_a_proxy_serves_requests(variable: str, scheme: str, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy().running() as proxy, serving() as port:
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{proxy.port}")
        async with client_of(f"http://{HOST}:{port}") as get:
            assert (await get()).body == b"[1]"
        assert proxy.asked == [f"{asked} {HOST}:{port}"]


@pytest.mark.parametrize(("scheme", "asked"), [("http", "CONNECT"), ("socks5", "SOCKS5")])
async def test_a_proxy_serves_secured_requests(
    scheme: str, asked: str, authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Proxy().running() as proxy, serving(tls=secured(authority[0], HOST)) as port:
        monkeypatch.setenv("https_proxy", f"{scheme}://127.0.0.1:{proxy.port}")
        async with client_of(f"https://{HOST}:{port}", authority[1]) as get:
            assert (await get()).body == b"[1]"
        async with client_of(f"https://{HOST}:{port}") as get:
            with pytest.raises(
                UnreachableError, match=r"is not trusted \(.*\), issued by 'Hotel ·\[31mNetwork': a sign-in"
            ):
                await get()
        assert proxy.asked == [f"{asked} {HOST}:{port}"] * 3, "the certificate was looked at through the proxy too"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_wants_a_password_says_so_and_gets_it(
    scheme: str, authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = secured(authority[0], HOST) if scheme == "https" else None
    async with Proxy(is_closed=True).running() as proxy, serving(tls=tls) as port:
        monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{proxy.port}")
        async with client_of(f"{scheme}://{HOST}:{port}", authority[1]) as get:
            with pytest.raises(SourceError, match=r"^the proxy (wants a name and a password|refuses: 407)"):
                await get()
        monkeypatch.setenv("all_proxy", f"http://name:password@127.0.0.1:{proxy.port}")
        async with client_of(f"{scheme}://{HOST}:{port}", authority[1]) as get:
            assert (await get()).body == b"[1]"


async def test_a_proxy_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy().running() as proxy:
        port = proxy.port
    monkeypatch.setenv("http_proxy", f"http://name:password@127.0.0.1:{port}/")
    async with client_of(f"http://{HOST}:1") as get:
        with pytest.raises(UnreachableError) as caught:
            await get()
    assert caught.value.message == f"connection refused, through the proxy http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    "said", [b"", b"\x05\x00", b"nonsense", b"\x05\x00\x05\x07\x00\x01", b"\x04\x5b", b"HTTP/1.1 200 OK\r\n\r\n"]
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_socks_proxy_that_drops_connections_or_talks_nonsense_is_out_of_reach(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """httpcore leaves the connection to the garbage collector then."""

    class Dropping(Listener):
        async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(3)
            writer.write(said)
            writer.close()

    async with Dropping().running() as proxy:
        monkeypatch.setenv("all_proxy", f"socks5://127.0.0.1:{proxy.port}")
        for scheme in ("http", "https"):
            async with client_of(f"{scheme}://{HOST}:7") as get:
                with pytest.raises(UnreachableError, match="proxy"):
                    await get()
        gc.collect()


class Told:
    """Whoever listens to a stream; ends with its first word."""

    def opened(self) -> None:
        raise Opened("it is")

    def told(self, tickers: object, said_ms: int | None = None) -> None:
        raise Opened("it is")

    def missed(self) -> None:
        """Nothing is said of this."""

    def rest_s(self) -> float:
        return 0.0


class Opened(SourceError):
    """A stream was opened."""


@asynccontextmanager
async def streaming(tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Kraken's stream, which greets; its port."""

    async def greet(line: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            symbols = json.loads(await line.recv())["params"]["symbol"]
            for symbol in symbols:
                said = {"method": "subscribe", "success": True, "result": {"channel": "ticker", "symbol": symbol}}
                await line.send(json.dumps(said))
            await line.wait_closed()

    async with serve(greet, "127.0.0.1", 0, ssl=tls) as server:
        yield next(iter(server.sockets)).getsockname()[1]


async def listen(url: str, ca_file: str = "") -> None:
    """Listen to it until it is opened."""
    stream = open_stream("kraken", clock=SystemClock(), base_url=url, ca_file=ca_file)
    assert stream is not None
    instrument = Instrument("kraken:BTC-USD", "BTC", "USD", "XXBTZUSD", (), 1)
    async with asyncio.timeout(20):
        await stream.run([instrument], Told())


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
@pytest.mark.parametrize(("scheme", "asked"), [("http", "CONNECT"), ("socks5", "SOCKS5")])
async def test_a_proxy_serves_a_stream(variable: str, scheme: str, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy().running() as proxy, streaming() as port:
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{proxy.port}")
        with pytest.raises(Opened):
            await listen(f"http://{HOST}:{port}")
        assert proxy.asked == [f"{asked} {HOST}:{port}"]


async def test_a_stream_through_a_proxy_that_wants_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy(is_closed=True).running() as proxy, streaming() as port:
        monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(UnreachableError, match="proxy rejected connection: HTTP 407"):
            await listen(f"http://{HOST}:{port}")
        monkeypatch.setenv("all_proxy", f"http://name:password@127.0.0.1:{proxy.port}")
        with pytest.raises(Opened):
            await listen(f"http://{HOST}:{port}")


async def test_a_stream_trusts_whom_requests_trust(authority: tuple[trustme.CA, str]) -> None:
    async with streaming(secured(authority[0])) as port:
        with pytest.raises(UnreachableError, match="certificate is not trusted"):
            await listen(f"https://127.0.0.1:{port}")
        with pytest.raises(Opened):
            await listen(f"https://127.0.0.1:{port}", authority[1])


@pytest.mark.skipif(not HAS_IPV6, reason="there is no IPv6 here")
async def test_an_address_that_swallows_everything_does_not_hold_up_a_stream(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_tracker.sources.stream.OPEN_S", 0.9)
    names.addresses = [(socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")]
    async with streaming() as port:
        with black_hole(port), pytest.raises(Opened):
            await listen(f"http://{HOST}:{port}")
