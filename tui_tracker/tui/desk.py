"""The state of the app without its screen: the newest snapshot, what is selected, how it is looked at."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tui_tracker.config.choices import TimeZone
from tui_tracker.config.model import Settings
from tui_tracker.config.views import MAIN, ViewSpec
from tui_tracker.core.hours import Hours
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceState, SourceStatus
from tui_tracker.filters.columns import Subject, haystack
from tui_tracker.filters.language import plain_words
from tui_tracker.stats.conversion import USD
from tui_tracker.stats.ranking import Ranking, Scope, rank
from tui_tracker.tui import texts, titles
from tui_tracker.tui.chart_data import Chart, ChartData, ChartSamples
from tui_tracker.tui.events import EventLog
from tui_tracker.tui.highlights import Highlights
from tui_tracker.tui.loose import letters_left_out
from tui_tracker.tui.present import Made, Presenter, Scene
from tui_tracker.tui.pulse import Pulse
from tui_tracker.tui.rank_history import RankHistory
from tui_tracker.tui.runs import Line
from tui_tracker.tui.theme import has_no_color
from tui_tracker.tui.times import UTC_ZONE, Zone
from tui_tracker.tui.view import ViewState, watched_by
from tui_tracker.tui.views import all_views, label, named

BEGINS: Final = 2
"""How far a pair is from what was typed if its name begins so; see ``distance``."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of one time of a market while it is looked at."""

    ranks: RankHistory
    events: EventLog
    pulse: Pulse


