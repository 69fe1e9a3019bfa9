"""What the keys of the chart do."""

from dataclasses import replace

from tui_tracker.core import format as fmt
from tui_tracker.core.text import clean
from tui_tracker.tui.charts.request import MOST
from tui_tracker.tui.charts.span import Span
from tui_tracker.tui.follower import FeedApp
from tui_tracker.tui.view import CHOICES, ViewState

HIDDEN = "the chart is not shown in this layout; that counts when it is"


class ChartActions(FeedApp):
    """Styles, comparisons, crosshair, zoom."""

    def look_at_chart(self, view: ViewState) -> None:
        """Change what only the chart shows; the lists are not built again."""
        before, self.desk.view = self.desk.view, view
        if view != before:
            self._show_chart()
            self.load_series()
            if not self.main.is_chart_shown:
                self.say(HIDDEN)

    def action_chart_look(self, choice: str) -> None:
        """Make one of the chart's choices that need nothing but what was chosen before."""
        self.look_at_chart(CHOICES[choice](self.desk.view))
        if choice in ("style", "band") and self.desk.view.compared:
            self.say("compared pairs are lines; styles and the band are for one pair alone")

    def action_compare(self) -> None:
        """Compare the selected pair, or no longer."""
        key = self.desk.view.selected
        if key is None:
            return
        view = self.desk.view.compared_with(key)
        if view is self.desk.view:
            self.say(f"{MOST} pairs are compared already; c on one of them takes it out")
        self.look_at_chart(view)

    def action_compare_none(self) -> None:
        """Show the selected pair alone again."""
        if not self.desk.view.compared:
            self.say("no pairs are compared")
        self.look_at_chart(replace(self.desk.view, compared=()))

    def action_crosshair(self, step: int) -> None:
        """Move the crosshair by columns."""
        self.main.pane.chart.move_crosshair(step)

    def action_leave_crosshair(self) -> None:
        """Take the crosshair away; without one, go back."""
        if not self.main.pane.chart.leave_crosshair():
            self.action_go_back()

    def action_go_back(self) -> None:
        """Leave what was entered last."""

    def action_open(self) -> None:
        """Give the chart the whole screen."""

    def action_toggle_full(self) -> None:
        """Give the chart the whole screen, or the other panes their place again."""
        if self.main.is_chart_full:
            self.action_go_back()
        else:
            self.action_open()

    def action_zoom(self, is_in: bool) -> None:
        """Show half or twice as long a time, around the crosshair if there is one."""
        data = self.main.pane.chart.data
        if data is not None and data.series is not None:
            around_ms = self.main.pane.chart.crosshair_ms
            series = data.series
            self._show_span(
                data.span.zoomed(is_in, around_ms, series.start_ms, len(series.values), series.step_minutes)
            )

    def action_zoom_reset(self) -> None:
        """Show the whole range again."""
        if self.desk.view.span is None:
            self.say("the chart shows its whole range already")
        self.look_at_chart(replace(self.desk.view, span=None))

    def action_pan(self, direction: int) -> None:
        """Show an earlier or later time of the same length."""
        data = self.main.pane.chart.data
        if data is not None and data.series is not None:
            series = data.series
            self._show_span(data.span.panned(direction, series.start_ms, len(series.values), series.step_minutes))

    def _show_span(self, span: Span) -> None:
        is_usual = span == Span(self.desk.view.range_hours * 60)
        self.look_at_chart(replace(self.desk.view, span=None if is_usual else span))

    def action_copy_readout(self) -> None:
        """Copy the values at the crosshair, or at the newest minute if there is none."""
        chart = self.main.pane.chart
        if chart.crosshair_ms is None:
            chart.move_crosshair(0)
        line, data, at_ms = chart.readout(1000), chart.data, chart.crosshair_ms
        if line is None or data is None or at_ms is None:
            self.say("there is nothing to copy yet")
            return
        text = f"{data.name}  {fmt.rfc3339(at_ms)[:10]} {data.zone.name}  {line.text.strip()}"
        self.copy_to_clipboard(text)
        self.say(f"copied: {clean(text)}")
