"""Binance's spot market, over its key-less REST API for market data.

Format: ``https://github.com/binance/binance-spot-api-docs`` (faqs/market_data_only.md, rest-api.md). Pairs that are
long gone stay in the list as ``BREAK``, and in the quotes, with zeros, unless only those that trade are asked for.
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
from tui_tracker.sources.numbers import Number, decimals
from tui_tracker.sources.quotes import Reading, gather_tickers, named_rows, reading
from tui_tracker.sources.refusal import Complaint
from tui_tracker.sources.rest import Call, RestSource, sensible_ms

_NAME: Final = "binance"
_TITLE: Final = "Binance"
_LONG_GONE: Final = "BREAK"
_TRADING: Final = {
    "TRADING": Trading.ONLINE,
    "CANCEL_ONLY": Trading.CANCEL_ONLY,
    "HALT": Trading.MAINTENANCE,
    "AUCTION_MATCH": Trading.MAINTENANCE,
    "PRE_TRADING": Trading.MAINTENANCE,
    "POST_TRADING": Trading.MAINTENANCE,
    "END_OF_DAY": Trading.MAINTENANCE,
}
_LIMITS: Final = (-1003, -1015)
"""Too many requests, too many orders."""
_CANDLES: Final = CandleShape(trades=8)


class _Error(msgspec.Struct, frozen=True):
    code: int
    msg: str = ""


class _Filter(msgspec.Struct, frozen=True, rename="camel"):
    filter_type: str = ""
    tick_size: Number = None


class _Symbol(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    filters: tuple[_Filter, ...] = ()


class _Listing(msgspec.Struct, frozen=True):
    symbols: list[msgspec.Raw]


class _Quote(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    symbol: str
    last_price: Number = None
    bid_price: Number = None
    ask_price: Number = None
    volume: Number = None
    quote_volume: Number = None
    count: Number = None
    high_price: Number = None
    low_price: Number = None


class _Time(msgspec.Struct, frozen=True, rename="camel"):
    server_time: Number


_ERROR: Final = msgspec.json.Decoder(_Error)
_LISTING: Final = msgspec.json.Decoder(_Listing)
_SYMBOL: Final = msgspec.json.Decoder(_Symbol)
_QUOTE: Final = msgspec.json.Decoder(_Quote)
_TIME: Final = msgspec.json.Decoder(_Time)


class BinanceSource(RestSource):
    """Binance's spot market."""

    name = _NAME
    title = _TITLE
    history = (HistoryStep(5, 300), HistoryStep(1, 1_000))
    listing = Call(
        "/api/v3/exchangeInfo", {"permissions": "SPOT", "showPermissionSets": "false"}, weight=20, megabytes=32
    )
    quotes = Call("/api/v3/ticker/24hr", {"symbolStatus": "TRADING"}, weight=80, megabytes=8)
    clock = Call("/api/v3/time")

    @staticmethod
    def complaint(body: bytes) -> Complaint | None:
        """``{"code":-1121,"msg":"Invalid symbol."}``, with HTTP 4xx."""
        error = tried(_ERROR, body)
        if error is None:
            return None
        return Complaint(f"{error.msg} ({error.code})", error.code in _LIMITS)

    @staticmethod
    def read_instruments(body: bytes) -> InstrumentBatch:
        """Read exchangeInfo, without what is long gone."""
        rows = opened(_LISTING, body, _TITLE).symbols
        return gather_instruments(named_rows(rows, _SYMBOL, "symbol"), _instrument)

    @staticmethod
    def read_tickers(body: bytes, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
        """Read ticker/24hr, whose 24 hours slide."""
        rows = opened_rows(body, _TITLE)
        return gather_tickers(named_rows(rows, _QUOTE, "symbol"), ids, _reading, sent_ms)

    @override
    def candle_call(self, symbol: str, step_minutes: int, rows: int, now_ms: int) -> Call:
        """Klines, the newest last."""
        params = {"symbol": symbol, "interval": f"{step_minutes}m", "limit": str(rows)}
        return Call("/api/v3/klines", params, weight=2)

    @override
    def read_candles(self, response: Response, symbol: str, step_minutes: int) -> CandleBatch:
        """Read klines; the last is open, which only its closing time tells."""
        rows = opened_rows(response.body, _TITLE)
        return self.shaped_candles(rows, _CANDLES, response, step_minutes)

    @staticmethod
    def read_time(response: Response) -> int:
        """Read time, in ms."""
        return sensible_ms(opened(_TIME, response.body, _TITLE).server_time)


def _instrument(symbol: str, entry: _Symbol) -> Instrument | None:
    if entry.status == _LONG_GONE:
        return None
    ticks = [one.tick_size for one in entry.filters if one.filter_type == "PRICE_FILTER"]
    digits = decimals(ticks[0] if ticks else None)
    trading = trading_of(entry.status, _TRADING, symbol)
    return make_instrument(_NAME, symbol, entry.base_asset, entry.quote_asset, digits, trading)


def _reading(instrument_id: str, row: _Quote) -> Reading:
    return reading(
        instrument_id,
        row.last_price,
        row.bid_price,
        row.ask_price,
        row.volume,
        row.quote_volume,
        row.count,
        row.high_price,
        row.low_price,
    )
