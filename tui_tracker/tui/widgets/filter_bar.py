"""The line in which one types to filter both lists; it takes the place of the keys."""

from collections.abc import Callable
from functools import partial
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
from tui_tracker.tui.runs import Kind, Line
from tui_tracker.tui.widgets.canvas import Canvas
from tui_tracker.tui.widgets.field import Field

MOST_TYPED: Final = 5 * MAX_LENGTH
"""More than a filter may have, so that one is told that it is too long."""
PROMPT: Final = 3
LEAST_FIELD: Final = 26


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
        self._told: tuple[Callable[[int], str], Kind] = (lambda _: "", "muted")
        """What is said at the right: a text for a width."""
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

    def show_count(self, shown: int, in_scope: int, understood: str = "") -> None:
        """Say how many of the pairs in scope match and how that was read, unless something is wrong."""
        if self.problem is not None or self.is_beginning:
            return
        self._tell(partial(_count_text, f"{whole(shown)} of {whole(in_scope)}", understood), "muted")

    def show_beginning(self, needle: str) -> None:
        """Say that a comparison is expected behind what was typed, or with nothing no longer."""
        self.is_beginning = bool(needle)
        for word in needle.split()[-1:]:
            self._tell(partial(_beginning_text, word.lstrip("(!")), "muted")

    def show_problem(self, problem: FilterError | None) -> None:
        """Say what is wrong with what is typed, and underline it; ``None`` if nothing is."""
        self.problem = problem
        start = 0 if problem is None else problem.position
        self._mark.span = (start, start + (0 if problem is None else problem.length))
        self._input.refresh()
        if problem is not None:
            self._tell(partial(self._problem_told, problem), "warn")

    def on_resize(self) -> None:
        """Say the same so that it fits."""
        self._tell(*self._told)

    def _problem_told(self, problem: FilterError, width: int) -> str:
        in_view = self.size.width - PROMPT - width - 2  # the end of what is typed
        is_marked = problem.position >= len(self._input.value) - in_view
        return _problem_text(problem, width, is_marked=is_marked)

    def _tell(self, told: Callable[[int], str], kind: Kind) -> None:
        self._told = told, kind
        width = self._room(told) - 1
        self._count.styles.width = width + 1
        self._count.paint((Line(((f"{clean(told(width), width).rjust(width)} ", kind),)),))

    def _room(self, told: Callable[[int], str]) -> int:
        """Cells at the right: half of the line, and more for what is wrong if the field has no need of them."""
        whole_line = self.size.width - PROMPT
        usual = max(32, min(42, whole_line - 35), (whole_line + 1) // 2)
        if self.problem is None:
            return usual
        most = whole_line - max(LEAST_FIELD, len(self._input.value) + 2)
        return max(usual, min(most, len(told(most - 1)) + 2))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what was typed."""
        event.stop()
        self.post_message(FilterChanged(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        self.post_message(FilterKept())


def _count_text(count: str, understood: str, width: int) -> str:
    """How many match, how that was read, and as many of the keys as fit."""
    if understood and len(f"{understood}   {count}") <= width:
        count = f"{understood}   {count}"
    for text in (f"{count}   Enter keep   Esc clear", f"{count}  Enter keep  Esc clear", f"{count}  Esc clear"):
        if len(text) <= width:
            return text
    return count


def _beginning_text(word: str, width: int) -> str:
    """What may follow the name of a column."""
    return clean(f"{word} > 1, {word} < 5% …", min(38, width))


def _problem_text(problem: FilterError, width: int, *, is_marked: bool) -> str:
    """What is wrong, with its place and what would be right if they fit; the place if its mark may be out of sight."""
    place = f"at {problem.position + 1}: "
    told = problem.message
    hint = _hint_text(problem.hint, width - len(place + told))
    if len(place + told + hint) <= width:
        return place + told + hint
    if is_marked and (len(told + hint) <= width or len(f"{told}: ") + 24 <= width):
        return told + hint
    return place + told


def _hint_text(hint: str, width: int) -> str:
    """What would be right; of a list as many as fit, if that is more than a few."""
    text = f": {hint}" if hint else ""
    if len(text) <= width or "," not in text[: width - 1]:
        return text
    return f"{text[: width - 1].rpartition(',')[0]}, …"
