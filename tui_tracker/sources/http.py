"""The only HTTP client of the sources: polite, bounded, and with one tree of errors.

httpx takes longer to import than the first screen may, so it is loaded, off the loop, by the first request.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tui_tracker import __version__
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import (
    ConfigError,
    RejectedError,
    SourceError,
    TimedOutError,
    UnreachableError,
)
from tui_tracker.core.text import clean
from tui_tracker.core.trust import trusting
from tui_tracker.sources.answer import is_untrusted, read_body, read_date, reason, remedy
from tui_tracker.sources.budget import Priority, RequestBudget
from tui_tracker.sources.issuer import issuer_of
from tui_tracker.sources.proxies import is_of_socks, place_of, proxy_of
from tui_tracker.sources.refusal import ComplaintReader, Refused, read_complaint
from tui_tracker.sources.trace import RequestTrace

if TYPE_CHECKING:
    import httpx

USER_AGENT: Final = f"crypto-tui/{__version__} (+terminal viewer of public market data)"
_KEPT_CONNECTIONS: Final = 2
_MAX_CONNECTIONS: Final = 4
_MAX_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer with a 2xx status."""

    body: bytes
    """Decompressed."""
    sent_ms: int
    """Local wall clock, as it was set when the answer was complete, at the instant the request left."""
    received_ms: int
    """Local wall clock at the instant the answer was complete."""
    date_ms: int | None = None
    """The server's clock, in the middle of the second that the ``Date`` header names."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long one request may take, in seconds; waiting for the budget isn't counted."""

    connect_s: float = 8.0
    read_s: float = 10.0
    """Most time between two pieces of an answer."""
    total_s: float = 25.0
    """Connection and the whole answer together."""


