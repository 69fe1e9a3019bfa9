"""What happened in the market, found by comparing each poll with the one before. Pure."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.figures import Figures
from tui_tracker.core.instrument import Trading
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.stats.ranking import MIN_COVERAGE, Place, Ranking

DAY_MINUTES: Final = 1_440
MOST_EVENTS: Final = 500
LEAST_JUMP: Final = 20
"""Places that a pair must move between two polls to be told of."""
RECORD_REST_MS: Final = 3_600_000
"""A pair that makes one record after the other is told of once until it rested so long."""
_PRICE: Final = METRIC_INDEX[Metric.PRICE]


class Happening(StrEnum):
    """What can happen to a pair."""

    NEW = "new"
    HALTED = "halted"
    RESUMED = "resumed"
    DELISTED = "delisted"
    HIGH = "high"
    LOW = "low"
    RISE = "rise"
    """It climbed in the ranking."""
    FALL = "fall"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one pair."""

    at_ms: int
    """Instant of the poll that told of it."""
    happening: Happening
    instrument_id: str
    pair: str
    detail: str
    """What more there is to say: from outside, so not safe to show."""
    exchange: str = ""
    """Where it is listed, where pairs of several exchanges are watched."""


class EventLog:
    """The last events of a market.

    Args:
        min_coverage: Observed share of the window from which on a high or low counts as a record.
    """

    def __init__(self, min_coverage: float = MIN_COVERAGE) -> None:
        self._min_coverage = min_coverage
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._rows: dict[str, Row] = {}
        self._ranking: Ranking | None = None
        self._at_ms: int | None = None
        self._records: dict[tuple[str, Happening], int] = {}
        self._is_daily = True

    def __iter__(self) -> Iterator[Event]:
        """Events, the newest first."""
        return reversed(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def note(self, snapshot: Snapshot, ranking: Ranking) -> None:
        """Compare a snapshot with the last poll's; the first is only remembered. O(rows); a thread may call it."""
        if snapshot.at_ms is None or snapshot.at_ms == self._at_ms:
            return
        at_ms = self._at_ms = snapshot.at_ms
        before, self._rows = self._rows, {row.instrument.id: row for row in snapshot.rows}
        self._is_daily = snapshot.window_minutes == DAY_MINUTES
        events: list[Event] = list(self._of_rows(before, at_ms)) if before else []
        previous, self._ranking = self._ranking, ranking
        if previous is not None and _is_same_kind(previous, ranking):
            events += jumps(previous, ranking, at_ms)
        if snapshot.status.parts:
            events = [replace(event, exchange=event.instrument_id.partition(":")[0]) for event in events]
        self._events.extend(events)

    def _of_rows(self, before: Mapping[str, Row], at_ms: int) -> Iterator[Event]:
        """What happened to each row; an exchange that answers for the first time lists nothing new."""
        known = {key.partition(":")[0] for key in before}
        for key, row in self._rows.items():
            was = before.get(key)
            if was is row:
                continue
            if was is None:
                if row.instrument.source in known and not row.instrument.is_consolidated:
                    yield _event(at_ms, Happening.NEW, row)
            elif row.halted != was.halted:
                if not row.instrument.is_consolidated:
                    yield _trading_event(at_ms, row)
            elif (happening := _beyond(row.figures[_PRICE], was.figures[_PRICE])) is not None:
                yield from self._record(row, was, happening, at_ms)
        for key in before.keys() - self._rows.keys():
            yield _event(at_ms, Happening.DELISTED, before[key])

    def _record(self, row: Row, was: Row, happening: Happening, at_ms: int) -> Iterator[Event]:
        """A newest sample beyond all others, if the window is one of 24 h and known well enough."""
        figures, old = row.figures[_PRICE], was.figures[_PRICE]
        if figures is None or old is None or row.instrument.is_consolidated or not self._is_daily:
            return
        if old.length != figures.length:
            return
        if min(figures.coverage, old.coverage) < self._min_coverage:
            return
        key = (row.instrument.id, happening)
        noted_ms = self._records.get(key)
        self._records[key] = at_ms
        if noted_ms is None or at_ms - noted_ms >= RECORD_REST_MS:
            yield _event(at_ms, happening, row, fmt.price(figures.last, row.instrument.digits))


def _beyond(figures: Figures | None, old: Figures | None) -> Happening | None:
    """Whether the newest sample is beyond all of the window as it was before."""
    if figures is None or old is None or figures.last_ms == old.last_ms:
        return None
    last, high, low = figures.last, old.maximum, old.minimum
    if last is None or high is None or low is None or low <= last <= high:
        return None
    return Happening.HIGH if last > high else Happening.LOW


def jumps(before: Ranking, now: Ranking, at_ms: int) -> Iterator[Event]:
    """Pairs that moved by many places among those that are ranked in both. O(n).

    Pairs that have a rank in only one of the two move nobody.
    """
    old, new = before.places[: before.ranked], now.places[: now.ranked]
    both = {place.row.instrument.id for place in old}.intersection([place.row.instrument.id for place in new])
    ranks = _ranks_among(old, both)
    for key, (place, rank) in _ranks_among(new, both).items():
        if abs(climbed := ranks[key][1] - rank) >= LEAST_JUMP:
            happening = Happening.RISE if climbed > 0 else Happening.FALL
            yield _event(at_ms, happening, place.row, f"{abs(climbed)} places, now {place.rank} of {now.ranked}")


def _ranks_among(places: Sequence[Place], wanted: Collection[str]) -> dict[str, tuple[Place, int]]:
    """Ranks of some among themselves; ties share."""
    ranks: dict[str, tuple[Place, int]] = {}
    rank, last = 0, None
    for place in places:
        key = place.row.instrument.id
        if key in wanted:
            if place.rank != last:
                last, rank = place.rank, len(ranks) + 1
            ranks[key] = place, rank
    return ranks


def _is_same_kind(one: Ranking, other: Ranking) -> bool:
    return (one.metric, one.measure, one.scope) == (other.metric, other.measure, other.scope)


def _trading_event(at_ms: int, row: Row) -> Event:
    if not row.halted:
        return _event(at_ms, Happening.RESUMED, row)
    if row.halted == Trading.DELISTED:
        return _event(at_ms, Happening.DELISTED, row)
    return _event(at_ms, Happening.HALTED, row, row.halted.replace("_", " "))


def _event(at_ms: int, happening: Happening, row: Row, detail: str = "") -> Event:
    return Event(at_ms, happening, row.instrument.id, row.instrument.pair, detail)
