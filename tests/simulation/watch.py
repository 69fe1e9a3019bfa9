"""A source that tells the line below what it is asked for, a stream, and notes of how they went."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.simulation.exchange import CALL, Call
from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import SourceError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.ticker import Ticker, TickerBatch
from tui_tracker.sources.base import HistoryStep, InstrumentBatch, Listener, ServerTime, Source, Stream


class Watch:
    """Implements ``Source`` by another one."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name
        self.is_simulated = False
        self.history: tuple[HistoryStep, ...] = source.history
        self.paused_until_s = 0.0
        """Until when the budget lets nothing through after what was refused, seconds since the beginning."""
        self.polled_s: list[float] = []
        """When each good poll was complete."""
        self.polls = 0
        self.is_closed = False

    async def instruments(self) -> InstrumentBatch:
        with self._called(Call("instruments")):
            return await self._source.instruments()

    def recall(self, instruments: Sequence[Instrument]) -> None:
        self._source.recall(instruments)

    async def tickers(self) -> TickerBatch:
        with self._called(Call("quotes")):
            batch = await self._source.tickers()
        self.polls += 1
        self.polled_s.append(asyncio.get_running_loop().time())
        return batch

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        with self._called(Call("candles", instrument.pair, step_minutes)):
            return await self._source.candles(instrument, step_minutes)

    async def server_time(self) -> ServerTime:
        with self._called(Call("time")):
            return await self._source.server_time()

    def next_slot_s(self) -> float:
        return self._source.next_slot_s()

    async def aclose(self) -> None:
        self.is_closed = True
        await self._source.aclose()

    @contextmanager
    def _called(self, call: Call) -> Iterator[None]:
        token = CALL.set(call)
        try:
            yield
        except SourceError:
            self.paused_until_s = asyncio.get_running_loop().time() + self._source.next_slot_s()
            raise
        finally:
            CALL.reset(token)


class WatchedStream:
    """Implements ``Stream`` by another one.

    Args:
        stream: The other one.
        on_end: Called when a connection ended, with the pairs that were asked for on it.
    """

    def __init__(self, stream: Stream, on_end: Callable[[Sequence[str]], None]) -> None:
        self._stream = stream
        self._on_end = on_end
        self.lost_s: list[float] = []
        """When each connection ended that had been up."""

    @property
    def most_pairs(self) -> int:
        return self._stream.most_pairs

    async def run(self, instruments: Sequence[Instrument], listener: Listener) -> None:
        watched = _Listener(listener)
        try:
            await self._stream.run(instruments, watched)
        finally:
            self._on_end([instrument.pair for instrument in instruments])
            if watched.is_up:
                self.lost_s.append(asyncio.get_running_loop().time())

    async def try_open(self) -> None:
        await self._stream.try_open()


class _Listener:
    """Implements ``Listener`` by another one."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.is_up = False
        self.missed = listener.missed
        self.rest_s = listener.rest_s

    def opened(self) -> None:
        self.is_up = True
        self._listener.opened()

    def told(self, tickers: Sequence[Ticker], said_ms: int | None = None) -> None:
        self.is_up = True
        self._listener.told(tickers, said_ms)
