"""A source whose every answer is decided by the test."""

from collections.abc import Callable, Sequence

from tests.support.clock import FakeClock
from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.errors import SourceError
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.ticker import Ticker, TickerBatch
from tui_tracker.sources.base import HistoryStep, InstrumentBatch, ServerTime

MINUTE = 60_000


def instrument(pair: str, trading: Trading = Trading.ONLINE, source: str = "fake") -> Instrument:
    base, quote = pair.split("/")
    return Instrument(f"{source}:{base}-{quote}", base, quote, base + quote, (pair,), 2, trading)


def ticker(
    pair: str, last: float | None = 100.0, volume: float = 10.0, trades: int = 5, source: str = "fake"
) -> Ticker:
    quiet = last is None
    return Ticker(
        instrument(pair, source=source).id,
        last,
        None if last is None else last * 0.999,
        None if last is None else last * 1.001,
        0.0 if quiet else volume,
        0.0 if last is None else volume * last,
        0 if quiet else trades,
    )


class FakeSource:
    """Implements ``Source``; the test changes ``pairs``, ``prices``, ``error`` and ``server_ahead_s`` as it goes."""

    def __init__(self, clock: FakeClock, pairs: tuple[str, ...] = ("BTC/USD", "ETH/USD"), name: str = "fake") -> None:
        self.name = name
        self.is_simulated = False
        self.history: tuple[HistoryStep, ...] = (HistoryStep(5, 720), HistoryStep(1, 720))
        self.clock = clock
        self.listed = [instrument(pair, source=name) for pair in pairs]
        self.quoted = list(pairs)
        self.unreadable: tuple[str, ...] = ()
        """Of the quoted pairs."""
        self.price: Callable[[str, int], float | None] = lambda pair, minute: 100.0 + minute % 7
        self.quote: Callable[[str], float | None] | None = None
        """What quotes say instead of ``price``."""
        self.server_ahead_s = 0.0
        self.error: SourceError | None = None
        self.time_error: SourceError | None = None
        self.candle_errors: dict[str, SourceError] = {}
        self.calls: list[tuple[str, int]] = []
        self.slot_s = 0.0
        self.is_closed = False

    def polled_at(self) -> list[int]:
        return [at for name, at in self.calls if name == "tickers"]

    async def instruments(self) -> InstrumentBatch:
        self.calls.append(("instruments", self.clock.now_ms()))
        if self.error:
            raise self.error
        return InstrumentBatch(tuple(self.listed))

    def recall(self, instruments: Sequence[Instrument]) -> None:
        """Symbols are known from the start."""

    async def tickers(self) -> TickerBatch:
        now = self.clock.now_ms()
        self.calls.append(("tickers", now))
        if self.error:
            raise self.error
        minute = (now + round(self.server_ahead_s * 1000)) // MINUTE
        quote = self.quote or (lambda pair: self.price(pair, minute))
        quotes = tuple(ticker(p, quote(p), source=self.name) for p in self.quoted if p not in self.unreadable)
        symbols = {one.pair: one.symbol for one in self.listed}
        return TickerBatch(quotes, tuple((symbols[pair], "spoiled") for pair in self.unreadable), (), now)

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        now = self.clock.now_ms()
        self.calls.append((f"candles {instrument.pair} {step_minutes}", now))
        if self.error or instrument.pair in self.candle_errors:
            raise self.error or self.candle_errors[instrument.pair]
        end = (now + round(self.server_ahead_s * 1000)) // MINUTE
        starts = [m for m in range(end - 719 * step_minutes, end) if m % step_minutes == 0 and m + step_minutes <= end]
        prices = [(m, self.price(instrument.pair, m + step_minutes - 1)) for m in starts]
        return CandleBatch(step_minutes, tuple(Candle(m * MINUTE, p, 1.0) for m, p in prices if p is not None))

    async def server_time(self) -> ServerTime:
        now = self.clock.now_ms()
        self.calls.append(("time", now))
        if self.time_error:
            raise self.time_error
        return ServerTime(now + round(self.server_ahead_s * 1000), now, now)

    def next_slot_s(self) -> float:
        return self.slot_s

    async def aclose(self) -> None:
        self.is_closed = True
