"""A question of one line in the place of the keys; what is on the screen stays in sight."""

from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from tui_tracker.core.errors import TrackerError
from tui_tracker.core.text import clean
from tui_tracker.tui.runs import Line
from tui_tracker.tui.widgets.canvas import Canvas
from tui_tracker.tui.widgets.field import Field

MOST_TYPED: Final = 1_000


class Prompt(Horizontal):
    """Asks for a text; Enter answers, Esc leaves.

    Args:
        question: What is asked for.
        answer: Takes the answer; a ``TrackerError`` is said and the question stays.
        leave: Called when the question is over, answered or not.
        max_length: Characters that an answer has at most; what is longer is told while it is typed, and not taken.
        offered: What stands in the field, selected.
        done: What Enter does, in a word.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False),
        Binding("tab,shift+tab", "nothing", "stay", show=False),
    ]

    def __init__(
        self,
        question: str,
        answer: Callable[[str], None],
        leave: Callable[[], None],
        max_length: int,
        offered: str = "",
        done: str = "save",
    ) -> None:
        super().__init__(id="prompt")
        self._question = f" {clean(question, 60)} "
        self._answer, self._leave = answer, leave
        self._done = done
        self._max_length = max_length
        self._ask = Canvas(classes="prompt-question")
        self._note = Canvas(classes="filter-count")
        self.field = Field(offered, compact=True, max_length=MOST_TYPED)
        self.field.cursor_blink = False

    def compose(self) -> ComposeResult:
        """Question, field, what can be done."""
        yield self._ask
        yield self.field
        yield self._note

    def on_mount(self) -> None:
        """Ask."""
        self._ask.styles.width = len(self._question)
        self._ask.paint((Line(((self._question, "accent"),)),))
        self.field.focus()

    def on_resize(self) -> None:
        """Say which keys end it."""
        self._say_what_is_next()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say when it is too long, and when it no longer is."""
        event.stop()
        self._say_what_is_next()

    def _say_what_is_next(self) -> None:
        if len(self.field.value) > self._max_length:
            self._say(f"^ at most {self._max_length} characters", is_wrong=True)
        else:
            self._say(f"Enter {self._done}   Esc leave")

    def _say(self, text: str, is_wrong: bool = False) -> None:
        width = max(1, self._note.size.width - 1)
        self._note.paint((Line(((clean(text, width).rjust(width) + " ", "warn" if is_wrong else "muted"),)),))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the answer."""
        event.stop()
        if len(event.value) > self._max_length:
            return
        try:
            self._answer(event.value)
        except TrackerError as error:
            self._say(f"^ {error.message}", is_wrong=True)
            return
        self._leave()

    def action_leave(self) -> None:
        """Leave without an answer."""
        self._leave()

    def action_nothing(self) -> None:
        """Stay."""
