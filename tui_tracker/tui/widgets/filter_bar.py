"""The line in which one types to filter both lists; it takes the place of the keys."""

from typing import Final

from rich.highlighter import Highlighter
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input
from typing_extensions import override

from tui_tracker.core.format import whole
from tui_tracker.core.text import clean
from tui_tracker.filters.errors import FilterError
from tui_tracker.filters.language import MAX_LENGTH
from tui_tracker.tui.messages import FilterChanged, FilterKept
from tui_tracker.tui.runs import Line
from tui_tracker.tui.widgets.canvas import Canvas
from tui_tracker.tui.widgets.field import Field

MOST_TYPED: Final = 5 * MAX_LENGTH
"""More than a filter may have, so that one is told that it is too long."""


class _Mark(Highlighter):
    """Underlines what is wrong; that is seen without colours too."""

    def __init__(self) -> None:
        self.span = (0, 0)

    @override
    def highlight(self, text: Text) -> None:
        start, end = self.span
        if end > start >= len(text):  # something is missing at the end
            start, end = len(text) - 1, len(text)
        text.stylize("bold underline", max(0, start), end)


class FilterBar(Horizontal):
    """``/`` and what is typed, with how many pairs match."""

    def __init__(self, needle: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._mark = _Mark()
        self._input = Field(needle, compact=True, max_length=MOST_TYPED, select_on_focus=False, highlighter=self._mark)
        self._input.cursor_blink = False
        self._prompt = Canvas(classes="filter-prompt")
        self._count = Canvas(classes="filter-count")
        self.problem: FilterError | None = None
        """What is wrong with what is typed; the filter of before is in force."""
        self.is_beginning = False
        """Whether what is typed seems to go on; the filter of before is in force."""

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
        """Say how many of the pairs in scope match, unless there is something wrong to be said."""
        if self.problem is not None or self.is_beginning:
            return
        text = f"{whole(shown)} of {whole(in_scope)}   Enter keep   Esc clear "
        self._count.paint((Line(((text.rjust(self._count.size.width), "muted"),)),))

    def show_beginning(self, needle: str) -> None:
        """Say that a comparison is expected behind what was typed, or with nothing no longer."""
        self.is_beginning = bool(needle)
        for word in needle.split()[-1:]:
            text = clean(f"{word} > 1, {word} < 5% …", 38)
            self._count.paint((Line(((f"{text} ".rjust(self._count.size.width), "muted"),)),))

    def show_problem(self, problem: FilterError | None) -> None:
        """Say what is wrong with what is typed, and underline it; ``None`` if nothing is."""
        self.problem = problem
        start = 0 if problem is None else problem.position
        self._mark.span = (start, start + (0 if problem is None else problem.length))
        self._input.refresh()
        if problem is not None:
            width = self._count.size.width - 1
            place, hint = f"at {problem.position + 1}: ", f": {problem.hint}" if problem.hint else ""
            told = problem.message
            if len(place + told + hint) <= width:
                told = place + told + hint
            elif len(told + hint) <= width or len(f"{told}: ") + 24 <= width:
                told += hint  # the place is underlined
            else:
                told = place + told
            text = clean(told, max(1, width))
            self._count.paint((Line(((text.rjust(width) + " ", "warn"),)),))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what was typed."""
        event.stop()
        self.post_message(FilterChanged(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        self.post_message(FilterKept())
