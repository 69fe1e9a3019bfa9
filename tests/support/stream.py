"""A stream of live quotes whose every word is decided by the test."""

import asyncio
from collections.abc import Sequence

from tests.support.source import ticker
from tui_tracker.core.errors import SourceError
from tui_tracker.core.instrument import Instrument
from tui_tracker.sources.base import Listener


class FakeStream:
    """Implements ``Stream``: says what the test says, and a connection ends when it ends it."""

    def __init__(self, most_pairs: int = 1_000) -> None:
        self.most_pairs = most_pairs
        self.opened: list[tuple[str, ...]] = []
        self.error: SourceError | None = None
        self._connections: dict[str, tuple[Listener, asyncio.Future[None]]] = {}

    async def run(self, instruments: Sequence[Instrument], listener: Listener) -> None:
        self.opened.append(tuple(one.pair for one in instruments))
        if self.error is not None:
            raise self.error
        ended = asyncio.get_running_loop().create_future()
        self._connections |= {one.pair: (listener, ended) for one in instruments}
        await ended

    async def try_open(self) -> None:
        if self.error is not None:
            raise self.error

    def say(self, last: float | None, pair: str = "BTC/USD", said_ms: int | None = None, **changes: object) -> None:
        listener, _ = self._connections.get(pair) or self._connections["BTC/USD"]
        said = ticker(pair, last)._replace(**{"trades": None, **changes})  # type: ignore[arg-type]
        listener.told([said], said_ms)

    def of(self, pair: str) -> Listener:
        return self._connections[pair][0]

    def end(self, error: SourceError, pair: str = "BTC/USD") -> None:
        self._connections[pair][1].set_exception(error)
