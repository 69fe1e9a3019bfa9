"""The keys of named views and watchlists."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual import work

from tui_tracker.config.views import MAIN, MAX_NAME, check_name
from tui_tracker.core.errors import ConfigError, TrackerError
from tui_tracker.tui.bindings import Command
from tui_tracker.tui.follower import FeedApp
from tui_tracker.tui.keys import label
from tui_tracker.tui.store import Store
from tui_tracker.tui.view import ViewState, after
from tui_tracker.tui.views import captured, following, named, taken_up

if TYPE_CHECKING:
    from tui_tracker.tui.widgets.prompt import Prompt


class ViewActions(FeedApp):
    """Takes up, saves and removes named views; changes and adds to watchlists."""

    _store: Store
    _store_lock: asyncio.Lock
    _is_lasting: bool
    _unsaved: deque[Callable[[], None]]
    prompt: "Prompt | None" = None

    def choose(self, view: ViewState) -> None:
        """Look at things in another way."""
        raise NotImplementedError

    def go_to(self, key: str) -> None:
        """Select a pair."""

    def key_of(self, name: str) -> str:
        """What does something, for people: its first key, or the palette where it has none."""
        return next(
            (label(command.keys.split(",")[0]) for command in self.commands() if command.id == name and command.keys),
            "ctrl+p",
        )

    def commands(self) -> tuple[Command, ...]:
        """Everything that a key can do."""
        raise NotImplementedError

    # Views

    def action_next_view(self) -> None:
        """Take up the next named view."""
        self.take_view(following(self.desk.views, self.desk.view.name).name)

    def action_pick_view(self, number: int) -> None:
        """Take up one of the first nine views."""
        views = self.desk.views
        if number <= len(views):
            self.take_view(views[number - 1].name)
        else:
            self.say(f"there is no view {number} yet; {self.key_of('view.save')} saves this view")

    def take_view(self, name: str) -> None:
        """Take up a named view as it was saved, from its top."""
        view = named(self.desk.views, name)
        if view is not None:
            self.choose(taken_up(view, self.desk.view))
            self.main.table.start_over()
            if self.main.table.keys:
                self.go_to(self.main.table.keys[0])

    async def action_save_view(self) -> None:
        """Ask for a name and save the present view; that of a view of one's own is offered."""
        name = self.desk.view.name
        is_own = named(self.desk.saved_views, name) is not None
        await self.ask("save this view as", self._save_view_as, name if is_own else "")

    def _save_view_as(self, name: str) -> None:
        view = captured(check_name(name), self.desk.view)
        self.desk.saved_views = (*(other for other in self.desk.saved_views if other.name != view.name), view)
        self.write(partial(self._store.save_named_view, view))
        self.choose(taken_up(view, self.desk.view))
        self.show()  # its name may be all that has changed
        place = [other.name for other in self.desk.views].index(view.name) + 1
        self.say(f"saved the view {view.name}; {place if place < 10 else '*'} takes it up again")

    def remove_view(self, name: str) -> None:
        """Forget a saved view; what it showed stays on the screen."""
        self.desk.saved_views = tuple(view for view in self.desk.saved_views if view.name != name)
        self.write(partial(self._store.remove_named_view, name))
        self.show()

    # Watchlists

    def action_next_watchlist(self) -> None:
        """Rank the next watchlist; from elsewhere, the one in use."""
        view = self.desk.view
        names = tuple(self.desk.watchlists)
        self.take_watchlist(after(names, view.watchlist) if view.watchlist_only else view.watchlist)
        if len(names) == 1 and view.watchlist_only:
            self.say("there is one watchlist; ctrl+p, new watchlist")

    def take_watchlist(self, name: str) -> None:
        """Rank one watchlist."""
        self.choose(replace(self.desk.view, watchlist=name, watchlist_only=True, frozen=None))

    async def action_new_watchlist(self) -> None:
        """Ask for a name and begin a watchlist."""
        await self.ask("name of the new watchlist", self._begin_watchlist)

    def _begin_watchlist(self, name: str) -> None:
        name = check_name(name)
        if name in self.desk.watchlists:
            raise ConfigError(f"there is a watchlist {name} already")
        self.desk.watchlists[name] = ()
        self.take_watchlist(name)
        self.say("A adds a pair by search; it is kept once it has one")

    def action_add_to_watchlist(self) -> None:
        """Search a pair among all that the exchange lists, and add it."""
        from textual.command import CommandPalette

        from tui_tracker.tui.providers import WatchlistProvider

        name = self.desk.view.watchlist
        where = "the watchlist" if name == MAIN else name
        self.push_screen(CommandPalette(providers=[WatchlistProvider], placeholder=f"add a pair to {where}"))

    def add_favourite(self, key: str) -> None:
        """Put a pair on the watchlist in use, if it isn't on it."""
        if key in self.desk.watchlist:
            self.say("it is on the watchlist")
            return
        self.desk.toggle_favourite(key)
        self.write(partial(self._store.add_favourite, key, watchlist=self.desk.view.watchlist))
        row, name = self.desk.row_of(key), self.desk.view.watchlist
        pair = key if row is None else row.instrument.pair
        self.say(
            f"{pair} is on the watchlist{'' if name == MAIN else f' {name}'} now: {len(self.desk.watchlist)} in all"
        )
        self.show()

    # One line at the bottom

    async def ask(self, question: str, answer: Callable[[str], None], offered: str = "", done: str = "save") -> None:
        """Ask for a name in the place of the keys; one that is offered need only be confirmed."""
        from tui_tracker.tui.widgets.prompt import Prompt

        if self.prompt is not None or self.main.filter_bar is not None:
            return
        leave = partial(self._leave_prompt, self.main.focused_pane)
        self.prompt = Prompt(question, answer, leave, MAX_NAME, offered, done)
        self.main.add_class("filtering")
        await self.main.mount(self.prompt)

    def _leave_prompt(self, pane: str) -> None:
        if self.prompt is not None:
            self.prompt.remove()
            self.prompt = None
            self.main.remove_class("filtering")
            self.main.focus_pane("list" if pane == "list" else "chart" if pane == "chart" else "table")

    def write(self, change: Callable[[], None]) -> None:
        """Make a change of what is remembered, in a thread and after those before it."""
        self._unsaved.append(change)
        self._save()

    @work(name="save", group="save")
    async def _save(self) -> None:
        try:
            await self.save_changes()
        except TrackerError as error:
            if self._is_lasting:  # else it was said at the start
                self.say(f"{error.message}; {error.hint}" if error.hint else error.message)

    async def save_changes(self) -> None:
        """Save in the order of the keys; what is under way when the app ends is saved once more, which does no harm."""
        async with self._store_lock:
            while self._unsaved:
                try:
                    await asyncio.to_thread(self._unsaved[0])
                except TrackerError:
                    self._unsaved.clear()
                    raise
                self._unsaved.popleft()
