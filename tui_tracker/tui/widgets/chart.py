"""The chart: it asks for pictures and shows the newest; drawing happens in a thread."""

import asyncio
from collections.abc import Callable, Sequence

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui_tracker.tui.chart_renderer import ChartRequest, Marker, draw
from tui_tracker.tui.desk import ChartData
from tui_tracker.tui.plain_ascii import spelled
from tui_tracker.tui.runs import Line
from tui_tracker.tui.widgets.canvas import Canvas
from tui_tracker.tui.widgets.strip import Strip


class Chart(Canvas, can_focus=True):
    """A line over time."""

    def __init__(self, show_title: Callable[[str], None], *, id: str | None = None, marker: Marker) -> None:  # noqa: A002
        super().__init__(id=id)
        self._show_title = show_title
        self._marker = marker
        self._data: ChartData | None = None
        self._wanted: ChartRequest | None = None
        self._drawn: ChartRequest | None = None
        self._is_drawing = False

    def use_marker(self, marker: Marker) -> None:
        """Draw the line with this; before anything is shown."""
        self._marker = marker

    def show(self, data: ChartData) -> None:
        """Show other data; the picture follows when it is drawn, and only the newest one."""
        self._data = data
        self._request()

    def on_resize(self) -> None:
        """Draw again for the new size."""
        self._request()

    def _request(self) -> None:
        data = self._data
        if data is None or not self.size:
            return
        request = self._request_for(data)
        if request is None:
            self._wanted = self._drawn = None
            self._show_picture(data, ())
        elif request == self._drawn and self._wanted is None:
            self._show_picture(data, self.lines)
        else:
            self._wanted = request
            if not self._is_drawing:
                self._is_drawing = True
                self._draw_newest()

    def _request_for(self, data: ChartData) -> ChartRequest | None:
        series = data.series
        if series is None:
            return None
        minutes = min(len(series.values), data.range_hours * 60)
        start = len(series.values) - minutes
        values = tuple(series.values[start:])
        if not any(value == value for value in values):
            return None
        return ChartRequest(
            key=(series.instrument_id, series.metric, series.end_ms, data.range_hours, hash(series.values.tobytes())),
            start_ms=series.start_ms + start * 60_000,
            values=values,
            width=self.size.width,
            height=self.size.height,
            digits=data.digits,
            is_price=series.metric.is_price,
            zone=data.zone,
            marker=self._marker,
        )

    @work(name="chart", group="chart")
    async def _draw_newest(self) -> None:
        try:
            while (request := self._wanted) is not None:
                picture = await asyncio.to_thread(draw, request)
                if self._wanted is not request:
                    continue
                self._wanted, self._drawn = None, request
                if self._data is not None:
                    self._show_picture(self._data, picture)
        finally:
            self._is_drawing = False

    def _show_picture(self, data: ChartData, picture: Sequence[Line]) -> None:
        self.paint(picture or (Line(), *data.message))
        self._show_title(data.title)


class ChartPane(Vertical):
    """The chart in its frame, with the strip under it."""

    def __init__(self, *, id: str | None = None, marker: Marker = "braille") -> None:  # noqa: A002
        super().__init__(id=id)
        self.chart = Chart(self.show_title, id="chart", marker=marker)
        self.strip = Strip(id="strip")
        self._title = ""

    def compose(self) -> ComposeResult:
        """Chart over strip."""
        yield self.chart
        yield self.strip

    def show_title(self, title: str) -> None:
        """Show ``title`` in the border, as plain text."""
        if title != self._title:
            self._title = title
            self.border_title = Content(spelled(title) if getattr(self.app, "is_ascii", False) else title)
