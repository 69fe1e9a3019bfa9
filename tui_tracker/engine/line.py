"""One connection of a live stream, opened again whenever it ends."""

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, Protocol

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import RateLimitedError, SourceError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.status import NOT_OPEN
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.watched import unforeseen
from tui_tracker.sources.base import Stream

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
STEADY_S: Final = 60.0
"""A connection that lasted so long was a good one: the next attempt after it comes soon."""
SHUT_OUT: Final = "nothing is asked for a while, as the exchange wants"
_log = logging.getLogger(__name__)


class Host(Protocol):
    """Whom a stream is kept open for."""

    async def take_streamed(self, tickers: Sequence[Ticker], at_ms: int) -> None:
        """Quotes of one minute came, the last of them at an instant."""
        ...

    def shut_out_s(self) -> float:
        """How long the exchange wants to be left alone; 0 where it doesn't."""
        ...

    def note_stream_changed(self) -> None:
        """A line came up or went down."""
        ...

    def note_stream_missed(self) -> None:
        """Messages got lost, as they do from the moment when a line went down."""
        ...

    def note_stream_back(self, instrument_ids: Collection[str], since_ms: int) -> None:
        """A line is up again that wasn't since an instant."""
        ...


class Hearer(Protocol):
    """Who hears what all lines of a stream say."""

    @property
    def host(self) -> Host:
        """Whom they are kept open for."""
        ...

    def take(self, tickers: Sequence[Ticker], said_ms: int | None) -> None:
        """Quotes came; see ``Listener.told``."""
        ...

    def rest_s(self) -> float:
        """See ``Listener``."""
        ...


class Line:
    """Implements ``Listener``. While it is down, polls are all that is known of its instruments.

    Args:
        stream: Opens connections.
        clock: Where all time comes from.
        now_ms: The exchange's clock.
        hearer: Who hears of it.
    """

    def __init__(self, stream: Stream, clock: Clock, now_ms: Callable[[], int], hearer: Hearer) -> None:
        self._stream: Final = stream
        self._clock: Final = clock
        self._now_ms: Final = now_ms
        self._hearer: Final = hearer
        self._host: Final = hearer.host
        self._more: Final = asyncio.Event()
        self._down_ms: int | None = None
        self.instruments: dict[str, Instrument] = {}
        """What its connection was asked for, or will be next."""
        self.is_up = False
        self.reason = NOT_OPEN
        """Why it isn't up."""

    @property
    def room(self) -> int:
        """So many more instruments fit in."""
        return self._stream.most_pairs - len(self.instruments)

    def add(self, instruments: Iterable[Instrument]) -> None:
        """Follow these too, on a new connection."""
        self.instruments |= {one.id: one for one in instruments}
        self._more.set()

    async def run(self, wanted: Callable[[], Collection[str]]) -> None:
        """Follow what is wanted when a connection opens, for ever."""
        failures = 0
        while True:
            present = wanted()
            self.instruments = {name: one for name, one in self.instruments.items() if name in present}
            if not self.instruments:
                await self._more.wait()
            self._more.clear()
            await self._while_shut_out()
            started_s = self._clock.monotonic_s()
            error = await self._connect()
            lasted_s = self._clock.monotonic_s() - started_s
            failures = 0 if error is None else 1 if lasted_s >= STEADY_S else failures + 1
            if error is not None:
                await self._clock.sleep(_pause_s(error, failures))

    async def _while_shut_out(self) -> None:
        """Wait as long as the exchange wants to be left alone: a connection would be refused, and prolong it."""
        while (wait_s := self._host.shut_out_s()) > 0:
            self.reason = SHUT_OUT
            await self._clock.sleep(min(wait_s, LONGEST_WAIT_S))

    async def _connect(self) -> SourceError | None:
        """Follow one connection to its end; why it ended, ``None`` where more instruments are wanted now."""
        error: SourceError | None = None
        async with asyncio.TaskGroup() as group:
            following = group.create_task(self._follow())
            adding = group.create_task(self._more.wait())
            await asyncio.wait((following, adding), return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                error = following.result()
            following.cancel()
            adding.cancel()
        was_up, self.is_up = self.is_up, False
        if was_up:
            self._down_ms = self._now_ms()
            self._host.note_stream_missed()
        if error is not None:
            self.reason = error.message
            (_log.warning if was_up else _log.info)("stream: %s", error)
        self._host.note_stream_changed()
        return error

    async def _follow(self) -> SourceError:
        try:
            await self._stream.run(tuple(self.instruments.values()), self)
        except SourceError as error:
            return error
        except Exception as error:  # noqa: BLE001  (told, logged, and tried again: it must not end all else)
            _log.exception("stream: not foreseen")
            return unforeseen(error)
        return SourceError("the stream ended")

    def opened(self) -> None:
        """See ``Listener``."""
        if self.is_up:
            return
        self.is_up = True
        _log.info("stream: live, %d pairs", len(self.instruments))
        self._host.note_stream_changed()
        if self._down_ms is not None:
            self._host.note_stream_back(self.instruments.keys(), self._down_ms)
            self._down_ms = None

    def told(self, tickers: Sequence[Ticker], said_ms: int | None = None) -> None:
        """See ``Listener``."""
        self.opened()
        self._hearer.take(tickers, said_ms)

    def missed(self) -> None:
        """See ``Listener``."""
        self._host.note_stream_missed()

    def rest_s(self) -> float:
        """See ``Listener``."""
        return self._hearer.rest_s()


def _pause_s(error: SourceError, failures: int) -> float:
    if isinstance(error, RateLimitedError) and error.retry_after_s is not None:
        return max(FIRST_WAIT_S, error.retry_after_s)
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * (1 << min(failures - 1, 10)))
    return longest * random.uniform(0.5, 1.0)
