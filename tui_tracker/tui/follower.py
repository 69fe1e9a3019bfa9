"""The half of the app that listens: it follows a feed and tells the panes what they show."""

import asyncio
import gc
import logging
import os
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from textual import work
from textual.app import App
from textual.driver import Driver
from textual.notifications import Notify
from textual.timer import Timer
from textual.widgets._toast import ToastHolder

from tui_tracker.core.errors import TrackerError, UnknownPairError
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceStatus
from tui_tracker.core.text import clean
from tui_tracker.feed.base import Feed
from tui_tracker.tui import messages
from tui_tracker.tui.charts.glyphs import Marker
from tui_tracker.tui.desk import Desk, no_snapshot
from tui_tracker.tui.foreground import Foreground
from tui_tracker.tui.present import Made
from tui_tracker.tui.screens.main import MainScreen
from tui_tracker.tui.titles import window_text
from tui_tracker.tui.view import DAY_MINUTES

DEBOUNCE_S: Final = 0.3
"""How long the cursor rests before the feed is told what to load first."""
REST_S: Final = 0.12
"""A cursor that moves again within this time passes pairs by: their charts and words are not shown."""
CLEAR_UP_S: Final = 0.5
"""How long after a change of the theme its garbage is freed, with that of the changes since."""
MANY_ROWS: Final = 2_000
"""More are ranked and compared by a thread: on the loop it would take over 5 ms."""
FIGURED: Final = 32
"""Rows whose figures are made in one turn of the loop."""
LEAST_S: Final = 2.0
MOST_S: Final = 7.0
READ_A_SECOND: Final = 20
"""Characters: a message stays as long as it takes to be read, since it lies over rows."""
MESSAGES_KEPT: Final = 20
"""After so many messages their garbage is freed."""
_log = logging.getLogger(__name__)


