"""Coinbase's spot market, over the key-less part of Advanced Trade's REST API.

Format: ``https://docs.cdp.coinbase.com/advanced-trade/docs``. One answer holds what is listed and its quotes, which
have no bid and no ask. ``BTC-USDC`` is another name for the order book of ``BTC-USD``, and listed beside it. A minute
without trades has no candle.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote as quoted

import msgspec
from typing_extensions import override

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.answer import opened, tried
from tui_tracker.sources.base import HistoryStep, InstrumentBatch
from tui_tracker.sources.candles import CandleShape
from tui_tracker.sources.http import Response
from tui_tracker.sources.listings import gather_instruments, make_instrument
from tui_tracker.sources.numbers import Number, decimals
from tui_tracker.sources.quotes import Reading, gather_tickers, named_rows, reading
from tui_tracker.sources.refusal import Complaint
from tui_tracker.sources.rest import Call, RestSource, sensible_ms

_NAME: Final = "coinbase"
_TITLE: Final = "Coinbase"
_BROKERAGE: Final = "/api/v3/brokerage/"
_LIMITS: Final = ("rate_limit_exceeded", "resource_exhausted", "too_many_requests")
_SPOT: Final = "SPOT"
_DELISTED: Final = "delisted"
_COMMON_NAMES: Final = {"CGLD": "CELO"}
_GRANULARITY: Final = {1: "ONE_MINUTE", 5: "FIVE_MINUTE"}
_CANDLES: Final = CandleShape("start", "close", "volume", unit_ms=1_000)


class _Error(msgspec.Struct, frozen=True):
    error: str
    message: str = ""


class _Product(msgspec.Struct, frozen=True, gc=False, rename={"symbol": "product_id"}):
    symbol: str
    base_currency_id: str
    quote_currency_id: str
    status: str = ""
    product_type: str = _SPOT
    alias: str = ""
    """The product whose book this is, if it has none of its own."""
    alias_to: tuple[str, ...] | None = None
    price_increment: Number = None
    is_disabled: bool = False
    trading_disabled: bool = False
    view_only: bool = False
    cancel_only: bool = False
    limit_only: bool = False
    post_only: bool = False
    auction_mode: bool = False
    price: Number = None
    best_bid_price: Number = None
    best_ask_price: Number = None
    volume_24h: Number = None
    approximate_quote_24h_volume: Number = None
    high_24h: Number = None
    low_24h: Number = None

    @property
    def is_shown(self) -> bool:
        """Whether it is a spot pair, still there, with a book of its own."""
        return self.product_type == _SPOT and not self.alias and self.status != _DELISTED

    @property
    def trading(self) -> Trading:
        """What can be done with it."""
        if self.cancel_only:
            return Trading.CANCEL_ONLY
        if self.is_disabled or self.trading_disabled or self.view_only:
            return Trading.MAINTENANCE
        return Trading.LIMITED if self.limit_only or self.post_only or self.auction_mode else Trading.ONLINE


class _Products(msgspec.Struct, frozen=True):
    products: list[msgspec.Raw]


class _Candles(msgspec.Struct, frozen=True):
    candles: list[msgspec.Raw]


class _Time(msgspec.Struct, frozen=True):
    epochMillis: Number


_ERROR: Final = msgspec.json.Decoder(_Error)
_PRODUCTS: Final = msgspec.json.Decoder(_Products)
_PRODUCT: Final = msgspec.json.Decoder(_Product)
_SERIES: Final = msgspec.json.Decoder(_Candles)
_TIME: Final = msgspec.json.Decoder(_Time)


class CoinbaseSource(RestSource):
    """Coinbase's spot market, each order book once."""

    name = _NAME
    title = _TITLE
    history = (HistoryStep(5, 300), HistoryStep(1, 300))
    listing = Call(_BROKERAGE + "market/products", megabytes=16)
    quotes = listing
    clock = Call(_BROKERAGE + "time")

    @staticmethod
    def complaint(body: bytes) -> Complaint | None:
        """``{"error":"rate_limit_exceeded","message":"..."}``, with HTTP 4xx."""
        error = tried(_ERROR, body)
        if error is None:
            return None
        return Complaint(f"{error.message} ({error.error})".strip(), error.error.lower() in _LIMITS)

    @staticmethod
    def read_instruments(body: bytes) -> InstrumentBatch:
        """Read the names of products."""
        return gather_instruments(_products(body), _instrument)

    @staticmethod
    def read_tickers(body: bytes, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
        """Read the quotes of products."""
        return gather_tickers(_products(body), ids, _reading, sent_ms)

    @override
    def candle_call(self, symbol: str, step_minutes: int, rows: int, now_ms: int) -> Call:
        """Candles of a span, newest first; one that could hold more than 350 is refused."""
        end_s = now_ms // 1_000
        params = {
            "start": str(end_s - rows * step_minutes * 60),
            "end": str(end_s),
            "granularity": _GRANULARITY[step_minutes],
        }
        return Call(f"{_BROKERAGE}market/products/{quoted(symbol, safe='')}/candles", params)

    @override
    def read_candles(self, response: Response, symbol: str, step_minutes: int) -> CandleBatch:
        """Read candles; nothing but the clock tells that the first row is open."""
        rows = opened(_SERIES, response.body, _TITLE).candles
        return self.shaped_candles(rows, _CANDLES, response, step_minutes)

    @staticmethod
    def read_time(response: Response) -> int:
        """Read time, in ms as text."""
        return sensible_ms(opened(_TIME, response.body, _TITLE).epochMillis)


def _products(body: bytes) -> Iterator[tuple[str, _Product | str]]:
    rows = named_rows(opened(_PRODUCTS, body, _TITLE).products, _PRODUCT, "product_id")
    return ((symbol, row) for symbol, row in rows if isinstance(row, str) or row.is_shown)


def _instrument(symbol: str, entry: _Product) -> Instrument:
    base, quote = (_COMMON_NAMES.get(name, name) for name in (entry.base_currency_id, entry.quote_currency_id))
    digits = decimals(entry.price_increment or None)
    return make_instrument(_NAME, symbol, base, quote, digits, entry.trading, aliases=entry.alias_to or ())


def _reading(instrument_id: str, row: _Product) -> Reading:
    return reading(
        instrument_id,
        row.price,
        row.best_bid_price,
        row.best_ask_price,
        row.volume_24h,
        row.approximate_quote_24h_volume,
        high=row.high_24h,
        low=row.low_24h,
    )
