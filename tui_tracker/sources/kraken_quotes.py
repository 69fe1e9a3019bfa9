"""Quotes, candles and the time as Kraken gives them: pure decoding of the ``result`` of Ticker, OHLC and Time.

Format: ``https://docs.kraken.com/api/docs/rest-api``. Not documented, but seen in recorded answers: pairs without a
trade in 24 h are quoted as zeros, and rows of Ticker are named in one of two generations of ids (``XXBTZUSD``,
``AAVEUSD``) or as in the modern API (``BTC/USD``). ``o`` of a ticker is the price at midnight UTC, not of 24 h ago, so
it is not used.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.errors import MalformedDataError
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import Ticker, TickerBatch
from tui_tracker.sources.answer import decoded
from tui_tracker.sources.candles import gather_candles
from tui_tracker.sources.kraken_pairs import is_hidden
from tui_tracker.sources.numbers import LARGEST, MOST_TRADES, SMALLEST, number
from tui_tracker.sources.quotes import gather_tickers

END_OF_TIME_S: Final = 10**11
_TODAY: Final = 0
_DAY: Final = 1
"""Index of the last 24 h in ``v``, ``p``, ``t``, ``h`` and ``l``; before it is today, since 00:00 UTC."""


class _Quote(msgspec.Struct, frozen=True, gc=False):
    a: list[float]
    b: list[float]
    c: list[float]
    v: list[float]
    p: list[float]
    t: list[int]
    h: list[float] = []
    l: list[float] = []  # noqa: E741


class _LooseQuote(msgspec.Struct, frozen=True, gc=False):
    """A row with a number that can't be read."""

    a: list[object]
    b: list[object]
    c: list[object]
    v: list[object]
    p: list[object]
    t: list[object]
    h: list[object] = []
    l: list[object] = []  # noqa: E741


class _Time(msgspec.Struct, frozen=True):
    unixtime: int


_RAW_ROWS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_RAW_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_QUOTES: Final = msgspec.json.Decoder(dict[str, _Quote], strict=False)
_QUOTE: Final = msgspec.json.Decoder(_Quote, strict=False)
_LOOSE_QUOTE: Final = msgspec.json.Decoder(_LooseQuote)
_CANDLE: Final = msgspec.json.Decoder(tuple[int, float, float, float, float, float, float, int], strict=False)
_SECONDS: Final = msgspec.json.Decoder(int)
_TIME: Final = msgspec.json.Decoder(_Time)


def decode_tickers(result: msgspec.Raw, ids: Mapping[str, str], sent_ms: int) -> TickerBatch:
    """Turn the result of Ticker into observations.

    A row that can't be read is left out and reported. A number in it that is no price (or no volume) is absent; unless
    it is a plain zero, which means that nothing traded, the row is reported too. Hidden rows
    are neither known nor unknown.

    Args:
        result: The result of Ticker.
        ids: Of instruments, by every name that a row may carry (``symbol_index``).
        sent_ms: When the request left.

    Raises:
        MalformedDataError: If no row can be used.
    """
    return gather_tickers(_quotes(result), ids, _ticker, sent_ms, is_hidden)


def _quotes(result: msgspec.Raw) -> Iterable[tuple[str, _Quote | str]]:
    """Each row, or why it can't be read. All in one go where all are well formed; else one by one."""
    try:
        return _QUOTES.decode(result).items()
    except (ValueError, RecursionError):
        rows = decoded(_RAW_ROWS, result, "quotes")
        return [(symbol, _quote(raw)) for symbol, raw in rows.items()]


def _quote(raw: msgspec.Raw) -> _Quote | str:
    try:
        return _QUOTE.decode(raw)
    except ValueError:
        pass
    try:
        loose = _LOOSE_QUOTE.decode(raw)
    except (ValueError, RecursionError) as error:
        return clean(str(error), 100)
    a, b, c, v, p, h, low = (
        [number(item) for item in field] for field in (loose.a, loose.b, loose.c, loose.v, loose.p, loose.h, loose.l)
    )
    return _Quote(a, b, c, v, p, [_count(item) for item in loose.t], h, low)


def _count(item: object) -> int:
    value = number(item)
    return int(value) if value.is_integer() else -1


def _ticker(instrument_id: str, quote: _Quote) -> tuple[Ticker | None, str]:
    """One observation, and what is wrong with the row (empty if nothing)."""
    try:
        last, bid, ask = quote.c[0], quote.b[0], quote.a[0]
        volume, vwap, trades = quote.v[_DAY], quote.p[_DAY], quote.t[_DAY]
    except IndexError:
        return None, "a list is too short"
    last_price = last if SMALLEST <= last <= LARGEST else None
    bid_price = bid if SMALLEST <= bid <= LARGEST else None
    ask_price = ask if SMALLEST <= ask <= LARGEST else None
    base_volume = volume if volume == 0 or SMALLEST <= volume <= LARGEST else None
    quote_volume = base_volume
    if base_volume:
        product = base_volume * vwap
        quote_volume = product if vwap > 0 and SMALLEST <= product <= LARGEST else None
    count = trades if 0 <= trades <= MOST_TRADES else None
    ticker = Ticker(
        instrument_id,
        last_price,
        bid_price,
        ask_price,
        base_volume,
        quote_volume,
        count,
        *_extremes(quote),
        *_today(quote),
    )
    if last_price and bid_price and ask_price and quote_volume is not None and count is not None:
        return ticker, ""
    return ticker, _fault(ticker, quote)


