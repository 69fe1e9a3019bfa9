"""A list over the panes with the cursor on one entry, whose changes the panes show at once."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui_tracker.tui.bindings import Command
from tui_tracker.tui.desk import Desk
from tui_tracker.tui.keys import KeyBook
from tui_tracker.tui.runs import Line
from tui_tracker.tui.view import ViewState
from tui_tracker.tui.widgets.canvas import Canvas


class Host(Protocol):
    """What the screen needs of the app."""

    @property
    def key_book(self) -> KeyBook:
        """The keys in force."""
        ...

    @property
    def desk(self) -> Desk:
        """What is shown and chosen."""
        ...

    def choose(self, view: ViewState) -> None:
        """Look at things in another way."""
        ...


class ChoicesScreen(ModalScreen[None]):
    """Base of the lists: box, keys, cursor."""

    OWN_COMMANDS: ClassVar[tuple[Command, ...]] = ()
    box_id: ClassVar[str] = ""
    """For the style sheet."""
    heading: ClassVar[str] = ""
    keys_told: ClassVar[str] = ""
    """The keys that matter, on the frame."""
    called: ClassVar[str] = ""
    """What the help calls the list."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self._place = 0

    @property
    def count(self) -> int:
        """How many entries there are."""
        raise NotImplementedError

    def lines(self) -> Sequence[Line]:
        """One line an entry, and what is told below them; as many at any time."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """One list."""
        with VerticalScroll(id=self.box_id, can_focus=False) as box:
            box.border_title = Content(self.heading)
            box.border_subtitle = Content(self.keys_told)
            yield Canvas()

    def on_mount(self) -> None:
        """Obey the keys in force, and show the list."""
        self._host.key_book.bind(self, self.OWN_COMMANDS)
        self.query_one(Canvas).styles.height = len(self.lines())
        self.show()

    def show(self) -> None:
        """Write the list anew, the cursor in view."""
        self.query_one(Canvas).paint(self.lines())
        self.query_one(VerticalScroll).scroll_to(y=self._place - 3, animate=False)

    def action_leave(self) -> None:
        """Back to the panes."""
        self.dismiss()

    def action_keys(self) -> None:
        """Show the keys that work here."""
        from tui_tracker.tui.screens.help import HelpScreen

        commands = self._host.key_book.in_force(self.OWN_COMMANDS)
        self.app.push_screen(
            HelpScreen(self._host.key_book, self.called, [command.id for command in commands], commands)
        )

    def action_step(self, step: int) -> None:
        """Move the cursor."""
        self._place = max(0, min(self._place + step, self.count - 1))
        self.show()
