"""OKX's spot market, over its public REST API: ``https://www.okx.com/docs-v5/en``.

Every answer is ``{"code":"0","msg":"","data":[...]}``. In quotes of spot pairs ``volCcy24h`` is the volume in the quote
currency, ``vol24h`` that of the base.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from typing_extensions import override

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.instrument import Instrument, Trading
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

_NAME: Final = "okx"
_TITLE: Final = "OKX"
_GOOD: Final = "0"
_LIMITS: Final = ("50011", "50061")
_TRADING: Final = {
    "live": Trading.ONLINE,
    "suspend": Trading.MAINTENANCE,
    "preopen": Trading.MAINTENANCE,
    "rebase": Trading.MAINTENANCE,
}
_OF_TESTS: Final = "test"
_CANDLES: Final = CandleShape(is_closed=8)


class _Envelope(msgspec.Struct, frozen=True):
    code: str
    data: list[msgspec.Raw] = []
    msg: str = ""


class _Listed(
    msgspec.Struct, frozen=True, gc=False, rename={"symbol": "instId", "base": "baseCcy", "quote": "quoteCcy"}
):
    symbol: str
    base: str
    quote: str
    state: str
    tickSz: Number = None


class _Quote(msgspec.Struct, frozen=True, gc=False, rename={"symbol": "instId", "base_volume": "vol24h"}):
    symbol: str
    last: Number = None
    bidPx: Number = None
    askPx: Number = None
    base_volume: Number = None
    volCcy24h: Number = None
    high24h: Number = None
    low24h: Number = None


class _Time(msgspec.Struct, frozen=True):
    ts: Number


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_LISTED: Final = msgspec.json.Decoder(_Listed)
_QUOTE: Final = msgspec.json.Decoder(_Quote)
_TIMES: Final = msgspec.json.Decoder(_Time)


class OkxSource(RestSource):
    """OKX's spot market."""

    name = _NAME
    title = _TITLE
    history = (HistoryStep(5, 300), HistoryStep(1, 300))
    listing = Call("/api/v5/public/instruments", {"instType": "SPOT"}, megabytes=8)
    quotes = Call("/api/v5/market/tickers", {"instType": "SPOT"}, megabytes=4)
    clock = Call("/api/v5/public/time")

    @staticmethod
    def complaint(body: bytes) -> Complaint | None:
        """``{"code":"50011","msg":"Too Many Requests"}``, with HTTP 200 or 4xx."""
        envelope = tried(_ENVELOPE, body)
        if envelope is None or envelope.code == _GOOD:
            return None
        return Complaint(f"{envelope.msg} ({envelope.code})", envelope.code in _LIMITS)

    @staticmethod
    def read_instruments(body: bytes) -> InstrumentBatch:
        """Read instruments, without those of tests."""
        return gather_instruments(named_rows(_data(body), _LISTED, "instId"), _instrument)

    @staticmethod
    def read_tickers(body: bytes, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
        """Read tickers."""
        return gather_tickers(named_rows(_data(body), _QUOTE, "instId"), ids, _reading, sent_ms)

    @override
    def candle_call(self, symbol: str, step_minutes: int, rows: int, now_ms: int) -> Call:
        """The newest candles, newest first; 300 at most."""
        return Call("/api/v5/market/candles", {"instId": symbol, "bar": f"{step_minutes}m", "limit": str(rows)})

    @override
    def read_candles(self, response: Response, symbol: str, step_minutes: int) -> CandleBatch:
        """Read candles; ``confirm`` is 1 once one is closed."""
        return self.shaped_candles(_data(response.body), _CANDLES, response, step_minutes)

    @staticmethod
    def read_time(response: Response) -> int:
        """Read time, in ms as text."""
        rows = _data(response.body)
        return sensible_ms(opened(_TIMES, bytes(rows[0]), _TITLE).ts if rows else None)


def _data(body: bytes) -> list[msgspec.Raw]:
    return opened(_ENVELOPE, body, _TITLE).data


def _instrument(symbol: str, entry: _Listed) -> Instrument | None:
    if entry.state == _OF_TESTS:
        return None
    trading = trading_of(entry.state, _TRADING, symbol)
    return make_instrument(_NAME, symbol, entry.base, entry.quote, decimals(entry.tickSz or None), trading)


def _reading(instrument_id: str, row: _Quote) -> Reading:
    return reading(
        instrument_id,
        row.last,
        row.bidPx,
        row.askPx,
        row.base_volume,
        row.volCcy24h,
        high=row.high24h,
        low=row.low24h,
    )
