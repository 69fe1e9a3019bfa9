"""Kraken, over its public REST API: ``https://docs.kraken.com/api/docs/rest-api``."""

import logging
from collections.abc import Mapping
from typing import Final

import msgspec
from typing_extensions import override

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import MalformedDataError
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.answer import opened, without_constants
from tui_tracker.sources.base import HistoryStep, InstrumentBatch
from tui_tracker.sources.http import Response
from tui_tracker.sources.kraken_pairs import NAME, decode_instruments
from tui_tracker.sources.kraken_quotes import decode_candles, decode_tickers, decode_time
from tui_tracker.sources.refusal import Complaint
from tui_tracker.sources.rest import Call, RestSource, refused

_PUBLIC: Final = "/0/public/"
_TITLE: Final = "Kraken"
_RATE_LIMITS: Final = ("rate limit", "too many requests", "temporary lockout", "throttled")
_CLOSED: Final = ("EService:Unavailable", "EService:Busy")

logger = logging.getLogger(__name__)


class _Envelope(msgspec.Struct, frozen=True):
    error: tuple[str, ...] = ()
    result: msgspec.Raw = msgspec.Raw()


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)


class KrakenSource(RestSource):
    """Kraken's spot market, without dark pools and the books of other venues."""

    name = NAME
    title = _TITLE
    history = (HistoryStep(5, 720), HistoryStep(1, 720))
    listing = Call(_PUBLIC + "AssetPairs", megabytes=16)
    quotes = Call(_PUBLIC + "Ticker", megabytes=8)
    clock = Call(_PUBLIC + "Time")

    @staticmethod
    def complaint(body: bytes) -> Complaint | None:
        """Errors come with HTTP 200, and then without result; those that begin with W are warnings."""
        try:
            envelope = _ENVELOPE.decode(without_constants(body))
        except (ValueError, RecursionError):
            return None
        return _complaint(envelope)

    @staticmethod
    def read_instruments(body: bytes) -> InstrumentBatch:
        """Read AssetPairs."""
        return decode_instruments(_result(body))

    @staticmethod
    def read_tickers(body: bytes, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
        """Read Ticker; rows of dark pools and of other venues are neither known nor unknown."""
        return decode_tickers(_result(body), ids, sent_ms)

    @override
    def candle_call(self, symbol: str, step_minutes: int, rows: int, now_ms: int) -> Call:
        """OHLC; Kraken gives the last 720 candles and nothing older, whatever one asks for."""
        return Call(_PUBLIC + "OHLC", {"pair": symbol, "interval": str(step_minutes)})

    def read_candles(self, response: Response, symbol: str, step_minutes: int) -> CandleBatch:
        """Read OHLC, which tells itself which candle is open."""
        present_ms = self._their_clock.at(response.received_ms) if self._their_clock.is_known else None
        return decode_candles(_result(response.body), symbol, step_minutes, present_ms)

    @staticmethod
    def read_time(response: Response) -> int:
        """Time has whole seconds."""
        return decode_time(_result(response.body))


def _complaint(envelope: _Envelope) -> Complaint | None:
    problems = [text for text in envelope.error if not text.startswith("W")]
    if not problems:
        return None
    text = clean(", ".join(clean(problem) for problem in problems))
    return Complaint(
        text,
        is_limit=any(words in text.lower() for words in _RATE_LIMITS),
        is_closed=any(words in text for words in _CLOSED),
    )


def _result(body: bytes) -> msgspec.Raw:
    """Open the envelope ``{"error": [...], "result": ...}``."""
    envelope = opened(_ENVELOPE, body, _TITLE)
    for text in envelope.error:
        if text.startswith("W"):
            logger.warning("Kraken warns: %s", clean(text))
    if (complaint := _complaint(envelope)) is not None:
        raise refused(_TITLE, complaint)
    if not bytes(envelope.result):
        raise MalformedDataError("the answer has neither a result nor an error")
    return envelope.result
