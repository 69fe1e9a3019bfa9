"""One observation of one instrument."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ticker:
    """What an exchange said of an instrument; ``None`` where it said nothing usable."""

    instrument_id: str
    last: float | None
    bid: float | None
    ask: float | None
    base_volume: float | None
    """Rolling 24 h sum in the base asset."""
    quote_volume: float | None
    """Rolling 24 h sum in the quote asset."""
    trades: int | None
    """Number of trades in the last 24 h."""

    def values(self) -> tuple[float | None, ...]:
        """The value of each metric, in the order of ``METRICS``; ``None`` where there is none."""
        bid, ask = self.bid, self.ask
        mid = spread = None
        if bid is not None and ask is not None:
            mid = (bid + ask) / 2
            spread = (ask - bid) / mid * 10_000
        trades = None if self.trades is None else float(self.trades)
        return self.last, mid, self.base_volume, self.quote_volume, spread, trades


@dataclass(frozen=True, slots=True)
class TickerBatch:
    """All tickers of one poll."""

    tickers: tuple[Ticker, ...]
    malformed: tuple[tuple[str, str], ...] = ()
    """(symbol, reason) of each row that could not be read."""
    unknown: tuple[str, ...] = ()
    """Symbols that belong to no known instrument."""
    sent_ms: int = 0
    """Local wall clock at the instant the request was sent."""
