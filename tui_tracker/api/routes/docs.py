"""For whoever looks around: what the docs page shows."""

from typing import Final

from fastapi import Request, Response

from tui_tracker.api.reference import Reference

DOCS: Final = "/app/v1/docs"


async def document(request: Request) -> Response:
    """The OpenAPI document."""
    reference: Reference = request.app.state.reference
    return reference.to(request)
