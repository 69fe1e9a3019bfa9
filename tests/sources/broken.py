"""Answers that fail as a whole, and what each looks like whatever the exchange."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.fake_kraken_http import HttpResponse
from tui_tracker.core.status import SourceState

STALE, OFFLINE = SourceState.STALE, SourceState.OFFLINE
PAGE = b"<!DOCTYPE html><html><title>\x1b[31mSign in to the hotel's network</title></html>"


@dataclass(frozen=True, slots=True)
class Seen:
    """A fault of the whole answer, and what it looks like.

    Args:
        fault: A fault of the fake server, an answer in place of its own, or what is made of its own.
        error: What is said of it, as a pattern.
        state: What the source is then.
    """

    fault: str | HttpResponse | Callable[[object], object]
    error: str
    state: SourceState = STALE


def page(status: int, **headers: str) -> HttpResponse:
    """A web page with some status."""
    return HttpResponse(PAGE, status, "text/html", {name.replace("_", "-"): value for name, value in headers.items()})


GARBAGE = HttpResponse(b"\x1f\x8bnonsense", headers={"Content-Encoding": "gzip"})
NO_ANSWER = r"^no answer of .+'s API \(it begins with |^the \w+ cannot be read: "
NEITHER = "|neither a result nor an error|no usable row"
BROKEN = {
    "hang": Seen("hang", "^no whole answer within 0.1 s$", OFFLINE),
    "slow drip": Seen("drip", "^no whole answer within 0.1 s$", OFFLINE),
    "reset": Seen("reset", "^([0-9.]+: )?the connection was reset$", OFFLINE),
    "reset in mid-body": Seen("short_body", "peer closed connection", OFFLINE),
    "truncated": Seen("truncated", NO_ANSWER),
    "deep": Seen("deep", NO_ANSWER + NEITHER),
    "endless": Seen("huge", r"^the answer is longer than \d+ MB$"),
    "gzip bomb": Seen("gzip_bomb", r"^the answer is longer than \d+ MB$"),
    "gzip garbage": Seen(GARBAGE, "^the answer cannot be decompressed$"),
    "doubled": Seen(lambda document: json.dumps(document).encode() * 2, NO_ANSWER),
    "empty list": Seen(lambda document: [], NO_ANSWER + NEITHER),
    "empty": Seen("empty_body", r"^no answer of .+'s API \(it begins with ''\)$"),
    "html with 200": Seen(page(200), "^.+ answered with a web page instead of data: a sign-in page, a proxy, or maint"),
    "not utf-8": Seen(HttpResponse(b'{"a":"\xff\xfe"}', content_type="text/html; charset=koi8-r"), NO_ANSWER + NEITHER),
    "redirect elsewhere": Seen(
        "redirect_other_host", "^the exchange redirects to another place, http://exchange.invalid: a sign-in"
    ),
    "403": Seen(
        page(403),
        "^[a-z0-9. ]+ answered HTTP 403 Forbidden.* closed to this country or address",
    ),
    "451": Seen(page(451), "^[a-z0-9. ]+ answered HTTP 451 Unavailable For Legal Reasons; closed to this country or"),
    "418": Seen(page(418), "^[a-z0-9. ]+ answered HTTP 418 I'm a"),
    "429": Seen(page(429), "^[a-z0-9. ]+ answered HTTP 429 Too Many Requests$"),
    "429 with a time": Seen(page(429, Retry_After="7"), "^[a-z0-9. ]+ answered HTTP 429 Too Many Requests$"),
    "500": Seen(page(500), "^[a-z0-9. ]+ answered HTTP 500 Internal Server Error$"),
    "502": Seen(page(502), "^[a-z0-9. ]+ answered HTTP 502 Bad Gateway; maintenance or overload, as a rule$"),
    "503": Seen(page(503), "^[a-z0-9. ]+ answered HTTP 503 Service Unavailable; maintenance or overload, as a rule$"),
    "503 with a time": Seen(page(503, Retry_After="7"), "^[a-z0-9. ]+ answered HTTP 503 Service Unavailable; maint"),
    "504": Seen(page(504), "^[a-z0-9. ]+ answered HTTP 504 Gateway Timeout; maintenance or overload, as a rule$"),
    "520": Seen(page(520), "^[a-z0-9. ]+ answered HTTP 520$"),
}