def _extremes(quote: _Quote) -> tuple[float | None, float | None]:
    """High and low of the last 24 h, both or neither."""
    if len(quote.h) <= _DAY or len(quote.l) <= _DAY:
        return None, None
    high, low = quote.h[_DAY], quote.l[_DAY]
    return (high, low) if SMALLEST <= low <= high <= LARGEST else (None, None)


def _today(quote: _Quote) -> tuple[float | None, int | None]:
    """Today's counters of volume and of trades."""
    volume, trades = quote.v[_TODAY], quote.t[_TODAY]
    return (
        volume if volume == 0 or SMALLEST <= volume <= LARGEST else None,
        trades if 0 <= trades <= MOST_TRADES else None,
    )


def _fault(ticker: Ticker, quote: _Quote) -> str:
    """Name the numbers that are absent for another reason than that nothing traded."""
    absent = {
        "last price": ticker.last is None and quote.c[0] != 0,
        "bid": ticker.bid is None and quote.b[0] != 0,
        "ask": ticker.ask is None and quote.a[0] != 0,
        "volume": ticker.base_volume is None,
        "average price": ticker.base_volume is not None and ticker.quote_volume is None,
        "count of trades": ticker.trades is None,
    }
    names = [name for name, is_faulty in absent.items() if is_faulty]
    return f"no usable {', '.join(names)}" if names else ""


def decode_candles(result: msgspec.Raw, symbol: str, step_minutes: int, present_ms: int | None) -> CandleBatch:
    """Turn the result of OHLC into closed candles.

    The last row is the open interval: ``last`` is the start of the newest committed one. Where the exchange's present
    is known, a row whose interval contains it is open too.

    Raises:
        MalformedDataError: If there is no list of rows.
    """
    fields = decoded(_RAW_ROWS, result, "candles")
    last_s = _seconds(fields.pop("last", None))
    raw_rows = fields.get(symbol) or next(iter(fields.values()), None)
    if raw_rows is None:
        raise MalformedDataError("the answer has no candles")
    step_ms = step_minutes * MINUTE_MS
    candles = [_candle(raw, step_ms) for raw in decoded(_RAW_LIST, raw_rows, "candles")]
    if last_s is None:
        newest_ms = max((candle.start_ms for candle in candles if not isinstance(candle, int)), default=0) - 1
    else:
        newest_ms = last_s * 1000

    def is_closed(start_ms: int) -> bool:
        is_present = present_ms is not None and start_ms <= present_ms < start_ms + step_ms
        return start_ms <= newest_ms and not is_present

    return gather_candles(candles, step_minutes, is_closed)


def _seconds(raw: msgspec.Raw | None) -> int | None:
    try:
        return None if raw is None else _SECONDS.decode(raw)
    except ValueError:
        return None


def _candle(raw: msgspec.Raw, step_ms: int) -> Candle | int:
    """One candle, or the start in ms (0 if unknown) of one that can't be used."""
    try:
        seconds, _open, _high, _low, close, _vwap, volume, trades = _CANDLE.decode(raw)
    except ValueError:
        return _start_ms(raw)
    start_ms = seconds * 1000
    is_timely = 0 < seconds < END_OF_TIME_S and start_ms % step_ms == 0
    is_priced = SMALLEST <= close <= LARGEST and (volume == 0 or SMALLEST <= volume <= LARGEST)
    if is_timely and is_priced:
        return Candle(start_ms, close, volume, trades if 0 <= trades <= MOST_TRADES else None)
    return start_ms if is_timely else 0


def _start_ms(raw: msgspec.Raw) -> int:
    try:
        seconds = _SECONDS.decode(_RAW_LIST.decode(raw)[0])
    except (ValueError, IndexError, RecursionError):
        return 0
    return seconds * 1000 if 0 < seconds < END_OF_TIME_S else 0


def decode_time(result: msgspec.Raw) -> int:
    """The exchange's clock in ms, in the middle of the second that it names.

    Raises:
        MalformedDataError: If there is no sensible time.
    """
    seconds = decoded(_TIME, result, "time").unixtime
    if not 0 < seconds < END_OF_TIME_S:
        raise MalformedDataError("the exchange's time is out of range")
    return seconds * 1000 + 500
