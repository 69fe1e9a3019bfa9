"""What the app remembers when it is told to: questions of one line, and changes saved in their order."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import work

from tui_tracker.config.views import MAX_NAME
from tui_tracker.core.errors import TrackerError
from tui_tracker.tui.bindings import Command
from tui_tracker.tui.follower import FeedApp
from tui_tracker.tui.store import Store
from tui_tracker.tui.view import ViewState

if TYPE_CHECKING:
    from tui_tracker.tui.widgets.prompt import Prompt


class KeepingApp(FeedApp):
    """Asks for names, and saves what changes."""

    _store: Store
    _store_lock: asyncio.Lock
    _is_lasting: bool
    _unsaved: deque[Callable[[], None]]
    prompt: "Prompt | None" = None
    undo: "tuple[str, Callable[[], None]] | None" = None
    """What was removed last, and what brings it back."""

    def choose(self, view: ViewState) -> None:
        """Look at things in another way."""
        raise NotImplementedError

    def go_to(self, key: str) -> None:
        """Select a pair."""

    def commands(self) -> tuple[Command, ...]:
        """Everything that a key can do."""
        raise NotImplementedError

    def can_undo(self, what: str, restore: Callable[[], None]) -> None:
        """Let the palette bring back what was removed just now, until something else is or the app ends."""

        def once() -> None:
            self.undo = None
            restore()

        self.undo = (what, once)

    async def ask(
        self,
        question: str,
        answer: Callable[[str], None],
        offered: str = "",
        *,
        done: str = "save",
        max_length: int = MAX_NAME,
    ) -> None:
        """Ask for a name in the place of the keys; one that is offered need only be confirmed."""
        from tui_tracker.tui.widgets.prompt import Prompt

        if self.prompt is not None or self.main.filter_bar is not None:
            return
        leave = partial(self._leave_prompt, self.main.focused_pane)
        self.prompt = Prompt(question, answer, leave, max_length, offered, done)
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
                self.say(error.told)

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
