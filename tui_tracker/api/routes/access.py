"""What every route has at hand."""

from typing import Annotated, Any, Final

from fastapi import Depends, Request

from tui_tracker.api.board import Board
from tui_tracker.api.schemas import Problem


async def _board(request: Request) -> Board:
    board: Board = request.app.state.board
    return board


BoardOf = Annotated[Board, Depends(_board)]

_CONTENT: Final = {"application/problem+json": {"schema": Problem.model_json_schema()}}
Responses = dict[int | str, dict[str, Any]]


def failures(*codes: int) -> Responses:
    """The ways in which a call may fail, for the OpenAPI document; 401 to 414, 421, 429 and 503 go for all."""
    told = {404: "No such pair; `near` has similar names", 422: "Wrong parameters"}
    usual = {
        304: "Nothing changed since the `ETag` of `If-None-Match`",
        401: "A token is needed, or another one",
        403: "Pages of this origin may not ask",
        413: "No call takes a body",
        414: "Path and query are too long",
        421: "Not served under this name",
        429: "Too many requests; `Retry-After` says when",
        503: "No quotes yet",
    }
    all_of = {code: told[code] for code in codes} | usual
    return {
        code: {"description": text} if code == 304 else {"description": text, "content": _CONTENT}
        for code, text in all_of.items()
    }
