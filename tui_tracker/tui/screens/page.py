"""A screen over the panes that shows one page of blocks, follows the market, and scrolls."""

from collections.abc import Sequence
from typing import ClassVar, Final, Protocol, TypeAlias, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import ModalScreen
from typing_extensions import override

from tui_tracker.core.metric import Metric
from tui_tracker.core.series import Series
from tui_tracker.core.status import SourceReport
from tui_tracker.tui.bindings import Command
from tui_tracker.tui.chart_data import ChartData
from tui_tracker.tui.charts.glyphs import Marker
from tui_tracker.tui.desk import Desk
from tui_tracker.tui.keys import KeyBook
from tui_tracker.tui.pages.blocks import Page
from tui_tracker.tui.runs import Line, clipped
from tui_tracker.tui.screen_bindings import ELSEWHERE, PAGE_COMMANDS
from tui_tracker.tui.screens.scrolling import Scrolling
from tui_tracker.tui.texts import too_small
from tui_tracker.tui.view import Layout, layout_for
from tui_tracker.tui.widgets.canvas import Canvas
from tui_tracker.tui.widgets.header import Header
from tui_tracker.tui.widgets.keys_line import KeysLine

SeriesKey: TypeAlias = tuple[str, Metric]
"""Which samples: instrument and metric."""
WHEEL_ROWS: Final = 3


class Host(Protocol):
    """What a page needs of the app."""

    @property
    def key_book(self) -> KeyBook:
        """The keys in force."""
        ...

    @property
    def marker(self) -> Marker:
        """What charts are drawn with."""
        ...

    @property
    def uptime_ms(self) -> int:
        """How long the app has been running, ms of real time."""
        ...

    def health(self) -> SourceReport:
        """Everything that is known of how the source is doing."""
        ...

    def say(self, *messages: str) -> None:
        """Show messages for a few seconds."""
        ...

    def show_page(self) -> None:
        """Tell the page what it shows now, and read the samples that it lacks."""
        ...


class PageBody(Canvas):
    """The lines of a page, as many as there is room for."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._all: tuple[Line, ...] = ()
        self._top = 0

    @property
    def position(self) -> str:
        """``1–20 of 45``; empty where all is in view."""
        if len(self._all) <= self.size.height:
            return ""
        return f"{self._top + 1}–{min(self._top + self.size.height, len(self._all))} of {len(self._all)}"

    @property
    def whole(self) -> str:
        """Everything that can be scrolled to, without styles."""
        return "\n".join(line.text.rstrip() for line in self._all)

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines; what is in view stays where it was, as far as it can."""
        self._all = tuple(lines)
        self.scroll_lines(0)

    def scroll_lines(self, lines: int) -> None:
        """Show what is so many lines further down."""
        height = self.size.height
        self._top = max(0, min(self._top + lines, len(self._all) - height))
        self.paint(self._all[self._top : self._top + height])

    def on_resize(self) -> None:
        """Show as many lines as there is room for now."""
        self.scroll_lines(0)


