"""What sets rows of the table off from each other: changes since the last poll, heat, ranks of before, small lines."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from typing_extensions import override

from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.stats.ranking import Ranking
from tui_tracker.tui.columns import Cell, Shift, Subject
from tui_tracker.tui.rank_history import RankTrack
from tui_tracker.tui.runs import Kind, fit, width_of
from tui_tracker.tui.trends import reduced

FLASH_S: Final = 0.8
"""How long a value that has changed is set off, unless the next poll comes earlier."""
HEAT_SHARES: Final = (0.03, 0.1, 0.25, 0.5)
"""The hottest are the first so much of the ranked pairs, then less and less hot; the rest is cold."""
HEAT_KINDS: Final[tuple[Kind, ...]] = ("heat1", "heat2", "heat3", "heat4")
TOP: Final = 20
"""A pair that was not among so many first, and is now, is marked."""
SEEN: Final = 100
"""So many pairs are looked at to find out whether ranks were settled."""
HEAT_MARKS: Final = " ░▒▓█"
MARKED_KINDS: Final[tuple[Kind, ...]] = ("muted", "text", "text", "strong", "strong")
"""How heat is written where a mark tells it."""


class Highlights:
    """Owned by the desk; models of the table read it when they format a row.

    Args:
        is_flashing: Whether changed values are set off at all.
        has_color: Whether heat can be told by colour; ``marks_heat`` can be changed later.
    """

    def __init__(self, is_flashing: bool = True, has_color: bool = True) -> None:
        self._trends: dict[str, tuple[float, ...]] = {}
        self._stamps: dict[str, tuple[object, ...]] = {}
        self.shifts: Mapping[str, Shift] = {}
        """How ranks have changed, by id."""
        self.shift_minutes = 0
        """How long ago the ranks were that they are told against."""
        self.marks_heat = not has_color
        """Whether a character tells heat, since colours can't."""
        self.is_flashing = is_flashing
        """Whether changed values are set off at all."""
        self._at_ms: int | None = None
        self._before: Mapping[str, Row] = {}
        self._ranking: Ranking | None = None
        self._shifts_of: int | None = None

    @property
    def is_comparing(self) -> bool:
        """Whether the last poll's rows are compared with those before."""
        return bool(self._before)

    @property
    def looks(self) -> tuple[object, ...]:
        """How they are told."""
        return self.marks_heat, self.is_flashing

    def of(self, key: str, metric: Metric) -> tuple[object, ...]:
        """All that is told of one row."""
        return self.shifts.get(key), self.trend(key, metric), self._before.get(key)

    def take(self, snapshot: Snapshot, before: Mapping[str, Row]) -> None:
        """Compare a newer snapshot from now on, if it is another poll's, with the rows of the one before by id."""
        if snapshot.at_ms is not None and snapshot.at_ms != self._at_ms:
            self._before, self._at_ms = before, snapshot.at_ms

    def end_flash(self) -> list[Row]:
        """Set no value off any more, until the next poll; return the rows that were compared with."""
        rows = list(self._before.values())
        self._before = {}
        return rows

    def forget(self) -> None:
        """Another feed takes over."""
        self.end_flash()
        self._trends.clear()
        self._stamps.clear()
        self.shifts = {}
        self._at_ms, self._ranking = None, None

    def flashed(self, cell: Cell, subject: Subject, width: int) -> Cell:
        """The cell of the newest value: with its direction, if the last poll changed it."""
        before = self._before.get(subject.place.row.id) if self.is_flashing else None
        was = None if before is None else last_of(before, subject.metric)
        now = subject.last
        if was is None or now is None or was == now:
            return cell
        arrow = "▲" if now > was else "▼"
        room = width - width_of(cell.text)
        return Cell(f"{arrow}{' ' if room > 1 else ''}{cell.text}" if room > 0 else cell.text, "accent")

    def shaded(self, cell: Cell, subject: Subject, width: int) -> Cell:
        """The cell of the ranked figure: the higher the rank is among those of the scope, the hotter.

        Where colours can't tell it, a mark at the cell's left edge does, and the weight of the figure.
        """
        level = heat(subject.place.rank, subject.ranked)
        if level is None:
            return cell
        if self.marks_heat:
            return Cell(f"{HEAT_MARKS[level]}{fit(cell.text, width - 1, right=True)}", MARKED_KINDS[level])
        return Cell(cell.text, HEAT_KINDS[level - 1] if level else "text")

    def trend(self, key: str, metric: Metric) -> Sequence[float]:
        """The reduced series of a row, empty while that isn't known."""
        return self._trends.get(key, ()) if self._stamps.get(key, (None,))[0] is metric else ()

    def wants_trend(self, row: Row, metric: Metric) -> bool:
        """Whether a row has other samples than those that its small line was made of: a new minute, or history."""
        return self._stamps.get(row.id) != _stamp(row, metric)

    def take_trend(self, row: Row, metric: Metric, values: Sequence[float]) -> None:
        """Keep the samples of a row, reduced."""
        self._trends[row.id], self._stamps[row.id] = reduced(values), _stamp(row, metric)

    def rate(self, ranking: Ranking, track: RankTrack, end_ms: int | None, minutes: int) -> None:
        """Tell changes of rank by a ranking from now on. O(n) for a new one.

        Changes are against ``minutes`` before ``end_ms``, or as far back as ranks are known.
        """
        if end_ms is not None and track.since_ms is not None:
            minutes = settled(ranking, track, end_ms, min(minutes, (end_ms - track.since_ms) // MINUTE_MS))
        if ranking is not self._ranking:
            self._ranking, self._shifts_of = ranking, None
        if minutes != self._shifts_of:
            self._shifts_of, self.shift_minutes = minutes, minutes
            self.shifts = shifts(ranking, track, end_ms, minutes)


PLAIN: Final = Highlights(is_flashing=False)
"""Sets nothing off."""


def _stamp(row: Row, metric: Metric) -> tuple[object, ...]:
    figures = row.figures_of(metric)
    return (metric,) if figures is None else (metric, figures.last_ms, figures.samples)


def last_of(row: Row, metric: Metric) -> float | None:
    """The newest value of a metric."""
    if metric is Metric.PRICE:
        return row.last
    figures = row.figures_of(metric)
    return None if figures is None else figures.last


def heat(rank: int | None, ranked: int) -> int | None:
    """0 to 4: how far at the top of a ranking a rank is; ``None`` without one."""
    if rank is None or not ranked:
        return None
    share = (rank - 1) / ranked
    return sum(share < limit for limit in HEAT_SHARES)


def settled(ranking: Ranking, track: RankTrack, end_ms: int, minutes: int) -> int:
    """How many of these minutes one can look back to ranks of most of the first pairs: before, history was loading."""
    first = ranking.places[: min(ranking.ranked, SEEN)]
    while minutes >= 1:
        then_ms = end_ms - minutes * MINUTE_MS
        known = sum(track.rank_at(place.row.id, then_ms) is not None for place in first)
        if 2 * known >= len(first):
            return minutes
        minutes = minutes * 3 // 4
    return 0


class Shifts(Mapping[str, Shift]):
    """How the rank of each ranked pair has changed since a minute; found when it is looked at.

    Args:
        ranking: The ranks of now.
        track: Those of before.
        then_ms: The minute that is compared with.
        late: Pairs whose history came since, so that they have a rank now and had none: these move nobody. Their ids by
            their indices in the ranking, in its order.
    """

    def __init__(self, ranking: Ranking, track: RankTrack, then_ms: int, late: Mapping[int, str]) -> None:
        self._ranking: Final = ranking
        self._track: Final = track
        self._then_ms: Final = then_ms
        self._late: Final = frozenset(late.values())
        self._late_at: Final = list(late)

    @override
    def __getitem__(self, key: str) -> Shift:
        place = self._ranking.place(key)
        if place is None or place.rank is None or key in self._late:
            raise KeyError(key)
        was, rank = self._track.rank_at(key, self._then_ms), place.rank
        moved = None if was is None else was - (rank - bisect_left(self._late_at, rank - 1))
        return Shift(moved, enters_top=rank <= TOP and (was is None or was > TOP))

    @override
    def __iter__(self) -> Iterator[str]:
        ranked = islice(self._ranking.rows, self._ranking.ranked)
        return (row.instrument.id for row in ranked if row.instrument.id not in self._late)

    @override
    def __len__(self) -> int:
        return self._ranking.ranked - len(self._late)


def shifts(ranking: Ranking, track: RankTrack, end_ms: int | None, minutes: int) -> Mapping[str, Shift]:
    """How the rank of each ranked pair has changed in the ``minutes`` before ``end_ms``.

    Empty while ranks of before are unknown, and where most pairs had none: their history was still being loaded. O(n).
    """
    if end_ms is None or minutes < 1:
        return {}
    then_ms = end_ms - minutes * MINUTE_MS
    before = track.ranked_at(then_ms)
    ranked = enumerate(islice(ranking.rows, ranking.ranked))
    new = [(at, row) for at, row in ranked if row.instrument.id not in before]
    if 2 * len(new) > ranking.ranked:
        return {}
    late = {at: row.instrument.id for at, row in new if not _began_after(row, ranking.metric, then_ms)}
    return Shifts(ranking, track, then_ms, late)


def _began_after(row: Row, metric: Metric, then_ms: int) -> bool:
    """Whether a pair is new since some instant: one of which older samples were read lately isn't."""
    figures = row.figures_of(metric)
    return figures is not None and figures.first_ms is not None and figures.first_ms > then_ms


def shift_text(minutes: int) -> str:
    """``1h``, ``5m``."""
    return f"{minutes}m" if minutes % 60 else f"{minutes // 60}h"
