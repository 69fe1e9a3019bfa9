"""The service as an ASGI application over one feed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import Route
from starlette.types import ASGIApp

from tui_tracker import __version__
from tui_tracker.api import problems
from tui_tracker.api.board import Board
from tui_tracker.api.loop_lag import LoopLag
from tui_tracker.api.reference import Reference
from tui_tracker.api.routes import docs, operations, pairs, rankings, states
from tui_tracker.api.security import Access, Guard, Limits
from tui_tracker.api.shortcut import Shortcut
from tui_tracker.api.streams import Streams
from tui_tracker.api.web import routes as web
from tui_tracker.api.web.browsers import Browsers

PREFIX: Final = "/app/v1"
_ABOUT: Final = """
Every pair of an exchange, its last 24 hours sampled each minute, exact statistics and ranks. Numbers have full
precision, `null` is undefined; `cv`, `volatility`, `bipower`, `coverage` are fractions, `*_pct` percent. Failures are
problem details (RFC 9457). Answers carry an `ETag` and say for how long they hold: until the next poll.

Live updates come over the WebSocket `/app/v1/stream`: send `{"subscribe": ["BTC/USD"], "metrics": ["price"], "ranking":
{"by": "cv", "limit": 10}}` and get the last 24 hours at once, then what changes.
"""


def make_app(
    board: Board, streams: Streams, *, access: Access, limits: Limits, browsers: Browsers | None = None
) -> ASGIApp:
    """The service: REST, stream, docs and metrics, guarded.

    Args:
        board: What is told; the application follows its feed while it runs.
        streams: What is told live.
        access: Who may ask.
        limits: How much.
        browsers: The app in browsers, if it is offered.
    """
    lag = LoopLag()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in (board.follow(), streams.run(), lag.measure())]
            yield
            for task in tasks:
                task.cancel()

    app = FastAPIOffline(
        docs_url=docs.DOCS,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        routes=[Route(f"{PREFIX}/openapi.json", docs.document)],  # before the one that knows no examples
        static_url=f"{PREFIX}/assets",
        swagger_ui_oauth2_redirect_url=f"{PREFIX}/docs/oauth2-redirect",
        title="crypto-tui",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        swagger_ui_parameters={"tryItOutEnabled": True},
    )
    _add_routes(app)
    if browsers is None:
        app.add_api_route("/", docs.home, include_in_schema=False)
    else:
        app.include_router(web.router)
        app.state.browsers = browsers
    problems.install(app)
    guard = Guard(Shortcut(app, board, f"{PREFIX}/stream"), access, limits, time.monotonic)
    app.state.board, app.state.streams, app.state.lag = board, streams, lag
    app.state.limits, app.state.guard = limits, guard
    app.state.reference = Reference(app, board, wants_token=bool(access.token))
    return guard


def _add_routes(app: FastAPI) -> None:
    v1 = APIRouter(prefix=PREFIX)
    for part in (states.router, rankings.router, pairs.router, docs.router):
        v1.include_router(part)
    app.include_router(v1)
    app.include_router(operations.router)
