"""For whoever looks around: the way to the docs page, what it shows, and what the stream is."""

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from tui_tracker.api.problems import problem
from tui_tracker.api.reference import Reference
from tui_tracker.feed import wire

DOCS: Final = "/app/v1/docs"
STREAM_SCHEMA: Final = "/app/v1/stream/schema.json"
router = APIRouter(include_in_schema=False)


async def document(request: Request) -> Response:
    """The OpenAPI document."""
    reference: Reference = request.app.state.reference
    return reference.to(request)


async def home() -> Response:
    """On to the docs page, from the address that a server prints first."""
    return RedirectResponse(DOCS)


@router.get("/stream/schema.json")
async def stream_schema() -> Response:
    """What is said on the stream."""
    return Response(wire.stream_schema(), media_type="application/schema+json")


@router.get("/stream")
async def no_stream() -> Response:
    """What to do instead, for who asks for the stream as for a page."""
    detail = f"this is a WebSocket: open it at ws:// or wss://; its messages are at {STREAM_SCHEMA}, more in the README"
    return problem(426, detail, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
