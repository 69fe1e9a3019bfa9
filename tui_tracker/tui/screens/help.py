"""All keys, made from the bindings that are active where the help was asked for."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui_tracker.tui.bindings import Command
from tui_tracker.tui.runs import Line, fit
from tui_tracker.tui.widgets.canvas import Canvas

KEY_WIDTH = 11
WIDTH = 76
"""Of the window, where there is as much room."""
MOST_PICKS = 9
FRAME = 5
"""Cells of it that lines, blanks beside them and scroll bar take."""
PAIRS = {
    "range": ("range.shorter", "range.longer"),
    "crosshair": ("crosshair.left", "crosshair.right"),
    "zoom": ("chart.zoom_in", "chart.zoom_out"),
}
"""The commands behind hints that stand for two keys."""
NOTES = (
    "σ is exact over the window, and the largest is rank 1; ties share a rank.",
    "~ marks what is not ranked, with the reason; ★ a favourite; ↑12 where a row of a frozen order belongs.",
    "Filters: btc !eur, /^(BTC|ETH)/, cv > 2% and volume > 1M and quote in (USD, EUR), base ~ ^A. "
    "σ against a percentage means cv; a fraction is written with %; what is unknown matches no comparison.",
    "Click selects, a second click tells all about the pair, a heading sorts, the wheel scrolls.",
)


class HelpScreen(ModalScreen[None]):
    """Keys and what they do, by subject."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,question_mark,f1,enter", "dismiss_help", "close"),
        ("j", "scroll(1)", "down"),
        ("k", "scroll(-1)", "up"),
    ]

    def __init__(self, pane: str, first: Sequence[str], commands: Sequence[Command]) -> None:
        super().__init__()
        self._told = pane, tuple(first), in_one(commands)

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="help") as box:
            box.border_title = Content("Keys")
            box.border_subtitle = Content("Esc closes")
            yield Canvas(id="help-text")

    def on_mount(self) -> None:
        """Write the text before the first paint."""
        self._write(self.app.size.width)

    def on_resize(self, event: events.Resize) -> None:
        """Write the text for the width that there is."""
        self._write(event.size.width)

    def _write(self, width: int) -> None:
        canvas = self.query_one("#help-text", Canvas)
        lines = help_lines(*self._told, width=min(WIDTH, width) - FRAME)
        canvas.styles.height = len(lines)
        canvas.paint(lines)

    def action_dismiss_help(self) -> None:
        """Back to the main screen."""
        self.dismiss()

    def action_scroll(self, rows: int) -> None:
        """Show other lines."""
        self.query_one("#help", VerticalScroll).scroll_relative(y=rows, animate=False)


def in_one(commands: Sequence[Command]) -> tuple[Command, ...]:
    """Commands, the picks of the first nine views told as one, unless their keys were changed."""
    picks = [command for command in commands if command.id.startswith("view.") and command.keys == command.id[5:]]
    if len(picks) < MOST_PICKS:
        return tuple(commands)
    one = replace(picks[0], display=f"{picks[0].keys} … {picks[-1].keys}", help="saved view 1 to 9")
    return tuple(one if command is picks[0] else command for command in commands if command not in picks[1:])


def help_lines(pane: str, first: Sequence[str], commands: Sequence[Command], width: int = WIDTH - FRAME) -> list[Line]:
    """What matters in the pane, then the other commands by group, then what the signs mean."""
    names = set(first) | {other for name in first for other in PAIRS.get(name, ())}
    here = [command for command in commands if command.id in names]
    rest = [command for command in commands if command.id not in names]
    lines = _section(f"In the {pane}", here, width)
    for group, members in groupby(rest, key=lambda command: command.group):
        lines += [Line(), *_section(group, list(members), width)]
    lines.append(Line())
    for note in NOTES:
        lines.extend(Line(((part, "faint"),)) for part in wrapped(note, width))
    return lines


def _section(title: str, commands: Sequence[Command], width: int) -> list[Line]:
    lines = [Line(((title, "accent"),))]
    for command in commands:
        for place, part in enumerate(wrapped(command.help, width - KEY_WIDTH - 2)):
            key = "" if place else command.display
            lines.append(Line(((f"  {fit(key, KEY_WIDTH)}", "strong"), (part, "muted"))))
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
