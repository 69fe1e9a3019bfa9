"""How ccxt gets to an exchange: it writes requests and reads answers, and our own client carries them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Final

from tui_tracker.sources.answer import ANYTHING, opened, tried
from tui_tracker.sources.budget import Priority
from tui_tracker.sources.http import Form, HttpClient, Response
from tui_tracker.sources.refusal import Complaint

UNREADABLE: Final = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What ccxt raises where an answer is not what it expects."""
_MAX_BYTES: Final = 32_000_000
_WORDS: Final = (
    "msg",
    "message",
    "err-msg",
    "err_msg",
    "errorMessage",
    "retMsg",
    "ret_msg",
    "reason",
    "error",
    "detail",
)
"""Where exchanges say in words what is wrong …"""
_CODES: Final = ("code", "err-code", "err_code", "errorCode", "retCode", "ret_code", "label", "status")
"""… and by which number or name."""
_priority: Final = ContextVar("priority", default=Priority.CONTROL)
"""Of whoever asks ccxt, which hands nothing on to its requests, and sends some of them in tasks of its own."""


@contextmanager
def prioritised(priority: Priority) -> Iterator[None]:
    """Inside, what ccxt sends has this place in the queue."""
    before = _priority.set(priority)
    try:
        yield
    finally:
        _priority.reset(before)


class CcxtLine:
    """Takes the place of the HTTP client that an exchange of ccxt's would open.

    Args:
        exchange: Its requests go this way from now on.
        http: Carries them; each names its whole URL.
    """

    last: Response | None = None
    """The newest answer: at the instant at which a single request of ccxt's returns, the answer to that."""

    def __init__(self, exchange: Any, http: HttpClient) -> None:
        self._exchange = exchange
        self._name: Final = str(exchange.id)
        self._http = http
        exchange.fetch = self.fetch

    async def fetch(
        self, url: str, method: str = "GET", headers: dict[str, Any] | None = None, body: str | None = None
    ) -> Any:
        """What ccxt calls for each request; see its ``Exchange.fetch``.

        Raises:
            SourceError: As ``HttpClient.get``, and where the answer is no JSON.
            ccxt.BaseError: The answer tells of an error, in the exchange's own format.
        """
        form = Form(method, _without_encoding(self._exchange.prepare_request_headers(headers)), body)
        response = await self._http.get(
            url, {}, _priority.get(), _MAX_BYTES, form=form, complaint_of=lambda said: self._complaint(said, url, form)
        )
        document = opened(ANYTHING, response.body, self._name)
        self._check(HTTPStatus.OK, response.body, document, url, form)
        self.last = response
        return document

    def _check(self, status: int, body: bytes, document: object, url: str, form: Form) -> None:
        """Raise what ccxt makes of an answer that tells of an error."""
        text, headers = body.decode("utf-8", "replace").strip(), dict(form.headers)
        self._exchange.handle_errors(int(status), "", url, form.method, {}, text, document, headers, form.body)

    def _complaint(self, body: bytes, url: str, form: Form) -> Complaint | None:
        """What the body of an error says, if it is of the exchange at all."""
        document = tried(ANYTHING, body)
        if not isinstance(document, dict | list):
            return None
        try:
            self._check(HTTPStatus.BAD_REQUEST, body, document, url, form)
        except Exception as error:
            complaint = complaint_in(error, self._name)
            if complaint is not None:
                return complaint
            if not isinstance(error, UNREADABLE):
                raise
        return Complaint(_told(body.decode("utf-8", "replace")))


def complaint_in(error: Exception, name: str) -> Complaint | None:
    """What an error of ccxt's complains of; ``None`` for any other."""
    import ccxt

    if not isinstance(error, ccxt.BaseError):
        return None
    is_limit = isinstance(error, ccxt.DDoSProtection | ccxt.RateLimitExceeded)
    is_closed = isinstance(error, ccxt.NetworkError) and not is_limit
    return Complaint(_told(str(error).removeprefix(f"{name} ")), is_limit, is_closed)


def _told(text: str) -> str:
    """The words of an exchange's own JSON, with its code, as our own modules tell them; any other text as it is."""
    document = tried(ANYTHING, text.encode())
    if not isinstance(document, dict):
        return text
    words = next((said for name in _WORDS if isinstance(said := document.get(name), str) and said), None)
    code = next((said for name in _CODES if isinstance(said := document.get(name), str | int) and said != words), None)
    return text if words is None else words if code is None else f"{words} ({code})"


def _without_encoding(headers: Mapping[str, Any]) -> dict[str, str]:
    """ccxt's headers, but for those that say how the answer may be packed: it is we who unpack it."""
    return {name: str(value) for name, value in headers.items() if name.lower() != "accept-encoding"}
