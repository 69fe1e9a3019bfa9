"""Any exchange that ccxt knows, for those without a module of their own: ``https://docs.ccxt.com``.

ccxt keeps the pace that it knows for each exchange, writes requests and reads answers; those go the way of all other
sources, with the same bounds, proxies and authorities. It takes longer to import than the first screen may, so it is
loaded, off the loop, by the first request.
"""

import asyncio
import importlib.util
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import ConfigError, MalformedDataError, RateLimitedError, RejectedError, SourceError
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.symbols import CCXT
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.base import HistoryStep, InstrumentBatch, ServerTime
from tui_tracker.sources.budget import Priority
from tui_tracker.sources.candles import CandleShape, ended_by, gather_candles
from tui_tracker.sources.ccxt_line import UNREADABLE, CcxtLine, complaint_in, prioritised
from tui_tracker.sources.http import HttpClient, Response
from tui_tracker.sources.listings import gather_instruments, make_instrument, symbol_index
from tui_tracker.sources.numbers import decimals, limited_digits, price
from tui_tracker.sources.quotes import Reading, gather_tickers, reading
from tui_tracker.sources.readings import TheirClock
from tui_tracker.sources.rest import refused

_OF_DERIVATIVES: Final = re.compile(r"fetch_(?:swap|future|option|inverse_swap|swap_and_future|contract)_markets")
_ORIGIN: Final = re.compile(r"^https?://[^/]+")
_DECIMAL_PLACES: Final = 2
"""ccxt's mode of precision in which it is a number of decimals; in the other it is the smallest step."""
_CANDLES: Final = CandleShape()
_NAMES: Final = (
    "symbol",
    "id",
    "market",
    "currencyPair",
    "currency_pair",
    "instrument_name",
    "instId",
    "pair",
    "ticker",
)
"""Where rows of quotes say of which market they are."""
_FAULT: Final = "unreadable"
"""In a quote: why ccxt could not read it."""

logger = logging.getLogger(__name__)


def check_name(name: str) -> None:
    """Check that ccxt is there and knows an exchange; imports nothing.

    Raises:
        ConfigError: With what to install, or with near names.
    """
    spec = importlib.util.find_spec("ccxt")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"source {CCXT}{name} needs a package", "install it: pip install 'crypto-tui[ccxt]'")
    folder = Path(spec.submodule_search_locations[0]) / "async_support"
    known = {file.stem for file in folder.glob("*.py") if not file.stem.startswith("_")}
    if name not in known:
        near = get_close_matches(name, known, n=3)
        hint = f"did you mean {', '.join(CCXT + one for one in near)}?" if near else "see https://docs.ccxt.com"
        raise ConfigError(f"ccxt knows no exchange {clean(name, 40)!r}", hint)


