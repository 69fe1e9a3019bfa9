"""Things that streams follow: each is read once for every snapshot and encoded once for all its followers."""

import logging
import math
from array import array
from collections import deque
from typing import Final, Protocol

from tui_tracker.api.board import Board
from tui_tracker.api.documents import rank_text
from tui_tracker.api.scope import whole_scope
from tui_tracker.core.errors import TrackerError, UnknownPairError
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.feed import messages
from tui_tracker.feed.translate import known, report_event, rows_event, series_event
from tui_tracker.feed.wire import Codec, Encoding
from tui_tracker.stats.ranking import Scope

KEPT_CHANGES: Final = 64
"""Changes of a thing that a follower may miss and still get one by one; beyond, it gets the whole."""
_BLOCK: Final = 60
"""Minutes that are compared at once."""
_log = logging.getLogger(__name__)
_NOTHING: Final = Figures(1, 0, None, None, None, None, None, None, None, None, None)


class Encoded:
    """An event, as bytes in each encoding that somebody asked for."""

    def __init__(self, event: messages.Event) -> None:
        self._event: Final = event
        self._data: dict[Encoding, bytes] = {}

    def data(self, codec: Codec) -> bytes:
        """The event in one encoding."""
        made = self._data.get(codec.encoding)
        if made is None:
            made = self._data[codec.encoding] = codec.event(self._event)
        return made


class Topic(Protocol):
    """One thing that can be followed."""

    followers: int
    is_costly: bool
    """Whether it is let go of as soon as nobody follows it."""

    async def refresh(self, board: Board, snapshot: Snapshot, seq: int) -> None:
        """Take what a snapshot changes; ``seq`` is the number of the state with it."""
        ...

    def since(self, seq: int | None) -> list[Encoded]:
        """What leads from state ``seq`` (``None`` for nothing) to the newest, in order."""
        ...


class Whole:
    """A thing that is told whole whenever it changes."""

    is_costly: bool = False

    def __init__(self) -> None:
        self.followers = 0
        self._seq = 0
        self._event: messages.Event | None = None
        self._encoded: Encoded | None = None

    def since(self, seq: int | None) -> list[Encoded]:
        """See ``Topic.since``."""
        return [] if self._encoded is None or (seq is not None and seq >= self._seq) else [self._encoded]

    def _tell(self, event: messages.Event, seq: int) -> None:
        if event != self._event:
            self._event, self._encoded, self._seq = event, Encoded(event), seq


class Changes:
    """A thing of which changes are told, the last ``KEPT_CHANGES`` of them."""

    is_costly = False

    def __init__(self) -> None:
        self.followers = 0
        self._log: deque[tuple[int, Encoded]] = deque(maxlen=KEPT_CHANGES)
        self._complete_from: int | None = None
        """State from which on the log leads to the newest; ``None`` while there is nothing."""
        self._whole: Encoded | None = None

    def since(self, seq: int | None) -> list[Encoded]:
        """See ``Topic.since``."""
        if self._complete_from is None:
            return []
        if seq is None or seq < self._complete_from:
            if self._whole is None:
                self._whole = Encoded(self._make_whole())
            return [self._whole]
        return [encoded for at, encoded in self._log if at > seq]

    def _make_whole(self) -> messages.Event:
        raise NotImplementedError

    def _start(self, seq: int) -> None:
        """From here on; nothing leads here from before."""
        self._log.clear()
        self._whole, self._complete_from = None, seq

    def _add(self, seq: int, change: messages.Event) -> None:
        if len(self._log) == KEPT_CHANGES:
            self._complete_from = self._log[0][0]
        self._log.append((seq, Encoded(change)))
        self._whole = None


class RowsTopic(Changes):
    """All rows."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Snapshot | None = None

    async def refresh(self, board: Board, snapshot: Snapshot, seq: int) -> None:  # noqa: ARG002
        """See ``Topic.refresh``."""
        before, self._snapshot = self._snapshot, snapshot
        if before is not None and before.version == snapshot.version and self._complete_from is not None:
            return
        if before is None or len(before.rows) != len(snapshot.rows) or before.window_minutes != snapshot.window_minutes:
            self._start(seq)
            return
        pairs = list(zip(before.rows, snapshot.rows, strict=True))
        if any(old.instrument.id != new.instrument.id for old, new in pairs):
            self._start(seq)
            return
        self._add(seq, rows_event(snapshot, (new for old, new in pairs if new is not old), before.version))

    def _make_whole(self) -> messages.Event:
        assert self._snapshot is not None
        return rows_event(self._snapshot, self._snapshot.rows)


class RowsOverTopic(RowsTopic):
    """All rows, over another window; over the usual one while that can't be had."""

    is_costly = True

    def __init__(self, minutes: int, metric: Metric) -> None:
        super().__init__()
        self._minutes, self._shown = minutes, metric

    async def refresh(self, board: Board, snapshot: Snapshot, seq: int) -> None:
        """See ``Topic.refresh``."""
        try:
            snapshot = await board.over(self._minutes, self._shown)
        except TrackerError as error:
            _log.warning("no window of %d minutes: %s", self._minutes, error)
        await super().refresh(board, snapshot, seq)


