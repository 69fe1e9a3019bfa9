"""How a WebSocket ends, whatever its client does."""

from typing import Final

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LINGER_S: Final = 3.0
"""How long a client may take to read the rest and answer the close."""


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