class CcxtSource:
    """The spot market of one exchange, over ccxt. See ``Source`` for what the methods guarantee.

    Args:
        name: ccxt's name of the exchange.
        http: Carries requests, to URLs as they come; the pace is ccxt's.
        base_url: Another place to find all of its hosts at.
        keeps_pace: Whether ccxt spaces requests as it knows to be right.
    """

    is_simulated: bool = False
    history: tuple[HistoryStep, ...] = (HistoryStep(5, 300), HistoryStep(1, 300))

    def __init__(self, name: str, http: HttpClient, base_url: str | None = None, *, keeps_pace: bool = True) -> None:
        self.name: str = name
        self._http = http
        self._base_url = base_url
        self._keeps_pace = keeps_pace
        self._exchange: Any = None
        self._line: CcxtLine | None = None
        self._ids: Mapping[str, str] = {}
        self._their_clock = TheirClock(http.clock)
        self._opening = asyncio.Lock()
        self._listing = asyncio.Lock()

    async def instruments(self) -> InstrumentBatch:
        """Read the markets, of which only those of spot count."""
        async with self._asking(Priority.CONTROL) as exchange:
            markets = await self._markets(exchange, anew=True)
            listed = [(str(market["symbol"]), market) for market in markets.values() if market.get("spot")]
            is_places = exchange.precisionMode == _DECIMAL_PLACES
            batch = gather_instruments(listed, lambda symbol, market: self._instrument(symbol, market, is_places))
        self.recall(batch.instruments)
        return batch

    def _instrument(self, symbol: str, market: Mapping[str, Any], is_places: bool) -> Instrument:
        precision = (market.get("precision") or {}).get("price")
        digits = limited_digits(int(precision)) if is_places and precision is not None else decimals(precision)
        trading = Trading.MAINTENANCE if market.get("active") is False else Trading.ONLINE
        base, quote, own_name = str(market["base"]), str(market["quote"]), str(market["id"])
        return make_instrument(self.name, symbol, base, quote, digits, trading, aliases=(own_name,))

    def recall(self, instruments: Sequence[Instrument]) -> None:
        """See ``Source.recall``."""
        self._ids = symbol_index(instruments)

    async def tickers(self) -> TickerBatch:
        """Read all tickers; those of anything but spot are neither known nor unknown.

        Raises:
            RejectedError: If the exchange doesn't give them in one request.
        """
        ids = self._ids
        async with self._asking(Priority.POLL) as exchange:
            if not exchange.has["fetchTickers"]:
                raise RejectedError(f"{self.name} doesn't give the quotes of all pairs at once")
            await self._markets(exchange)
            found = await exchange.fetch_tickers()
            sent_ms = self._answer().sent_ms
            rows = [(str(row["symbol"]), row.get(_FAULT) or row) for row in found.values()]
            return gather_tickers(rows, ids, _reading, sent_ms, lambda symbol: ":" in symbol)

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        """See ``Source.candles``."""
        step_ms = step_minutes * MINUTE_MS
        count = next((step.rows for step in self.history if step.minutes == step_minutes), 0)
        async with self._asking(Priority.BACKFILL) as exchange:
            await self._markets(exchange)
            now_ms = self._their_clock.at(self._http.clock.now_ms())
            since_ms = now_ms // step_ms * step_ms - (count - 1) * step_ms
            rows = await exchange.fetch_ohlcv(instrument.symbol, f"{step_minutes}m", since_ms, count)
            sent_ms = self._their_clock.at(self._answer().sent_ms)
            picked = (_CANDLES.pick(row, step_ms) for row in rows)
            return gather_candles(picked, step_minutes, ended_by(sent_ms, step_minutes))

    async def server_time(self) -> ServerTime:
        """Read the exchange's clock, or, where it doesn't tell it, that of its server.

        Raises:
            MalformedDataError: If neither is told.
        """
        async with self._asking(Priority.CONTROL) as exchange:
            if exchange.has["fetchTime"]:
                server_ms = await exchange.fetch_time()
                response = self._answer()
            else:
                await self._markets(exchange, anew=True)
                response = self._answer()
                server_ms = response.date_ms
            if not isinstance(server_ms, int) or server_ms <= 0:
                raise MalformedDataError("the answer doesn't tell the time")
        reading = ServerTime(server_ms, response.sent_ms, response.received_ms)
        self._their_clock.take(reading)
        return reading

    def next_slot_s(self) -> float:
        """Seconds until a pause is over."""
        return self._http.budget.next_slot_s()

    async def aclose(self) -> None:
        """Close connections; nothing may be called after."""
        await self._http.aclose()

    async def _markets(self, exchange: Any, *, anew: bool = False) -> Mapping[str, Any]:
        """What ccxt knows of the markets. One asks at a time, since ccxt gives up all who wait if one of them does."""
        if anew or exchange.markets is None:
            async with self._listing:
                await exchange.load_markets(anew)
        known: Mapping[str, Any] = exchange.markets
        return known

    def _answer(self) -> Response:
        """The answer that ccxt has just read."""
        if self._line is None or self._line.last is None:
            raise MalformedDataError("ccxt asked for nothing")
        return self._line.last

    @asynccontextmanager
    async def _asking(self, priority: Priority) -> AsyncIterator[Any]:
        """The exchange; what ccxt raises becomes one of our errors."""
        async with self._opening:
            if self._exchange is None:
                exchange = await asyncio.to_thread(_build, self.name, self._base_url, self._keeps_pace)
                exchange.milliseconds = self._http.clock.now_ms
                self._line = CcxtLine(exchange, self._http)
                self._exchange = exchange
        try:
            with prioritised(priority):
                yield self._exchange
        except SourceError:
            raise
        except UNREADABLE as error:
            logger.debug("ccxt cannot read an answer of %s", self.name, exc_info=True)
            raise MalformedDataError(f"ccxt cannot read the answer: {clean(repr(error), 120)}") from error
        except Exception as error:
            translated = self._translated(error)
            if translated is None:
                raise
            raise translated from error

    def _translated(self, error: Exception) -> SourceError | None:
        """The error of ours for one of ccxt's, which slows us down where it says so; ``None`` for any other."""
        import ccxt

        complaint = complaint_in(error, self.name)
        if complaint is None:
            return None
        if isinstance(error, ccxt.BadResponse):
            return MalformedDataError(f"no answer of {self.name}'s API: {clean(complaint.text, 160)}")
        translated = refused(self.name, complaint)
        if isinstance(translated, RateLimitedError):
            self._http.budget.refused(translated.retry_after_s)
        return translated


