"""Gate's spot market, over its public REST API: ``https://www.gate.com/docs/developers/apiv4``.

Answers have no envelope. Candles are ``[seconds, volume in the quote currency, close, high, low, open, volume in the
base, whether it is closed]``.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from typing_extensions import override

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.answer import opened, opened_rows, tried
from tui_tracker.sources.base import HistoryStep, InstrumentBatch
from tui_tracker.sources.candles import CandleShape
from tui_tracker.sources.http import Response
from tui_tracker.sources.listings import gather_instruments, make_instrument, trading_of
from tui_tracker.sources.numbers import USUAL_DIGITS, Number, limited_digits
from tui_tracker.sources.quotes import Reading, gather_tickers, named_rows, reading
from tui_tracker.sources.refusal import Complaint
from tui_tracker.sources.rest import Call, RestSource, sensible_ms

_NAME: Final = "gate"
_TITLE: Final = "Gate"
_SPOT: Final = "/api/v4/spot/"
_LIMITS: Final = ("TOO_MANY_REQUESTS", "TOO_FAST")
_TRADING: Final = {
    "tradable": Trading.ONLINE,
    "buyable": Trading.LIMITED,
    "sellable": Trading.LIMITED,
    "untradable": Trading.MAINTENANCE,
}
_CANDLES: Final = CandleShape(close=2, volume=6, unit_ms=1_000, is_closed=7)


class _Error(msgspec.Struct, frozen=True):
    label: str
    message: str = ""


class _Listed(msgspec.Struct, frozen=True, gc=False, rename={"symbol": "id"}):
    symbol: str
    base: str
    quote: str
    trade_status: str
    precision: int | None = None


class _Quote(msgspec.Struct, frozen=True, gc=False, rename={"symbol": "currency_pair"}):
    symbol: str
    last: Number = None
    highest_bid: Number = None
    lowest_ask: Number = None
    base_volume: Number = None
    quote_volume: Number = None
    high_24h: Number = None
    low_24h: Number = None


class _Time(msgspec.Struct, frozen=True):
    server_time: Number


_ERROR: Final = msgspec.json.Decoder(_Error)
_LISTED: Final = msgspec.json.Decoder(_Listed)
_QUOTE: Final = msgspec.json.Decoder(_Quote)
_TIME: Final = msgspec.json.Decoder(_Time)


class GateSource(RestSource):
    """Gate's spot market."""

    name = _NAME
    title = _TITLE
    history = (HistoryStep(5, 300), HistoryStep(1, 1_000))
    listing = Call(_SPOT + "currency_pairs", megabytes=8)
    quotes = Call(_SPOT + "tickers", megabytes=8)
    clock = Call(_SPOT + "time")

    @staticmethod
    def complaint(body: bytes) -> Complaint | None:
        """``{"label":"TOO_MANY_REQUESTS","message":"..."}``, with HTTP 4xx."""
        error = tried(_ERROR, body)
        if error is None:
            return None
        return Complaint(f"{error.message} ({error.label})".strip(), error.label in _LIMITS)

    @staticmethod
    def read_instruments(body: bytes) -> InstrumentBatch:
        """Read currency_pairs."""
        return gather_instruments(named_rows(opened_rows(body, _TITLE), _LISTED, "id"), _instrument)

    @staticmethod
    def read_tickers(body: bytes, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
        """Read tickers; fields are empty where nobody quotes."""
        return gather_tickers(named_rows(opened_rows(body, _TITLE), _QUOTE, "currency_pair"), ids, _reading, sent_ms)

    @override
    def candle_call(self, symbol: str, step_minutes: int, rows: int, now_ms: int) -> Call:
        """The newest candles, newest last; ``limit`` excludes ``from`` and ``to``."""
        params = {"currency_pair": symbol, "interval": f"{step_minutes}m", "limit": str(rows)}
        return Call(_SPOT + "candlesticks", params)

    @override
    def read_candles(self, response: Response, symbol: str, step_minutes: int) -> CandleBatch:
        """Read candlesticks, which say themselves whether they are closed."""
        rows = opened_rows(response.body, _TITLE)
        return self.shaped_candles(rows, _CANDLES, response, step_minutes)

    @staticmethod
    def read_time(response: Response) -> int:
        """Read time, in ms."""
        return sensible_ms(opened(_TIME, response.body, _TITLE).server_time)


def _instrument(symbol: str, entry: _Listed) -> Instrument:
    digits = limited_digits(USUAL_DIGITS if entry.precision is None else entry.precision)
    trading = trading_of(entry.trade_status, _TRADING, symbol)
    return make_instrument(_NAME, symbol, entry.base, entry.quote, digits, trading)


def _reading(instrument_id: str, row: _Quote) -> Reading:
    return reading(
        instrument_id,
        row.last,
        row.highest_bid,
        row.lowest_ask,
        row.base_volume,
        row.quote_volume,
        high=row.high_24h,
        low=row.low_24h,
    )
