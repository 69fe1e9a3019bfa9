"""The terminal app: the half that obeys keys and mouse, and remembers."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol, runtime_checkable

from textual import work
from textual.binding import BindingType
from textual.driver import Driver
from textual.screen import Screen
from textual.widgets import Input
from typing_extensions import override

from tui_tracker.config.model import Settings
from tui_tracker.config.themes import OwnTheme
from tui_tracker.config.views import ViewSpec
from tui_tracker.core.errors import TrackerError
from tui_tracker.core.status import SourceState
from tui_tracker.feed.base import Feed, PastFeed
from tui_tracker.filters.columns import begins_name
from tui_tracker.filters.language import begins_comparison, is_expression, problem_of
from tui_tracker.tui import messages
from tui_tracker.tui.actions.chart import ChartActions
from tui_tracker.tui.actions.own import OwnActions
from tui_tracker.tui.actions.past import PastActions
from tui_tracker.tui.actions.screens import ScreenActions
from tui_tracker.tui.actions.table import TableActions
from tui_tracker.tui.actions.watchlists import WatchlistActions
from tui_tracker.tui.bindings import CHART_COMMANDS, KEY_COMMANDS, Command
from tui_tracker.tui.columns import SHIFT, SORT_KEYS
from tui_tracker.tui.desk import Desk
from tui_tracker.tui.highlights import shift_text
from tui_tracker.tui.screens.main import Pane
from tui_tracker.tui.store import NoStore, Store
from tui_tracker.tui.theme import default_variables
from tui_tracker.tui.times import Zone, local_zone
from tui_tracker.tui.titles import NAME, source_name
from tui_tracker.tui.view import CHOICES, DAY_MINUTES, Layout, ViewState, initial
from tui_tracker.tui.widgets.canvas import KIND_CLASSES
from tui_tracker.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from textual.command import Provider

    from tui_tracker.config.state import State

_log = logging.getLogger(__name__)


def _pairs() -> "type[Provider]":
    from tui_tracker.tui.providers import PairProvider

    return PairProvider


def _commands() -> "type[Provider]":
    from tui_tracker.tui.providers import CommandProvider

    return CommandProvider


@runtime_checkable
class Redrawing(Protocol):
    """A driver that can draw the screen whatever the terminal shows."""

    def redraw(self) -> None:
        """Draw the whole screen."""
        ...


class Left(NamedTuple):
    """What was watched before the simulated market."""

    feed: Feed
    store: Store
    open_past: "Callable[[], Awaitable[PastFeed]] | None"
    watchlists: Mapping[str, tuple[str, ...]]
    saved_views: tuple[ViewSpec, ...]
    view: ViewState
    is_lasting: bool


class TrackerApp(OwnActions, TableActions, ChartActions, ScreenActions, PastActions, WatchlistActions):
    """Every pair of an exchange, ranked live.

    Args:
        feed: Where everything shown comes from.
        settings: What is configured.
        state: What the last run left, or ``None``.
        store: Where favourites and view go.
        now_ms: Wall clock, ms since the epoch.
        demo_feed: Starts a simulated market, for when nothing is known and the exchange is out of reach.
        driver_class: What writes to the terminal; ``None`` for Textual's own.
        zone: Local time; found in the system if ``None``.
        themes: Themes of one's own.
        open_past: Opens the history at a past moment; ``None`` where none is kept.
        start_ms: Past minute to begin with; ``None`` for live.
    """

    CSS_PATH = "styles/app.tcss"
    COMPONENT_CLASSES: ClassVar[set[str]] = set(KIND_CLASSES)
    TITLE = NAME
    COMMANDS: ClassVar[set["type[Provider] | Callable[[], type[Provider]]"]] = {_pairs, _commands}
    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in KEY_COMMANDS]

    def __init__(
        self,
        feed: Feed,
        settings: Settings,
        state: "State | None",
        store: Store,
        now_ms: Callable[[], int],
        demo_feed: Callable[[], Awaitable[Feed]] | None = None,
        driver_class: type[Driver] | None = None,
        zone: Zone | None = None,
        themes: Sequence[OwnTheme] = (),
        open_past: "Callable[[], Awaitable[PastFeed]] | None" = None,
        start_ms: int | None = None,
    ) -> None:
        view = initial(settings, None if state is None else state.view, SORT_KEYS)
        watchlist = () if state is None else state.watchlist
        others, saved_views = ({}, ()) if state is None else (state.others, state.views)
        desk = Desk(settings, view, watchlist, zone or local_zone(), now_ms, others, saved_views)
        super().__init__(feed, desk, settings, themes, driver_class)
        self.animation_level = "none"
        self.before_stop: Sequence[Callable[[], None]] = ()
        """Called before ctrl+z stops the process."""
        self._open_past, self._start_ms = open_past, start_ms
        self._past, self._live, self._memory = None, feed, None
        self._recalled = set()
        self._store = store
        self._store_lock = asyncio.Lock()
        self._unsaved = deque()
        self._demo_feed = demo_feed
        self._demo: Feed | None = None
        self._left: Left | None = None
        self._warning = "" if state is None else state.warning
        self._is_lasting = state is None or state.is_lasting
        self.main.set_welcome(state is not None and state.is_new)
        self._selected_before_filter: str | None = None
        self._sought: str | None = None
        """What was selected by hand, for when the filter shows it again."""
        self._pane_before: Pane = "table"

    @override
    def get_default_screen(self) -> Screen[None]:
        return self.main

    @override
    def get_theme_variable_defaults(self) -> dict[str, str]:
        return default_variables()

    def on_ready(self) -> None:
        """Say what went wrong before."""
        if warnings := [warning for warning in (self._warning, self.key_problems()) if warning]:
            self.say(*warnings)

    # The selection

    def _select(self, key: str) -> None:
        if key == self.desk.view.selected:
            return
        self._sought = key
        self.desk.select(key)
        self.main.set_cursor(key)
        self.tell_at_rest()
        self.prioritise_soon()

    @override
    def go_to(self, key: str) -> None:
        """Select a pair, and leave the scope or filter that hides it."""
        if self.desk.scene is not None and self.desk.scene.table.index(key) is None:
            self.choose(self.desk.view.everything(key))
            self.load_series()
        else:
            self._select(key)

    def on_row_selected(self, message: messages.RowSelected) -> None:
        """Select the pair everywhere."""
        self._select(message.key)

    def on_row_opened(self, message: messages.RowOpened) -> None:
        """Show everything about the pair."""
        self._select(message.key)
        self.action_open_page("pair")

    def on_heading_clicked(self, message: messages.HeadingClicked) -> None:
        """Sort by the column."""
        self.choose(self.desk.view.with_sort(message.column))

    def on_rows_scrolled(self) -> None:
        """Load what came into view."""
        self.prioritise_soon()

    # The keys

    @override
    def choose(self, view: ViewState) -> None:
        """Look at things in another way."""
        before, self.desk.view = self.desk.view, view
        if view == before:
            return
        if (view.metric, view.range_hours, view.selected) != (before.metric, before.range_hours, before.selected):
            self.load_series()
        if view.window != before.window or (view.window > DAY_MINUTES and view.metric is not before.metric):
            self.set_window()
        if view.metric is not before.metric and (moment := self.moment) is not None:
            self.go_back_to(moment.minute_ms)
        if view.theme != before.theme:
            self.apply_theme()
        if view.looks != before.looks:
            self.apply_looks()
        if view.panes != before.panes:
            self.main.set_panes(view.panes)
            self.call_after_refresh(self.show)
        self.show_chosen()

    def action_look(self, choice: str) -> None:
        """Make one of the choices that need nothing but what was chosen before."""
        self.choose(CHOICES[choice](self.desk.view))
        if choice == SHIFT.key and choice not in self.sortable_columns():
            self.say(f"compares with ranks of {shift_text(self.desk.view.shift_minutes)} ago; Δrank isn't in view")

    def action_sort(self) -> None:
        """Sort by the next column in view."""
        self.choose(self.desk.view.next_sort(self.sortable_columns()))

    def action_quote(self) -> None:
        """Go to the next quote currency."""
        self.choose(self.desk.view.next_quote(self.desk.quotes()))

    def action_exchange(self) -> None:
        """Go to the next exchange."""
        sources = self.desk.sources()
        if sources:
            self.choose(self.desk.view.next_source(sources))
        else:
            self.say("one exchange is watched: --source names several, such as kraken,binance")

    def action_freeze(self) -> None:
        """Keep the order of the rows, or let it follow the ranks again."""
        self.desk.toggle_freeze()
        self.show()

    def _rows_in_use(self) -> Rows:
        return self.main.pairs if self.main.pairs.has_focus or self.main.is_list_open else self.main.table

    def action_move(self, delta: int) -> None:
        """Move the cursor."""
        self.move(lambda rows: rows.step(delta))

    def action_move_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.move(lambda rows: rows.page(direction))

    def action_move_end(self, to_end: bool) -> None:
        """Move the cursor to an end."""
        self.move(lambda rows: rows.jump(to_end))

    @override
    def move(self, step: Callable[[Rows], None]) -> None:
        """Move a cursor and select at once: the next key, typed right behind, is about the new pair."""
        rows = self._rows_in_use()
        step(rows)
        if rows.cursor is not None:
            self._select(rows.cursor)

    def action_pane(self, step: int) -> None:
        """Go to another pane; a filter is kept."""
        if self.main.filter_bar is not None:
            self._leave_filter(is_kept=True)
        else:
            self.main.focus_neighbour(step)

    @override
    def action_open(self) -> None:
        """Give the chart the whole screen."""
        if not self.main.is_chart_full:
            self._pane_before = "table" if self.main.is_list_open else self.main.focused_pane
            self.main.set_chart_full(True)

    @override
    def action_go_back(self) -> None:
        """Leave what was entered last: the filter, the full chart, the list over the panes."""
        if self.main.filter_bar is not None:
            self._leave_filter(is_kept=False)
        elif self.main.is_chart_full:
            self.main.set_chart_full(False)
            self.main.focus_pane(self._pane_before)
        elif self.main.is_list_open:
            self.main.focus_pane("table")
        elif self.desk.view.needle:
            self.choose(replace(self.desk.view, needle=""))

    async def action_filter(self) -> None:
        """Type to filter both lists, from wherever one is. Keys typed ahead are held until the field has the focus."""
        if self.page is not None:
            await self.page.dismiss()
        if self.main.is_chart_full:
            self.action_go_back()
        if self.main.filter_bar is None:
            self._selected_before_filter = self._sought = self.desk.view.selected
            self._pane_before = self.main.focused_pane
            self.call_after_refresh(self.show)
        await self.main.open_filter(self.desk.view.needle)

    def on_filter_changed(self, message: messages.FilterChanged) -> None:
        """Show what matches; while an expression makes no sense, the one before stays in force."""
        problem = problem_of(message.needle)
        if self.main.filter_bar is not None:
            self.main.filter_bar.show_problem(problem)
        if problem is not None:
            self._drop_beginning(message.needle)
            return
        if self._holds(message.needle):
            return
        if message.needle == self.desk.view.needle:
            self.show()
        self.choose(replace(self.desk.view, needle=message.needle, selected=self._sought))

    def _drop_beginning(self, needle: str) -> None:
        """Filter by words no more that turn out to be the beginning of an expression."""
        words = self.desk.view.needle
        if words and is_expression(needle) and not is_expression(words):
            self.choose(replace(self.desk.view, needle="", selected=self._sought))

    def _holds(self, needle: str) -> bool:
        """Keep the last good list while what is typed seems to be the beginning of an expression."""
        is_beginning = begins_comparison(needle) or (begins_name(needle) and not self.desk.is_matching(needle))
        if self.main.filter_bar is not None:
            self.main.filter_bar.show_beginning(needle if is_beginning else "")
        return is_beginning

    def on_filter_kept(self) -> None:
        """Go on with what matches."""
        bar = self.main.filter_bar
        if bar is not None and bar.problem is not None:
            return
        if bar is not None and bar.is_beginning:
            self.choose(replace(self.desk.view, needle=bar.field.value))
        self._leave_filter(is_kept=True)

    def _leave_filter(self, is_kept: bool) -> None:
        self.main.close_filter(self._pane_before if self.main.arrangement is Layout.WIDE else "table")
        if not is_kept:
            self.choose(replace(self.desk.view, needle="", selected=self._selected_before_filter))

    def action_favourite(self) -> None:
        """Put the selected pair on the watchlist, or take it off."""
        key = self.desk.view.selected
        if key is not None:
            self.toggle_favourite(key)

    def action_redraw(self) -> None:
        """Draw the whole screen, in case something else has written on it."""
        driver: object = self._driver
        if isinstance(driver, Redrawing):
            driver.redraw()

    @override
    def begin(self) -> None:
        if self._start_ms is None:
            super().begin()
        else:
            self.go_back_to(self._start_ms)

    def action_poll(self) -> None:
        """Poll the exchange as soon as it may be asked."""
        if self.moment is not None:
            self.say(f"the past is not polled; {self.key_of('past.live')} returns to live")
            return
        zone = self.desk.zone
        self.say(f"polling at {zone.second(self._feed.request_poll())} {zone.name}")

    @property
    @override
    def can_demo(self) -> bool:
        if self._demo_feed is None or (self.desk.snapshot is not None and self.desk.snapshot.rows):
            return False
        status = self.status()
        return status.state is SourceState.OFFLINE and bool(status.error) and status.last_good_ms is None

    def action_demo(self) -> None:
        """Watch a simulated market instead of an exchange that is out of reach, or that exchange again."""
        status = self.status()
        if self._left is not None:
            self._switch_back(self._left)
        elif self.can_demo:
            self._switch_to_demo()
        elif status.is_simulated:
            self.say("this market is simulated already")
        elif self.desk.snapshot is not None and self.desk.snapshot.rows:
            self.say(f"{source_name(status)}: its data stays; crypto-tui --demo shows a simulated market")
        else:
            self.say(f"{source_name(status)} has not failed yet; crypto-tui --demo shows a simulated market")

    @property
    def is_demo_offered(self) -> bool:
        """Whether there is a simulated market to go to, or to come back from."""
        return self.can_demo or self._left is not None

    @work(name="demo", group="demo", exclusive=True)
    async def _switch_to_demo(self) -> None:
        if self._demo_feed is None or not self.can_demo:
            return
        await self._save_all()
        desk = self.desk
        left = Left(
            self._live,
            self._store,
            self._open_past,
            desk.watchlists,
            tuple(desk.saved_views),
            desk.chosen,
            self._is_lasting,
        )
        self._demo = self._demo or await self._demo_feed()
        self._store, self._open_past, self._is_lasting = NoStore(), None, False
        self._watch(self._demo)
        self._left = left
        self.say(f"a simulated market; {self.key_book.label('demo')} leads back to {source_name(left.feed.status())}")

    def _switch_back(self, left: "Left") -> None:
        self._left, self._store, self._open_past, self._is_lasting = None, left.store, left.open_past, left.is_lasting
        self._watch(left.feed)
        self.desk.watchlists, self.desk.saved_views = dict(left.watchlists), left.saved_views
        self.desk.view = left.view
        self.show()
        again = f"; {self.key_book.label('demo')} leads to the simulated market again" if self.can_demo else ""
        self.say(f"back at {source_name(left.feed.status())}{again}")

    def _watch(self, feed: Feed) -> None:
        """Begin anew with another market."""
        self.undo = None
        self._live = feed
        self.turn_to(feed)
        self.desk.start_over()
        self.show()
        self.listen()

    @override
    def action_command_palette(self) -> None:
        from tui_tracker.tui.screens.palette import Palette

        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            placeholder = "go to a pair, or search for a command …"
            self.push_screen(Palette(placeholder=placeholder, id="--command-palette"))

    def action_help(self) -> None:
        """Show the keys that work here."""
        from tui_tracker.tui.screens.help import HelpScreen

        views = [view.name for view in self.desk.views]
        self.push_screen(
            HelpScreen(self.key_book, self.main.focused_pane, self.main.hint_ids(), self.active_commands(), views)
        )

    def active_commands(self) -> list[Command]:
        """What can be done now."""
        commands = (*self.commands(), *self.key_book.in_force(CHART_COMMANDS))
        hidden: tuple[str, ...] = ("exchange", "across") if not self.desk.is_several else ()
        hidden = hidden if self.is_demo_offered else (*hidden, "demo")
        return [command for command in commands if command.id not in hidden]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "filter":
                bar = self.main.filter_bar
                is_free = self.screen in (self.main, self.page) and self.prompt is None
                return is_free and (bar is None or self.focused is not bar.field)
            case "picture":
                return not isinstance(self.focused, Input)
            case _:
                return super().check_action(action, parameters)

    async def on_unmount(self) -> None:
        """Remember how the app was left."""
        await self._save_all()

    async def _save_all(self) -> None:
        try:
            await self.save_changes()
            await asyncio.to_thread(self._store.save_view, self.desk.chosen.remembered())
        except TrackerError as error:
            _log.warning("%s", error.message)
