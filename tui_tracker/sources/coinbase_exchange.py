"""Coinbase's spot market by its other way, the REST API of Coinbase Exchange.

Format: ``https://docs.cdp.coinbase.com/exchange/docs``; ``/products/stats``, which holds all pairs, isn't documented,
but widely used. Candles are ``[seconds, low, high, open, close, volume]``, newest first; a minute without trades has
none, and a span of more than 300 is refused.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote as quoted

import msgspec
from typing_extensions import override

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import MalformedDataError
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.answer import decoded, opened, opened_rows, tried
from tui_tracker.sources.base import HistoryStep, InstrumentBatch
from tui_tracker.sources.candles import CandleShape
from tui_tracker.sources.http import Response
from tui_tracker.sources.listings import gather_instruments, make_instrument
from tui_tracker.sources.numbers import Number, decimals
from tui_tracker.sources.quotes import Reading, gather_tickers, named_rows, product, reading
from tui_tracker.sources.refusal import Complaint
from tui_tracker.sources.rest import Call, RestSource, sensible_ms

_NAME: Final = "coinbase_exchange"
_TITLE: Final = "Coinbase Exchange"
_DELISTED: Final = "delisted"
_LIMIT: Final = "rate limit"
_COMMON_NAMES: Final = {"CGLD": "CELO"}
_CANDLES: Final = CandleShape(unit_ms=1_000)


class _Error(msgspec.Struct, frozen=True):
    message: str


class _Product(msgspec.Struct, frozen=True, gc=False, rename={"symbol": "id"}):
    symbol: str
    base_currency: str
    quote_currency: str
    status: str = ""
    quote_increment: Number = None
    trading_disabled: bool = False
    cancel_only: bool = False
    limit_only: bool = False
    post_only: bool = False
    auction_mode: bool = False


class _Day(msgspec.Struct, frozen=True, gc=False):
    last: Number = None
    volume: Number = None
    high: Number = None
    low: Number = None


class _Stats(msgspec.Struct, frozen=True, gc=False):
    stats_24hour: _Day


class _Time(msgspec.Struct, frozen=True):
    epoch: Number


_ERROR: Final = msgspec.json.Decoder(_Error)
_PRODUCT: Final = msgspec.json.Decoder(_Product)
_RAW_STATS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_STATS: Final = msgspec.json.Decoder(_Stats)
_TIME: Final = msgspec.json.Decoder(_Time)


class CoinbaseExchangeSource(RestSource):
    """Coinbase's spot market, by its other way."""

    name = _NAME
    title = _TITLE
    history = (HistoryStep(5, 300), HistoryStep(1, 300))
    listing = Call("/products", megabytes=8)
    quotes = Call("/products/stats", megabytes=4)
    clock = Call("/time")

    @staticmethod
    def complaint(body: bytes) -> Complaint | None:
        """``{"message":"NotFound"}``, with HTTP 4xx."""
        error = tried(_ERROR, body)
        if error is None:
            return None
        return Complaint(error.message, _LIMIT in error.message.lower())

    @staticmethod
    def read_instruments(body: bytes) -> InstrumentBatch:
        """Read products, without those that are gone."""
        return gather_instruments(named_rows(opened_rows(body, _TITLE), _PRODUCT, "id"), _instrument)

    @staticmethod
    def read_tickers(body: bytes, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
        """Read stats; those of pairs that are gone are there too."""
        rows = ((symbol, _day(raw)) for symbol, raw in opened(_RAW_STATS, body, _TITLE).items())
        return gather_tickers(rows, ids, _reading, sent_ms)

    @override
    def candle_call(self, symbol: str, step_minutes: int, rows: int, now_ms: int) -> Call:
        """Candles of a span."""
        step_s = 60 * step_minutes
        end_s = now_ms // 1_000
        start, end = (
            datetime.fromtimestamp(instant_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            for instant_s in (end_s - (rows - 1) * step_s, end_s)
        )
        params = {"granularity": str(step_s), "start": start, "end": end}
        return Call(f"/products/{quoted(symbol, safe='')}/candles", params)

    @override
    def read_candles(self, response: Response, symbol: str, step_minutes: int) -> CandleBatch:
        """Read candles; nothing but the clock tells that the first row is open."""
        rows = opened_rows(response.body, _TITLE)
        return self.shaped_candles(rows, _CANDLES, response, step_minutes)

    @staticmethod
    def read_time(response: Response) -> int:
        """Read time, in seconds with a fraction."""
        return sensible_ms(opened(_TIME, response.body, _TITLE).epoch, unit_ms=1_000)


def _instrument(symbol: str, entry: _Product) -> Instrument | None:
    if entry.status == _DELISTED:
        return None
    trading = Trading.LIMITED if entry.limit_only or entry.post_only or entry.auction_mode else Trading.ONLINE
    if entry.cancel_only:
        trading = Trading.CANCEL_ONLY
    elif entry.trading_disabled:
        trading = Trading.MAINTENANCE
    base, quote = (_COMMON_NAMES.get(name, name) for name in (entry.base_currency, entry.quote_currency))
    return make_instrument(_NAME, symbol, base, quote, decimals(entry.quote_increment), trading)


def _day(raw: msgspec.Raw) -> _Day | str:
    try:
        return decoded(_STATS, raw, "row").stats_24hour
    except MalformedDataError as error:
        return error.message


def _reading(instrument_id: str, day: _Day) -> Reading:
    turnover = product(day.volume, day.last)
    return reading(instrument_id, day.last, None, None, day.volume, turnover, high=day.high, low=day.low)
