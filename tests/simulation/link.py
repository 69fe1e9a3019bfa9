"""A connection without a network: two ends in one process, and what is on its way between them."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from typing_extensions import override


class End(asyncio.Transport):
    """One end. What is written arrives at the other in order, some time later.

    Args:
        protocol: Who is told of what comes.
        delay_s: Draws how long something is on its way to this end.
    """

    def __init__(self, protocol: asyncio.BaseProtocol, delay_s: Callable[[], float]) -> None:
        super().__init__()
        self.other: End
        self.is_stalled = False
        """Whether nothing comes any more, and nobody says so."""
        self._loop = asyncio.get_running_loop()
        self._protocol: Any = protocol
        self._delay_s = delay_s
        self._coming: deque[tuple[float, Callable[[], None]]] = deque()
        self._last_s = 0.0
        self._is_reading = True
        self._is_closing = False
        self._is_lost = False

    def arrive(self, what: Callable[[], None]) -> None:
        """Let something happen at this end after all that is on its way."""
        self._last_s = max(self._last_s, self._loop.time() + self._delay_s())
        self._coming.append((self._last_s, what))
        self._loop.call_at(self._last_s, self._deliver)

    def then(self, what: Callable[[], None]) -> None:
        """Let something happen as soon as what was last written to this end has come."""
        self._coming.append((self._last_s, what))

    def _deliver(self) -> None:
        now_s = self._loop.time()
        while self._coming and self._coming[0][0] <= now_s and self._is_reading and not self.is_stalled:
            self._coming.popleft()[1]()

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._is_closing:
            copy, other = bytes(data), self.other
            other.arrive(lambda: other.take(copy))

    def take(self, data: bytes) -> None:
        """Hand over what came."""
        if not self._is_lost:
            self._protocol.data_received(data)

    @override
    def can_write_eof(self) -> bool:
        return True

    @override
    def write_eof(self) -> None:
        self.other.arrive(self.other.end)

    def end(self) -> None:
        """The other end says no more."""
        if not self._is_lost and not self._protocol.eof_received():
            self.close()

    @override
    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self.write_eof()
            self._loop.call_soon(self.lose, None)

    @override
    def abort(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self.other.arrive(lambda: self.other.lose(ConnectionResetError("reset")))
        self._loop.call_soon(self.lose, None)

    def lose(self, error: Exception | None) -> None:
        """It is over."""
        self._is_closing = True
        if not self._is_lost:
            self._is_lost = True
            self._protocol.connection_lost(error)

    @property
    def is_lost(self) -> bool:
        """Whether its protocol was told that it is over."""
        return self._is_lost

    @override
    def is_closing(self) -> bool:
        return self._is_closing

    @override
    def pause_reading(self) -> None:
        self._is_reading = False

    @override
    def resume_reading(self) -> None:
        self._is_reading = True
        self._loop.call_soon(self._deliver)

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is kept back."""

    @override
    def get_write_buffer_size(self) -> int:
        return 0


def connect(client: asyncio.Protocol, server: asyncio.Protocol, delay_s: Callable[[], float]) -> tuple[End, End]:
    """Join two protocols; both are told."""
    near, far = End(client, delay_s), End(server, delay_s)
    near.other, far.other = far, near
    server.connection_made(far)
    client.connection_made(near)
    return near, far
