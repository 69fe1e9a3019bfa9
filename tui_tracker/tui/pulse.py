"""How volatile the whole market is, minute by minute since the app was started. Pure."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Row, Snapshot

DAY_MINUTES: Final = 1_440
KNOWN: Final = 0.5
"""Share of the pairs that trade that must be known for a median …"""
KNOWN_LOADING: Final = 0.95
"""… and while history is loaded, the liquid ones first: their median is not that of all."""
REST_MS: Final = 10_000
"""A minute's value is measured anew by polls that come so long after it was."""
_PRICE: Final = METRIC_INDEX[Metric.PRICE]


class Pulse:
    """The median cv of a market's prices, at most one value a minute, of the last 24 h.

    Args:
        min_coverage: Observed share of the window from which on a pair counts.
    """

    def __init__(self, min_coverage: float) -> None:
        self._min_coverage = min_coverage
        self._beats: deque[tuple[int, float]] = deque()
        self._version: int | None = None
        self._at_ms: int | None = None
        self._window: int | None = None
        self._pairs = 0

    @property
    def last(self) -> float | None:
        """The newest value, a fraction; ``None`` before the first."""
        return self._beats[-1][1] if self._beats else None

    @property
    def start_ms(self) -> int | None:
        """The oldest minute that is kept."""
        return self._beats[0][0] if self._beats else None

    @property
    def extent(self) -> tuple[float, float] | None:
        """(smallest, largest) value that is kept."""
        values = [value for _, value in self._beats]
        return (min(values), max(values)) if values else None

    def measured(self, snapshot: Snapshot) -> float | None:
        """The value of a snapshot; ``None`` if it has none, or was noted before. O(n log n); a thread may call it.

        What streams tell between two polls changes next to nothing of it, and is left out, as are all but the first of
        the exchanges that poll in the same seconds.
        """
        if snapshot.end_ms is None or snapshot.version == self._version:
            return None
        is_measured = bool(self._beats) and self._beats[-1][0] == snapshot.end_ms
        is_like = (len(snapshot.rows), snapshot.window_minutes) == (self._pairs, self._window)
        is_soon = (snapshot.at_ms or 0) - (self._at_ms or 0) < REST_MS
        if is_measured and is_like and is_soon and not snapshot.status.backfill.is_running:
            return None
        least = KNOWN_LOADING if snapshot.status.backfill.is_running else KNOWN
        return median_cv(snapshot.rows, self._min_coverage, least)

    def note(self, snapshot: Snapshot, value: float | None) -> None:
        """Take the newest version and its value into account; a later one of the same minute replaces it.

        Values over another window can't be compared with those before, which are forgotten.
        """
        if snapshot.end_ms is None:
            return
        if value is not None:
            self._at_ms, self._pairs = snapshot.at_ms, len(snapshot.rows)
        self._version = snapshot.version
        if snapshot.window_minutes != self._window:
            self._window = snapshot.window_minutes
            self._beats.clear()
        if value is None:
            return
        if self._beats and self._beats[-1][0] >= snapshot.end_ms:
            self._beats.pop()
        self._beats.append((snapshot.end_ms, value))
        while self._beats[0][0] <= snapshot.end_ms - DAY_MINUTES * MINUTE_MS:
            self._beats.popleft()

    def columns(self, count: int) -> list[float | None]:
        """The mean of each of ``count`` equal spans of the time that is kept; ``None`` where there is none."""
        if not self._beats or count < 1:
            return []
        start_ms = self._beats[0][0]
        minutes = (self._beats[-1][0] - start_ms) // MINUTE_MS + 1
        count = min(count, minutes)
        spans: list[list[float]] = [[] for _ in range(count)]
        for at_ms, value in self._beats:
            spans[(at_ms - start_ms) // MINUTE_MS * count // minutes].append(value)
        return [sum(span) / len(span) if span else None for span in spans]


def median_cv(rows: Iterable[Row], min_coverage: float, least: float = KNOWN) -> float | None:
    """The median cv of prices over the pairs that trade and are observed well enough, a fraction.

    ``None`` where these are less than a share of ``least`` of the pairs that trade.
    """
    values: list[float] = []
    trading = 0
    for row in rows:
        figures = row.figures[_PRICE]
        if row.halted or not row.traded:
            continue
        trading += 1
        if figures is None or figures.samples < min_coverage * figures.length:
            continue
        mean, stddev = figures.mean, figures.stddev
        if mean is not None and stddev is not None and mean > 0:
            values.append(stddev / mean)
    return _median(values) if values and len(values) >= least * trading else None


def _median(values: list[float]) -> float:
    """As ``statistics.median``, which takes longer to import than the first screen may."""
    values.sort()
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


BARS: Final = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None]) -> str:
    """One bar a value, from the lowest to the highest of them; a blank where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    low, span = min(known), max(known) - min(known)
    return "".join(
        " " if value is None else BARS[round((value - low) / span * (len(BARS) - 1)) if span > 0 else 0]
        for value in values
    )