@dataclass(frozen=True, slots=True)
class Form:
    """How something is asked for, where that isn't just by its address."""

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside those of every request, and in place of them."""
    body: str | None = None


_PLAIN: Final = Form()


class HttpClient:
    """Requests to one exchange; an answer that redirects elsewhere is refused.

    Args:
        base_url: Scheme, host, port and perhaps a path; empty where each request names all of it.
        clock: Stamps requests and answers.
        budget: Decides when a request may leave.
        idle_s: How long an unused connection is kept: over two poll intervals, so that polls share one.
        bans: Statuses by which the exchange shuts an address out, and for how many seconds at least.
        user_agent: Who we are.
        ca_file: Certificates of authorities that are trusted beside those of the system; empty for none.
        timeouts: When to give up.
        transport: Replaces the network (tests).
    """

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        budget: RequestBudget,
        *,
        idle_s: float,
        bans: Mapping[int, float] | None = None,
        user_agent: str = USER_AGENT,
        ca_file: str = "",
        timeouts: Timeouts | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.clock = clock
        self.budget = budget
        self._base_url = base_url.rstrip("/")
        self._idle_s = idle_s
        self._bans = bans or {}
        self._user_agent = user_agent
        self._ca_file = ca_file
        self._issuer: str | None = None
        """Of a certificate that isn't trusted; ``None`` before there was one."""
        self._timeouts = timeouts or Timeouts()
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def get(
        self,
        path: str,
        params: Mapping[str, str],
        priority: Priority,
        max_bytes: int,
        *,
        weight: int = 1,
        complaint_of: ComplaintReader | None = None,
        form: Form = _PLAIN,
    ) -> Response:
        """Read one resource, after waiting for the budget.

        Args:
            path: Appended to the base URL, with its leading slash.
            params: The query.
            priority: The place in the queue.
            max_bytes: Most bytes of the body, counted after decompression.
            weight: How many requests it counts as.
            complaint_of: Reads the body of an error.
            form: How it is asked for.

        Raises:
            UnreachableError: No connection, or it broke before the whole answer.
            TimedOutError: No whole answer in time.
            RateLimitedError: HTTP 429, 418, 403 with ``Retry-After``, a ban, or a complaint of too many requests;
                the budget is paused.
            RejectedError: Any other status that isn't 2xx, or a redirect to another host.
            MalformedDataError: A body that is too long or can't be decompressed.
        """
        client = await self._open()
        url = self._url(path, params)
        redirects = dead = 0
        while redirects <= _MAX_REDIRECTS:
            await self.budget.acquire(priority, weight)
            with self._logged_failure():
                async with self._explained(url), _translated_errors(self._timeouts):
                    may_be_dead = dead < _KEPT_CONNECTIONS
                    answer = await self._read(client, url, form, max_bytes, weight, complaint_of, may_be_dead)
            if isinstance(answer, Response):
                elapsed_ms = answer.received_ms - answer.sent_ms
                self.budget.log.note_answer(elapsed_ms)
                logger.debug("%s %s -> %d bytes in %d ms", form.method, clean(str(url)), len(answer.body), elapsed_ms)
                return answer
            if answer is None:
                dead += 1
            else:
                url = answer
                redirects += 1
        raise RejectedError(f"the exchange redirects more than {_MAX_REDIRECTS} times")

    @contextmanager
    def _logged_failure(self) -> Iterator[None]:
        try:
            yield
        except SourceError:
            self.budget.log.note_failure()
            raise

    @asynccontextmanager
    async def _explained(self, url: "httpx.URL") -> AsyncIterator[None]:
        """Say which host isn't reached where it is none that was named, or which proxy a connection failed through, and
        who issued a certificate that isn't trusted.

        The certificate is looked at once, the same way.
        """
        try:
            yield
        except UnreachableError as error:
            proxy = proxy_of(str(url))
            if not is_untrusted(error):
                if proxy is None or "proxy" in error.message:
                    if self._base_url:
                        raise
                    raise UnreachableError(f"{clean(url.host, 80)}: {error.message}", error.hint) from error
                raise UnreachableError(f"{error.message}, through the proxy {place_of(proxy)}", error.hint) from error
            if self._issuer is None:
                self._issuer = await issuer_of(url.host, url.port or 443, proxy)
            issuer = f", issued by {self._issuer!r}" if self._issuer else ""
            text = f"{error.message}{issuer}: a sign-in page or proxy in between, or an authority for --ca-file"
            raise UnreachableError(text, error.hint) from error

    async def aclose(self) -> None:
        """Close all connections; nothing may be called after."""
        if self._client is not None:
            await self._client.aclose()

    async def _open(self) -> "httpx.AsyncClient":
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._build)
            return self._client

    def _build(self) -> "httpx.AsyncClient":
        import httpx

        timeouts = self._timeouts
        try:
            return httpx.AsyncClient(
                headers={"User-Agent": self._user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"},
                timeout=httpx.Timeout(timeouts.read_s, connect=timeouts.connect_s),
                limits=httpx.Limits(
                    max_connections=_MAX_CONNECTIONS,
                    max_keepalive_connections=_KEPT_CONNECTIONS,
                    keepalive_expiry=self._idle_s,
                ),
                follow_redirects=False,
                verify=True if self._transport is not None else trusting(self._ca_file),
                transport=self._transport,
            )
        except (OSError, ImportError, ValueError, httpx.InvalidURL, ConfigError) as error:
            message = f"the HTTP client cannot start with this environment: {clean(str(error))}"
            raise UnreachableError(message, "check proxy and certificate variables") from error

    def _url(self, path: str, params: Mapping[str, str]) -> "httpx.URL":
        import httpx

        try:
            url = httpx.URL(self._base_url + path)
        except httpx.InvalidURL as error:
            raise RejectedError(f"no request can be made of {clean(path, 80)!r}") from error
        return url.copy_with(params=dict(params)) if params else url

    async def _read(
        self,
        client: "httpx.AsyncClient",
        url: "httpx.URL",
        form: Form,
        max_bytes: int,
        weight: int,
        complaint_of: ComplaintReader | None,
        may_be_dead: bool,
    ) -> "Response | httpx.URL | None":
        """An answer, where else to ask, or ``None`` if it is to be asked again: the connection was a dead one."""
        trace = RequestTrace(self.clock, self.budget, weight)
        response = await self._send(client, url, form, trace, may_be_dead)
        if response is None:
            return None
        try:
            if response.status_code in _REDIRECTS:
                return _redirect_target(url, response)
            if not response.is_success:
                raise await self._refusal(response, complaint_of)
            body = await read_body(response.aiter_raw(), response.headers.get("Content-Encoding", ""), max_bytes)
        finally:
            await response.aclose()
        received_ms, took_s = self.clock.now_ms(), self.clock.monotonic_s() - trace.sent_s
        return Response(body, received_ms - round(took_s * 1000), received_ms, read_date(response.headers.get("Date")))

    async def _send(
        self, client: "httpx.AsyncClient", url: "httpx.URL", form: Form, trace: RequestTrace, may_be_dead: bool
    ) -> "httpx.Response | None":
        """Send a request; ``None`` where a kept connection turns out to be dead.

        As a rule the server closed such a connection while it lay idle, so that the request never got there. But it may
        have got there, so that it counts.
        """
        import httpx

        request = client.build_request(
            form.method, url, headers=form.headers, content=form.body, extensions={"trace": trace.note}
        )
        try:
            return await client.send(request, stream=True)
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            if not may_be_dead or not trace.is_reused:
                raise
            logger.debug("a kept connection was dead, asking again: %s", clean(str(error)))
            return None
        except (httpx.InvalidURL, UnicodeError) as error:  # UnicodeError: a host in broken Punycode
            raise RejectedError("the exchange redirects to what is no address: a sign-in page or a proxy") from error

    async def _refusal(self, response: "httpx.Response", complaint_of: ComplaintReader | None) -> SourceError:
        """The error for a status that is neither success nor a redirect; pauses the budget where asked to."""
        refused = Refused(
            response.status_code,
            response.reason_phrase,
            response.headers.get("Retry-After"),
            None if complaint_of is None else await read_complaint(response, complaint_of),
            "the exchange" if self._base_url else response.url.host,
        )
        return refused.error(self.budget, self._bans, self.clock.now_ms())


@asynccontextmanager
async def _translated_errors(timeouts: Timeouts) -> AsyncIterator[None]:
    """Bound the time of a block, and turn what httpx raises in it into our own errors."""
    import httpx

    try:
        async with asyncio.timeout(timeouts.total_s):
            yield
    except httpx.ConnectTimeout as error:
        raise UnreachableError(f"no connection within {timeouts.connect_s:g} s") from error
    except httpx.TimeoutException as error:
        raise TimedOutError(f"nothing came for {timeouts.read_s:g} s") from error
    except TimeoutError as error:
        raise TimedOutError(f"no whole answer within {timeouts.total_s:g} s") from error
    except httpx.ProxyError as error:
        raise UnreachableError(f"the proxy refuses: {clean(str(error))}", "look at the proxy variables") from error
    except httpx.TransportError as error:
        raise UnreachableError(reason(error), remedy(error)) from error
    except Exception as error:
        if not is_of_socks(error):
            raise
        text = f"the SOCKS proxy gives no answer of its kind: {clean(str(error))}"
        raise UnreachableError(text, "look at the proxy variables") from error


def _redirect_target(url: "httpx.URL", response: "httpx.Response") -> "httpx.URL":
    if response.next_request is None:
        raise RejectedError("the exchange redirects to nowhere")
    target = response.next_request.url
    if (target.scheme, target.host, _port(target)) != (url.scheme, url.host, _port(url)):
        place = clean(f"{target.scheme}://{target.netloc.decode('ascii', 'replace')}", 80)
        raise RejectedError(f"the exchange redirects to another place, {place}: a sign-in page or a proxy")
    return target.copy_with(username=None, password=None)


def _port(url: "httpx.URL") -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)
