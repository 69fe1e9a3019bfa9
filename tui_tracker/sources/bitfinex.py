"""Bitfinex's spot market, over its public REST API: ``https://docs.bitfinex.com/docs/rest-public``.

Rows are lists, which have grown before: they are read by place, and more at their end doesn't matter. A symbol is ``t``
and two names of three letters, or two names with a colon between them; ``f`` begins one of funding, ``F0`` ends the
names of perpetuals, and some are for tests. Prices have five digits, wherever the point is, so the list of pairs is
made from the quotes, which tell where. A minute without trades has no candle.
"""

import math
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote as quoted

import msgspec
from typing_extensions import override

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import MalformedDataError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.answer import ANYTHING, opened_rows, tried
from tui_tracker.sources.base import HistoryStep, InstrumentBatch
from tui_tracker.sources.candles import CandleShape
from tui_tracker.sources.http import Response
from tui_tracker.sources.listings import gather_instruments, make_instrument
from tui_tracker.sources.numbers import USUAL_DIGITS, Number, limited_digits, price
from tui_tracker.sources.quotes import Reading, gather_tickers, named_rows, product, reading
from tui_tracker.sources.refusal import Complaint
from tui_tracker.sources.rest import Call, RestSource

_NAME: Final = "bitfinex"
_TITLE: Final = "Bitfinex"
_RATE_LIMIT: Final = 11010
_LIMITS: Final = ("ratelimit", "rate_limit", "rate limit")
_DIGITS: Final = 5
_TESTS: Final = ("TEST", "AAA", "BBB")
_PERPETUAL: Final = "F0"
_COMMON_NAMES: Final = {
    "ALG": "ALGO",
    "AMP": "AMPL",
    "ATO": "ATOM",
    "BCHABC": "XEC",
    "BCHN": "BCH",
    "DAT": "DATA",
    "DOG": "MDOGE",
    "DSH": "DASH",
    "EDO": "PNT",
    "EUS": "EURS",
    "EUT": "EURT",
    "IOT": "IOTA",
    "LUNA": "LUNC",
    "LUNA2": "LUNA",
    "MNA": "MANA",
    "QSH": "QASH",
    "QTM": "QTUM",
    "RBT": "RBTC",
    "SNG": "SNGLS",
    "STJ": "STORJ",
    "TERRAUST": "USTC",
    "TSD": "TUSD",
    "UDC": "USDC",
    "UST": "USDT",
    "VSY": "VSYS",
    "WAX": "WAXP",
    "XCH": "XCHF",
    "YYW": "YOYOW",
    "ZBT": "ZB",
}
"""What Bitfinex spells otherwise than most; ``UST`` is Tether here, and TerraUSD elsewhere."""
_CANDLES: Final = CandleShape(close=2)


class _Row(msgspec.Struct, frozen=True, gc=False, array_like=True):
    symbol: str
    bid: Number = None
    bid_size: Number = None
    ask: Number = None
    ask_size: Number = None
    change: Number = None
    relative_change: Number = None
    last: Number = None
    volume: Number = None
    high: Number = None
    low: Number = None


_ROW: Final = msgspec.json.Decoder(_Row)


class BitfinexSource(RestSource):
    """Bitfinex's spot market."""

    name = _NAME
    title = _TITLE
    history = (HistoryStep(1, 1_500),)
    listing = Call("/v2/tickers", {"symbols": "ALL"}, megabytes=4)
    quotes = listing
    clock = Call("/v2/platform/status")

    @staticmethod
    def complaint(body: bytes) -> Complaint | None:
        """``["error",11010,"ratelimit: error"]``, with HTTP 500, or ``{"error":"ERR_RATE_LIMIT"}``."""
        match tried(ANYTHING, body):
            case ["error", code, str(text), *_] | {"error": str(text) as code}:
                is_limit = code == _RATE_LIMIT or any(words in text.lower() for words in _LIMITS)
                return Complaint(text if code == text else f"{text} ({code})", is_limit)
        return None

    @staticmethod
    def read_instruments(body: bytes) -> InstrumentBatch:
        """Read the names of tickers, without funding, perpetuals and tests."""
        rows = named_rows(opened_rows(body, _TITLE), _ROW, 0)
        return gather_instruments(((symbol, row) for symbol, row in rows if not _is_hidden(symbol)), _instrument)

    @staticmethod
    def read_tickers(body: bytes, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
        """Read tickers."""
        rows = named_rows(opened_rows(body, _TITLE), _ROW, 0)
        return gather_tickers(rows, ids, _reading, sent_ms, _is_hidden)

    @override
    def candle_call(self, symbol: str, step_minutes: int, rows: int, now_ms: int) -> Call:
        """The newest candles, newest first: more than a day of them, the less there was trade."""
        name = quoted(f"trade:{step_minutes}m:{symbol}", safe=":")
        return Call(f"/v2/candles/{name}/hist", {"limit": str(rows)})

    @override
    def read_candles(self, response: Response, symbol: str, step_minutes: int) -> CandleBatch:
        """Read candles; nothing but the clock tells that the first row is open."""
        rows = opened_rows(response.body, _TITLE)
        return self.shaped_candles(rows, _CANDLES, response, step_minutes)


def _is_hidden(symbol: str) -> bool:
    names = _halves(symbol)
    is_test = any(name.startswith(_TESTS) for name in names)
    return symbol.startswith("f") or is_test or any(name.endswith(_PERPETUAL) for name in names)


def _halves(symbol: str) -> tuple[str, ...]:
    name = symbol.removeprefix("t")
    return tuple(name.split(":")) if ":" in name else (name[:3], name[3:])


def _instrument(symbol: str, row: _Row) -> Instrument:
    names = _halves(symbol)
    if len(names) != 2 or not symbol.startswith("t"):
        raise MalformedDataError("no name of a pair")
    base, quote = (_COMMON_NAMES.get(name, name) for name in names)
    last = price(row.last)
    digits = USUAL_DIGITS if last is None else limited_digits(_DIGITS - 1 - math.floor(math.log10(last)))
    return make_instrument(_NAME, symbol, base, quote, digits, aliases=(symbol[1:], "/".join(names)))


def _reading(instrument_id: str, row: _Row) -> Reading:
    turnover = product(row.volume, row.last)
    return reading(instrument_id, row.last, row.bid, row.ask, row.volume, turnover, high=row.high, low=row.low)
