"""Calls that were answered since the last poll are answered again without a look at their parameters."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tui_tracker.api.board import Board


class Shortcut:
    """ASGI middleware, behind the guard: sends kept replies.

    Args:
        app: Asked where nothing is kept.
        board: What keeps them.
    """

    def __init__(self, app: ASGIApp, board: Board) -> None:
        self._app, self._board = app, board

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and scope["method"] == "GET":
            reply = self._board.again(scope)
            if reply is not None:
                response = reply.to(Headers(scope=scope), self._board.fresh_s())
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)
