"""The line in which one types to filter both lists; it takes the place of the keys."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from tui_tracker.core.format import whole
from tui_tracker.tui.messages import FilterChanged, FilterKept
from tui_tracker.tui.runs import Line
from tui_tracker.tui.widgets.canvas import Canvas

MAX_LENGTH = 60


class FilterBar(Horizontal):
    """``/`` and what is typed, with how many pairs match."""

    def __init__(self, needle: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._input = Input(needle, compact=True, max_length=MAX_LENGTH, select_on_focus=False)
        self._input.cursor_blink = False
        self._prompt = Canvas(classes="filter-prompt")
        self._count = Canvas(classes="filter-count")

    def compose(self) -> ComposeResult:
        """Prompt, field, count."""
        yield self._prompt
        yield self._input
        yield self._count

    def on_mount(self) -> None:
        """Show the prompt."""
        self._prompt.paint((Line(((" / ", "accent"),)),))

    @property
    def field(self) -> Input:
        """Where one types."""
        return self._input

    def show_count(self, shown: int, in_scope: int) -> None:
        """Say how many of the pairs in scope match."""
        text = f"{whole(shown)} of {whole(in_scope)}   Enter keep   Esc clear "
        self._count.paint((Line(((text.rjust(self._count.size.width), "muted"),)),))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what was typed."""
        event.stop()
        self.post_message(FilterChanged(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        self.post_message(FilterKept())
