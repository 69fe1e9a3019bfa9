"""Which number of a pair is sampled each minute."""

from enum import StrEnum
from typing import Final


class Metric(StrEnum):
    """A number that a ticker gives; each has its own window per pair."""

    PRICE = "price"
    """Last trade, in the quote currency."""
    MID = "mid"
    """(bid + ask) / 2, in the quote currency."""
    VOLUME = "volume"
    """Base volume of the last 24 h as the exchange reports it: a rolling sum."""
    QUOTE_VOLUME = "quote_volume"
    """Quote volume of the last 24 h: a rolling sum."""
    SPREAD = "spread"
    """(ask − bid) / mid in basis points."""
    TRADES = "trades"
    """Number of trades in the last 24 h: a rolling sum."""
    FLOW = "flow"
    """Base volume of the minute."""
    TRADES_MIN = "trades_min"
    """Number of trades in the minute."""

    @property
    def label(self) -> str:
        """The name shown to people."""
        return _TITLES[self]

    @property
    def is_price(self) -> bool:
        """Whether the number is in quote currency per unit of base, so the tick gives its digits."""
        return self in (Metric.PRICE, Metric.MID)

    @property
    def has_returns(self) -> bool:
        """Whether the number is a level, of which returns can be told; what happened within a minute has none."""
        return self not in (Metric.FLOW, Metric.TRADES_MIN)

    @property
    def is_in_candles(self) -> bool:
        """Whether an exchange's candles tell its past; of all else there is what was collected."""
        return self in (Metric.PRICE, Metric.FLOW, Metric.TRADES_MIN)


METRICS: Final[tuple[Metric, ...]] = tuple(Metric)
"""All metrics; a metric's place here is its index in every per-metric tuple."""

QUOTED: Final = METRICS[: METRICS.index(Metric.FLOW)]
"""The metrics that a single ticker tells; the others take two, or candles."""

METRIC_INDEX: Final[dict[Metric, int]] = {metric: index for index, metric in enumerate(METRICS)}

_TITLES: Final = {
    Metric.PRICE: "price",
    Metric.MID: "mid",
    Metric.VOLUME: "volume (rolling 24 h sum)",
    Metric.QUOTE_VOLUME: "quote volume (rolling 24 h sum)",
    Metric.SPREAD: "spread (bps)",
    Metric.TRADES: "trades (rolling 24 h sum)",
    Metric.FLOW: "flow (volume a minute)",
    Metric.TRADES_MIN: "trades a minute",
}
