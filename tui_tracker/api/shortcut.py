"""What need not go all the way: calls that were answered since the last poll, and streams.

Routing and the reading of parameters cost three times what it takes to send a kept reply; each frame of a stream would
pass through layers that are for requests.
"""

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from tui_tracker.api.board import Board
from tui_tracker.api.stream import stream


class Shortcut:
    """ASGI middleware, behind the guard: serves streams, and sends kept replies.

    Args:
        app: Asked for everything else.
        board: What keeps replies.
        stream_path: Where streams are opened.
    """

    def __init__(self, app: Starlette, board: Board, stream_path: str) -> None:
        self._app, self._board, self._stream_path = app, board, stream_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "websocket" and scope["path"] == self._stream_path:
            scope["app"] = self._app
            await stream(WebSocket(scope, receive, send))
            return
        if scope["type"] == "http" and scope["method"] == "GET":
            reply = self._board.again(scope)
            if reply is not None:
                response = self._board.told(reply, Headers(scope=scope))
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)
