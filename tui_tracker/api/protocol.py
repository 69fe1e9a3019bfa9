"""How a connection ends, whatever its client does."""

import asyncio
from typing import Final

from typing_extensions import override
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

REQUEST_S: Final = 20.0
"""How long a client may take to send a request: the first from the start, later ones from their first byte."""
LINGER_S: Final = 3.0
"""How long a client may take to read the rest and answer the close."""


class RequestProtocol(H11Protocol):
    """Lets go of a client that asks for nothing, or never comes to an end: it would hold a descriptor forever."""

    _due: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._due = self.loop.call_later(REQUEST_S, self._hang_up)

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_asked:
            self._due = self._due or self.loop.call_later(REQUEST_S, self._hang_up)
        elif self._due is not None:
            self._due.cancel()
            self._due = None

    @property
    def _is_asked(self) -> bool:
        """Whether a whole request has come that is not answered yet."""
        request: RequestResponseCycle | None = self.cycle  # before the first, whatever its type says
        return request is not None and not request.response_complete

    def _hang_up(self) -> None:
        self._due = None
        if not self._is_asked and not self.transport.is_closing() and self.transport.get_protocol() is self:
            self.transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        super().connection_lost(exc)


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
