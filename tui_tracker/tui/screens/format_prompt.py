"""One line at the bottom that asks for the format of a file."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from tui_tracker.core.text import clean
from tui_tracker.tui.export import Format
from tui_tracker.tui.runs import Line, Run, packed
from tui_tracker.tui.widgets.canvas import Canvas


class FormatPrompt(ModalScreen[Format | None]):
    """Ask, and give back the format, or ``None``.

    Args:
        rows: How many will be written.
        folder: Where to.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("enter,c", "choose('csv')", "CSV"),
        ("w,j", "choose('json')", "JSON"),
        ("escape,q", "leave", "cancel"),
    ]

    def __init__(self, rows: int, folder: str) -> None:
        super().__init__()
        self._rows = rows
        self._folder = folder

    def compose(self) -> ComposeResult:
        """The line."""
        yield Canvas(id="format")

    def on_mount(self) -> None:
        """Ask."""
        self.on_resize()

    def on_resize(self) -> None:
        """Ask in the new width."""
        keys: list[list[Run]] = [
            [(key, "accent"), (f" {word}", "muted")]
            for key, word in (("Enter", "CSV"), ("w", "JSON"), ("Esc", "cancel"))
        ]
        what: list[Run] = [(f" write {self._rows:,} rows", "text")]
        where: list[Run] = [(f"to {clean(self._folder, 60)}", "faint")]
        self.query_one("#format", Canvas).paint((Line(packed([what, *keys, where], self.size.width)),))

    def action_choose(self, chosen: Format) -> None:
        """Write in this format."""
        self.dismiss(chosen)

    def action_leave(self) -> None:
        """Write nothing."""
        self.dismiss(None)
