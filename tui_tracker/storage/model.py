"""What is written and read."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import nan
from typing import Final, NamedTuple

from tui_tracker.core.candle import Provenance
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.ticker import Ticker
from tui_tracker.stats.window import polled

POLL: Final = int(Provenance.POLL)
FILLED: Final = (Metric.PRICE, Metric.FLOW, Metric.TRADES_MIN)
"""The metrics that candles tell."""


class LastSeen(NamedTuple):
    """What is known of one instrument beside its windows, so that a restarted process goes on where it stopped.

    A named tuple, since each minute makes one of every instrument.
    """

    instrument_id: str
    ticker: Ticker | None = None
    """The last quote of the minute or before, with today's counters."""
    quoted_ms: int | None = None
    is_suspect: bool = False
    halted: str = ""
    halted_since_ms: int | None = None
    last_trade_ms: int | None = None
    activity_newest: int = -1
    """Newest 5-minute interval since the epoch of which something is known, or -1."""
    activity_known: int = 0
    """A bit for each interval, the newest lowest: whether anything is known of it."""
    activity_active: int = 0
    """… and whether something traded."""


@dataclass(frozen=True, slots=True)
class Latest:
    """What is known beside the windows at the end of a minute."""

    minute_ms: int
    instruments: tuple[LastSeen, ...]
    polled_ms: int | None = None
    """Minute of the last accepted poll."""


@dataclass(frozen=True, slots=True)
class Minute:
    """One closed minute of a source."""

    source: str
    minute_ms: int
    instrument_ids: tuple[str, ...]
    """The order of everything below; best the same each minute."""
    values: "tuple[array[float], ...]"
    """One array a metric, in the order of ``METRICS``; NaN where nothing was observed."""
    provenance: tuple[bytes, ...] | None = None
    """One string a metric, 0 where nothing was observed; ``None`` where all is polled."""
    today_volume: "array[float] | None" = None
    """Today's counters, of which flow is the gain: with them it takes no space."""
    today_trades: "array[float] | None" = None
    latest: Latest | None = None

    @property
    def minute(self) -> int:
        """Minutes since the epoch."""
        return self.minute_ms // MINUTE_MS

    def arrays(self) -> "tuple[array[float], ...]":
        """Metrics and counters."""
        unknown = array("d", [nan]) * len(self.instrument_ids)
        return (*self.values, self.today_volume or unknown, self.today_trades or unknown)

    def origins(self) -> tuple[bytes, ...]:
        """Provenance of metrics and counters."""
        arrays = self.arrays()
        given = self.provenance or tuple(map(_origins, arrays[: len(METRICS)]))
        return (*given, *map(_origins, arrays[len(METRICS) :]))


def _origins(values: "array[float]") -> bytes:
    """As ``polled``, faster where all or none of the samples are known."""
    if values.tobytes() == (array("d", [nan]) * len(values)).tobytes():
        return bytes(len(values))
    if (total := sum(values)) == total:
        return bytes([POLL]) * len(values)
    return polled(values)


@dataclass(frozen=True, slots=True)
class Fill:
    """What candles told of one instrument, or an import: up to a day, of any metrics."""

    source: str
    instrument_id: str
    first: int
    """The first minute since the epoch."""
    values: "Mapping[Metric, array[float]]"
    """Of the metrics that are known, all of one length; NaN where nothing is known."""
    provenance: Mapping[Metric, bytes]
    traded: Mapping[int, bool] = field(default_factory=dict)
    """Whether something traded in an interval of 5 minutes, by its first minute since the epoch."""

    @property
    def minutes(self) -> int:
        """How many minutes it spans."""
        return len(next(iter(self.values.values()), ()))

    @classmethod
    def of(
        cls,
        source: str,
        instrument_id: str,
        samples: Mapping[Metric, Iterable[tuple[int, float]]],
        provenance: Provenance,
        traded: Mapping[int, bool] | None = None,
    ) -> "Fill | None":
        """Make one from (minute in ms, value) pairs, or ``None`` where there are none."""
        pairs = {metric: [(ms // MINUTE_MS, value) for ms, value in found] for metric, found in samples.items()}
        minutes = [minute for found in pairs.values() for minute, _ in found]
        if not minutes:
            if not traded:
                return None
            minutes = [min(traded)]
        first, count = min(minutes), max(minutes) - min(minutes) + 1
        values = {metric: array("d", [nan]) * count for metric in FILLED}
        origins = {metric: bytearray(count) for metric in FILLED}
        for metric, found in pairs.items():
            for minute, value in found:
                values[metric][minute - first] = value
                origins[metric][minute - first] = int(provenance)
        kept = {metric: bytes(each) for metric, each in origins.items()}
        return cls(source, instrument_id, first, values, kept, dict(traded or {}))


@dataclass(frozen=True, slots=True)
class Listing:
    """An instrument as it was last listed."""

    instrument: Instrument
    changed_ms: int
    """When what is known of it changed last."""
