"""What the chart shows, from the samples that were read for it."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from math import nan

from tui_tracker.config.choices import ChartStyle
from tui_tracker.core.figures import Figures
from tui_tracker.core.hours import HOUR_MS, Hours
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.text import clean
from tui_tracker.stats.downsample import extremes
from tui_tracker.stats.ranking import Ranking
from tui_tracker.tui import texts, titles
from tui_tracker.tui.charts.request import LETTERS, Normal, Unit
from tui_tracker.tui.charts.span import LEAST_MINUTES, Span
from tui_tracker.tui.rank_history import RankHistory
from tui_tracker.tui.runs import Line
from tui_tracker.tui.times import Zone
from tui_tracker.tui.view import ViewState


@dataclass(frozen=True, slots=True)
class Compared:
    """One of several pairs in the chart."""

    letter: str
    """Empty for the selected pair."""
    name: str
    series: Series


@dataclass(frozen=True, slots=True)
class ChartData:
    """What the chart shows, apart from its size."""

    title: str
    series: Series | None
    span: Span
    digits: int
    zone: Zone
    message: tuple[Line, ...]
    """What is said where there is nothing to draw."""
    unit: Unit = Unit.PRICE
    name: str = ""
    """What the values at the crosshair are called where they are copied."""
    style: ChartStyle = ChartStyle.LINE
    band_minutes: int = 0
    """0 for no band; the length of the window or more for the whole of it."""
    normal: Normal = field(default_factory=Normal)
    """Mean and σ of the whole window."""
    compared: tuple[Compared, ...] = ()
    flow: Series | None = None


class ChartSamples:
    """Samples that were read for the chart: of the selected pair, of those beside it, and hours of longer ranges."""

    def __init__(self) -> None:
        self.series: Series | None = None
        self.others: dict[tuple[str, Metric], Series] = {}
        self.hours: dict[tuple[str, Metric], Hours] = {}
        self._extremes = texts.Extremes()
        self._extremes_of: tuple[str | None, Metric] = (None, Metric.PRICE)

    def wanted_series(self, view: ViewState) -> tuple[tuple[str, Metric], ...]:
        """What the chart needs beside the samples of the selected pair."""
        others = [(key, view.metric) for key in view.compared if key != view.selected]
        if view.selected is not None and view.chart_style is ChartStyle.CANDLES:
            others.append((view.selected, Metric.FLOW))
        return tuple(others)

    def wanted_hours(self, view: ViewState) -> tuple[tuple[str, Metric], ...]:
        """What the chart needs where it shows more than a day."""
        if not view.shows_hours or view.selected is None:
            return ()
        return tuple((key, view.metric) for key in dict.fromkeys((view.selected, *view.compared)))

    def take_hours(self, view: ViewState, hours: Hours) -> bool:
        """Keep hours for the chart, if they are still what is wanted."""
        wanted, key = self.wanted_hours(view), (hours.instrument_id, hours.metric)
        if key not in wanted:
            return False
        self.hours = {other: kept for other, kept in self.hours.items() if other in wanted} | {key: hours}
        return True

    def take_series(self, view: ViewState, series: Series, window: int) -> bool:
        """Keep the samples for the chart, if they are still what is wanted."""
        key = (series.instrument_id, series.metric)
        wanted = self.wanted_series(view)
        if key in wanted:
            self.others = {other: kept for other, kept in self.others.items() if other in wanted}
            self.others[key] = series
            return True
        if key != (view.selected, view.metric):
            return False
        self.series = series
        series = series.last(window)
        found = None if len(series.values) < window else extremes(series.values)
        self._extremes, self._extremes_of = texts.Extremes(), key
        if found is not None:
            low_ms, high_ms = (series.start_ms + index * MINUTE_MS for index in found)
            self._extremes = texts.Extremes(low_ms, high_ms, *(series.values[index] for index in found))
        return True

    def extremes(self, view: ViewState) -> texts.Extremes:
        """When the selected pair was lowest and highest, as far as that is known."""
        return self._extremes if self._extremes_of == (view.selected, view.metric) else texts.Extremes()


@dataclass(frozen=True, slots=True)
class Chart:
    """Makes what the chart shows at one moment."""

    samples: ChartSamples
    view: ViewState
    snapshot: Snapshot | None
    row: Row | None
    """The selected pair."""
    row_of: Callable[[str], Row | None]
    ranking: Ranking | None
    ranks: RankHistory
    zone: Zone
    is_several: bool
    """Whether pairs of several exchanges are watched."""

    def data(self) -> ChartData | None:
        """What the chart shows; ``None`` while the samples of the selected pair are on their way."""
        row, series = self.row, self.samples.series
        if row is not None and row.figures_of(self.view.metric) is None:
            series = None
        if (
            row is not None
            and series is not None
            and (series.instrument_id, series.metric) != (row.id, self.view.metric)
        ):
            series = None
        if row is not None and series is None and _has_samples(row, self.view.metric):
            return None
        if self.view.shows_ranks:
            return self._rank_chart(row)
        if self.view.shows_hours and row is not None:
            return self._hours_chart(row)
        figures = None if row is None else row.figures_of(self.view.metric)
        window = 0 if self.snapshot is None else self.snapshot.window_minutes
        return ChartData(
            title=titles.chart_title(
                row,
                self.view,
                self.zone,
                window,
                0 if series is None else len(series.values),
                is_several=self.is_several,
            ),
            series=series,
            span=self.view.chart_span,
            digits=0 if row is None else row.instrument.digits,
            zone=self.zone,
            message=tuple(texts.chart_message(row, self.view, self.snapshot, self.zone)),
            unit=Unit.PRICE if self.view.metric.is_price else Unit.NUMBER,
            name=self._chart_name(row),
            style=self.view.chart_style,
            band_minutes=self.view.band_minutes,
            normal=_normal(figures),
            compared=self._compared(series),
            flow=None if row is None else self.samples.others.get((row.id, Metric.FLOW)),
        )

    def _hours_chart(self, row: Row) -> ChartData | None:
        """More than a day; ``None`` while the hours are on their way."""
        hours = self.samples.hours.get((row.id, self.view.metric))
        if hours is None or len(hours.closes) != self.view.range_hours:
            return None
        first_ms = hours.first_ms
        is_whole = first_ms is not None and first_ms <= hours.start_ms + HOUR_MS
        known = "" if is_whole or first_ms is None else f"known from {self.zone.day(first_ms)}"
        title = titles.chart_title(row, self.view, self.zone, is_several=self.is_several)
        series = hours.points()
        return ChartData(
            title=titles.SEPARATOR.join(part for part in (title, known, hours.missing) if part),
            series=series,
            span=self.view.chart_span,
            digits=row.instrument.digits,
            zone=self.zone,
            message=tuple(texts.chart_message(row, self.view, self.snapshot, self.zone)),
            unit=Unit.PRICE if self.view.metric.is_price else Unit.NUMBER,
            name=self._chart_name(row),
            style=self.view.chart_style,
            compared=self._compared(series),
            flow=hours.flow() if self.view.chart_style is ChartStyle.CANDLES else None,
        )

    def _samples_of(self, key: str) -> Series | None:
        """The samples of a compared pair, if they are here."""
        if not self.view.shows_hours:
            return self.samples.others.get((key, self.view.metric))
        hours = self.samples.hours.get((key, self.view.metric))
        return None if hours is None or len(hours.closes) != self.view.range_hours else hours.points()

    def _chart_name(self, row: Row | None) -> str:
        pair = "" if row is None else clean(row.instrument.pair, 24)
        return f"{pair} {titles.METRIC_WORDS[self.view.metric]}"

    def _rank_chart(self, row: Row | None) -> ChartData | None:
        if row is None or self.ranking is None:
            return None
        track = self.ranks.track_of(self.ranking)
        values = track.series(row.id)
        padding = array("d", [nan] * max(0, LEAST_MINUTES - len(values)))
        end_ms = track.end_ms or 0
        values = array("d", [*padding, *(-value for value in values)])
        place = self.ranking.place(row.id)
        reason = "not in this ranking" if place is None else f"not ranked: {clean(place.reason, 40)}"
        return ChartData(
            title=titles.chart_title(row, self.view, self.zone, since_ms=track.since_ms, is_several=self.is_several),
            series=Series(row.id, self.view.metric, end_ms - (len(values) - 1) * MINUTE_MS, values),
            span=self.view.chart_span,
            digits=0,
            zone=self.zone,
            message=(Line(((f" {reason}", "muted"),)),),
            unit=Unit.RANK,
            name=f"{clean(row.instrument.pair, 24)} by {self.view.measure.label} of "
            f"{titles.METRIC_WORDS[self.view.metric]}",
        )

    def _compared(self, series: Series | None) -> tuple[Compared, ...]:
        """Those of the compared pairs whose samples are here, and the selected one last."""
        if not self.view.compared or self.snapshot is None:
            return ()
        found: list[Compared] = []
        for letter, key in zip(LETTERS, self.view.compared, strict=False):
            row = self.row_of(key)
            other = series if series is not None and series.instrument_id == key else None
            other = other or self._samples_of(key)
            if row is not None and other is not None:
                found.append(Compared(letter, self._compared_name(row), other))
        row = self.row
        if row is not None and series is not None and row.id not in self.view.compared:
            found.append(Compared("", self._compared_name(row), series))
        return tuple(found)

    def _compared_name(self, row: Row) -> str:
        return titles.pair_name(row.instrument, 24 if self.is_several else 16, is_several=self.is_several)


def _normal(figures: Figures | None) -> Normal:
    return Normal() if figures is None else Normal(figures.mean, figures.stddev)


def _has_samples(row: Row, metric: Metric) -> bool:
    figures = row.figures_of(metric)
    return figures is not None and figures.samples > 0
