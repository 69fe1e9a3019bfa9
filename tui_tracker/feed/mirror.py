"""What a client knows of a market from the frames that a server sent: pure, no network."""

import math
from array import array
from collections.abc import Container, Mapping
from dataclasses import replace

from tui_tracker.core.errors import FeedError
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceReport, SourceState, SourceStatus
from tui_tracker.feed import messages
from tui_tracker.feed.translate import gap_or, report_of, rows_of, series_of
from tui_tracker.feed.wire import Frame

Window = tuple[str, Metric]
_METRICS: Mapping[str, Metric] = {metric.value: metric for metric in METRICS}


class Mirror:
    """The newest snapshot, report and series, brought up to date frame by frame.

    Args:
        name: What the source is called until the server tells.
    """

    def __init__(self, name: str) -> None:
        status = SourceStatus(name, SourceState.OFFLINE)
        self.report = SourceReport(status)
        self.snapshot = Snapshot(0, None, None, 0, (), status)
        self.series: dict[Window, Series] = {}
        self.hello: messages.Hello | None = None
        self.seq = 0
        """State of the server that all of this is."""
        self._told = self.report
        self._rows: dict[str, Row] = {}
        self._has_rows = False

    def apply(self, frame: Frame) -> bool:
        """Take a frame; return whether there is another snapshot now.

        Raises:
            FeedError: If it doesn't follow from what is known, or makes no sense.
        """
        before = self.snapshot
        for event in frame.events:
            match event:
                case messages.Hello():
                    self.hello = event
                case messages.Rows():
                    self._take_rows(event)
                case messages.Report():
                    self._told = report_of(event)
                    self.regain()
                case messages.SeriesWire() if event.metric in _METRICS:
                    metric = _METRICS[event.metric]
                    self.series[event.id, metric] = series_of(event, metric, frame.version)
                case messages.Samples() if event.metric in _METRICS:
                    self._take_samples(event, _METRICS[event.metric])
                case _:
                    pass
        self.seq = frame.seq
        return self.snapshot is not before

    def keep(self, windows: Container[Window]) -> None:
        """Forget all series but these."""
        for window in [window for window in self.series if window not in windows]:
            del self.series[window]

    def regain(self) -> None:
        """Say what the server last said of the source."""
        self.report = self._told
        self.snapshot = replace(self.snapshot, status=self.report.status)

    def lose(self, reason: str, now_ms: int, next_ms: int | None) -> None:
        """Say that the server is out of reach, and when it is tried again (``None`` while it is); all else stays."""

        def lost(status: SourceStatus) -> SourceStatus:
            return replace(
                status,
                state=SourceState.OFFLINE,
                error=reason,
                last_attempt_ms=now_ms,
                next_poll_ms=next_ms,
                stream="",
                parts=tuple(lost(part) for part in status.parts),
            )

        parts = tuple(replace(part, status=lost(part.status)) for part in self._told.parts)
        self.report = replace(self._told, status=lost(self._told.status), parts=parts)
        self.snapshot = replace(self.snapshot, status=self.report.status)

    def _take_rows(self, event: messages.Rows) -> None:
        if event.base is None:
            self._rows = rows_of(event)
        elif not self._has_rows or event.base != self.snapshot.version:
            raise FeedError("the server sent a change of something that is not known")
        else:
            self._rows = self._rows | rows_of(event)
        self._has_rows = True
        rows = tuple(row for _, row in sorted(self._rows.items()))
        self.snapshot = Snapshot(
            event.version,
            event.at_ms,
            event.end_ms,
            event.window_minutes,
            rows,
            self.report.status,
            event.known_minutes,
        )

    def _take_samples(self, event: messages.Samples, metric: Metric) -> None:
        known = self.series.get((event.id, metric))
        if known is None:
            return  # it was let go of while they were on their way
        if not 0 <= event.length <= 1_000_000:
            raise FeedError("the server sent a window without bounds")
        shift = (event.start_ms - known.start_ms) // MINUTE_MS
        gap = array("d", [math.nan])
        values = gap * min(max(0, -shift), event.length) + known.values[max(0, shift) :]
        values = (values + gap * event.length)[: event.length]
        for minute_ms, value in event.samples:
            index = (minute_ms - event.start_ms) // MINUTE_MS
            if not 0 <= index < event.length:
                raise FeedError("the server sent a sample outside of its window")
            values[index] = gap_or(value)
        self.series[event.id, metric] = Series(event.id, metric, event.start_ms, values)
