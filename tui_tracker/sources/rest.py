"""What all sources over HTTP have in common: requests, refusals, decoding aside, the exchange's clock."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar, Final, TypeVar

import msgspec

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import MalformedDataError, RateLimitedError, RejectedError, SourceError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.answer import ANYTHING, opened
from tui_tracker.sources.base import HistoryStep, InstrumentBatch, ServerTime
from tui_tracker.sources.budget import Priority
from tui_tracker.sources.candles import CandleShape, ended_by, gather_candles
from tui_tracker.sources.http import HttpClient, Response
from tui_tracker.sources.listings import symbol_index
from tui_tracker.sources.numbers import END_OF_TIME_MS, number
from tui_tracker.sources.readings import TheirClock
from tui_tracker.sources.refusal import CLOSED, MAX_COMPLAINT, Complaint

T = TypeVar("T")

_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Call:
    """One request that can be made of an exchange."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    weight: int = 1
    """How many requests it counts as, where the exchange counts so."""
    megabytes: int = 2
    """Most that the answer may hold."""


class RestSource(ABC):
    """A source over HTTP; see ``Source`` for what the public methods guarantee. An exchange says the rest."""

    name: ClassVar[str]
    title: ClassVar[str]
    """Its name for people."""
    is_simulated: bool = False
    history: tuple[HistoryStep, ...]
    listing: ClassVar[Call]
    quotes: ClassVar[Call]
    clock: ClassVar[Call]
    """Any cheap request tells the time by its ``Date``; one that says more has a ``read_time``."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._ids: Mapping[str, str] = {}
        self._their_clock = TheirClock(http.clock)

    @staticmethod
    @abstractmethod
    def complaint(body: bytes) -> Complaint | None:
        """What a body complains of, whatever the status; ``None`` where it is an answer, or nothing of the sort."""

    @staticmethod
    @abstractmethod
    def read_instruments(body: bytes) -> InstrumentBatch:
        """Decode the answer to ``listing``; in a thread."""

    @staticmethod
    @abstractmethod
    def read_tickers(body: bytes, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
        """Decode the answer to ``quotes``; in a thread."""

    @abstractmethod
    def candle_call(self, symbol: str, step_minutes: int, rows: int, now_ms: int) -> Call:
        """The request for the last so many candles of a pair."""

    @abstractmethod
    def read_candles(self, response: Response, symbol: str, step_minutes: int) -> CandleBatch:
        """Decode the answer to a ``candle_call``; some milliseconds, on the loop."""

    @classmethod
    def read_time(cls, response: Response) -> int:
        """The exchange's clock in an answer to ``clock``, ms, in the middle of what it can mean.

        Raises:
            MalformedDataError: It doesn't tell the time, or is none of the exchange: a portal's page has a date too.
        """
        if not opened(ANYTHING, response.body, cls.title) or response.date_ms is None:
            raise MalformedDataError("the answer doesn't tell the time")
        return response.date_ms

    async def instruments(self) -> InstrumentBatch:
        """See ``Source.instruments``."""
        response = await self._get(self.listing, Priority.CONTROL)
        batch = await self._aside(lambda: self.read_instruments(response.body))
        self.recall(batch.instruments)
        return batch

    def recall(self, instruments: Sequence[Instrument]) -> None:
        """See ``Source.recall``."""
        self._ids = symbol_index(instruments)

    async def tickers(self) -> TickerBatch:
        """See ``Source.tickers``."""
        response = await self._get(self.quotes, Priority.POLL)
        ids = self._ids
        return await self._aside(lambda: self.read_tickers(response.body, ids, response.sent_ms))

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        """See ``Source.candles``."""
        rows = next((step.rows for step in self.history if step.minutes == step_minutes), None)
        if rows is None:
            raise RejectedError(f"{self.title} is asked for no candles of {step_minutes} minutes")
        call = self.candle_call(instrument.symbol, step_minutes, rows, self._their_clock.at(self._http.clock.now_ms()))
        response = await self._get(call, Priority.BACKFILL)
        with self._pausing():
            return self.read_candles(response, instrument.symbol, step_minutes)

    def shaped_candles(
        self, rows: Iterable[msgspec.Raw], shape: CandleShape, response: Response, step_minutes: int
    ) -> CandleBatch:
        """Closed candles out of an answer's rows; what is over is told by the instant at which the request left."""
        ended = ended_by(self._their_clock.at(response.sent_ms), step_minutes)
        return gather_candles((shape.read(raw, step_minutes * MINUTE_MS) for raw in rows), step_minutes, ended)

    async def server_time(self) -> ServerTime:
        """See ``Source.server_time``."""
        response = await self._get(self.clock, Priority.CONTROL)
        with self._pausing():
            server_ms = self.read_time(response)
        reading = ServerTime(server_ms, response.sent_ms, response.received_ms)
        self._their_clock.take(reading)
        return reading

    def next_slot_s(self) -> float:
        """Seconds until the request budget allows a poll."""
        return self._http.budget.next_slot_s()

    async def aclose(self) -> None:
        """Close connections; nothing may be called after."""
        await self._http.aclose()

    async def _get(self, call: Call, priority: Priority) -> Response:
        """Make a request.

        Raises:
            RateLimitedError: The exchange asks to slow down, even if with HTTP 200; the budget is paused.
            RejectedError: It refuses.
            SourceError: As ``HttpClient.get``.
        """
        response = await self._http.get(
            call.path,
            call.params,
            priority,
            call.megabytes * _MEGABYTE,
            weight=call.weight,
            complaint_of=self.complaint,
        )
        complaint = self.complaint(response.body) if len(response.body) <= MAX_COMPLAINT else None
        if complaint is None:
            return response
        with self._pausing():
            raise refused(self.title, complaint)

    async def _aside(self, decode: Callable[[], T]) -> T:
        """Decode a big answer in a thread, so that the loop goes on."""
        with self._pausing():
            return await asyncio.to_thread(decode)

    @contextmanager
    def _pausing(self) -> Iterator[None]:
        """Slow down where the body of an answer says so."""
        try:
            yield
        except RateLimitedError as error:
            self._http.budget.refused(error.retry_after_s)
            raise


def refused(title: str, complaint: Complaint) -> SourceError:
    """The error for a complaint that came as an answer."""
    text = clean(complaint.text, 160)
    if complaint.is_limit:
        return RateLimitedError(f"{title} asks to slow down: {text}")
    if complaint.is_closed:
        return RejectedError(f"{title} is not available: {text}; {CLOSED}")
    return RejectedError(f"{title} refuses: {text}")


def sensible_ms(item: object, unit_ms: int = 1, middle_ms: int = 0) -> int:
    """An instant of the exchange's clock.

    Args:
        item: The number as it came.
        unit_ms: Milliseconds in one of its units.
        middle_ms: Half of its resolution.

    Raises:
        MalformedDataError: If it is no sensible time.
    """
    instant = number(item) * unit_ms
    if not 0 < instant < END_OF_TIME_MS:
        raise MalformedDataError("the exchange's time is out of range")
    return int(instant) + middle_ms
