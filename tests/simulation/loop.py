"""An event loop on which no real time passes: when everything waits, it is at once as late as the next one wants."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from typing import Any, Final, TypeVar

from typing_extensions import TypeVarTuple, Unpack, override

T = TypeVar("T")
Dial = Callable[[asyncio.Protocol], Awaitable[asyncio.Transport]]
"""Connects a client's end to a host."""
Ts = TypeVarTuple("Ts")
EPOCH_MS: Final = 1_790_000_000_000


class StuckError(Exception):
    """Every task waits for another, and none for time."""


class _NoFiles(selectors.BaseSelector):
    """Waits for nothing but time, which it lets pass."""

    def __init__(self, pass_time: Callable[[float | None], None]) -> None:
        self._pass_time = pass_time
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, number, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._pass_time(timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Time is a number, threads are calls: the same work is done in the same order each time."""

    def __init__(self) -> None:
        self._elapsed_s = 0.0
        self.hosts: dict[str, Dial] = {}
        """Where connections may lead."""
        super().__init__(_NoFiles(self._pass_time))

    def time(self) -> float:
        """Seconds since the beginning."""
        return self._elapsed_s

    def _pass_time(self, seconds: float | None) -> None:
        if seconds is None:
            raise StuckError("nothing will ever happen again")
        self._elapsed_s += seconds

    @override
    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.Protocol], host: str, port: int, **_: object
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect to one of the hosts, of which there are no others."""
        protocol = protocol_factory()
        return await self.hosts[host](protocol), protocol

    @override
    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Do the work at once."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # the future carries it to whoever awaits it
            future.set_exception(error)
        return future


class SimulatedClock:
    """The clock of this machine by the time of a loop: wrong by some seconds, and it may be set."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ahead_ms: int = 0) -> None:
        self._loop = loop
        self.ahead_ms = ahead_ms

    def now_ms(self) -> int:
        return true_ms(self._loop) + self.ahead_ms

    def monotonic_s(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


def true_ms(loop: asyncio.AbstractEventLoop) -> int:
    """What all clocks should say, ms since the epoch."""
    return EPOCH_MS + round(loop.time() * 1000)
