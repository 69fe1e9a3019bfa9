"""All keys, made from the bindings that are active where the help was asked for."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from typing_extensions import override

from tui_tracker.core.text import clean
from tui_tracker.filters.columns import COLUMNS
from tui_tracker.tui.bindings import PAIRED_HINTS, Command
from tui_tracker.tui.keys import KeyBook
from tui_tracker.tui.runs import Line, fit, width_of
from tui_tracker.tui.screen_bindings import SCROLL_COMMANDS
from tui_tracker.tui.screens.scrolling import Scrolling
from tui_tracker.tui.widgets.canvas import Canvas

LEAST_KEY_CELLS = 11
TEXT_CELLS = 72
"""What a page of keys takes where nothing else is known."""
NOTES = (
    "σ is exact over the window, and the largest is rank 1; ties share a rank.",
    "↑ ↓ are the arrow keys; ▲ rose, ▼ fell.",
    "~ marks what is not ranked, with the reason; ★ a favourite; ↑12 where a row of a frozen order belongs.",
    "Filters: btc !eur, /^(BTC|ETH)/, cv > 2% and volume > 1M and quote in (USD, EUR), base ~ ^A. "
    "σ against a percentage means cv; coverage > 0.9 is 90 %; what is unknown matches no comparison.",
    f"Names: {', '.join(column.name for column in COLUMNS)}.",
    "Click selects, a second click tells all about the pair, a heading sorts, the wheel scrolls.",
)


class HelpScreen(Scrolling, ModalScreen[None]):
    """Keys and what they do, by subject."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,question_mark,f1,enter", "dismiss_help", "close"),
    ]

    def __init__(
        self, keys: KeyBook, pane: str, first: Sequence[str], commands: Sequence[Command], views: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._keys = keys
        self._asked = pane, first, commands, views

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="help") as box:
            box.border_title = Content("Keys")
            box.border_subtitle = Content("Esc closes")
            yield Canvas(id="help-text")

    def on_mount(self) -> None:
        """Obey the keys in force, and write the text, as wide as it will be in most terminals."""
        self._keys.bind(self, SCROLL_COMMANDS)
        self._write(min(TEXT_CELLS, self.app.size.width - 5))

    def on_resize(self) -> None:
        """Break the lines anew."""
        self.call_after_refresh(self._write)

    def _write(self, width: int = 0) -> None:
        canvas = self.query_one("#help-text", Canvas)
        pane, first, commands, views = self._asked
        lines = help_lines(pane, first, commands, views, width or canvas.size.width)
        canvas.styles.height = len(lines)
        canvas.paint(lines)

    def action_dismiss_help(self) -> None:
        """Back to the main screen."""
        self.dismiss()

    @property
    def _box(self) -> VerticalScroll:
        return self.query_one("#help", VerticalScroll)

    @property
    @override
    def rows_in_view(self) -> int:
        return self._box.scrollable_content_region.height

    @override
    def action_scroll(self, lines: int) -> None:
        self._box.scroll_relative(y=lines, animate=False)


def help_lines(
    pane: str, first: Sequence[str], commands: Sequence[Command], views: Sequence[str] = (), width: int = TEXT_CELLS
) -> list[Line]:
    """What matters in the pane, then the other commands by group, then what the signs mean.

    Args:
        pane: What has the focus.
        first: Ids of what matters there.
        commands: Everything that can be done.
        views: Names of the views that the digits take up.
        width: Cells of a line; longer texts are broken between words.
    """
    names = set(first) | {other for name in first for other in PAIRED_HINTS.get(name, ((), ""))[0]}
    told = [told for command in commands if (told := _told(command, views)) is not None]
    here = [command for command in told if command.id in names]
    rest = [command for command in told if command.id not in names]
    cells = max((width_of(command.display) + 2 for command in told), default=0)
    cells = max(LEAST_KEY_CELLS, min(cells, width // 3))
    lines = _section(f"In the {pane}", here, cells, width)
    for group, members in groupby(rest, key=lambda command: command.group):
        lines += [Line(), *_section(group, list(members), cells, width)]
    lines.append(Line())
    for note in NOTES:
        lines.extend(Line(((part, "faint"),)) for part in wrapped(note, min(width, TEXT_CELLS)))
    return lines


def _told(command: Command, views: Sequence[str]) -> Command | None:
    """A command as it is explained: a digit by the view that it takes up, one without a key by the palette."""
    if command.id.startswith("view.") and command.id[5:].isdecimal():
        number = int(command.id[5:])
        return replace(command, help=f"view: {clean(views[number - 1], 40)}") if number <= len(views) else None
    return command if command.display else replace(command, display="–", help=f"{command.help} (no key; palette)")


def _section(title: str, commands: Sequence[Command], cells: int, width: int) -> list[Line]:
    lines = [Line(((title, "accent"),))]
    for command in commands:
        key = fit(command.display, cells)
        for part in wrapped(command.help, max(16, width - cells - 2)):
            lines.append(Line(((f"  {key}", "strong"), (part, "muted"))))
            key = " " * cells
    return lines


def wrapped(text: str, width: int) -> list[str]:
    """``text`` broken between words."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
