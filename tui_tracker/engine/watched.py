"""A source under observation: what failed, how often, and what its answers held that could not be used."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import (
    MalformedDataError,
    RateLimitedError,
    RejectedError,
    SourceError,
    TimedOutError,
    TrackerError,
    UnreachableError,
)
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.status import ErrorTally
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.base import HistoryStep, InstrumentBatch, ServerTime, Source

MOST_SKIPPED: Final = 200
KINDS: Final[tuple[tuple[type[SourceError], str], ...]] = (
    (UnreachableError, "unreachable"),
    (TimedOutError, "timed out"),
    (RateLimitedError, "rate-limited"),
    (RejectedError, "rejected"),
    (MalformedDataError, "malformed"),
    (SourceError, "other"),
)
_log = logging.getLogger(__name__)


class WatchedSource:
    """Passes everything on to a source, and remembers what went wrong. See ``Source``.

    Args:
        source: The exchange.
        now_ms: Stamps errors.
    """

    def __init__(self, source: Source, now_ms: Callable[[], int]) -> None:
        self._source: Final = source
        self._now_ms: Final = now_ms
        self.gate: Callable[[], Awaitable[None]] | None = None
        """Waited for before each request."""
        self.on_refused: Callable[[], None] | None = None
        """Called when the exchange wants to be left alone, whatever it was asked for."""
        self._errors: dict[str, ErrorTally] = {}
        self._unlisted: tuple[tuple[str, str], ...] = ()
        self._unquoted: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """See ``Source.name``."""
        return self._source.name

    @property
    def is_simulated(self) -> bool:
        """See ``Source.is_simulated``."""
        return self._source.is_simulated

    @property
    def history(self) -> tuple[HistoryStep, ...]:
        """See ``Source.history``."""
        return self._source.history

    def errors(self) -> tuple[ErrorTally, ...]:
        """What failed since the start, by kind, the latest first."""
        return tuple(sorted(self._errors.values(), key=lambda tally: -tally.last_ms))

    def skipped(self) -> tuple[tuple[str, str], ...]:
        """(symbol, reason) of what could not be used of the last list and the last quotes."""
        return (self._unlisted + self._unquoted)[:MOST_SKIPPED]

    async def instruments(self) -> InstrumentBatch:
        """See ``Source.instruments``."""
        async with self._watched():
            batch = await self._source.instruments()
        self._unlisted = batch.malformed[:MOST_SKIPPED]
        return batch

    def recall(self, instruments: Sequence[Instrument]) -> None:
        """See ``Source.recall``."""
        self._source.recall(instruments)

    async def tickers(self) -> TickerBatch:
        """See ``Source.tickers``."""
        async with self._watched():
            batch = await self._source.tickers()
        unknown = tuple((symbol, "not in the list of pairs") for symbol in batch.unknown[:MOST_SKIPPED])
        self._unquoted = batch.malformed[:MOST_SKIPPED] + unknown
        return batch

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        """See ``Source.candles``."""
        async with self._watched():
            return await self._source.candles(instrument, step_minutes)

    async def server_time(self) -> ServerTime:
        """See ``Source.server_time``."""
        async with self._watched():
            return await self._source.server_time()

    def next_slot_s(self) -> float:
        """See ``Source.next_slot_s``."""
        return self._source.next_slot_s()

    async def aclose(self) -> None:
        """See ``Source.aclose``."""
        await self._source.aclose()

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        if self.gate is not None:
            await self.gate()
        try:
            yield
        except SourceError as error:
            self._note(error)
            raise
        except TrackerError:
            raise
        except Exception as error:  # whatever one exchange makes a library stumble over must not end all others
            _log.exception("%s: not foreseen", self.name)
            told = unforeseen(error)
            self._note(told)
            raise told from error

    def _note(self, error: SourceError) -> None:
        kind = next(name for known, name in KINDS if isinstance(error, known))
        known = self._errors.get(kind)
        count = 1 if known is None else known.count + 1
        self._errors[kind] = ErrorTally(kind, count, self._now_ms(), error.message)
        if self.on_refused is not None and isinstance(error, RateLimitedError):
            self.on_refused()


def unforeseen(error: Exception) -> MalformedDataError:
    """What is said of an error that nobody thought of."""
    text = f"not foreseen: {type(error).__name__}: {clean(str(error), 80)}"
    return MalformedDataError(text, "this is a bug: please report it, with the log")
