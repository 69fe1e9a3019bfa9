"""Kraken, over its public REST API: ``https://docs.kraken.com/api/docs/rest-api``."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

import msgspec

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import MalformedDataError, RateLimitedError, RejectedError, SourceError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.base import HistoryStep, InstrumentBatch, ServerTime
from tui_tracker.sources.budget import Priority
from tui_tracker.sources.http import HttpClient, Response
from tui_tracker.sources.kraken_pairs import NAME, decode_instruments, symbol_index
from tui_tracker.sources.kraken_quotes import decode_candles, decode_tickers, decode_time

_PUBLIC: Final = "/0/public/"
_MEGABYTE: Final = 1_000_000
_RATE_LIMITS: Final = ("rate limit", "too many requests", "temporary lockout", "throttled")

logger = logging.getLogger(__name__)

T = TypeVar("T")


class _Envelope(msgspec.Struct, frozen=True):
    error: tuple[str, ...] = ()
    result: msgspec.Raw = msgspec.Raw()


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)


class KrakenSource:
    """Kraken's spot market. See ``Source`` for what the methods guarantee."""

    name: str = NAME
    is_simulated: bool = False
    history: tuple[HistoryStep, ...] = (HistoryStep(5, 720), HistoryStep(1, 720))

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._ids: Mapping[str, str] = {}
        self._offset_ms: int | None = None

    async def instruments(self) -> InstrumentBatch:
        """Read AssetPairs, without dark pools and the books of other venues."""
        response = await self._get("AssetPairs", {}, Priority.CONTROL, 16 * _MEGABYTE)
        batch = await self._decode_aside(decode_instruments, response)
        self._ids = symbol_index(batch.instruments)
        return batch

    def recall(self, instruments: Sequence[Instrument]) -> None:
        """See ``Source.recall``."""
        self._ids = symbol_index(instruments)

    async def tickers(self) -> TickerBatch:
        """Read Ticker for all pairs at once; rows of dark pools and of other venues are neither known nor unknown."""
        response = await self._get("Ticker", {}, Priority.POLL, 8 * _MEGABYTE)
        ids = self._ids
        return await self._decode_aside(lambda result: decode_tickers(result, ids, response.sent_ms), response)

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        """Read OHLC; Kraken gives the last 720 candles and nothing older, whatever one asks for."""
        params = {"pair": instrument.symbol, "interval": str(step_minutes)}
        response = await self._get("OHLC", params, Priority.BACKFILL, 2 * _MEGABYTE)
        present_ms = None if self._offset_ms is None else response.received_ms + self._offset_ms
        with self._pausing():
            return decode_candles(_result(response.body), instrument.symbol, step_minutes, present_ms)

    async def server_time(self) -> ServerTime:
        """Read Time, which has whole seconds."""
        response = await self._get("Time", {}, Priority.CONTROL, 65_536)
        with self._pausing():
            server_ms = decode_time(_result(response.body))
        reading = ServerTime(server_ms, response.sent_ms, response.received_ms)
        self._offset_ms = reading.offset_ms
        return reading

    def next_slot_s(self) -> float:
        """Seconds until the request budget allows a poll."""
        return self._http.budget.next_slot_s()

    async def aclose(self) -> None:
        """Close connections; nothing may be called after."""
        await self._http.aclose()

    async def _get(self, name: str, params: Mapping[str, str], priority: Priority, max_bytes: int) -> Response:
        return await self._http.get(_PUBLIC + name, params, priority, max_bytes)

    async def _decode_aside(self, decode: Callable[[msgspec.Raw], T], response: Response) -> T:
        """Decode a big answer in a thread, so that the loop goes on."""
        with self._pausing():
            return await asyncio.to_thread(lambda: decode(_result(response.body)))

    @contextmanager
    def _pausing(self) -> Iterator[None]:
        """Slow down where the body of an answer says so."""
        try:
            yield
        except RateLimitedError as error:
            self._http.budget.refused(error.retry_after_s)
            raise


def _result(body: bytes) -> msgspec.Raw:
    """Open the envelope ``{"error": [...], "result": ...}``; errors come with HTTP 200, and then without result."""
    try:
        envelope = _ENVELOPE.decode(_without_constants(body))
    except (ValueError, RecursionError) as error:
        start = clean(body[:60].decode("utf-8", "replace"))
        raise MalformedDataError(f"no answer of Kraken's API (it begins with {start!r})") from error
    problems = [clean(text) for text in envelope.error if not text.startswith("W")]
    for text in envelope.error:
        if text.startswith("W"):
            logger.warning("Kraken warns: %s", clean(text))
    if problems:
        raise _refusal(problems)
    if not bytes(envelope.result):
        raise MalformedDataError("the answer has neither a result nor an error")
    return envelope.result


def _without_constants(body: bytes) -> bytes:
    """Replace bare ``NaN`` and ``Infinity``, which are no JSON, by ``null``: one bad row must not cost the others."""
    if b"NaN" not in body and b"Infinity" not in body:
        return body
    return msgspec.json.encode(json.loads(body, parse_constant=lambda _: None))


def _refusal(problems: Sequence[str]) -> SourceError:
    text = clean(", ".join(problems))
    if any(words in text.lower() for words in _RATE_LIMITS):
        return RateLimitedError(f"Kraken asks to slow down: {text}")
    return RejectedError(f"Kraken refuses: {text}")