class Desk:
    """Everything that panes are told, as a function of what came in and what was chosen.

    Args:
        settings: What is configured.
        view: How to begin.
        watchlist: Ids of the favourites, in the order in which they were added.
        local_zone: Local time.
        now_ms: Wall clock, ms since the epoch.
        others: Watchlists beside the one called main, by name.
        views: Saved views.
    """

    def __init__(
        self,
        settings: Settings,
        view: ViewState,
        watchlist: tuple[str, ...],
        local_zone: Zone,
        now_ms: Callable[[], int],
        others: Mapping[str, tuple[str, ...]] | None = None,
        views: tuple[ViewSpec, ...] = (),
    ) -> None:
        self._dollar = USD
        self._view = view
        self.settings = settings
        self.events = EventLog(settings.min_coverage)
        self.pulse = Pulse(settings.min_coverage)
        self.watchlists: dict[str, tuple[str, ...]] = {MAIN: watchlist, **(others or {})}
        self.saved_views = views
        self._configured_views = settings.views
        self.snapshot: Snapshot | None = None
        self.scene: Scene | None = None
        self._shown_version: int | None = None
        self.ranks = RankHistory()
        self._recorded: Ranking | None = None
        self._samples = ChartSamples()
        self._local_zone = local_zone
        self._now_ms = now_ms
        self._presenter = Presenter(settings.min_coverage, settings.min_volume)
        self.highlights = Highlights(settings.flash, has_color=not has_no_color())

    @property
    def view(self) -> ViewState:
        """Everything chosen; where no pair is priced in USD, that stands for the main kind of dollars there is."""
        return self._view

    @view.setter
    def view(self, view: ViewState) -> None:
        self._view = replace(view, quote=self._dollar) if view.quote == USD else view

    @property
    def chosen(self) -> ViewState:
        """What was chosen, whatever stands in for USD here: to be kept, and to be compared with named views."""
        return replace(self._view, quote=USD) if self._view.quote == self._dollar else self._view

    @property
    def watchlist(self) -> tuple[str, ...]:
        """Ids of the watchlist in use."""
        return self.watchlists.get(self.view.watchlist, ())

    @property
    def views(self) -> tuple[ViewSpec, ...]:
        """All named views."""
        return all_views(self._configured_views, self.saved_views)

    @property
    def zone(self) -> Zone:
        """The time zone of the times on the screen."""
        return UTC_ZONE if self.view.time_zone is TimeZone.UTC else self._local_zone

    @property
    def row(self) -> Row | None:
        """The selected pair."""
        return None if self.snapshot is None else self._presenter.row(self.snapshot, self.view.selected)

    def row_of(self, key: str) -> Row | None:
        """One pair."""
        return None if self.snapshot is None else self._presenter.row(self.snapshot, key)

    def source_now_ms(self, status: SourceStatus) -> int:
        """Now, by the corrected clock that a status is stamped with."""
        return self._now_ms() + (status.skew_ms or 0)

    def quotes(self) -> list[str]:
        """All quote currencies, the one with most pairs first."""
        return [] if self.snapshot is None else self._presenter.quotes(self.snapshot)

    @property
    def is_several(self) -> bool:
        """Whether pairs of several exchanges are watched."""
        return self.snapshot is not None and bool(self.snapshot.status.parts)

    @property
    def watched(self) -> Sequence[str]:
        """What rows can be of, as configured while that isn't known; nothing where one exchange is watched."""
        return watched_by(self.settings) if self.snapshot is None else self.sources()

    def sources(self) -> list[str]:
        """What rows can be of where several exchanges are watched: what is made of them all first, then each."""
        if self.snapshot is None or not self.snapshot.status.parts:
            return []
        return [part.source for part in self.snapshot.status.parts]

    def start_over(self) -> None:
        """Forget everything about the market: another feed takes over."""
        self._view, self._dollar = self.chosen, USD
        self.snapshot = self.scene = None
        self._samples = ChartSamples()
        self.watchlists = dict.fromkeys(self.watchlists, ())
        self.view = replace(self.view, selected=None, frozen=None, compared=(), watchlist_only=False, source=None)
        self._presenter.forget()
        self.ranks.forget()
        self.highlights.forget()
        self.events = EventLog(self.settings.min_coverage)
        self.pulse = Pulse(self.settings.min_coverage)

    def turn(self, memory: Memory | None) -> Memory:
        """Look at another time of the same market; return what was remembered of this one.

        Args:
            memory: What was remembered of the other time; ``None`` if nothing.
        """
        before = Memory(self.ranks, self.events, self.pulse)
        other = memory or Memory(RankHistory(), EventLog(self.settings.min_coverage), Pulse(self.settings.min_coverage))
        self.ranks, self.events, self.pulse = other.ranks, other.events, other.pulse
        self.snapshot = self.scene = None
        self._samples = ChartSamples()
        self.view = replace(self.view, frozen=None)
        self._presenter.forget()
        self.highlights.forget()
        return before

    def has_ranks(self, at_ms: int) -> bool:
        """Whether the ranks of a minute are remembered."""
        if self.scene is None or not self.scene.ranking.places:
            return False
        track = self.ranks.track_of(self.scene.ranking)
        return any(track.rank_at(place.row.id, at_ms) is not None for place in self.scene.ranking.places[:20])

    async def note_ranks(self, snapshot: Snapshot) -> None:
        """Remember the ranks of another minute than the one that is shown; a thread ranks, which takes milliseconds."""
        if snapshot.end_ms is not None:
            view, scope, least = self.view, self.scope(snapshot), self.settings.min_coverage
            ranking = await asyncio.to_thread(rank, snapshot, view.metric, view.measure, scope, least)
            self.ranks.record(ranking, snapshot.end_ms)

    def forget_ranks(self) -> None:
        """Compare ranks with none of before: figures are made in another way now."""
        self.ranks.forget()
        self.highlights.forget()

    def prepared(self, snapshot: Snapshot, view: ViewState) -> Made | None:
        """What a snapshot is by what was chosen, for :meth:`rank`; a thread may call it."""
        return self._presenter.prepared(snapshot, view, self.watchlist)

    @property
    def is_ranked(self) -> bool:
        """Whether the newest snapshot was ranked by what is chosen now."""
        return self.snapshot is None or self._presenter.is_ranked(self.snapshot, self.view, self.scope())

    def take_rankings(self, snapshot: Snapshot, made: Made | None) -> None:
        """Take what a thread prepared of a snapshot that is shown already; of another one nothing."""
        if snapshot is self.snapshot:
            self._presenter.take(snapshot, made)

    def rank(self, snapshot: Snapshot, ahead: Made | None = None) -> None:
        """Rank a new snapshot ahead of showing it; ``ahead`` has what a thread prepared."""
        before = self._presenter.take(snapshot, ahead)
        dollar = self._presenter.dollar(snapshot)
        if dollar != self._dollar:
            chosen = self.chosen
            self._dollar = dollar
            self.view = chosen
        self._record(snapshot, self.ranking(snapshot, self.scope(snapshot)))
        self.highlights.take(snapshot, before)

    def _record(self, snapshot: Snapshot, ranking: Ranking) -> None:
        """Remember the ranks, once for each ranking."""
        if ranking is not self._recorded and snapshot.end_ms is not None:
            self._recorded = ranking
            self.ranks.record(ranking, snapshot.end_ms)

    def scope(self, snapshot: Snapshot | None = None) -> Scope:
        """What is compared with what, in the newest snapshot unless another one is given."""
        shown = snapshot or self.snapshot or no_snapshot(SourceStatus("", SourceState.OFFLINE))
        return self._presenter.scope(shown, self.view, self.watchlist)

    def ranking(self, snapshot: Snapshot, scope: Scope) -> Ranking:
        """The ranking of a scope by what was chosen."""
        return self._presenter.ranking(snapshot, self.view, scope)

    def is_matching(self, needle: str) -> bool:
        """Whether a filter would let any pair of the scope through. O(n)."""
        if self.snapshot is None:
            return False
        ranking = self.ranking(self.snapshot, self.scope())
        return self._presenter.is_any(ranking, replace(self.view, needle=needle), self.highlights.shifts)

    def build(self, snapshot: Snapshot, can_demo: bool) -> Scene:
        """What both lists show; the selection becomes one of the rows, if there is any.

        The first choice is the top of the pair list, later the top of the table.
        """
        has_rows = bool(snapshot.rows)
        now_ms = self.source_now_ms(snapshot.status)
        view = named(self.views, self.view.name)
        own = view.name if view is not None and view.needle == self.view.needle else ""
        placeholder = texts.empty_lines(snapshot.status, self.view, has_rows, self.zone, now_ms, can_demo, own)
        ranking = self.ranking(snapshot, self.scope(snapshot))
        self.highlights.rate(ranking, self.ranks.track_of(ranking), snapshot.end_ms, self.view.shift_minutes)
        scene = self._presenter.scene(snapshot, self.view, self.watchlist, placeholder, self.highlights)
        keys = scene.table.keys
        self._keep_line(snapshot, scene)
        if keys and scene.table.index(self.view.selected) is None:
            first = scene.pairs.keys[0] if self.view.selected is None and scene.pairs.keys else keys[0]
            self.select(first)
        self.scene = scene
        self._record(snapshot, scene.ranking)
        return scene

    def _keep_line(self, snapshot: Snapshot, scene: Scene) -> None:
        """Where newer rows moved, select what stands now where the cursor stood, if the cursor keeps its line."""
        is_newer, self._shown_version = snapshot.version != self._shown_version, snapshot.version
        keys = scene.table.keys
        if self.view.keeps_line and is_newer and self.scene is not None and keys:
            place = self.scene.table.index(self.view.selected)
            if place is not None:
                self.select(keys[min(place, len(keys) - 1)])

    def select(self, key: str) -> None:
        """Select a pair."""
        self.view = replace(self.view, selected=key)

    def toggle_favourite(self, key: str) -> bool:
        """Put a pair on the watchlist or take it off; return whether it is on it now."""
        is_added = key not in self.watchlist
        kept = tuple(other for other in self.watchlist if other != key)
        self.watchlists[self.view.watchlist] = (*kept, key) if is_added else kept
        return is_added

    def toggle_freeze(self) -> None:
        """Keep the order of the rows, or let it follow the ranks again."""
        snapshot = self.snapshot
        if snapshot is None or snapshot.at_ms is None:
            return
        frozen = None
        if self.view.frozen is None:
            frozen = self._presenter.freeze(snapshot, self.view, self.watchlist, snapshot.at_ms, self.highlights.shifts)
        self.view = replace(self.view, frozen=frozen)

    def wanted_series(self) -> tuple[tuple[str, Metric], ...]:
        """What the chart needs beside the samples of the selected pair."""
        return self._samples.wanted_series(self.view)

    def wanted_hours(self) -> tuple[tuple[str, Metric], ...]:
        """What the chart needs where it shows more than a day."""
        return self._samples.wanted_hours(self.view)

    def take_hours(self, hours: Hours) -> bool:
        """Keep hours for the chart, if they are still what is wanted."""
        return self._samples.take_hours(self.view, hours)

    def take_series(self, series: Series) -> bool:
        """Keep the samples for the chart, if they are still what is wanted."""
        window = 0 if self.snapshot is None else self.snapshot.window_minutes
        return self._samples.take_series(self.view, series, window)

    def header(self, status: SourceStatus, width: int) -> Line:
        """The top line."""
        pairs = 0 if self.snapshot is None else len(self.snapshot.rows)
        return titles.header_line(status, pairs, self.source_now_ms(status), self.zone, width)

    def age_changes_in_s(self, status: SourceStatus) -> float | None:
        """Seconds until the header shows an older age; ``None`` if it shows none."""
        if status.state is SourceState.LIVE or status.quoted_ms is None:
            return None
        age_ms = self.source_now_ms(status) - status.quoted_ms
        step_ms = MINUTE_MS if age_ms >= MINUTE_MS else 1_000
        return (step_ms - age_ms % step_ms) / 1000 + 0.05

    @property
    def window(self) -> int:
        """Minutes that figures are over; before there are any, those that were chosen."""
        snapshot = self.snapshot
        return snapshot.window_minutes if snapshot is not None and snapshot.rows else self.view.window

    def empty_titles(self) -> tuple[str, str, str]:
        """Titles of list, chart and table before anything came."""
        return "Pairs", titles.chart_title(None, self.view, self.zone), "Ranked"

    def list_title(self, scene: Scene) -> str:
        """The title of the pair list."""
        return titles.list_title(self.view, scene.counts)

    def table_title(self, snapshot: Snapshot, scene: Scene, width: int) -> str:
        """The title of the table, in at most ``width`` cells if its least important parts can make room."""
        is_loading = snapshot.status.backfill.is_running
        if not snapshot.rows and snapshot.status.error:
            return "No market yet"
        return titles.table_title(
            self.view,
            scene.ranking,
            scene.counts,
            self.window,
            self.zone,
            is_loading,
            width,
            label(self.views, self.chosen, self.watched),
            snapshot.known_minutes if snapshot.rows else None,
        )

    def strip(self, width: int, lines: int) -> list[Line]:
        """The words under the chart."""
        if self.snapshot is None:
            return []
        standings = self._presenter.standings(self.snapshot, self.view, self.watchlist)
        when = self._samples.extremes(self.view)
        return texts.strip_lines(self.row, self.snapshot, self.view, standings, when, self.zone, (width, lines))

    def chart(self) -> ChartData | None:
        """What the chart shows; ``None`` while the samples of the selected pair are on their way."""
        return Chart(
            self._samples,
            self.view,
            self.snapshot,
            self.row,
            self.row_of,
            None if self.scene is None else self.scene.ranking,
            self.ranks,
            self.zone,
            self.is_several,
        ).data()

    def search(self, query: str, most: int) -> list[Row]:
        """Pairs that match: those that are called so, those that begin so, then all others, the most traded first."""
        rows = () if self.snapshot is None else self.snapshot.rows
        is_meant = plain_words(query)
        found = [row for row in rows if is_meant(Subject(row, text=haystack(row)))]
        found.sort(key=lambda row: (distance(row, query), -(row.volume_usd or 0)))
        return found[:most]

    def search_loosely(self, query: str, most: int) -> list[Row]:
        """Pairs that have the letters of a query in order, those that it leaves least out of first, then by volume."""
        query = query.lower()
        found: list[tuple[int, float, Row]] = []
        for row in () if self.snapshot is None else self.snapshot.rows:
            left_out = letters_left_out(f"{row.instrument.base}{row.instrument.quote}".lower(), query)
            if left_out is not None:
                found.append((left_out, -(row.volume_usd or 0), row))
        found.sort(key=lambda one: one[:2])
        return [row for _, _, row in found[:most]]


def distance(row: Row, query: str) -> int:
    """How far a pair is from being what was typed: 0 for its id, 1 for its name, ``BEGINS`` where that begins so."""
    typed, name = query.strip().lower(), row.instrument.pair.lower()
    if typed == row.id.lower():
        return 0
    if typed in (name, name.replace("/", "-"), name.replace("/", "")):
        return 1
    return BEGINS if name.startswith(typed) else BEGINS + 1


def no_snapshot(status: SourceStatus) -> Snapshot:
    """What stands for a snapshot before there is one."""
    return Snapshot(version=-1, at_ms=None, end_ms=None, window_minutes=0, rows=(), status=status)
