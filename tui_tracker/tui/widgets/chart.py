"""The chart: it asks for pictures and shows the newest; drawing happens in a thread."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from tui_tracker.core.series import Series
from tui_tracker.tui.bindings import CHART_COMMANDS
from tui_tracker.tui.chart_data import ChartData, Compared
from tui_tracker.tui.charts.glyphs import Marker
from tui_tracker.tui.charts.request import Band, ChartRequest, Picture, Trace, Unit
from tui_tracker.tui.runs import Kind, Line
from tui_tracker.tui.widgets.canvas import Canvas
from tui_tracker.tui.widgets.strip import Strip
from tui_tracker.tui.widgets.titled import Titled

if TYPE_CHECKING:
    from tui_tracker.tui.charts.crosshair import Crosshair

SEPARATOR = " ── "


class Chart(Canvas, can_focus=True):
    """One pair or several over time, with a crosshair."""

    STALE_KINDS: ClassVar[frozenset[Kind]] = frozenset({"accent"})
    BINDINGS: ClassVar[list[BindingType]] = [command.app_binding for command in CHART_COMMANDS]

    def __init__(
        self,
        show_title: Callable[[str], None],
        show_readout: Callable[[], None],
        *,
        id: str | None = None,  # noqa: A002
        marker: Marker,
    ) -> None:
        super().__init__(id=id)
        self._show_title = show_title
        self._show_readout = show_readout
        self._marker = marker
        self._data: ChartData | None = None
        self._wanted: ChartRequest | None = None
        self._drawn: ChartRequest | None = None
        self._picture = Picture()
        self._is_drawing = False
        self._crosshair: Crosshair | None = None

    @property
    def data(self) -> ChartData | None:
        """What is shown."""
        return self._data

    @property
    def crosshair_ms(self) -> int | None:
        """Where the crosshair is, ms since the epoch; ``None`` if there is none."""
        return None if self._crosshair is None else self._crosshair.instant_ms

    def use_marker(self, marker: Marker) -> None:
        """Draw the line with this from the next picture on."""
        self._marker = marker

    def show(self, data: ChartData) -> None:
        """Show other data; the picture follows when it is drawn, and only the newest one."""
        self._data = data
        self._request()

    def on_resize(self) -> None:
        """Draw again for the new size."""
        self._request()

    def move_crosshair(self, step: int) -> None:
        """Move the crosshair by columns; the first time it appears at the newest minute. Nothing is drawn again."""
        if self._drawn is not None and self._picture.frame is not None:
            if self._crosshair is None:
                from tui_tracker.tui.charts.crosshair import Crosshair

                self._crosshair = Crosshair()
            self._crosshair.move(self._drawn, self._picture.frame, step)
            self._paint()

    def leave_crosshair(self) -> bool:
        """Take the crosshair away; return whether there was one."""
        if self._crosshair is None:
            return False
        self._crosshair = None
        self._paint()
        return True

    def readout(self, width: int) -> Line | None:
        """The values under the crosshair, as many as fit."""
        if self._data is None or self._drawn is None or self._picture.frame is None or self._crosshair is None:
            return None
        return self._crosshair.readout(self._drawn, self._picture.frame, self._data.normal, width)

    def _request(self) -> None:
        data = self._data
        if data is None or not self.size:
            return
        request = self._request_for(data)
        if request is None:
            self._wanted = self._drawn = None
            self._show_picture(data, Picture())
        elif request == self._drawn and self._wanted is None:
            self._show_picture(data, self._picture)
        else:
            self._wanted = request
            if not self._is_drawing:
                self._is_drawing = True
                self._draw_newest()

    def _request_for(self, data: ChartData) -> ChartRequest | None:
        series = data.series
        if series is None:
            return None
        start, stop = data.span.bounds(series.start_ms, len(series.values), series.step_minutes)
        start_ms = series.start_ms + start * series.step_ms
        values = tuple(series.values[start:stop])
        others = [(one, _part(one.series, start_ms, stop - start)) for one in data.compared]
        if not any(value == value for part in (values, *(part for _, part in others)) for value in part):
            return None
        return ChartRequest(
            key=(
                *_identity(series),
                start,
                stop,
                *(_identity(one.series) for one in data.compared),
                data.flow is not None and _identity(data.flow),
            ),
            start_ms=start_ms,
            values=values,
            width=self.size.width,
            height=self.size.height,
            digits=data.digits,
            unit=Unit.PERCENT if others else data.unit,
            zone=data.zone,
            marker=self._marker,
            style=data.style,
            band=_band(data, series, start),
            volumes=() if data.flow is None else _part(data.flow, start_ms, stop - start),
            step=series.step_minutes,
            traces=_traces(others) if others else (),
        )

    @work(name="chart", group="chart")
    async def _draw_newest(self) -> None:
        try:
            while (request := self._wanted) is not None:
                picture = await asyncio.to_thread(_draw, request)
                if self._wanted is not request:
                    continue
                self._wanted, self._drawn = None, request
                if self._data is not None:
                    self._show_picture(self._data, picture)
        finally:
            self._is_drawing = False

    def _show_picture(self, data: ChartData, picture: Picture) -> None:
        self._picture = picture
        if self._crosshair is not None and self._drawn is not None and picture.frame is not None:
            self._crosshair.move(self._drawn, picture.frame, 0)
        self._paint()
        self._show_title(SEPARATOR.join(part for part in (data.title, picture.note) if part))

    def _paint(self) -> None:
        lines: Sequence[Line] = self._picture.lines
        if self._crosshair is not None and self._drawn is not None:
            lines = self._crosshair.over(self._picture, self._drawn)
        message = () if self._data is None else self._data.message
        self.paint(lines or (Line(), *message))
        self._show_readout()


def _draw(request: ChartRequest) -> Picture:
    """Draw in a thread; what draws is loaded with the first picture, after the first paint."""
    from tui_tracker.tui.charts.picture import draw

    return draw(request)


def _traces(compared: Sequence[tuple[Compared, tuple[float, ...]]]) -> tuple[Trace, ...]:
    from tui_tracker.tui.charts.compare import changes

    return tuple(Trace(one.letter, one.name, changes(part)) for one, part in compared)


def _identity(series: Series) -> tuple[object, ...]:
    return series.instrument_id, series.metric, series.end_ms, hash(series.values.tobytes())


def _part(series: Series, start_ms: int, count: int) -> tuple[float, ...]:
    """``count`` values from ``start_ms`` on; NaN where the series has none."""
    first = (start_ms - series.start_ms) // series.step_ms
    before, after = max(0, -first), max(0, first + count - len(series.values))
    nan = float("nan")
    part = (*([nan] * min(count, before)), *series.values[max(0, first) : max(0, first + count)])
    return (*part, *([nan] * min(count - len(part), after)))


def _band(data: ChartData, series: Series, start: int) -> Band | None:
    if not data.band_minutes or data.compared or series.step_minutes > 1:
        return None
    if data.band_minutes >= len(series.values):
        return Band(0, mean=data.normal.mean, stddev=data.normal.stddev)
    return Band(data.band_minutes, tuple(series.values[max(0, start - data.band_minutes + 1) : start]))


class ChartPane(Vertical, Titled):
    """The chart in its frame, with the strip under it; the crosshair speaks in the strip's first line."""

    def __init__(self, *, id: str | None = None, marker: Marker = "braille") -> None:  # noqa: A002
        super().__init__(id=id)
        self.chart = Chart(self.show_title, self._show_readout, id="chart", marker=marker)
        self.strip = Strip(id="strip")
        self._words: tuple[Line, ...] = ()

    def compose(self) -> ComposeResult:
        """Chart over strip."""
        yield self.chart
        yield self.strip

    def show_strip(self, lines: Sequence[Line]) -> None:
        """Say how the selected pair stands."""
        self._words = tuple(lines)
        self._show_readout()

    def _show_readout(self) -> None:
        line = self.chart.readout(self.strip.size.width)
        self.strip.paint(self._words if line is None else (line, *self._words[1:]))
