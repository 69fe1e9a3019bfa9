"""The whole state of a market at one version, immutable."""

from dataclasses import dataclass

from tui_tracker.core.figures import Figures
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.status import SourceStatus


@dataclass(frozen=True, slots=True)
class Row:
    """One instrument: its last quote and the figures of each of its windows."""

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
    figures: tuple[Figures | None, ...]
    """In the order of ``METRICS``; ``None`` where the source never gave the metric."""
    provenance: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Minutes of the price window by where they came from, in the order of ``Provenance``."""

    @property
    def id(self) -> str:
        """The id of the instrument."""
        return self.instrument.id

    def figures_of(self, metric: Metric) -> Figures | None:
        """Statistics of one metric, or ``None``."""
        return self.figures[METRIC_INDEX[metric]]


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
