"""Choosing columns while the table shows the effect."""

from dataclasses import replace
from typing import ClassVar, Final, Protocol

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui_tracker.tui import column_choice as choice
from tui_tracker.tui.bindings import Command
from tui_tracker.tui.columns import BY_KEY
from tui_tracker.tui.desk import Desk
from tui_tracker.tui.runs import Line, Run, fit
from tui_tracker.tui.view import ViewState
from tui_tracker.tui.widgets.canvas import Canvas


class Host(Protocol):
    """What the screen needs of the app."""

    @property
    def desk(self) -> Desk:
        """What is shown and chosen."""
        ...

    def choose(self, view: ViewState) -> None:
        """Look at things in another way."""
        ...


HERE: Final = "Choosing columns"
COLUMN_COMMANDS: Final = (
    Command("columns.close", "escape,q,C,enter", "leave", "done", "back to the table", "Esc Enter", HERE),
    Command("columns.down", "down,j", "step(1)", "next", "next column", "↓ j", HERE),
    Command("columns.up", "up,k", "step(-1)", "previous", "previous column", "↑ k", HERE),
    Command("columns.first", "home,g", "step(-99)", "first", "first column", "Home g", HERE),
    Command("columns.last", "end,G", "step(99)", "last", "last column", "End G", HERE),
    Command("columns.show", "space", "show_or_hide", "show", "show or hide the column", "Space", HERE),
    Command("columns.later", "J,shift+down", "move(1)", "move", "column further to the right", "J Shift-↓", HERE),
    Command("columns.earlier", "K,shift+up", "move(-1)", "move", "column further to the left", "K Shift-↑", HERE),
    Command("columns.wider", "right", "widen(1)", "wider", "column wider", "→", HERE),
    Command("columns.narrower", "left", "widen(-1)", "narrower", "column narrower", "←", HERE),
    Command("columns.reset", "r", "reset", "reset", "columns as configured, or the usual ones", "r", HERE),
    Command("columns.help", "question_mark,f1", "keys", "help", "these keys", "?", HERE),
)


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
        """Show the list."""
        self.query_one("#columns-text", Canvas).styles.height = len(self._entries)
        self._paint()

    def action_leave(self) -> None:
        """Back to the table."""
        self.dismiss()

    def action_keys(self) -> None:
        """Show the keys that work here."""
        from tui_tracker.tui.screens.help import HelpScreen

        self.app.push_screen(
            HelpScreen("list of columns", [command.id for command in COLUMN_COMMANDS], COLUMN_COMMANDS)
        )

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
