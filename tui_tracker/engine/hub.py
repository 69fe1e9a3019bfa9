"""Latest-wins fan-out."""

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Hub(Generic[T]):
    """Gives each subscriber the newest value; one that is slow skips those in between. Never blocks a publisher."""

    def __init__(self) -> None:
        self._latest: T | None = None
        self._count = 0
        self._changed = asyncio.Event()
        self._is_closed = False
        self._error: Exception | None = None

    @property
    def latest(self) -> T | None:
        """The newest value, ``None`` before the first."""
        return self._latest

    def publish(self, value: T) -> None:
        """Give a value to every subscriber."""
        self._latest = value
        self._count += 1
        self._wake()

    def close(self, error: Exception | None = None) -> None:
        """End every subscription, after the newest value, with ``error`` if there is one."""
        self._is_closed = True
        self._error = self._error or error
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def subscribe(self) -> AsyncIterator[T]:
        """Yield the newest value now, if there is one, then each newer one.

        Raises:
            Exception: The error that the hub was closed with.
        """
        seen = 0
        while True:
            if self._count > seen and self._latest is not None:
                seen = self._count
                yield self._latest
            elif self._is_closed:
                if self._error is not None:
                    raise self._error
                return
            else:
                await self._changed.wait()