def _build(name: str, base_url: str | None, keeps_pace: bool) -> Any:
    """An exchange of ccxt that asks for spot pairs alone, as far as it can be told to."""
    import ccxt.async_support

    exchange = getattr(ccxt.async_support, name)({"enableRateLimit": keeps_pace})
    exchange.userAgent = exchange.describe().get("userAgent")  # where none is needed, we say who asks
    exchange.has["fetchCurrencies"] = False  # needs a key on some, and tells nothing that is shown
    exchange.options["defaultType"] = "spot"
    exchange.safe_ticker = _told_alone(exchange.safe_ticker)
    exchange.parse_ticker = _each_alone(exchange.parse_ticker)
    wanted = exchange.options.get("fetchMarkets")
    if isinstance(wanted, dict) and isinstance(wanted.get("types"), list):
        wanted["types"] = [kind for kind in wanted["types"] if kind == "spot"] or wanted["types"]
    if hasattr(exchange, "fetch_spot_markets"):
        for method in filter(_OF_DERIVATIVES.fullmatch, dir(exchange)):
            setattr(exchange, method, _no_markets)
    if base_url is not None:
        exchange.urls["api"] = _moved(exchange.urls["api"], base_url)
    return exchange


async def _no_markets(params: object = None) -> list[object]:  # noqa: ARG001 - as ccxt calls it
    """What some exchanges are asked for beside spot pairs, whatever their options say."""
    return []


def _told_alone(completed: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """How ccxt completes a quote, but for the price: where none is told, it makes one of the opening and the change."""

    def safe_ticker(ticker: dict[str, Any], market: object = None) -> dict[str, Any]:
        is_told = price(ticker.get("last")) is not None or price(ticker.get("close")) is not None
        whole = completed(ticker, market)
        return whole if is_told else {**whole, "last": None, "close": None}

    return safe_ticker


def _each_alone(parsed: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """How ccxt reads a quote, but that one it can't read spoils none of the others."""

    def parse_ticker(row: object, market: object = None) -> dict[str, Any]:
        try:
            return parsed(row, market)
        except UNREADABLE as error:
            return {"symbol": _name_in(row), _FAULT: f"ccxt cannot read it: {clean(repr(error), 80)}"}

    return parse_ticker


def _name_in(row: object) -> str:
    """Of which market a row of quotes is, as far as it can be told; else how it begins."""
    told: Iterable[object] = ()
    if isinstance(row, dict):
        told = (row.get(key) for key in _NAMES)
    elif isinstance(row, list):
        told = row
    return next((name for name in told if isinstance(name, str)), repr(row)[:40])


def _moved(urls: Any, base_url: str) -> Any:
    """The same URLs at another place."""
    if isinstance(urls, dict):
        return {key: _moved(value, base_url) for key, value in urls.items()}
    return _ORIGIN.sub(base_url, urls) if isinstance(urls, str) else urls


def _reading(instrument_id: str, row: Mapping[str, Any]) -> Reading:
    return reading(
        instrument_id,
        row.get("last"),
        row.get("bid"),
        row.get("ask"),
        row.get("baseVolume"),
        row.get("quoteVolume"),
        high=row.get("high"),
        low=row.get("low"),
    )