class ReportTopic(Whole):
    """How the source is doing."""

    async def refresh(self, board: Board, snapshot: Snapshot, seq: int) -> None:  # noqa: ARG002
        """See ``Topic.refresh``."""
        self._tell(report_event(board.feed.health()), seq)


class SeriesTopic(Changes):
    """The samples of one window."""

    def __init__(self, instrument_id: str, metric: Metric) -> None:
        super().__init__()
        self._id, self._metric = instrument_id, metric
        self._series: Series | None = None

    async def refresh(self, board: Board, snapshot: Snapshot, seq: int) -> None:  # noqa: ARG002
        """See ``Topic.refresh``; a pair that is listed no more stays as it was."""
        try:
            series = await board.feed.series(self._id, self._metric)
        except UnknownPairError:
            return
        before, self._series = self._series, series
        if before is None:
            self._start(seq)
            return
        change = _difference(before, series)
        if change is None:
            return
        if len(change.samples) > len(series.values) // 4:
            self._start(seq)
        else:
            self._add(seq, change)

    def _make_whole(self) -> messages.Event:
        assert self._series is not None
        return series_event(self._series)


def _difference(before: Series, after: Series) -> messages.Samples | None:
    """What leads from one series of a window to a later one; ``None`` if they are equal."""
    shift, count = (after.start_ms - before.start_ms) // MINUTE_MS, len(after.values)
    old = array("d", [math.nan]) * min(max(0, -shift), count) + before.values[max(0, shift) :]
    old = (old + array("d", [math.nan]) * count)[:count]
    was, now = old.tobytes(), after.values.tobytes()
    changed = tuple(
        (after.start_ms + index * MINUTE_MS, known(after.values[index]))
        for start in range(0, count, _BLOCK)
        if was[start * 8 : (start + _BLOCK) * 8] != now[start * 8 : (start + _BLOCK) * 8]
        for index in range(start, min(count, start + _BLOCK))
        if known(old[index]) != known(after.values[index])
    )
    if not changed and not shift and len(before.values) == count:
        return None
    return messages.Samples(
        id=after.instrument_id, metric=after.metric.value, start_ms=after.start_ms, length=count, samples=changed
    )


class StatisticsTopic(Whole):
    """The figures of one window, and its ranks among all pairs."""

    def __init__(self, instrument_id: str, metric: Metric) -> None:
        super().__init__()
        self._id, self._metric = instrument_id, metric

    async def refresh(self, board: Board, snapshot: Snapshot, seq: int) -> None:
        """See ``Topic.refresh``."""
        row = board.row(self._id)
        if row is not None and snapshot.at_ms is not None:
            self._tell(self._statistics(board, row), seq)

    def _statistics(self, board: Board, row: Row) -> messages.Event:
        rankings = {measure: board.ranking(self._metric, measure, whole_scope(row)) for measure in Measure}
        figures = row.figures_of(self._metric) or _NOTHING
        place = rankings[Measure.STDDEV].place(row.id)
        return messages.Statistics(
            id=row.id,
            metric=self._metric.value,
            stddev=figures.stddev,
            mean=figures.mean,
            min=figures.minimum,
            max=figures.maximum,
            first=figures.first,
            last=figures.last,
            change_pct=figures.change_pct,
            cv=figures.cv,
            volatility=figures.volatility,
            range_pct=figures.range_pct,
            bipower=figures.bipower,
            coverage=figures.coverage,
            ranks={one.value: rank_text(ranking.place(row.id), ranking) for one, ranking in rankings.items()},
            reason="" if place is None else place.reason,
        )


class RankingTopic(Whole):
    """A ranking, the first places of it; over another window it stays as it was while that can't be had."""

    def __init__(
        self, spec: messages.RankingSpec, metric: Metric, measure: Measure, scope: Scope, minutes: int | None = None
    ) -> None:
        super().__init__()
        self._spec, self._metric, self._measure, self._scope = spec, metric, measure, scope
        self._minutes = minutes
        self.is_costly = minutes is not None

    async def refresh(self, board: Board, snapshot: Snapshot, seq: int) -> None:
        """See ``Topic.refresh``."""
        if snapshot.at_ms is None:
            return
        if self._minutes is not None:
            try:
                snapshot = await board.over(self._minutes, self._metric)
            except TrackerError as error:
                _log.warning("no window of %d minutes: %s", self._minutes, error)
                return
        ranking = board.ranking(self._metric, self._measure, self._scope, snapshot)
        places = tuple(
            messages.PlaceWire(place.row.id, place.row.instrument.pair, place.rank, place.value, place.reason)
            for place in ranking.places[: self._spec.limit]
        )
        self._tell(messages.RankingWire(spec=self._spec, ranked=ranking.ranked, places=places), seq)