class FeedApp(App[None]):
    """An app over a feed, without keys.

    Args:
        feed: Where everything shown comes from.
        desk: What is selected and how it is looked at.
        driver_class: What writes to the terminal; ``None`` for Textual's own.
        has_color: Whether colours may be written.
    """

    def __init__(self, feed: Feed, desk: Desk, driver_class: type[Driver] | None, has_color: bool) -> None:
        super().__init__(driver_class=driver_class, ansi_color=None if has_color else True)
        self.desk: Final = desk
        self.usual_marker: Final[Marker] = "*" if os.environ.get("TERM") == "linux" else "braille"
        self.main: Final = MainScreen(self.usual_marker)
        self.foreground = Foreground()
        self._feed = feed
        self._prioritised: tuple[str, ...] = ()
        self._priority_timer: Timer | None = None
        self._rest_timer: Timer | None = None
        self._moved_s = float("-inf")
        self._age_timer: Timer | None = None
        self._is_taking = False
        self._is_ranking = False
        """Whether a thread ranks by what was chosen, and all is shown afterwards."""
        self._is_telling = False
        self._told = 0
        self._clear_timer: Timer | None = None

    @property
    def can_demo(self) -> bool:
        """Whether a simulated market is offered."""
        return False

    def on_mount(self) -> None:
        """Follow the feed once the empty panes have been painted."""
        self.main.show_empty(*self.desk.empty_titles())
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        if self.return_code is not None:
            return
        self.show()
        self.begin()

    def begin(self) -> None:
        """Begin to follow, once the empty panes have been painted."""
        self.listen()

    def listen(self) -> None:
        """Follow the feed, over the chosen window."""
        self.follow()
        if self.desk.view.window != DAY_MINUTES:
            self.set_window()

    @work(name="feed", group="feed", exclusive=True)
    async def follow(self) -> None:
        """Pass on what the feed gives, until it ends."""
        try:
            async for snapshot in self._feed.updates():
                self._is_taking = True
                try:
                    await self._take(snapshot)
                finally:
                    self._is_taking = False
        except TrackerError as error:
            self.post_message(messages.FeedEnded(error.message))

    @work(name="window", group="window", exclusive=True)
    async def set_window(self) -> None:
        """Have figures made over the chosen window; where that can't be done, go on with the one there is."""
        view = self.desk.view
        if view.window > DAY_MINUTES:
            length, has_history = window_text(view.window), self.status().history is not None
            nothing = f"of {length} only what came since the start is known: no history is kept"
            self.say(f"reading {length} from the history …" if has_history else nothing)
        try:
            await self._feed.set_window(view.window, view.metric)
        except TrackerError as error:
            served = self.desk.snapshot.window_minutes if self.desk.snapshot is not None else DAY_MINUTES
            self.desk.view = replace(self.desk.view, window=served or DAY_MINUTES)
            self.say(error.told)
            self.show()

    def turn_to(self, feed: Feed) -> None:
        """Follow another feed from now on, which knows nothing yet of what is in sight."""
        self._feed, self._prioritised = feed, ()

    def on_feed_ended(self, message: messages.FeedEnded) -> None:
        """Say that nothing newer will come."""
        self.say(f"no more data: {message.reason}")

    async def _take(self, snapshot: Snapshot) -> None:
        """Show the newest snapshot; ranking, taking note and painting are turns of the loop, between which keys act."""
        is_large = len(snapshot.rows) > MANY_ROWS
        ahead = await self._prepared(snapshot) if is_large else None
        before, self.desk.snapshot = self.desk.snapshot, snapshot
        if before is not None and before.window_minutes != snapshot.window_minutes:
            self.desk.forget_ranks()
        self.desk.rank(snapshot, ahead)
        await self.foreground.quiet()
        ranking = self.desk.ranking(snapshot, self.desk.scope())
        if is_large:
            await asyncio.to_thread(self.desk.events.note, snapshot, ranking)
            beat = await asyncio.to_thread(self.desk.pulse.measured, snapshot)
        else:
            self.desk.events.note(snapshot, ranking)
            beat = self.desk.pulse.measured(snapshot)
        self.desk.pulse.note(snapshot, beat)
        await self.foreground.quiet()
        self.show()
        if before is None or before.version != snapshot.version:
            self.load_series()
        self.taken(snapshot)

    async def _prepared(self, snapshot: Snapshot) -> Made | None:
        view = self.desk.view
        if view.metric is not Metric.PRICE:
            await self.have_figures(snapshot.rows, (view.metric,))
        return await asyncio.to_thread(self.desk.prepared, snapshot, view)

    def show_chosen(self) -> None:
        """Show what was chosen; many rows that have to be ranked by it first once they are."""
        snapshot = self.desk.snapshot
        if snapshot is None or len(snapshot.rows) <= MANY_ROWS or self.desk.is_ranked:
            self.show()
        else:
            self._is_ranking = True
            self._rank_and_show(snapshot)

    @work(name="rank", group="rank", exclusive=True)
    async def _rank_and_show(self, snapshot: Snapshot) -> None:
        self.desk.take_rankings(snapshot, await self._prepared(snapshot))
        self._is_ranking = False
        self.show()

    async def have_figures(self, rows: Sequence[Row], metrics: Collection[Metric]) -> None:
        """Have figures made that a thread is about to read: those that nobody looked at yet the loop alone may make."""
        for start in range(0, len(rows), FIGURED):
            for row in rows[start : start + FIGURED]:
                for metric in metrics:
                    row.figures_of(metric)
            await self.foreground.quiet()

    def taken(self, snapshot: Snapshot) -> None:
        """A snapshot is shown."""

    def status(self) -> SourceStatus:
        """How the source is doing, as shown."""
        snapshot = self.desk.snapshot
        return self._feed.status() if snapshot is None else snapshot.status

    @property
    def is_at_rest(self) -> bool:
        """Whether all panes were told the newest there is: strip and chart, too, which pair the cursor is on."""
        return self._rest_timer is None and not self._is_taking

    def tell_at_rest(self) -> None:
        """Tell strip and chart of the pair that the cursor came to: at once after a rest, else when it rests again.

        At once is when the cursor was painted: the thread that draws the chart would make that wait.
        """
        now_s = time.monotonic()
        is_passing, self._moved_s = now_s - self._moved_s < REST_S, now_s
        if self._rest_timer is not None:
            self._rest_timer.stop()
            self._rest_timer = None
        if is_passing:
            self._rest_timer = self.set_timer(REST_S, self._tell)
        else:
            self.call_after_refresh(self._tell)

    def _tell(self) -> None:
        self._rest_timer = None
        if not self._is_ranking:
            self.show_strip()
        self.load_series()

    def load_series(self) -> None:
        """Read the samples of the selected pair for the chart."""
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
        if self.desk.take_series(series) and not self._is_ranking:
            self.show_strip()
            self._show_chart()
        await self._read_others()

    async def _read_others(self) -> None:
        """Read what the chart shows beside the window of the selected pair."""
        is_newer = False
        for key, metric in self.desk.wanted_hours():
            try:
                is_newer |= self.desk.take_hours(await self._feed.hours(key, metric, self.desk.view.range_hours))
            except UnknownPairError:
                _log.info("no hours of %s", clean(key))
        for key, metric in self.desk.wanted_series():
            try:
                is_newer |= self.desk.take_series(await self._feed.series(key, metric))
            except UnknownPairError:
                _log.info("no samples of %s", clean(key))
        if is_newer:
            self._show_chart()

    def prioritise_soon(self) -> None:
        """Tell the feed what to load first, once the cursor rests."""
        if self._priority_timer is None:
            self._priority_timer = self.set_timer(DEBOUNCE_S, self._prioritise)

    def _prioritise(self) -> None:
        self._priority_timer = None
        selected = self.desk.view.selected
        first = () if selected is None else (selected,)
        wanted = tuple(dict.fromkeys((*first, *self.desk.watchlist, *self.in_sight())))
        if wanted != self._prioritised:
            self._prioritised = wanted
            self._feed.prioritise(wanted)

    def in_sight(self) -> Sequence[str]:
        """Ids of the pairs that are on the screen."""
        return (*self.desk.view.compared, *self.main.table.visible_keys, *self.main.pairs.visible_keys)

    def show(self) -> None:
        """Tell all panes what they show now; each repaints what differs."""
        self._show_header()
        selected = self.desk.view.selected
        snapshot = self.desk.snapshot or no_snapshot(self.status())
        scene = self.desk.build(snapshot, self.can_demo)
        self.main.can_demo = self.can_demo
        self.main.show_lists(
            scene,
            self.desk.view.selected,
            self.desk.list_title(scene),
            self.desk.table_title(snapshot, scene, self.main.table.size.width - 4),
            is_lost=not snapshot.rows and bool(snapshot.status.error),
        )
        if self.desk.view.selected != selected:
            self.load_series()
        self.show_strip()
        self._show_chart()
        self.prioritise_soon()

    def _show_header(self) -> None:
        status = self.status()
        self.main.header.paint((self.desk.header(status, self.size.width),))
        if self._age_timer is not None:
            self._age_timer.stop()
            self._age_timer = None
        rest_s = self.desk.age_changes_in_s(status)
        if rest_s is not None:
            self._age_timer = self.set_timer(rest_s, self._show_header)

    def show_strip(self) -> None:
        """Say how the selected pair stands."""
        strip = self.main.pane.strip
        self.main.pane.show_strip(self.desk.strip(strip.size.width, max(1, strip.size.height)))

    def _show_chart(self) -> None:
        data = self.desk.chart()
        if data is not None:
            self.main.pane.chart.show(data)

    def on_pane_resized(self) -> None:
        """Write header, titles and strip for the new size."""
        self.show()

    def say(self, *messages: str) -> None:
        """Show messages as plain text for a few seconds, one below the other, in the place of what was said before."""
        text = "\n".join(clean(message) for message in messages)
        self.notify(text, markup=False, timeout=min(MOST_S, LEAST_S + len(text) / READ_A_SECOND))

    def clear_up_soon(self) -> None:
        """Free what Textual leaves in cycles, a moment from now.

        The garbage collector is told to hardly ever look at what is old, since that holds the loop: 1 MB of styles
        for each change of the theme, and the widgets of messages, would stay.
        """
        if self._clear_timer is None:
            self._clear_timer = self.set_timer(CLEAR_UP_S, self._clear_up)

    def _clear_up(self) -> None:
        self._clear_timer = None
        gc.collect()

    def _on_notify(self, event: Notify) -> None:
        """Keep the newest message alone; of several that come together, only the last is drawn."""
        event.prevent_default()
        self._notifications.clear().add(event.notification)
        if not self._is_telling:
            self._is_telling = True
            self.call_later(self._show_message)

    def _show_message(self) -> None:
        """Draw the message. Textual takes an old one away, but leaves its holder."""
        self._is_telling = False
        self._told += 1
        if self._told % MESSAGES_KEPT == 0:
            self.clear_up_soon()
        for screen in self.screen_stack:
            for holder in screen.query(ToastHolder):
                holder.remove()
        self._refresh_notifications()