class PageScreen(Scrolling, ModalScreen[None]):
    """Base of the screens that explain: state line, page, keys.

    It is modal, so that the keys of the panes don't act unseen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in PAGE_COMMANDS]
    page_name: ClassVar[str] = ""
    """What ``open_page`` calls it."""
    OWN_COMMANDS: ClassVar[tuple[Command, ...]] = ()
    """What can be done here alone; the first ones stand in the bottom line."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk: Final = desk
        self.header = Header(id="header")
        self.body = PageBody(id="page")
        self.keys = KeysLine(id="keys")
        self._series: dict[SeriesKey, Series] = {}
        self._shown_title = ""
        self._shown_state: object = None

    def compose(self) -> ComposeResult:
        """State line, page, keys."""
        yield self.header
        yield self.body
        yield self.keys

    def on_mount(self) -> None:
        """Obey the keys in force, and fill the page once its size is known."""
        self.host.key_book.bind(self, [*self.OWN_COMMANDS, *PAGE_COMMANDS])
        self.call_after_refresh(self.host.show_page)

    @property
    def host(self) -> Host:
        """The app."""
        return cast(Host, self.app)

    def build(self, width: int) -> Page:
        """What the page says, in ``width`` cells."""
        raise NotImplementedError

    def needs(self) -> tuple[SeriesKey, ...]:
        """The samples that the page is made from."""
        return ()

    def in_sight(self) -> tuple[str, ...]:
        """Ids of the pairs that the page shows, beside the selected one."""
        return ()

    def show_chart(self, data: ChartData) -> None:
        """Take what the chart of the selected pair shows; pages without one have no use for it."""

    def series(self, key: SeriesKey) -> Series | None:
        """Samples, or ``None`` while they are on their way."""
        return self._series.get(key)

    def lacks(self) -> tuple[SeriesKey, ...]:
        """The samples that are not those of the newest snapshot."""
        version = None if self.desk.snapshot is None else self.desk.snapshot.version
        return tuple(
            key for key in self.needs() if (series := self._series.get(key)) is None or series.version != version
        )

    def take(self, series: Sequence[Series]) -> None:
        """Take samples in; those of what isn't needed any more are forgotten."""
        window = 0 if self.desk.snapshot is None else self.desk.snapshot.window_minutes
        self._series |= {(one.instrument_id, one.metric): one.last(window) for one in series}
        needed = self.needs()
        self._series = {key: one for key, one in self._series.items() if key in needed}

    def state(self) -> object:
        """Everything that the page is made from, to compare: it is written anew only where this differs."""
        desk, snapshot = self.desk, self.desk.snapshot
        versions = [(key, series.version) for key, series in self._series.items()]
        shown = None if snapshot is None else (snapshot.version, snapshot.status)
        return desk.view, desk.watchlist, shown, versions

    def show(self) -> None:
        """Write the page anew if it must be; cells that are the same are not painted."""
        width, height = self.app.size
        if not self.is_mounted or not self.body.size.width:
            return
        state = (self.state(), self.body.size)
        if state == self._shown_state:
            return
        self._shown_state = state
        if layout_for(width, height) is Layout.TOO_SMALL:
            self.body.show(too_small(self.body.size.width))
            return
        page = self.build(self.body.size.width)
        if page.title != self._shown_title:
            self._shown_title = page.title
            self.body.border_title = Content(page.title)
        room = self.body.size.width
        self.give_room(len(page.lines))
        self.body.show([Line(clipped(line.runs, room)) for line in page.lines])
        self._show_keys()

    def give_room(self, lines: int) -> None:
        """Take up the room that so many lines leave; pages without anything else leave it."""

    def _show_keys(self) -> None:
        position = self.body.position
        hints = [("↑↓ PgUp PgDn", position)] if position else []
        others = [c for c in self._usable() if c.group == ELSEWHERE and c.id != f"page.{self.page_name}"]
        book = self.host.key_book
        told = [book.hint(command) for command in (*self.OWN_COMMANDS, *others)]
        always = [book.hint(command) for command in PAGE_COMMANDS if command.id in ("page.help", "page.close")]
        self.keys.show([*hints, *filter(None, told)], list(filter(None, reversed(always))))

    def _usable(self) -> list[Command]:
        """What every page can do, as far as it means anything here."""
        is_several = self.desk.is_several
        return [command for command in PAGE_COMMANDS if is_several or command.id != "page.across"]

    def on_resize(self) -> None:
        """Lay the page out for the new size."""
        self.call_after_refresh(self.host.show_page)

    def action_close(self) -> None:
        """Back to the panes."""
        self.dismiss()

    @property
    @override
    def rows_in_view(self) -> int:
        return self.body.size.height

    @override
    def action_scroll(self, lines: int) -> None:
        """Show other lines."""
        self.body.scroll_lines(lines)
        self._show_keys()

    def action_keys(self) -> None:
        """Show the keys that work here."""
        from tui_tracker.tui.screens.help import HelpScreen

        commands = self.host.key_book.in_force([*self.OWN_COMMANDS, *self._usable()])
        own = [command.id for command in self.OWN_COMMANDS]
        self.app.push_screen(HelpScreen(self.host.key_book, f"{self.page_name} screen", own, commands))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Show later lines."""
        event.stop()
        self.action_scroll(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Show earlier lines."""
        event.stop()
        self.action_scroll(-WHEEL_ROWS)
