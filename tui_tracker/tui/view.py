"""What the person has chosen to look at, and how each choice leads to the next. Pure: no screen, no clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from tui_tracker.config.choices import ChartStyle, Preset, Theme, TimeZone
from tui_tracker.config.model import Settings
from tui_tracker.config.views import CLASSES, MAIN, RANGES_H
from tui_tracker.core.figures import Measure
from tui_tracker.core.instrument import CONSOLIDATED, InstrumentClass
from tui_tracker.core.metric import Metric
from tui_tracker.filters.columns import BY_NAME
from tui_tracker.stats.ranking import Scope
from tui_tracker.tui.charts.request import MOST
from tui_tracker.tui.charts.span import Span
from tui_tracker.tui.column_choice import known

if TYPE_CHECKING:
    from tui_tracker.config.state import View

DAY_MINUTES: Final = 1440
"""Minutes that every feed keeps."""
DAY_H: Final = 24
"""Hours up to which the chart shows minutes; beyond, it shows hours."""
WINDOWS: Final = (60, 360, 1440, 10_080, 43_200)
"""Minutes that all figures and ranks can be over."""
BANDS: Final = (0, 1440, 240, 60)
"""Minutes that the chart's band can be of; a whole day is the window of the statistics."""
SHIFTS_MINUTES: Final = (5, 60, 1440)
"""How long ago the ranks can be that a change of rank is told against."""
ALL: Final = "all"
"""What stands for every quote currency where a scope is remembered as text."""
LEAST_WIDTH: Final = 40
LEAST_HEIGHT: Final = 12
LIST_CELLS: Final = 26, 34, 60
"""Least, usual and largest width of the pair list."""
LEAST_PANE_ROWS: Final = 6
MEDIUM_CHART_ROWS: Final = 10

Choice = TypeVar("Choice")


class Layout(StrEnum):
    """How the panes are laid out; also the name of a style class."""

    WIDE = "wide"
    """Pair list and chart over the table."""
    MEDIUM = "medium"
    """Chart over the table; the list opens over both."""
    NARROW = "narrow"
    """The table alone; chart and list open over it."""
    TOO_SMALL = "too-small"


def layout_for(width: int, height: int, preset: Preset = Preset.BALANCED) -> Layout:
    """The layout for a terminal of ``width`` × ``height`` cells; a preset takes effect where there is room for it."""
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return Layout.TOO_SMALL
    if preset is Preset.TABLE or width < 80 or height < 22:
        return Layout.NARROW
    if preset is Preset.BALANCED and width >= 100 and height >= 24:
        return Layout.WIDE
    return Layout.MEDIUM


