"""The reference of the API: its OpenAPI document, with examples, as it is told at the address where it is asked for."""

import re
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request, Response

from tui_tracker.api.board import Board
from tui_tracker.api.reply import Reply
from tui_tracker.core.errors import TrackerError

USUAL: Final = "http://127.0.0.1:8080"
"""The address that texts are written with."""
CURRENCIES: Final = ("USD", "USDT", "USDC", "EUR")
"""What bitcoin may be priced in; texts and examples of parameters are written with the first."""
MOST_KEPT: Final = 8
_HOST: Final = re.compile(r"([\w.-]+|\[[0-9a-f:.]+\])(:\d+)?", re.ASCII | re.IGNORECASE)
_WRITTEN: Final = re.compile(re.escape(USUAL) + r"""[^\s'"`\\]*|"example":"[^"\\]*\"""")
"""An address in a text, or the example of a parameter, in the document's JSON."""


class Reference:
    """The document of an application, which asks for the token where one is wanted.

    Args:
        app: What is described, with all of its routes.
        board: Knows pairs; of the market the document tells what bitcoin is priced in, and no more.
        wants_token: Whether a token is wanted.
    """

    def __init__(self, app: FastAPI, board: Board, *, wants_token: bool) -> None:
        self._app, self._board, self._wants_token = app, board, wants_token
        self._reply = lru_cache(maxsize=MOST_KEPT)(self._written)

    def to(self, request: Request) -> Response:
        """The response to a request for the document: everything in it can be tried at once, at the same address."""
        return self._reply(_address(request), self._currency()).to(request.headers)

    def _written(self, address: str, currency: str) -> Reply:
        def own(found: re.Match[str]) -> str:
            return found[0].replace(CURRENCIES[0], currency).replace(USUAL, address)

        return Reply(_WRITTEN.sub(own, self._text).encode())

    @cached_property
    def _text(self) -> str:
        document = self._app.openapi()
        if self._wants_token:
            document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            document["security"] = [{"token": []}]
        _add_examples(document)
        return msgspec.json.encode(document).decode()

    def _currency(self) -> str:
        for currency in CURRENCIES:
            try:
                self._board.named(f"BTC/{currency}", has_near=False)
            except TrackerError:
                continue
            return currency
        return CURRENCIES[0]


def _address(request: Request) -> str:
    """Where the document was asked for; a proxy that speaks https for the server says so."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        return USUAL
    is_secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
    return f"{'https' if is_secure else 'http'}://{host}"


def _add_examples(document: dict[str, Any]) -> None:
    """Have the docs page show answers as they are, and fill in parameters: it looks for no examples in their schemas.

    The answers in ``examples.json`` are those of ``serve --demo``, cut short.
    """
    told = msgspec.json.decode((files("tui_tracker.api") / "examples.json").read_bytes())
    for path, calls in document["paths"].items():
        for call in calls.values():
            for parameter in call.get("parameters", ()):
                if examples := parameter["schema"].pop("examples", None):
                    parameter["example"] = examples[0]
            for status, response in call["responses"].items():
                for kind, content in response.get("content", {}).items():
                    content["example"] = told["answers"][path][kind] if status == "200" else told["problems"][status]
