"""Columns of exported files, and what they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui_tracker.cli.transfer.times import Times
from tui_tracker.core.candle import Provenance
from tui_tracker.core.metric import METRICS, Metric

ID: Final = "id"
"""Marks a file as one of ours: in others ``volume`` is that of a candle, here it is the metric."""
TIME: Final = {Times.RFC3339: "time", Times.MS: "time_ms"}
MINUTES: Final = "minutes"
"""Length of a row's interval; absent where rows are single minutes."""
CANDLE: Final = ("open", "high", "low", "close")
FROM: Final = "_from"
"""Ending of the column that tells where a metric's sample came from."""
SUMMED: Final = (Metric.FLOW, Metric.TRADES_MIN)
"""What happened within a minute, and is summed up over longer intervals."""


ORIGIN_NAMES: Final = {int(each): each.name.lower() for each in Provenance}
ORIGIN_TEXTS: Final = {0: "", **ORIGIN_NAMES}
"""How a provenance is written; nothing where nothing is known."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rows of an export look like."""

    metrics: tuple[Metric, ...] = METRICS
    every: int = 1
    """Minutes of a row: 1, 5 or 60."""
    times: Times = Times.RFC3339
    has_provenance: bool = False
    """Only of single minutes."""

    @property
    def time_column(self) -> str:
        """Name of the first column."""
        return TIME[self.times]

    @property
    def numbers(self) -> tuple[str, ...]:
        """Columns of numbers, in order."""
        names: list[str] = []
        for metric in self.metrics:
            is_candle = self.every > 1 and metric is Metric.PRICE
            names += CANDLE if is_candle else (metric.value,)
        return tuple(names)

    @property
    def origins(self) -> tuple[str, ...]:
        """Columns of provenance, in order."""
        return tuple(metric.value + FROM for metric in self.metrics) if self.has_provenance else ()

    @property
    def heads(self) -> tuple[str, ...]:
        """All columns, in order."""
        length = (MINUTES,) if self.every > 1 else ()
        return (self.time_column, ID, *length, *self.numbers, *self.origins)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of an export."""

    at_ms: int
    """First instant of its interval."""
    id: str
    numbers: Sequence[float]
    """In the order of ``Shape.numbers``; NaN where nothing is known."""
    origins: Sequence[int] = ()
    """In the order of ``Shape.origins``; 0 where nothing is known."""
