"""For whoever looks around: the way to the docs page, what it shows, and what the stream is."""

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from tui_tracker.api.problems import problem
from tui_tracker.api.reference import Reference

DOCS: Final = "/app/v1/docs"
router = APIRouter(include_in_schema=False)


async def document(request: Request) -> Response:
    """The OpenAPI document."""
    reference: Reference = request.app.state.reference
    return reference.to(request)


async def home() -> Response:
    """On to the docs page, from the address that a server prints first."""
    return RedirectResponse(DOCS)


@router.get("/stream")
async def no_stream() -> Response:
    """What to do instead, for who asks for the stream as for a page."""
    detail = "this is a WebSocket: open it at ws:// or wss://; the README documents it under 'The stream'"
    return problem(426, detail, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
