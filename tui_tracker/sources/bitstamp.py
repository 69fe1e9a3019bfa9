"""Bitstamp's spot market, over its public REST API: ``https://www.bitstamp.net/api``.

Paths end in a slash. Quotes name the pair (``BTC/USD``), requests its symbol (``btcusd``). There is no endpoint for the
time. Perpetuals are listed beside spot pairs.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote as quoted

import msgspec
from typing_extensions import override

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import MalformedDataError
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.answer import ANYTHING, opened, opened_rows, tried
from tui_tracker.sources.base import HistoryStep, InstrumentBatch
from tui_tracker.sources.candles import CandleShape
from tui_tracker.sources.http import Response
from tui_tracker.sources.listings import gather_instruments, make_instrument, trading_of
from tui_tracker.sources.numbers import USUAL_DIGITS, Number, limited_digits
from tui_tracker.sources.quotes import Reading, gather_tickers, named_rows, product, reading
from tui_tracker.sources.refusal import Complaint
from tui_tracker.sources.rest import Call, RestSource

_NAME: Final = "bitstamp"
_TITLE: Final = "Bitstamp"
_SPOT: Final = "SPOT"
_LIMITS: Final = ("400.002",)
_TRADING: Final = {"enabled": Trading.ONLINE, "disabled": Trading.MAINTENANCE}
_COMMON_NAMES: Final = {"UST": "USTC"}
_CANDLES: Final = CandleShape("timestamp", "close", "volume", unit_ms=1_000)


class _Listed(msgspec.Struct, frozen=True, gc=False, rename={"symbol": "name"}):
    symbol: str
    """``BTC/USD``."""
    trading: str
    market_symbol: str = ""
    url_symbol: str = ""
    """The same, in older answers."""
    counter_decimals: int | None = None
    market_type: str = _SPOT


class _Quote(msgspec.Struct, frozen=True, gc=False, rename={"symbol": "pair"}):
    symbol: str
    last: Number = None
    bid: Number = None
    ask: Number = None
    volume: Number = None
    vwap: Number = None
    high: Number = None
    low: Number = None
    market_type: str = _SPOT


class _Series(msgspec.Struct, frozen=True):
    ohlc: list[msgspec.Raw]


class _Candles(msgspec.Struct, frozen=True):
    data: _Series


_LISTED: Final = msgspec.json.Decoder(_Listed)
_QUOTE: Final = msgspec.json.Decoder(_Quote)
_SERIES: Final = msgspec.json.Decoder(_Candles)


class BitstampSource(RestSource):
    """Bitstamp's spot market."""

    name = _NAME
    title = _TITLE
    history = (HistoryStep(5, 300), HistoryStep(1, 1_000))
    listing = Call("/api/v2/markets/", megabytes=4)
    quotes = Call("/api/v2/ticker/", megabytes=4)
    clock = Call("/api/v2/ticker/btcusd/")

    @staticmethod
    def complaint(body: bytes) -> Complaint | None:
        """``{"status":"error","reason":"...","code":"API0004"}``, or ``{"error":"..."}``."""
        match tried(ANYTHING, body):
            case {"status": "error", "reason": reason, **more} | {"error": reason, **more}:
                code = str(more.get("code", ""))
                return Complaint(f"{reason} ({code})" if code else str(reason), code in _LIMITS)
        return None

    @staticmethod
    def read_instruments(body: bytes) -> InstrumentBatch:
        """Read markets, without perpetuals."""
        return gather_instruments(named_rows(opened_rows(body, _TITLE), _LISTED, "name"), _instrument)

    @staticmethod
    def read_tickers(body: bytes, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
        """Read all tickers, without those of perpetuals."""
        rows = named_rows(opened_rows(body, _TITLE), _QUOTE, "pair")
        spot = ((symbol, row) for symbol, row in rows if isinstance(row, str) or row.market_type == _SPOT)
        return gather_tickers(spot, ids, _reading, sent_ms)

    @override
    def candle_call(self, symbol: str, step_minutes: int, rows: int, now_ms: int) -> Call:
        """The newest candles, newest last."""
        path = f"/api/v2/ohlc/{quoted(symbol, safe='')}/"
        return Call(path, {"step": str(60 * step_minutes), "limit": str(rows)})

    @override
    def read_candles(self, response: Response, symbol: str, step_minutes: int) -> CandleBatch:
        """Read ohlc, in which a candle may come twice."""
        rows = opened(_SERIES, response.body, _TITLE).data.ohlc
        return self.shaped_candles(rows, _CANDLES, response, step_minutes)


def _instrument(name: str, entry: _Listed) -> Instrument | None:
    if entry.market_type != _SPOT:
        return None
    names = name.split("/")
    if len(names) != 2:
        raise MalformedDataError("no name of a pair")
    base, quote = (_COMMON_NAMES.get(each, each) for each in names)
    digits = limited_digits(USUAL_DIGITS if entry.counter_decimals is None else entry.counter_decimals)
    symbol = entry.market_symbol or entry.url_symbol
    trading = trading_of(entry.trading.lower(), _TRADING, name)
    return make_instrument(_NAME, symbol, base, quote, digits, trading, aliases=(name,))


def _reading(instrument_id: str, row: _Quote) -> Reading:
    turnover = product(row.volume, row.vwap)
    return reading(instrument_id, row.last, row.bid, row.ask, row.volume, turnover, high=row.high, low=row.low)
