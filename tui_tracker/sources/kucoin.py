"""KuCoin's spot market, over its public REST API: ``https://www.kucoin.com/docs-new``.

Every answer is ``{"code":"200000","data":...}``. ``buy`` is the best bid and ``sell`` the best ask. ``symbol`` stays
when ``name`` is changed. Candles are ``[seconds, open, close, high, low, volume, turnover]``; a minute without trades
may be missing.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from typing_extensions import override

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.answer import ANYTHING, opened, opened_rows, tried
from tui_tracker.sources.base import HistoryStep, InstrumentBatch
from tui_tracker.sources.candles import CandleShape
from tui_tracker.sources.http import Response
from tui_tracker.sources.listings import gather_instruments, make_instrument
from tui_tracker.sources.numbers import Number, decimals
from tui_tracker.sources.quotes import Reading, gather_tickers, named_rows, reading
from tui_tracker.sources.refusal import Complaint
from tui_tracker.sources.rest import Call, RestSource, sensible_ms

_NAME: Final = "kucoin"
_TITLE: Final = "KuCoin"
_GOOD: Final = "200000"
_LIMITS: Final = ("429000",)
_COMMON_NAMES: Final = {"WAX": "WAXP", "BCHSV": "BSV"}
_CANDLES: Final = CandleShape(close=2, unit_ms=1_000)


class _Envelope(msgspec.Struct, frozen=True):
    code: str
    data: msgspec.Raw = msgspec.Raw()
    msg: str = ""


class _Listed(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    baseCurrency: str
    quoteCurrency: str
    enableTrading: bool = True
    priceIncrement: Number = None
    name: str = ""


class _Quote(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    last: Number = None
    buy: Number = None
    sell: Number = None
    vol: Number = None
    volValue: Number = None
    high: Number = None
    low: Number = None


class _Quotes(msgspec.Struct, frozen=True):
    ticker: list[msgspec.Raw]


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_LISTED: Final = msgspec.json.Decoder(_Listed)
_QUOTES: Final = msgspec.json.Decoder(_Quotes)
_QUOTE: Final = msgspec.json.Decoder(_Quote)


class KucoinSource(RestSource):
    """KuCoin's spot market."""

    name = _NAME
    title = _TITLE
    history = (HistoryStep(1, 1_500),)
    listing = Call("/api/v2/symbols", weight=4, megabytes=8)
    quotes = Call("/api/v1/market/allTickers", weight=15, megabytes=4)
    clock = Call("/api/v1/timestamp", weight=3)

    @staticmethod
    def complaint(body: bytes) -> Complaint | None:
        """``{"code":"429000","msg":"too many requests"}``, with HTTP 200 or 4xx."""
        envelope = tried(_ENVELOPE, body)
        if envelope is None or envelope.code == _GOOD:
            return None
        return Complaint(f"{envelope.msg} ({envelope.code})", envelope.code in _LIMITS)

    @staticmethod
    def read_instruments(body: bytes) -> InstrumentBatch:
        """Read symbols."""
        return gather_instruments(named_rows(opened_rows(_data(body), _TITLE), _LISTED, "symbol"), _instrument)

    @staticmethod
    def read_tickers(body: bytes, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
        """Read allTickers; numbers are ``null`` where nothing traded."""
        rows = opened(_QUOTES, _data(body), _TITLE).ticker
        return gather_tickers(named_rows(rows, _QUOTE, "symbol"), ids, _reading, sent_ms)

    @override
    def candle_call(self, symbol: str, step_minutes: int, rows: int, now_ms: int) -> Call:
        """Candles of a span, newest first; without one there are few."""
        end_s = now_ms // 1_000 + 60
        start_s = end_s - (rows - 1) * step_minutes * 60
        params = {"symbol": symbol, "type": f"{step_minutes}min", "startAt": str(start_s), "endAt": str(end_s)}
        return Call("/api/v1/market/candles", params, weight=3)

    @override
    def read_candles(self, response: Response, symbol: str, step_minutes: int) -> CandleBatch:
        """Read candles; nothing but the clock tells that the first row is open."""
        rows = opened_rows(_data(response.body), _TITLE)
        return self.shaped_candles(rows, _CANDLES, response, step_minutes)

    @staticmethod
    def read_time(response: Response) -> int:
        """Read timestamp, in ms."""
        return sensible_ms(opened(ANYTHING, _data(response.body), _TITLE))


def _data(body: bytes) -> bytes:
    return bytes(opened(_ENVELOPE, body, _TITLE).data)


def _instrument(symbol: str, entry: _Listed) -> Instrument:
    base, quote = (_COMMON_NAMES.get(name, name) for name in (entry.baseCurrency, entry.quoteCurrency))
    trading = Trading.ONLINE if entry.enableTrading else Trading.MAINTENANCE
    digits = decimals(entry.priceIncrement)
    return make_instrument(_NAME, symbol, base, quote, digits, trading, aliases=(entry.name,))


def _reading(instrument_id: str, row: _Quote) -> Reading:
    return reading(instrument_id, row.last, row.buy, row.sell, row.vol, row.volValue, high=row.high, low=row.low)
