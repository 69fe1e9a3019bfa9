"""How a connection ends, whatever its client does."""

import asyncio
from typing import Final

from typing_extensions import override
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

REQUEST_S: Final = 20.0
"""How long a client may take to send its first request."""
LINGER_S: Final = 3.0
"""How long a client may take to read the rest and answer the close."""


class RequestProtocol(H11Protocol):
    """Lets go of a client that asks for nothing: it would hold a descriptor forever."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(REQUEST_S, self._hang_up_if_silent)

    def _hang_up_if_silent(self) -> None:
        request: object = self.cycle  # ``None`` before the first, whatever its type says
        if request is None and self.transport.get_protocol() is self:
            self.transport.close()


class StreamProtocol(WebSocketsSansIOProtocol):
    """Lets go of a client that never reads.

    A closed transport first waits until all that was written is taken. A client that answers and never reads would hold
    its socket, and what was written to it, forever.
    """

    async def send(self, message: ASGISendEvent) -> None:
        """Send an event of the application; see ASGI."""
        await super().send(message)
        if self.close_sent:
            self.handshake_complete = True  # else each refused stream is an error in the log

    async def run_asgi(self) -> None:
        """Run the application for one stream; see above for what follows."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(LINGER_S, self.transport.abort)
