"""Choosing columns while the table shows the effect."""

from dataclasses import replace
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui_tracker.tui import column_choice as choice
from tui_tracker.tui.columns import BY_KEY
from tui_tracker.tui.desk import Desk
from tui_tracker.tui.keys import KeyBook
from tui_tracker.tui.runs import Line, Run, fit
from tui_tracker.tui.screen_bindings import COLUMN_COMMANDS
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


class ColumnsScreen(ModalScreen[None]):
    """All columns, with the cursor on one of them; each change takes effect at once."""

    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in COLUMN_COMMANDS]

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self._entries = choice.entries(host.desk.view.columns)
        self._place = 0

    def compose(self) -> ComposeResult:
        """One list."""
        with VerticalScroll(id="columns", can_focus=False) as box:
            box.border_title = Content("Columns")
            box.border_subtitle = Content("Space show  J K move  ← → width  ? keys  Esc done")
            yield Canvas(id="columns-text")

    def on_mount(self) -> None:
        """Obey the keys in force, and show the list."""
        self._host.key_book.bind(self, COLUMN_COMMANDS)
        self.query_one("#columns-text", Canvas).styles.height = len(self._entries)
        self._paint()

    def action_leave(self) -> None:
        """Back to the table."""
        self.dismiss()

    def action_keys(self) -> None:
        """Show the keys that work here."""
        from tui_tracker.tui.screens.help import HelpScreen

        commands = self._host.key_book.in_force(COLUMN_COMMANDS)
        self.app.push_screen(HelpScreen("list of columns", [command.id for command in commands], commands))

    def action_step(self, step: int) -> None:
        """Move the cursor."""
        self._place = max(0, min(self._place + step, len(self._entries) - 1))
        self._paint()

    def action_show_or_hide(self) -> None:
        """Show or hide the column."""
        self._change(choice.toggled(self._entries, self._place))

    def action_move(self, step: int) -> None:
        """Move the column; the cursor goes with it."""
        moved, self._place = choice.moved(self._entries, self._place, step)
        self._change(moved)

    def action_widen(self, step: int) -> None:
        """Make the column wider or narrower."""
        self._change(choice.widened(self._entries, self._place, step))

    def action_reset(self) -> None:
        """The columns that are configured, or the usual ones."""
        self._change(choice.entries(choice.known(self._host.desk.settings.columns)))

    def _change(self, entries: list[choice.Entry]) -> None:
        self._entries = entries
        self._host.choose(replace(self._host.desk.view, columns=choice.chosen_of(entries)))
        self._paint()

    def _paint(self) -> None:
        self.query_one("#columns-text", Canvas).paint(choice_lines(self._entries, self._place))
        self.query_one("#columns", VerticalScroll).scroll_to(y=self._place - 3, animate=False)


def choice_lines(entries: list[choice.Entry], place: int) -> list[Line]:
    """The list: mark, title, width, what it shows."""
    lines: list[Line] = []
    for index, entry in enumerate(entries):
        column = BY_KEY[entry.key]
        runs: tuple[Run, ...] = (
            ("▌" if index == place else " ", "accent"),
            ("[x] " if entry.is_shown else "[ ] ", "text" if entry.is_shown else "faint"),
            (fit(column.key, 11), "strong" if entry.is_shown else "muted"),
            (f"{entry.size:>3}  ", "text" if entry.width is not None else "faint"),
            (column.about or column.title, "muted" if entry.is_shown else "faint"),
        )
        lines.append(Line(runs, index == place))
    return lines
