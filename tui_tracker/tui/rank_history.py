"""Ranks of every pair, minute by minute, for as long as the app runs. Pure and bounded."""

from array import array
from typing import Final, TypeAlias

from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.ranking import Ranking, Scope

DAY_MINUTES: Final = 1440
MOST_TRACKS: Final = 4
"""Rankings whose history is kept; 3,000 pairs take 8.6 MB a day in each."""
LARGEST: Final = 65_535

_NONE: Final = array("H")

TrackKey: TypeAlias = tuple[Metric, Measure, Scope]


class RankTrack:
    """The ranks of one ranking: a ring of minutes, each an array over the pairs.

    Args:
        minutes: How many are kept; older ones are overwritten.
    """

    def __init__(self, minutes: int = DAY_MINUTES) -> None:
        self._length = minutes
        self._slots: dict[str, int] = {}
        self._stamps = array("q", [-minutes]) * minutes
        self._ranks: list[array[int]] = [array("H")] * minutes
        self._newest = -1
        self._asked = _NONE
        self._ranked = frozenset[str]()
        """Ids of those that ``_asked`` has a rank of."""
        self._unwritten: tuple[int, Ranking] | None = None
        """(minute, ranking) of the last record, which the next one of the same minute replaces."""

    @property
    def since_ms(self) -> int | None:
        """The first minute that is known, ms since the epoch; ``None`` before anything was recorded."""
        if self._newest < 0:
            return None
        kept_from = self._newest - self._length + 1
        return min(stamp for stamp in self._stamps if stamp >= kept_from) * MINUTE_MS

    @property
    def end_ms(self) -> int | None:
        """The last minute that is known."""
        return None if self._newest < 0 else self._newest * MINUTE_MS

    def record(self, ranking: Ranking, end_ms: int) -> None:
        """Keep the ranks of the minute that ``end_ms`` is in; a second record of a minute replaces the first.

        O(1), and O(n) once the minute is over, or is asked for.
        """
        minute = end_ms // MINUTE_MS
        if minute <= self._newest - self._length:
            return
        if self._unwritten is not None and self._unwritten[0] != minute:
            self._write()
        self._unwritten = minute, ranking
        self._stamps[minute % self._length] = minute
        self._newest = max(self._newest, minute)

    def _write(self) -> None:
        if self._unwritten is None:
            return
        (minute, ranking), self._unwritten = self._unwritten, None
        slots = self._slots
        for row in ranking.rows:
            slots.setdefault(row.instrument.id, len(slots))
        ranks = array("H", bytes(2 * len(slots)))
        for place in ranking.places[: ranking.ranked]:
            ranks[slots[place.row.instrument.id]] = min(place.rank or 0, LARGEST)
        self._ranks[minute % self._length] = ranks

    def rank_at(self, instrument_id: str, minute_ms: int) -> int | None:
        """The rank in the minute that ``minute_ms`` is in; ``None`` where it is unknown or was unranked. O(1)."""
        minute = minute_ms // MINUTE_MS
        if self._unwritten is not None and self._unwritten[0] == minute:
            self._write()
        slot = self._slots.get(instrument_id)
        return None if slot is None else self._rank(slot, minute)

    def ranked_at(self, minute_ms: int) -> frozenset[str]:
        """Ids of all that had a rank in a minute. O(n), and O(1) when the same is asked again."""
        minute = minute_ms // MINUTE_MS
        if self._unwritten is not None and self._unwritten[0] == minute:
            self._write()
        is_kept = self._stamps[minute % self._length] == minute > self._newest - self._length
        ranks = self._ranks[minute % self._length] if is_kept else _NONE
        if ranks is not self._asked:
            self._asked = ranks
            self._ranked = frozenset([name for name, slot in self._slots.items() if slot < len(ranks) and ranks[slot]])
        return self._ranked

    def series(self, instrument_id: str) -> "array[float]":
        """Ranks from ``since_ms`` to ``end_ms``, one a minute, NaN where there is none; a copy."""
        self._write()
        slot, since = self._slots.get(instrument_id), self.since_ms
        if slot is None or since is None:
            return array("d")
        minutes = range(since // MINUTE_MS, self._newest + 1)
        ranks = (self._rank(slot, minute) for minute in minutes)
        return array("d", [float("nan") if rank is None else float(rank) for rank in ranks])

    def _rank(self, slot: int, minute: int) -> int | None:
        place = minute % self._length
        ranks = self._ranks[place]
        is_kept = self._stamps[place] == minute > self._newest - self._length
        if not is_kept or slot >= len(ranks):
            return None
        return ranks[slot] or None


class RankHistory:
    """A track for each ranking that was looked at lately; the one that rested longest makes room.

    Args:
        minutes: How many each track keeps.
        most: How many tracks are kept.
    """

    def __init__(self, minutes: int = DAY_MINUTES, most: int = MOST_TRACKS) -> None:
        self._minutes = minutes
        self._most = most
        self._tracks: dict[TrackKey, RankTrack] = {}

    def track(self, metric: Metric, measure: Measure, scope: Scope) -> RankTrack:
        """The track of one ranking; an empty one where nothing was recorded."""
        return self._tracks.get((metric, measure, scope)) or RankTrack(self._minutes)

    def track_of(self, ranking: Ranking) -> RankTrack:
        """The track that this ranking is recorded in."""
        return self.track(ranking.metric, ranking.measure, ranking.scope)

    def record(self, ranking: Ranking, end_ms: int) -> None:
        """Keep the ranks of one ranking for the minute that ``end_ms`` is in."""
        key = (ranking.metric, ranking.measure, ranking.scope)
        track = self._tracks.pop(key, None) or RankTrack(self._minutes)
        self._tracks[key] = track
        if len(self._tracks) > self._most:
            del self._tracks[next(iter(self._tracks))]
        track.record(ranking, end_ms)

    def forget(self) -> None:
        """Drop everything: another feed takes over."""
        self._tracks.clear()
