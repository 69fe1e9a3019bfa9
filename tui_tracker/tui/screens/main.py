"""The main screen: panes, and which of them are shown at which size."""

from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget

from tui_tracker.filters.language import compile_filter
from tui_tracker.tui.bindings import ALWAYS_HINTS, BY_ID, CHART_HINTS, LIST_HINTS, LOST_HINTS, TABLE_HINTS
from tui_tracker.tui.charts.glyphs import Marker
from tui_tracker.tui.keys import KeyBook
from tui_tracker.tui.present import Scene
from tui_tracker.tui.texts import too_small
from tui_tracker.tui.view import Layout, Panes, layout_for
from tui_tracker.tui.widgets.canvas import Canvas
from tui_tracker.tui.widgets.chart import ChartPane
from tui_tracker.tui.widgets.header import Header
from tui_tracker.tui.widgets.keys_line import KeysLine
from tui_tracker.tui.widgets.rows import Rows
from tui_tracker.tui.widgets.welcome import ROWS as WELCOME_ROWS
from tui_tracker.tui.widgets.welcome import Welcome

if TYPE_CHECKING:
    from tui_tracker.tui.widgets.filter_bar import FilterBar

Pane = Literal["list", "chart", "table"]


class MainScreen(Screen[None]):
    """Pair list, chart and ranked table."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("tab", "app.pane(1)", "next pane"),
        ("shift+tab", "app.pane(-1)", "previous pane"),
    ]

    def __init__(self, marker: Marker = "braille") -> None:
        super().__init__()
        self.header = Header(id="header")
        self.pairs = Rows(id="list")
        self.pane = ChartPane(id="pane", marker=marker)
        self.table = Rows(id="table")
        self.keys = KeysLine(id="keys")
        self.welcome = Welcome(id="welcome")
        self.small = Canvas(id="small")
        self.filter_bar: FilterBar | None = None
        self.arrangement = Layout.WIDE
        self.panes = Panes()
        self._key_book = KeyBook()
        self.is_waiting = True
        self.can_demo = False
        """Whether a simulated market is offered."""
        """Whether no pair is known yet."""

    def compose(self) -> ComposeResult:
        """Header, body, keys."""
        yield self.header
        with Container(id="body"):
            yield self.pairs
            yield self.pane
            yield self.table
        yield self.welcome
        yield self.keys
        yield self.small

    def on_mount(self) -> None:
        """Start in the table."""
        self.table.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Arrange the panes for the new size."""
        self.arrange_for(event.size.width, event.size.height)

    def arrange_for(self, width: int, height: int) -> None:
        """Choose the layout, and keep the focus on something visible."""
        self.arrangement = layout_for(width, height, self.panes.preset)
        for layout in Layout:
            self.set_class(layout is self.arrangement, layout.value)
        if self.arrangement is Layout.TOO_SMALL:
            self.small.paint(too_small(width))
        if self.arrangement is Layout.WIDE:
            self.remove_class("list-open")
        self._share_out(width)
        self.welcome.show(self._key_book, width)
        self.show_keys()

    @property
    def body_rows(self) -> int:
        """Rows of the panes: all but the top and the bottom line and the help of the first start."""
        return max(0, self.size.height - 2 - (WELCOME_ROWS if self.has_class("welcoming") else 0))

    def set_panes(self, panes: Panes) -> None:
        """Share the room out in another way, and keep the focus on something visible."""
        self.panes = panes
        if self.is_running:
            pane = self.focused_pane
            self.arrange_for(*self.size)
            if not self.is_chart_full:
                self.focus_pane(pane if pane in self.visible_panes() and pane != "list" else "table")

    def use_keys(self, key_book: KeyBook) -> None:
        """Show and obey these keys."""
        self._key_book = key_book
        key_book.bind(self, [BY_ID["pane.next"], BY_ID["pane.previous"]], prefix="app.")

    def set_welcome(self, is_shown: bool) -> None:
        """Show the help of the first start, or give its rows to the panes."""
        self.set_class(is_shown, "welcoming")
        if self.is_running:
            self._share_out(self.size.width)

    def _share_out(self, width: int) -> None:
        body, layout, rows = self.query_one("#body"), self.arrangement, self.body_rows
        chart = self.panes.chart_rows(layout, rows)
        is_grid = layout is Layout.WIDE and not self.is_chart_full and not self.has_class("lost")
        if is_grid:
            body.styles.grid_columns = f"{self.panes.list_cells(width)} 1fr"
            body.styles.grid_rows = f"{chart} 1fr"
        self.pane.styles.height = chart if layout is Layout.MEDIUM and not self.is_chart_full else None

    @property
    def is_chart_full(self) -> bool:
        """Whether the chart has the whole screen."""
        return self.has_class("chart-full")

    @property
    def is_list_open(self) -> bool:
        """Whether the list lies over the other panes."""
        return self.has_class("list-open")

    @property
    def focused_pane(self) -> Pane:
        """The pane that keys go to."""
        if self.pairs.has_focus:
            return "list"
        return "chart" if self.pane.chart.has_focus else "table"

    @property
    def is_chart_shown(self) -> bool:
        """Whether the chart is anywhere on the screen."""
        return self.is_chart_full or (self.arrangement is not Layout.NARROW and not self.has_class("lost"))

    def visible_panes(self) -> tuple[Pane, ...]:
        """The panes that can have the focus, in the order of Tab."""
        if self.is_chart_full:
            return ("chart",)
        if self.has_class("lost"):
            return ("table",)
        if self.arrangement is Layout.NARROW:
            return ("list", "table")
        return ("list", "chart", "table")

    def focus_pane(self, pane: Pane) -> None:
        """Give a pane the focus; the list opens over the others where it has no place of its own."""
        is_over = self.arrangement in (Layout.MEDIUM, Layout.NARROW)
        self.set_class(is_over and pane == "list", "list-open")
        widget: Widget = {"list": self.pairs, "chart": self.pane.chart, "table": self.table}[pane]
        self.set_focus(widget)  # at once: by its own focus() a later message would take it from what has it then

    def set_chart_full(self, is_full: bool) -> None:
        """Give the chart the whole screen, or the other panes their place again."""
        if is_full and self.has_class("lost"):
            return
        self.set_class(is_full, "chart-full")
        self._share_out(self.size.width)
        self.focus_pane("chart" if is_full else "table")
        self.show_keys()

    def focus_neighbour(self, step: int) -> None:
        """Give the next or previous pane the focus."""
        panes, present = self.visible_panes(), self.focused_pane
        place = panes.index(present) if present in panes else -1
        self.focus_pane(panes[(place + step) % len(panes)])

    def show_empty(self, list_title: str, chart_title: str, table_title: str) -> None:
        """Name the panes before anything came."""
        self.pairs.show_title(list_title)
        self.pane.show_title(chart_title)
        self.table.show_title(table_title)

    def set_lost(self, is_lost: bool) -> None:
        """Give the room of empty panes to what there is to say, or give it back."""
        if is_lost is not self.has_class("lost"):
            self.set_class(is_lost, "lost")
            if is_lost:
                self.remove_class("chart-full")
            self._share_out(self.size.width)
            if is_lost:
                self.focus_pane("table")

    def show_lists(
        self, scene: Scene, selected: str | None, list_title: str, table_title: str, is_lost: bool = False
    ) -> None:
        """Tell both lists, and the filter, what they show; ``is_lost`` if nothing is known and nothing comes."""
        self.is_waiting = not scene.counts.all
        self.set_lost(is_lost)
        self.pane.chart.set_stale(scene.table.is_dimmed)
        self.pane.strip.set_stale(scene.table.is_dimmed)
        self.pairs.show(scene.pairs, selected)
        self.table.show(scene.table, selected)
        self.pairs.show_title(list_title)
        self.table.show_title(table_title)
        if self.filter_bar is not None:
            understood = compile_filter(scene.table.view.needle).understood
            self.filter_bar.show_count(scene.counts.shown, scene.counts.in_scope, understood)
        self.show_keys()

    def set_cursor(self, key: str) -> None:
        """Put both cursors on a pair."""
        self.table.set_cursor(key)
        self.pairs.set_cursor(key)

    async def open_filter(self, needle: str) -> None:
        """Put the filter in the place of the keys, or go back to it; on return it has the focus.

        What it finds stands in the table, so a list that lies over it goes.
        """
        self.remove_class("list-open")
        if self.filter_bar is None:
            from tui_tracker.tui.widgets.filter_bar import FilterBar

            self.filter_bar = FilterBar(needle, id="filter")
            self.add_class("filtering")
            await self.mount(self.filter_bar)
        self.set_focus(self.filter_bar.field)

    def close_filter(self, pane: Pane) -> None:
        """Put the keys back."""
        if self.filter_bar is not None:
            self.filter_bar.remove()
            self.filter_bar = None
            self.remove_class("filtering")
        self.focus_pane(pane)

    def hint_ids(self) -> list[str]:
        """The commands that matter most where the focus is; where nothing is known yet, what helps with that."""
        if self.is_waiting and not self.is_chart_full:
            return [name for name in LOST_HINTS if name != "demo" or self.can_demo]
        if self.pane.chart.has_focus:
            return [name for name in CHART_HINTS if name != "back" or self.is_chart_full]
        return list(LIST_HINTS if self.pairs.has_focus else TABLE_HINTS)

    def show_keys(self) -> None:
        """Show the keys of what has the focus."""
        self.keys.show(self._key_book.hints(self.hint_ids()), self._key_book.hints(ALWAYS_HINTS))

    def on_descendant_focus(self) -> None:
        """Show the keys of the pane that has the focus now; the crosshair is the chart's alone."""
        if not self.pane.chart.has_focus:
            self.pane.chart.leave_crosshair()
        self.show_keys()
