"""Refusals: what the error answers of an exchange say, and which error of ours each becomes."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from tui_tracker.core.errors import (
    BARRING,
    MalformedDataError,
    RateLimitedError,
    RejectedError,
    SourceError,
    UnreachableError,
)
from tui_tracker.core.text import clean
from tui_tracker.sources.answer import read_body, read_retry_after
from tui_tracker.sources.budget import LONGEST_BAN_S, RequestBudget

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)

MAX_COMPLAINT: Final = 16_384
"""Bytes of an error answer's body that are read."""
_COMPLAINT_S: Final = 5.0
_IM_A_TEAPOT: Final = 418
_CLOSED: Final = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
CLOSED: Final = "maintenance or overload, as a rule"
BARRED: Final = "closed to this country or address"
BARRED_HINT: Final = "crypto-tui sources --check tells which exchanges answer here"
_LIMITS: Final = (HTTPStatus.TOO_MANY_REQUESTS, _IM_A_TEAPOT)


class Complaint(NamedTuple):
    """What the body of an answer complains of, in the exchange's own format."""

    text: str
    """For a person; not cleaned."""
    is_limit: bool = False
    """Whether it asks to slow down."""
    is_closed: bool = False
    """Whether it tells of maintenance or overload."""


ComplaintReader = Callable[[bytes], Complaint | None]
"""Reads the body of an answer; ``None`` where it is no complaint. Any bytes may come."""


async def read_complaint(response: "httpx.Response", complaint_of: ComplaintReader) -> Complaint | None:
    """What the body of an error says. Where it can't be had, the status alone must do."""
    import httpx

    try:
        async with asyncio.timeout(_COMPLAINT_S):
            encoding = response.headers.get("Content-Encoding", "")
            body = await read_body(response.aiter_raw(), encoding, MAX_COMPLAINT)
    except (MalformedDataError, httpx.TransportError, TimeoutError) as error:
        logger.debug("the body of HTTP %d cannot be read: %r", response.status_code, error)
        return None
    return complaint_of(body)


class Refused(NamedTuple):
    """An HTTP status that is neither success nor a redirect."""

    status: int
    phrase: str
    retry_after: str | None
    """The header."""
    complaint: Complaint | None
    who: str = "the exchange"
    """Who refuses; not cleaned."""

    def error(self, budget: RequestBudget, bans: Mapping[int, float], now_ms: int) -> SourceError:
        """The error of ours; pauses the budget where asked to.

        Args:
            budget: Of requests to this server.
            bans: Statuses by which the exchange shuts an address out, and for how many seconds at least.
            now_ms: Wall clock.
        """
        error = self._error(budget, bans, now_ms)
        error.http_status = self.status
        return error

    def _error(self, budget: RequestBudget, bans: Mapping[int, float], now_ms: int) -> SourceError:
        phrase = clean(self.phrase, 40) or _phrase(self.status)
        message = f"{clean(self.who, 80)} answered HTTP {self.status} {phrase}".rstrip()
        if self.complaint is not None:
            message += f": {clean(self.complaint.text, 120)}"
        if self.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            message = "the proxy wants a name and a password: http://NAME:PASSWORD@… in its variable"
            return UnreachableError(message, "set it, for example in HTTPS_PROXY")
        if self.status in bans:
            asked_s = read_retry_after(self.retry_after, now_ms, LONGEST_BAN_S) or 0.0
            ban_s = max(asked_s, bans[self.status])
            budget.pause(ban_s, LONGEST_BAN_S)
            pause = f"nothing is asked for {ban_s / 60:.0f} min"
            if self.status in BARRING:
                message += f": too much was asked, or it is {BARRED}"
                return RateLimitedError(f"{message}; {pause}", ban_s, BARRED_HINT)
            return RateLimitedError(f"{message}; {pause}", ban_s)
        retry_after_s = read_retry_after(self.retry_after, now_ms)
        limits = self.status in _LIMITS or (self.complaint is not None and self.complaint.is_limit)
        if limits or (self.status == HTTPStatus.FORBIDDEN and retry_after_s is not None):
            budget.refused(retry_after_s)
            return RateLimitedError(message, retry_after_s)
        if retry_after_s is not None:
            budget.pause(retry_after_s)
        if self.status in BARRING:
            return RejectedError(f"{message}; {BARRED}, as a rule", BARRED_HINT)
        return RejectedError(f"{message}; {CLOSED}" if self.status in _CLOSED else message)


def _phrase(status: int) -> str:
    return next((known.phrase for known in HTTPStatus if known == status), "")
