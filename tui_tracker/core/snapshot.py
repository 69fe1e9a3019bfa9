"""The whole state of a market at one version, immutable."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from operator import attrgetter
from typing import Final, NamedTuple

from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.status import SourceStatus

DAYS_A_YEAR: Final = 365


class Row(NamedTuple):
    """One instrument: its last quote and the figures of each of its windows.

    A named tuple for the reason that ``Figures`` is one.
    """

    instrument: Instrument
    last: float | None
    """Last trade as of the last poll that gave one."""
    bid: float | None
    ask: float | None
    volume_usd: float | None
    """24 h quote volume in US dollars; ``None`` where it is unknown or no route to USD exists."""
    traded: bool
    """Whether a trade happened in the window."""
    halted: str
    """Why it is not sampled (``maintenance``, ``cancel_only``, ``delisted``, ``not quoted``), or empty."""
    halted_since_ms: int | None
    figures: Sequence[Figures | None]
    """In the order of ``METRICS``; ``None`` where the source never gave the metric."""
    provenance: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Minutes of the price window by where they came from, in the order of ``Provenance``."""
    high: float | None = None
    """Highest trade of the last 24 h as the exchange reports it."""
    low: float | None = None
    """Lowest trade of the last 24 h as the exchange reports it."""
    activity: float | None = None
    """Share of the window's 5-minute intervals that saw a trade, a fraction of those that we know of, or ``None``."""
    is_suspect: bool = False
    """Whether ``last`` is far off mid although mid hardly moved: a bad print, or a trade of long ago."""
    mid_ms: int | None = None
    """Instant of the poll or message that bid and ask are of, corrected clock."""
    members: tuple[str, ...] = ()
    """Exchanges whose quotes a consolidated pair is made of."""

    @property
    def id(self) -> str:
        """The id of the instrument."""
        return self.instrument.id

    @property
    def mid(self) -> float | None:
        """(bid + ask) / 2; ``None`` unless both are known."""
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2

    @property
    def spread_bps(self) -> float | None:
        """(ask − bid) / mid in basis points; ``None`` unless both are known and their sum is positive."""
        if self.bid is None or self.ask is None or not self.bid + self.ask > 0:
            return None
        return (self.ask - self.bid) / (self.bid + self.ask) * 20_000

    @property
    def hl_range_pct(self) -> float | None:
        """(high − low) / mid · 100 of the exchange's 24 h; ``None`` unless all are known."""
        mid = self.mid
        if self.high is None or self.low is None or mid is None or not mid > 0:
            return None
        return (self.high - self.low) / mid * 100

    @property
    def parkinson(self) -> float | None:
        """√(ln(high/low)² / (4 ln 2)) · √365, a fraction a year; ``None`` unless both are known.

        Parkinson, "The extreme value method for estimating the variance of the rate of return", 1980.
        """
        if self.high is None or self.low is None or not self.high >= self.low > 0:
            return None
        return log(self.high / self.low) * _PARKINSON

    def figures_of(self, metric: Metric) -> Figures | None:
        """Statistics of one metric, or ``None``."""
        return self.figures[METRIC_INDEX[metric]]

    def measured(self, metric: Metric, measure: Measure) -> float | None:
        """What a pair is ranked by; ``None`` where it is undefined."""
        return value_reader(metric, measure)(self)


_PARKINSON: Final = sqrt(DAYS_A_YEAR / (4 * log(2)))
_OF_WINDOW: Final[Mapping[Measure, Callable[[Figures], float | None]]] = {
    Measure.STDDEV: attrgetter("stddev"),
    Measure.CV: attrgetter("cv"),
    Measure.VOLATILITY: attrgetter("volatility"),
    Measure.RANGE: attrgetter("range_pct"),
    Measure.BIPOWER: attrgetter("bipower"),
}
_OF_ROW: Final[Mapping[Measure, Callable[[Row], float | None]]] = {
    Measure.HL_RANGE: attrgetter("hl_range_pct"),
    Measure.PARKINSON: attrgetter("parkinson"),
}
"""Measures that the exchange's high and low tell: of the price, whatever the window."""


def value_reader(metric: Metric, measure: Measure) -> Callable[[Row], float | None]:
    """How a measure of a metric is read off a row; it gives ``None`` where that is undefined."""
    of_row = _OF_ROW.get(measure)
    if of_row is not None:
        return of_row if metric is Metric.PRICE else _undefined
    index, of_window = METRIC_INDEX[metric], _OF_WINDOW[measure]

    def read(row: Row) -> float | None:
        figures = row.figures[index]
        return None if figures is None else of_window(figures)

    return read


def _undefined(_: Row) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All rows of a source, over the same minutes.

    Snapshots with the same ``version`` hold the same rows; their ``status`` may differ.
    """

    version: int
    at_ms: int | None
    """Instant of the last accepted poll (corrected clock), ``None`` before the first."""
    end_ms: int | None
    """The last minute of every window, ``None`` before the first poll."""
    window_minutes: int
    rows: tuple[Row, ...]
    """In the order of their ids."""
    status: SourceStatus
    known_minutes: int | None = None
    """Last minutes of the window that the history tells anything of, where that may be less than all; else ``None``."""

    def least_coverage(self, share: float) -> float:
        """The observed share of the window that is asked of a pair: ``share`` of what anything is known of."""
        return share if self.known_minutes is None else share * self.known_minutes / self.window_minutes