@dataclass(frozen=True, slots=True)
class Panes:
    """How the room is shared out."""

    preset: Preset = Preset.BALANCED
    list_width: int | None = None
    """Cells of the pair list, ``None`` for the usual ones."""
    chart_pct: int | None = None
    """Share of the chart in the height of the panes, ``None`` for the usual one of the layout."""

    def list_cells(self, width: int) -> int:
        """Width of the pair list in a terminal of ``width`` cells; half of that at most."""
        return max(LIST_CELLS[0], min(self.list_width or LIST_CELLS[1], LIST_CELLS[2], width // 2))

    def chart_rows(self, layout: Layout, rows: int) -> int:
        """Height of the chart in ``rows`` rows; something is left of either pane."""
        if self.chart_pct is not None:
            wanted = round(rows * self.chart_pct / 100)
        elif self.preset is Preset.CHART:
            wanted = rows * 18 // 25
        else:
            wanted = rows * 11 // 21 if layout is Layout.WIDE else MEDIUM_CHART_ROWS
        return max(LEAST_PANE_ROWS, min(wanted, rows - LEAST_PANE_ROWS))

    def next_preset(self) -> "Panes":
        """The next preset, with its usual shares."""
        return Panes(after(tuple(Preset), self.preset), self.list_width)

    def with_list(self, step: int, width: int) -> "Panes":
        """A wider or narrower pair list."""
        return replace(self, list_width=max(LIST_CELLS[0], min(self.list_cells(width) + step, LIST_CELLS[2])))

    def with_chart(self, step: int, layout: Layout, rows: int) -> "Panes":
        """A higher or lower chart, by rows."""
        wanted = max(LEAST_PANE_ROWS, min(self.chart_rows(layout, rows) + step, rows - LEAST_PANE_ROWS))
        return replace(self, chart_pct=max(1, min(99, round(100 * wanted / max(1, rows)))))


@dataclass(frozen=True, slots=True)
class Frozen:
    """An order that rows keep although their values change."""

    at_ms: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ViewState:
    """Everything chosen. Each method returns the state after one choice."""

    selected: str | None = None
    quote: str | None = "USD"
    """Quote currency of the scope, ``None`` for all."""
    watchlist_only: bool = False
    metric: Metric = Metric.PRICE
    measure: Measure = Measure.STDDEV
    range_hours: int = 24
    window: int = 1440
    """Minutes that figures and ranks are over."""
    sort: str | None = None
    """Key of the column that rows are sorted by, ``None`` for the rank."""
    reverse: bool = False
    needle: str = ""
    """What the rows are filtered by."""
    frozen: Frozen | None = None
    theme: str = Theme.AUTO
    time_zone: TimeZone = TimeZone.UTC
    panes: Panes = Panes()
    chart_style: ChartStyle = ChartStyle.LINE
    band_minutes: int = 0
    """Span whose mean ± 2σ the chart shows, one of ``BANDS``; 0 for none."""
    compared: tuple[str, ...] = ()
    """Pairs whose changes the chart shows beside the selected one's, in the order of their letters."""
    shows_ranks: bool = False
    """Whether the chart shows the pair's rank over time."""
    span: Span | None = None
    """Part of the window that the chart was zoomed to; ``None`` for the last ``range_hours``."""
    name: str = ""
    """The named view that this one began as; empty for none."""
    watchlist: str = MAIN
    """The watchlist in use."""
    min_volume: float | None = None
    """Floor of the 24 h volume in USD; ``None`` for that of the settings."""
    excluded: tuple[str, ...] = ()
    """Classes of instruments that are left out."""
    unique_base: bool = False
    """One row an asset."""
    columns: tuple[str, ...] = ()
    """Chosen columns, ``key`` or ``key:width``; empty for the usual ones."""
    then: str | None = None
    """Key of the column that orders rows which the first one doesn't tell apart."""
    shift_minutes: int = 60
    """How long ago the ranks were that a change of rank is told against."""
    keeps_line: bool = False
    """Whether the cursor stays at its line when rows move, instead of following its pair."""
    looks: Mapping[str, str] = field(default_factory=dict)
    """What was chosen in place of settings, see ``config.looks``."""
    source: str | None = None
    """The exchange of the scope where several are watched, ``None`` for all of them."""

    def floor(self, configured_usd: float) -> float:
        """The floor of the 24 h volume in USD."""
        return configured_usd if self.min_volume is None else self.min_volume

    def scope(self, watchlist: frozenset[str], min_volume_usd: float) -> Scope:
        """The scope of the ranking."""
        if self.watchlist_only:
            return Scope(ids=watchlist)
        return Scope(
            quote=self.quote,
            min_volume_usd=self.floor(min_volume_usd),
            excluded=frozenset(map(InstrumentClass, self.excluded)),
            unique_base=self.unique_base,
            source=self.source,
        )

    def everything(self, selected: str) -> "ViewState":
        """One pair selected, and nothing that could hide it."""
        is_consolidated = selected.startswith(f"{CONSOLIDATED}:")
        return replace(
            self,
            selected=selected,
            needle="",
            quote=None,
            watchlist_only=False,
            min_volume=0.0,
            excluded=(),
            unique_base=False,
            frozen=None,
            source=CONSOLIDATED if is_consolidated else None,
        )

    def next_metric(self) -> "ViewState":
        """The next metric, for chart and ranking."""
        return self.with_metric(after(tuple(Metric), self.metric))

    def with_metric(self, metric: Metric) -> "ViewState":
        """One metric."""
        return replace(self, metric=metric, frozen=None)

    def next_measure(self) -> "ViewState":
        """The next figure to rank by."""
        return self.with_measure(after(tuple(Measure), self.measure))

    def with_measure(self, measure: Measure) -> "ViewState":
        """Rank by this figure; rows follow the rank again."""
        return replace(self, measure=measure, sort=None, reverse=False, frozen=None)

    def next_quote(self, quotes: Sequence[str]) -> "ViewState":
        """The next quote currency of ``quotes``, then all of them; leaves the watchlist."""
        return self.with_quote(after((*quotes, None), self.quote))

    def with_quote(self, quote: str | None) -> "ViewState":
        """One quote currency, or all of them."""
        return replace(self, quote=quote, watchlist_only=False, frozen=None)

    def next_source(self, sources: Sequence[str]) -> "ViewState":
        """The next exchange of ``sources``, then all of them; leaves the watchlist."""
        return self.with_source(after((None, *sources), self.source))

    def with_source(self, source: str | None) -> "ViewState":
        """One exchange, or all of them."""
        return replace(self, source=source, watchlist_only=False, frozen=None)

    def toggled_watchlist(self) -> "ViewState":
        """Only favourites, or all of the scope again."""
        return replace(self, watchlist_only=not self.watchlist_only, frozen=None)

    def toggled_unique_base(self) -> "ViewState":
        """One row an asset, or every pair again."""
        return replace(self, unique_base=not self.unique_base, frozen=None)

    def toggled_classes(self) -> "ViewState":
        """Leave out what is no asset of its own, or show every class again."""
        return replace(self, excluded=() if self.excluded else CLASSES, frozen=None)

    def with_range(self, step: int) -> "ViewState":
        """A longer (``step`` 1) or shorter (−1) range of the chart."""
        place = RANGES_H.index(self.range_hours) + step
        return replace(self, range_hours=RANGES_H[max(0, min(place, len(RANGES_H) - 1))], span=None)

    def next_window(self) -> "ViewState":
        """The next longer window, then the shortest."""
        longer = next((minutes for minutes in WINDOWS if minutes > self.window), WINDOWS[0])
        return replace(self, window=longer, frozen=None)

    @property
    def shows_hours(self) -> bool:
        """Whether the chart shows hours from the history instead of the window's minutes."""
        return self.range_hours > DAY_H and not self.shows_ranks

    @property
    def chart_span(self) -> Span:
        """What the chart shows of the window."""
        return self.span or Span(self.range_hours * 60)

    def next_style(self) -> "ViewState":
        """The next way to draw one pair."""
        return replace(self, chart_style=after(tuple(ChartStyle), self.chart_style), shows_ranks=False)

    def next_band(self) -> "ViewState":
        """The next span of the Bollinger band, then none."""
        return replace(self, band_minutes=after(BANDS, self.band_minutes), shows_ranks=False)

    def toggled_ranks(self) -> "ViewState":
        """The pair's rank over time, or its values again."""
        return replace(self, shows_ranks=not self.shows_ranks, span=None)

    def compared_with(self, key: str) -> "ViewState":
        """A pair among the compared ones, or no longer; unchanged where there is no letter left."""
        if key in self.compared:
            return replace(self, compared=tuple(other for other in self.compared if other != key), shows_ranks=False)
        if len(self.compared) >= MOST:
            return self
        return replace(self, compared=(*self.compared, key), shows_ranks=False)

    def next_sort(self, columns: Sequence[str]) -> "ViewState":
        """Sort by the column after the present one; the first of ``columns`` is the rank."""
        present = columns[0] if self.sort is None else self.sort
        return self.with_sort(after(columns, present))

    def with_sort(self, column: str) -> "ViewState":
        """Sort by a column in its natural direction; a second time reverses it. Ranks do not change."""
        sort = None if column == "rank" else column
        if sort == self.sort:
            return self.reversed()
        return replace(self, sort=sort, reverse=False, frozen=None)

    def reversed(self) -> "ViewState":
        """The other direction; unranked rows stay last."""
        return replace(self, reverse=not self.reverse, frozen=None)

    def next_then(self, columns: Sequence[str]) -> "ViewState":
        """The next second key among ``columns``, then none; neither the rank nor the first key can be it."""
        keys = [column for column in columns if column not in ("rank", self.sort)]
        return replace(self, then=after((None, *keys), self.then), frozen=None)

    def next_shift(self) -> "ViewState":
        """The next horizon of the change of rank."""
        return replace(self, shift_minutes=after(SHIFTS_MINUTES, self.shift_minutes))

    def toggled_cursor(self) -> "ViewState":
        """Let the cursor follow its pair, or stay at its line."""
        return replace(self, keeps_line=not self.keeps_line)

    def next_theme(self, themes: Sequence[str]) -> "ViewState":
        """The next theme."""
        return replace(self, theme=after(themes, self.theme))

    def toggled_time_zone(self) -> "ViewState":
        """UTC or local time."""
        return replace(self, time_zone=after(tuple(TimeZone), self.time_zone))

    def remembered(self) -> "View":
        """What the next run should know."""
        from tui_tracker.config.state import View

        return View(
            selected=self.selected,
            quote=self.quote or ALL,
            watchlist_only=self.watchlist_only,
            metric=self.metric.value,
            measure=self.measure.value,
            range_hours=self.range_hours,
            window=self.window,
            sort=self.sort,
            reverse=self.reverse,
            theme=str(self.theme),
            time_zone=self.time_zone.value,
            chart_style=self.chart_style.value,
            band_minutes=self.band_minutes,
            compared=self.compared,
            name=self.name,
            filter=self.needle if self.name else "",
            watchlist=self.watchlist,
            min_volume=self.min_volume,
            excluded=self.excluded,
            unique_base=self.unique_base,
            layout=self.panes.preset.value,
            list_width=self.panes.list_width,
            chart_pct=self.panes.chart_pct,
            columns=self.columns,
            then=self.then,
            shift_minutes=self.shift_minutes,
            keeps_line=self.keeps_line,
            looks=dict(self.looks),
            source=self.source,
        )


CHOICES: Final[dict[str, Callable[[ViewState], ViewState]]] = {
    "metric": ViewState.next_metric,
    "measure": ViewState.next_measure,
    "watchlist": ViewState.toggled_watchlist,
    "reverse": ViewState.reversed,
    "unique_base": ViewState.toggled_unique_base,
    "classes": ViewState.toggled_classes,
    "window": ViewState.next_window,
    "shorter": lambda view: view.with_range(-1),
    "longer": lambda view: view.with_range(1),
    "shift": ViewState.next_shift,
    "cursor": ViewState.toggled_cursor,
    "time_zone": ViewState.toggled_time_zone,
    "style": ViewState.next_style,
    "band": ViewState.next_band,
    "ranks": ViewState.toggled_ranks,
    "layout": lambda view: replace(view, panes=view.panes.next_preset()),
}
"""Choices that need nothing but what was chosen before."""


def after(choices: Sequence[Choice], present: Choice) -> Choice:
    """The choice that follows ``present``, cyclically; the first one if ``present`` is none of them."""
    if present not in choices:
        return choices[0]
    return choices[(choices.index(present) + 1) % len(choices)]


def initial(settings: Settings, seen: "View | None", columns: Sequence[str]) -> ViewState:
    """How to open: as the last run was left where that is still known, else as configured."""
    if seen is None:
        return ViewState(
            quote=settings.quote,
            metric=settings.metric,
            measure=settings.by,
            theme=settings.theme,
            time_zone=settings.time_zone,
            chart_style=settings.chart_style,
            panes=Panes(settings.layout),
            window=settings.window,
            columns=known(settings.columns),
        )
    return ViewState(
        selected=seen.selected,
        quote=_quote(seen.quote, settings.quote),
        watchlist_only=seen.watchlist_only,
        metric=_member(Metric, seen.metric, settings.metric),
        measure=_member(Measure, seen.measure, settings.by),
        range_hours=seen.range_hours if seen.range_hours in RANGES_H else DAY_H,
        sort=seen.sort if seen.sort in columns or seen.sort in BY_NAME else None,
        reverse=seen.reverse,
        theme=seen.theme or settings.theme,
        window=seen.window or settings.window,
        time_zone=_member(TimeZone, seen.time_zone, settings.time_zone),
        chart_style=_member(ChartStyle, seen.chart_style, settings.chart_style),
        band_minutes=seen.band_minutes if seen.band_minutes in BANDS else 0,
        compared=seen.compared[:MOST],
        name=seen.name,
        needle=seen.filter,
        watchlist=seen.watchlist,
        min_volume=seen.min_volume,
        excluded=seen.excluded,
        unique_base=seen.unique_base,
        panes=Panes(_member(Preset, seen.layout, settings.layout), seen.list_width, seen.chart_pct),
        columns=known(seen.columns) or known(settings.columns),
        then=seen.then if seen.then in columns else None,
        shift_minutes=seen.shift_minutes if seen.shift_minutes in SHIFTS_MINUTES else 60,
        keeps_line=seen.keeps_line,
        looks=seen.looks,
        source=seen.source if seen.source in watched_by(settings) else None,
    )


def watched_by(settings: Settings) -> tuple[str, ...]:
    """What rows can be of where several exchanges are watched, as configured; else nothing."""
    watched = settings.market.split(",")
    return (CONSOLIDATED, *watched) if len(watched) > 1 else ()


def _quote(remembered: str | None, configured: str | None) -> str | None:
    if remembered is None:
        return configured
    return None if remembered == ALL else remembered


Member = TypeVar("Member", bound=StrEnum)


def _member(choices: type[Member], remembered: str | None, configured: Member) -> Member:
    try:
        return choices(remembered) if remembered is not None else configured
    except ValueError:
        return configured
