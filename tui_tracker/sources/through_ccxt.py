"""Any exchange that ccxt knows, for those without a module of their own: ``https://docs.ccxt.com``.

ccxt keeps the pace that it knows for each exchange, and reads answers without bound. It takes longer to import than the
first screen may, so it is loaded, off the loop, by the first request.
"""

import asyncio
import importlib.util
import logging
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tui_tracker.core.candle import CandleBatch
from tui_tracker.core.errors import (
    ConfigError,
    MalformedDataError,
    RateLimitedError,
    RejectedError,
    SourceError,
    TimedOutError,
    UnreachableError,
)
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.answer import read_date, read_retry_after, reason, remedy
from tui_tracker.sources.base import CCXT, HistoryStep, InstrumentBatch, ServerTime
from tui_tracker.sources.budget import Priority, RequestBudget
from tui_tracker.sources.candles import CandleShape, ended_by, gather_candles
from tui_tracker.sources.listings import gather_instruments, make_instrument, symbol_index
from tui_tracker.sources.numbers import decimals, limited_digits
from tui_tracker.sources.quotes import Reading, gather_tickers, reading

if TYPE_CHECKING:
    from tui_tracker.core.clock import Clock

_ORIGIN: Final = re.compile(r"^https?://[^/]+")
_DECIMAL_PLACES: Final = 2
"""ccxt's mode of precision in which it is a number of decimals; in the other it is the smallest step."""
_CANDLES: Final = CandleShape()
_UNREADABLE: Final = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What ccxt raises where an answer is not what it expects."""

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
        clock: Stamps requests.
        budget: Remembers pauses; the pace is ccxt's.
        base_url: Another place to find all of its hosts at.
        keeps_pace: Whether ccxt spaces requests as it knows to be right.
    """

    is_simulated: bool = False
    history: tuple[HistoryStep, ...] = (HistoryStep(5, 300), HistoryStep(1, 300))

    def __init__(
        self,
        name: str,
        clock: "Clock",
        budget: RequestBudget,
        base_url: str | None = None,
        *,
        keeps_pace: bool = True,
    ) -> None:
        self.name: str = name
        self._clock = clock
        self._budget = budget
        self._base_url = base_url
        self._keeps_pace = keeps_pace
        self._exchange: Any = None
        self._ids: Mapping[str, str] = {}
        self._offset_ms = 0
        self._opening = asyncio.Lock()

    async def instruments(self) -> InstrumentBatch:
        """Read the markets, of which only those of spot count."""
        async with self._asking(Priority.CONTROL) as exchange:
            markets = await exchange.load_markets(True)
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
            if exchange.markets is None:
                await exchange.load_markets()
            sent_ms = self._clock.now_ms()
            found = await exchange.fetch_tickers()
            rows: Iterable[tuple[str, Mapping[str, Any]]] = [(str(row["symbol"]), row) for row in found.values()]
            return gather_tickers(rows, ids, _reading, sent_ms, lambda symbol: ":" in symbol)

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        """See ``Source.candles``."""
        step_ms = step_minutes * MINUTE_MS
        count = next((step.rows for step in self.history if step.minutes == step_minutes), 0)
        async with self._asking(Priority.BACKFILL) as exchange:
            if exchange.markets is None:
                await exchange.load_markets()
            sent_ms = self._clock.now_ms() + self._offset_ms
            since_ms = sent_ms // step_ms * step_ms - (count - 1) * step_ms
            rows = await exchange.fetch_ohlcv(instrument.symbol, f"{step_minutes}m", since_ms, count)
            picked = (_CANDLES.pick(row, step_ms) for row in rows)
            return gather_candles(picked, step_minutes, ended_by(sent_ms, step_minutes))

    async def server_time(self) -> ServerTime:
        """Read the exchange's clock, or, where it doesn't tell it, that of its server.

        Raises:
            MalformedDataError: If neither is told.
        """
        async with self._asking(Priority.CONTROL) as exchange:
            sent_ms = self._clock.now_ms()
            if exchange.has["fetchTime"]:
                server_ms = await exchange.fetch_time()
            else:
                await exchange.load_markets(True)
                server_ms = read_date((exchange.last_response_headers or {}).get("Date"))
            if not isinstance(server_ms, int) or server_ms <= 0:
                raise MalformedDataError("the answer doesn't tell the time")
        reading = ServerTime(server_ms, sent_ms, self._clock.now_ms())
        self._offset_ms = reading.offset_ms
        return reading

    def next_slot_s(self) -> float:
        """Seconds until a pause is over."""
        return self._budget.next_slot_s()

    async def aclose(self) -> None:
        """Close connections; nothing may be called after."""
        if self._exchange is not None:
            await self._exchange.close()

    @asynccontextmanager
    async def _asking(self, priority: Priority) -> AsyncIterator[Any]:
        """The exchange, once it is this request's turn; what ccxt raises becomes one of our errors."""
        async with self._opening:
            if self._exchange is None:
                self._exchange = await asyncio.to_thread(_build, self.name, self._base_url, self._keeps_pace)
                self._exchange.milliseconds = self._clock.now_ms
        await self._budget.acquire(priority)
        started_ms = self._clock.now_ms()
        try:
            yield self._exchange
        except SourceError:
            self._budget.log.note_failure()
            raise
        except _UNREADABLE as error:
            self._budget.log.note_failure()
            logger.debug("ccxt cannot read an answer of %s", self.name, exc_info=True)
            raise MalformedDataError(f"ccxt cannot read the answer: {clean(repr(error), 120)}") from error
        except Exception as error:
            self._budget.log.note_failure()
            translated = self._translated(error)
            if translated is None:
                raise
            raise translated from error
        self._budget.log.note_answer(self._clock.now_ms() - started_ms)

    def _translated(self, error: Exception) -> SourceError | None:
        """The error of ours for one of ccxt's; ``None`` for any other."""
        import ccxt

        text = clean(str(error).removeprefix(f"{self.name} "), 160)
        match error:
            case ccxt.DDoSProtection() | ccxt.RateLimitExceeded():
                headers = self._exchange.last_response_headers or {}
                retry_after_s = read_retry_after(headers.get("Retry-After"), self._clock.now_ms())
                self._budget.refused(retry_after_s)
                return RateLimitedError(f"{self.name} asks to slow down: {text}", retry_after_s)
            case ccxt.RequestTimeout():
                return TimedOutError(f"no whole answer in time: {text}")
            case ccxt.NetworkError() if isinstance(error.__cause__, OSError):
                return UnreachableError(f"no connection: {reason(error)}", remedy(error))
            case ccxt.BadResponse() | ccxt.NullResponse():
                return MalformedDataError(f"no answer of {self.name}'s API: {text}")
            case ccxt.BaseError():
                return RejectedError(f"{self.name} refuses: {text}")
        return None


def _build(name: str, base_url: str | None, keeps_pace: bool) -> Any:
    """An exchange of ccxt that asks for spot pairs alone, as far as it can be told to."""
    import ccxt.async_support

    exchange = getattr(ccxt.async_support, name)({"enableRateLimit": keeps_pace, "aiohttp_trust_env": True})
    exchange.has["fetchCurrencies"] = False  # needs a key on some, and tells nothing that is shown
    exchange.options["defaultType"] = "spot"
    wanted = exchange.options.get("fetchMarkets")
    if isinstance(wanted, dict) and isinstance(wanted.get("types"), list):
        wanted["types"] = [kind for kind in wanted["types"] if kind == "spot"] or wanted["types"]
    if base_url is not None:
        exchange.urls["api"] = _moved(exchange.urls["api"], base_url)
    return exchange


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
