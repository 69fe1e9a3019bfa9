"""Failures as problem details (RFC 9457); nothing of the inside is in them."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tui_tracker.core.errors import AmbiguousPairError, ServiceError, TrackerError, UnknownPairError
from tui_tracker.core.text import clean

MEDIA_TYPE: Final = "application/problem+json"
RETRY_S: Final = 5
"""Seconds after which something that isn't there yet may be asked for again."""
_MAX_TOLD: Final = 10
_log = logging.getLogger(__name__)


def problem(
    status: int, detail: str, *, title: str = "", headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """A problem as a response.

    Args:
        status: Of HTTP.
        detail: What happened, and what to do about it.
        title: What kind of problem; the name of the status by default, and then the type is ``about:blank``.
        headers: More headers.
        more: Further members.
    """
    kind = f"urn:crypto-tui:problem:{title.lower().replace(' ', '-')}" if title else "about:blank"
    document = {
        "type": kind,
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": clean(detail, 1_000),
        **more,
    }
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(document), status, kept, MEDIA_TYPE)


class Refusal(Exception):
    """A request that can't be followed: raised by routes, told as a problem.

    Args:
        status: Of HTTP.
        detail: What is wrong with it.
        parameter: The one parameter that is wrong, with status 422.
    """

    def __init__(self, status: int, detail: str, parameter: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter


def wrong(parameter: str, what: str) -> Refusal:
    """The refusal of a parameter of the query."""
    return Refusal(422, f"{parameter}: {what}", parameter)


def install(app: FastAPI) -> None:
    """Have every failure of an app told as a problem."""
    app.add_exception_handler(UnknownPairError, _unknown_pair)
    app.add_exception_handler(AmbiguousPairError, _ambiguous_pair)
    app.add_exception_handler(TrackerError, _not_now)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _unknown_pair(_: Request, error: Exception) -> Response:
    assert isinstance(error, UnknownPairError)
    detail = f"{error.message}; did you mean {', '.join(error.near)}?" if error.near else error.message
    return problem(404, detail, title="Unknown pair", near=[clean(name) for name in error.near])


async def _ambiguous_pair(_: Request, error: Exception) -> Response:
    assert isinstance(error, AmbiguousPairError)
    candidates = [clean(name) for name in error.candidates[:_MAX_TOLD]]
    return problem(422, error.told, title="Ambiguous pair", candidates=candidates)


async def _not_now(_: Request, error: Exception) -> Response:
    assert isinstance(error, TrackerError)
    known_s = error.retry_after_s if isinstance(error, ServiceError) else None
    return problem(503, error.told, headers={"Retry-After": str(round(known_s or RETRY_S))})


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    if not error.parameter:
        return problem(error.status, error.detail)
    return _wrong_parameters([{"where": f"query.{error.parameter}", "what": clean(error.detail)}], error.detail)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"where": clean(".".join(str(part) for part in each["loc"])), "what": clean(str(each["msg"]))}
        for each in error.errors()[:_MAX_TOLD]
    ]
    detail = "; ".join(f"{each['where']}: {each['what']}" for each in errors)
    return _wrong_parameters(errors, detail)


def _wrong_parameters(errors: Sequence[Mapping[str, str]], detail: str) -> Response:
    return problem(422, detail, title="Wrong parameters", errors=errors)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected %s at %s", type(error).__name__, clean(request.url.path))
    return problem(500, "an unexpected error; the server's log says more")
