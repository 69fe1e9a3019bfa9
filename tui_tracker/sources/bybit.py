"""Bybit's spot market, over its public REST API: ``https://bybit-exchange.github.io/docs/v5/intro``.

Every answer is ``{"retCode":0,"retMsg":"OK","result":{...},"time":ms}``. Without ``category=spot`` it speaks of
perpetuals. Who asks too often gets HTTP 403 and is to stay away for ten minutes.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from typing_extensions import override

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.instrument import Instrument, InstrumentClass, Trading
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.answer import opened, tried
from tui_tracker.sources.base import HistoryStep, InstrumentBatch
from tui_tracker.sources.candles import CandleShape
from tui_tracker.sources.http import Response
from tui_tracker.sources.listings import gather_instruments, make_instrument, trading_of
from tui_tracker.sources.numbers import Number, decimals
from tui_tracker.sources.quotes import Reading, gather_tickers, named_rows, reading
from tui_tracker.sources.refusal import Complaint
from tui_tracker.sources.rest import Call, RestSource, sensible_ms

_NAME: Final = "bybit"
_TITLE: Final = "Bybit"
_LIMITS: Final = (10006, 10018, 10429)
_TRADING: Final = {
    "Trading": Trading.ONLINE,
    "PreLaunch": Trading.MAINTENANCE,
    "Settling": Trading.MAINTENANCE,
    "Closed": Trading.DELISTED,
}
_SHARES: Final = "xstocks"
_CANDLES: Final = CandleShape()


class _Result(msgspec.Struct, frozen=True, rename={"rows": "list"}):
    rows: list[msgspec.Raw] = []


class _Envelope(msgspec.Struct, frozen=True):
    retCode: int
    result: _Result = _Result()
    retMsg: str = ""
    time: Number = None


class _Tick(msgspec.Struct, frozen=True):
    tickSize: Number = None


class _Listed(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    baseCoin: str
    quoteCoin: str
    status: str
    priceFilter: _Tick = _Tick()
    symbolType: str = ""


class _Quote(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    lastPrice: Number = None
    bid1Price: Number = None
    ask1Price: Number = None
    volume24h: Number = None
    turnover24h: Number = None
    highPrice24h: Number = None
    lowPrice24h: Number = None


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_LISTED: Final = msgspec.json.Decoder(_Listed)
_QUOTE: Final = msgspec.json.Decoder(_Quote)


class BybitSource(RestSource):
    """Bybit's spot market."""

    name = _NAME
    title = _TITLE
    history = (HistoryStep(5, 300), HistoryStep(1, 1_000))
    listing = Call("/v5/market/instruments-info", {"category": "spot", "limit": "1000"}, megabytes=8)
    quotes = Call("/v5/market/tickers", {"category": "spot"}, megabytes=4)
    clock = Call("/v5/market/time")

    @staticmethod
    def complaint(body: bytes) -> Complaint | None:
        """``{"retCode":10006,"retMsg":"Too many visits!"}``, with HTTP 200 as a rule."""
        envelope = tried(_ENVELOPE, body)
        if envelope is None or envelope.retCode == 0:
            return None
        return Complaint(f"{envelope.retMsg} ({envelope.retCode})", envelope.retCode in _LIMITS)

    @staticmethod
    def read_instruments(body: bytes) -> InstrumentBatch:
        """Read instruments-info."""
        return gather_instruments(named_rows(_rows(body), _LISTED, "symbol"), _instrument)

    @staticmethod
    def read_tickers(body: bytes, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
        """Read tickers."""
        return gather_tickers(named_rows(_rows(body), _QUOTE, "symbol"), ids, _reading, sent_ms)

    @override
    def candle_call(self, symbol: str, step_minutes: int, rows: int, now_ms: int) -> Call:
        """The newest candles, newest first."""
        params = {"category": "spot", "symbol": symbol, "interval": str(step_minutes), "limit": str(rows)}
        return Call("/v5/market/kline", params)

    @override
    def read_candles(self, response: Response, symbol: str, step_minutes: int) -> CandleBatch:
        """Read kline; nothing but the clock tells that the first row is open."""
        return self.shaped_candles(_rows(response.body), _CANDLES, response, step_minutes)

    @staticmethod
    def read_time(response: Response) -> int:
        """The envelope has ms, its contents whole seconds."""
        return sensible_ms(opened(_ENVELOPE, response.body, _TITLE).time)


def _rows(body: bytes) -> list[msgspec.Raw]:
    return opened(_ENVELOPE, body, _TITLE).result.rows


def _instrument(symbol: str, entry: _Listed) -> Instrument:
    return make_instrument(
        _NAME,
        symbol,
        entry.baseCoin,
        entry.quoteCoin,
        decimals(entry.priceFilter.tickSize),
        trading_of(entry.status, _TRADING, symbol),
        classes=(InstrumentClass.TOKENISED,) if entry.symbolType == _SHARES else (),
    )


def _reading(instrument_id: str, row: _Quote) -> Reading:
    return reading(
        instrument_id,
        row.lastPrice,
        row.bid1Price,
        row.ask1Price,
        row.volume24h,
        row.turnover24h,
        high=row.highPrice24h,
        low=row.lowPrice24h,
    )
