"""Choosing columns while the table shows the effect."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType
from typing_extensions import override

from tui_tracker.tui import column_choice as choice
from tui_tracker.tui.columns import BY_KEY
from tui_tracker.tui.runs import Line, Run, fit
from tui_tracker.tui.screen_bindings import COLUMN_COMMANDS
from tui_tracker.tui.screens.choices import ChoicesScreen, Host


class ColumnsScreen(ChoicesScreen):
    """All columns, with the cursor on one of them; each change takes effect at once."""

    OWN_COMMANDS = COLUMN_COMMANDS
    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in COLUMN_COMMANDS]
    box_id = "columns"
    heading = "Columns"
    keys_told = "Space show  J K move  ← → width  ? keys  Esc done"
    called = "list of columns"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._entries = choice.entries(host.desk.view.columns)

    @property
    @override
    def count(self) -> int:
        return len(self._entries)

    @override
    def lines(self) -> Sequence[Line]:
        return choice_lines(self._entries, self._place)

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
        self.show()


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
