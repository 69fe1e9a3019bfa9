"""The terminal app: it follows a feed, passes what came and what was chosen to the panes, and obeys the keys."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from textual import work
from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.screen import Screen
from textual.timer import Timer
from typing_extensions import override

from tui_tracker.config.model import Settings, Theme
from tui_tracker.core.errors import TrackerError, UnknownPairError
from tui_tracker.core.metric import Metric
from tui_tracker.core.status import SourceState, SourceStatus
from tui_tracker.core.text import clean
from tui_tracker.feed.base import Feed
from tui_tracker.tui import messages
from tui_tracker.tui.bindings import KEY_COMMANDS, Command
from tui_tracker.tui.columns import COLUMN_KEYS, columns_for
from tui_tracker.tui.desk import Desk, no_snapshot
from tui_tracker.tui.screens.main import MainScreen, Pane
from tui_tracker.tui.theme import default_variables, has_no_color, textual_theme, theme_name
from tui_tracker.tui.times import Zone, local_zone
from tui_tracker.tui.titles import NAME
from tui_tracker.tui.view import CHOICES, Layout, ViewState, initial
from tui_tracker.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from textual.command import Provider

    from tui_tracker.config.state import State, View

DEBOUNCE_S: Final = 0.3
"""How long the cursor rests before the feed is told what to load first."""
_log = logging.getLogger(__name__)


class Store(Protocol):
    """Where watchlist and view are remembered. Calls may block: they are made in a thread."""

    def save_view(self, view: "View") -> None:
        """Remember how the app was left; raises ``TrackerError``."""
        ...

    def add_favourite(self, instrument_id: str) -> None:
        """Put an instrument on the watchlist; raises ``TrackerError``."""
        ...

    def remove_favourite(self, instrument_id: str) -> None:
        """Take an instrument off the watchlist; raises ``TrackerError``."""
        ...


def _pairs() -> "type[Provider]":
    from tui_tracker.tui.providers import PairProvider

    return PairProvider


def _commands() -> "type[Provider]":
    from tui_tracker.tui.providers import CommandProvider

    return CommandProvider


class TrackerApp(App[None]):
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
    """

    CSS_PATH = "styles/app.tcss"
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
    ) -> None:
        super().__init__(driver_class=driver_class, ansi_color=True if has_no_color() else None)
        self.animation_level = "none"
        view = initial(settings, None if state is None else state.view, COLUMN_KEYS)
        watchlist = () if state is None else state.watchlist
        self.desk: Final = Desk(settings, view, watchlist, zone or local_zone(), now_ms)
        self.main: Final = MainScreen("*" if os.environ.get("TERM") == "linux" else "braille")
        self._feed = feed
        self._store = store
        self._store_lock = asyncio.Lock()
        self._demo_feed = demo_feed
        self._warning = "" if state is None else state.warning
        self._selected_before_filter: str | None = None
        self._pane_before: Pane = "table"
        self._prioritised: tuple[str, ...] = ()
        self._priority_timer: Timer | None = None
        self._age_timer: Timer | None = None
        for theme in Theme:
            self.register_theme(textual_theme(theme))
        self.theme = theme_name(view.theme)

    @override
    def get_default_screen(self) -> Screen[None]:
        return self.main

    @override
    def get_theme_variable_defaults(self) -> dict[str, str]:
        return default_variables()

    # The feed

    def on_mount(self) -> None:
        """Follow the feed once the empty panes have been painted."""
        self.main.show_empty(*self.desk.empty_titles())
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        if self.return_code is not None:
            return
        self._show()
        self._follow()
        if self._warning:
            self._say(self._warning)

    @work(name="feed", group="feed", exclusive=True)
    async def _follow(self) -> None:
        try:
            async for snapshot in self._feed.updates():
                self.post_message(messages.MarketUpdated(snapshot))
        except TrackerError as error:
            self.post_message(messages.FeedEnded(error.message))

    def on_feed_ended(self, message: messages.FeedEnded) -> None:
        """Say that nothing newer will come."""
        self._say(f"no more data: {message.reason}")

    def on_market_updated(self, message: messages.MarketUpdated) -> None:
        """Show the newest snapshot."""
        before, self.desk.snapshot = self.desk.snapshot, message.snapshot
        self._show()
        if before is None or before.version != message.snapshot.version:
            self._load_series()

    def _status(self) -> SourceStatus:
        snapshot = self.desk.snapshot
        return self._feed.status() if snapshot is None else snapshot.status

    def _load_series(self) -> None:
        key = self.desk.view.selected
        if key is not None:
            self._read_series(key, self.desk.view.metric)

    @work(name="series", group="series", exclusive=True)
    async def _read_series(self, key: str, metric: Metric) -> None:
        try:
            series = await self._feed.series(key, metric)
        except UnknownPairError:
            _log.info("no samples of %s", clean(key))
            return
        if self.desk.take_series(series):
            self._show_strip()
            self._show_chart()

    def _prioritise_soon(self) -> None:
        if self._priority_timer is None:
            self._priority_timer = self.set_timer(DEBOUNCE_S, self._prioritise)

    def _prioritise(self) -> None:
        self._priority_timer = None
        selected = self.desk.view.selected
        first = () if selected is None else (selected,)
        visible = (*self.main.table.visible_keys, *self.main.pairs.visible_keys)
        wanted = tuple(dict.fromkeys((*first, *self.desk.watchlist, *visible)))
        if wanted != self._prioritised:
            self._prioritised = wanted
            self._feed.prioritise(wanted)

    # The panes

    def _show(self) -> None:
        """Tell all panes what they show now; each repaints what differs."""
        self._show_header()
        selected = self.desk.view.selected
        snapshot = self.desk.snapshot or no_snapshot(self._status())
        scene = self.desk.build(snapshot, self._can_demo())
        self.main.show_lists(
            scene,
            self.desk.view.selected,
            self.desk.list_title(scene),
            self.desk.table_title(snapshot, scene, self.main.table.size.width - 4),
        )
        if self.desk.view.selected != selected:
            self._load_series()
        self._show_strip()
        self._show_chart()
        self._prioritise_soon()

    def _show_header(self) -> None:
        status = self._status()
        self.main.header.paint((self.desk.header(status, self.size.width),))
        if self._age_timer is not None:
            self._age_timer.stop()
            self._age_timer = None
        rest_s = self.desk.age_changes_in_s(status)
        if rest_s is not None:
            self._age_timer = self.set_timer(rest_s, self._show_header)

    def _show_strip(self) -> None:
        strip = self.main.pane.strip
        strip.paint(self.desk.strip(strip.size.width, max(1, strip.size.height)))

    def _show_chart(self) -> None:
        data = self.desk.chart()
        if data is not None:
            self.main.pane.chart.show(data)

    def on_resize(self) -> None:
        """Write header and strip for the new size."""
        self.call_after_refresh(self._show)

    # The selection

    def _select(self, key: str) -> None:
        if key == self.desk.view.selected:
            return
        self.desk.select(key)
        self.main.set_cursor(key)
        self._show_strip()
        self._load_series()
        self._prioritise_soon()

    def go_to(self, key: str) -> None:
        """Select a pair, and leave the scope or filter that hides it."""
        if self.desk.scene is not None and self.desk.scene.table.index(key) is None:
            self.choose(replace(self.desk.view, selected=key, needle="", quote=None, watchlist_only=False, frozen=None))
            self._load_series()
        else:
            self._select(key)

    def on_row_selected(self, message: messages.RowSelected) -> None:
        """Select the pair everywhere."""
        self._select(message.key)

    def on_row_opened(self, message: messages.RowOpened) -> None:
        """Show the chart alone."""
        self._select(message.key)
        self.action_open()

    def on_heading_clicked(self, message: messages.HeadingClicked) -> None:
        """Sort by the column."""
        self.choose(self.desk.view.with_sort(message.column))

    def on_rows_scrolled(self) -> None:
        """Load what came into view."""
        self._prioritise_soon()

    # The keys

    def choose(self, view: ViewState) -> None:
        """Look at things in another way."""
        before, self.desk.view = self.desk.view, view
        if view == before:
            return
        if view.metric is not before.metric:
            self._load_series()
        if view.theme is not before.theme:
            self.theme = theme_name(view.theme)
        self._show()

    def action_look(self, choice: str) -> None:
        """Make one of the choices that need nothing but what was chosen before."""
        self.choose(CHOICES[choice](self.desk.view))

    def action_sort(self) -> None:
        """Sort by the next column in view."""
        columns = columns_for(self.main.table.size.width, self.desk.view.measure)
        self.choose(self.desk.view.next_sort([column.key for column, _ in columns]))

    def action_quote(self) -> None:
        """Go to the next quote currency."""
        self.choose(self.desk.view.next_quote(self.desk.quotes()))

    def action_freeze(self) -> None:
        """Keep the order of the rows, or let it follow the ranks again."""
        self.desk.toggle_freeze()
        self._show()

    def _rows_in_use(self) -> Rows:
        return self.main.pairs if self.main.pairs.has_focus or self.main.is_list_open else self.main.table

    def action_move(self, delta: int) -> None:
        """Move the cursor."""
        self._rows_in_use().step(delta)

    def action_move_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self._rows_in_use().page(direction)

    def action_move_end(self, to_end: bool) -> None:
        """Move the cursor to an end."""
        self._rows_in_use().jump(to_end)

    def action_pane(self, step: int) -> None:
        """Go to another pane; a filter is kept."""
        if self.main.filter_bar is not None:
            self._leave_filter(is_kept=True)
        else:
            self.main.focus_neighbour(step)

    def action_open(self) -> None:
        """Give the chart the whole screen."""
        if not self.main.is_chart_full:
            self._pane_before = "table" if self.main.is_list_open else self.main.focused_pane
            self.main.set_chart_full(True)

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

    def action_filter(self) -> None:
        """Type to filter both lists."""
        if self.main.is_chart_full:
            self.action_go_back()
        if self.main.filter_bar is None:
            self._selected_before_filter = self.desk.view.selected
            self._pane_before = self.main.focused_pane
            self.call_after_refresh(self._show)
        self.main.open_filter(self.desk.view.needle)

    def on_filter_changed(self, message: messages.FilterChanged) -> None:
        """Show what matches."""
        self.choose(replace(self.desk.view, needle=message.needle))

    def on_filter_closed(self, message: messages.FilterClosed) -> None:
        """Go on with what matches, or as it was before."""
        self._leave_filter(message.is_kept)

    def _leave_filter(self, is_kept: bool) -> None:
        self.main.close_filter(self._pane_before if self.main.arrangement is Layout.WIDE else "table")
        if not is_kept:
            self.choose(replace(self.desk.view, needle="", selected=self._selected_before_filter))
            self._load_series()

    def action_favourite(self) -> None:
        """Put the selected pair on the watchlist, or take it off."""
        key = self.desk.view.selected
        if key is not None:
            is_favourite = self.desk.toggle_favourite(key)
            change = self._store.add_favourite if is_favourite else self._store.remove_favourite
            self._save(change, key)
            self._show()

    @work(name="save", group="save")
    async def _save(self, change: Callable[[str], None], key: str) -> None:
        async with self._store_lock:
            try:
                await asyncio.to_thread(change, key)
            except TrackerError as error:
                self._say(f"{error.message}; {error.hint}" if error.hint else error.message)

    def action_poll(self) -> None:
        """Poll the exchange as soon as it may be asked."""
        zone = self.desk.zone
        self._say(f"polling at {zone.second(self._feed.request_poll())} {zone.name}")

    def _can_demo(self) -> bool:
        if self._demo_feed is None or (self.desk.snapshot is not None and self.desk.snapshot.rows):
            return False
        status = self._status()
        return status.state is SourceState.OFFLINE and bool(status.error) and status.last_good_ms is None

    def action_demo(self) -> None:
        """Watch a simulated market instead of an exchange that is out of reach."""
        self._switch_to_demo()

    @work(name="demo", group="demo", exclusive=True)
    async def _switch_to_demo(self) -> None:
        if self._demo_feed is None or not self._can_demo():
            return
        demo_feed, self._demo_feed = self._demo_feed, None
        self._feed = await demo_feed()
        self.desk.start_over()
        self._show()
        self._follow()

    def action_help(self) -> None:
        """Show the keys that work here."""
        from tui_tracker.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.main.focused_pane, self.main.hint_ids(), self.active_commands()))

    def active_commands(self) -> list[Command]:
        """What can be done now."""
        return [command for command in KEY_COMMANDS if command.id != "demo" or self._can_demo()]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._can_demo() if action == "demo" else super().check_action(action, parameters)

    def _say(self, message: str) -> None:
        self.notify(clean(message), markup=False, timeout=6)

    async def on_unmount(self) -> None:
        """Remember how the app was left."""
        try:
            await asyncio.to_thread(self._store.save_view, self.desk.view.remembered())
        except TrackerError as error:
            _log.warning("%s", error.message)
