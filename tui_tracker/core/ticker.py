"""One observation of one instrument."""

from dataclasses import dataclass
from typing import Final, NamedTuple

MOST_OFF_MID: Final = 0.1
"""A last trade further from mid, as a fraction of it, is hard to believe."""
CALM_MID: Final = 0.01
"""A mid that moved less, as a fraction, did not follow the last trade."""


class Ticker(NamedTuple):
    """What an exchange said of an instrument; ``None`` where it said nothing usable.

    A named tuple, since thousands are made at each poll and it is made in a fifth of a frozen dataclass's time.
    """

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
    high: float | None = None
    """Highest trade of the last 24 h, as the exchange reports it."""
    low: float | None = None
    """Lowest trade of the last 24 h, as the exchange reports it."""
    today_volume: float | None = None
    """Base volume since 00:00 UTC: a counter that starts anew each day."""
    today_trades: int | None = None
    """Number of trades since 00:00 UTC: a counter that starts anew each day."""

    @property
    def mid(self) -> float | None:
        """(bid + ask) / 2; ``None`` unless both are known."""
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2

    def values(self) -> tuple[float | None, ...]:
        """The value of each of the ``QUOTED`` metrics, in their order; ``None`` where there is none."""
        bid, ask = self.bid, self.ask
        mid = spread = None
        if bid is not None and ask is not None:
            mid = (bid + ask) / 2
            spread = (ask - bid) / mid * 10_000
        trades = None if self.trades is None else float(self.trades)
        return self.last, mid, self.base_volume, self.quote_volume, spread, trades

    def completed_by(self, before: "Ticker") -> "Ticker":
        """This one, and of an earlier one what this one doesn't say; bid and ask, high and low go together."""
        has_book = self.bid is not None or self.ask is not None
        has_range = self.high is not None
        return Ticker(
            self.instrument_id,
            _first(self.last, before.last),
            self.bid if has_book else before.bid,
            self.ask if has_book else before.ask,
            _first(self.base_volume, before.base_volume),
            _first(self.quote_volume, before.quote_volume),
            before.trades if self.trades is None else self.trades,
            self.high if has_range else before.high,
            self.low if has_range else before.low,
            _first(self.today_volume, before.today_volume),
            before.today_trades if self.today_trades is None else self.today_trades,
        )

    def is_suspect_after(self, before: "Ticker") -> bool:
        """Whether the last trade is more than 10 % off mid although mid moved less than 1 % since ``before``."""
        last, mid, earlier = self.last, self.mid, before.mid
        if last is None or mid is None or earlier is None:
            return False
        return abs(last - mid) > MOST_OFF_MID * mid and abs(mid - earlier) < CALM_MID * earlier


def _first(value: float | None, otherwise: float | None) -> float | None:
    return otherwise if value is None else value


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
