"""The bottom line: the keys of whatever has the focus."""

from collections.abc import Sequence

from tui_tracker.tui.runs import Line, Run, packed
from tui_tracker.tui.widgets.canvas import Canvas

GAP = "  "


class KeysLine(Canvas):
    """Keys and what they do, as many as fit."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._hints: tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str]]] = ((), ())

    def show(self, hints: Sequence[tuple[str, str]], always: Sequence[tuple[str, str]]) -> None:
        """Show (key, what it does) pairs, the most important first; ``always`` come last and have a place for sure."""
        self._hints = (hints, always)
        self.on_resize()

    def repaint(self) -> None:
        """Show the keys again where something else was shown."""
        self.on_resize()

    def on_resize(self) -> None:
        """Show as many as fit."""
        hints, always = (_groups(part) for part in self._hints)
        width = self.size.width - 2
        tail = packed(always, width, GAP)
        room = width - sum(len(text) for text, _ in tail) - len(GAP)
        head = packed(hints, room, GAP) if hints and room >= width_of_group(hints[0]) else ()
        gap: tuple[Run, ...] = ((GAP, "muted"),) if head else ()
        self.paint((Line(((" ", "muted"), *head, *gap, *tail)),))


def _groups(hints: Sequence[tuple[str, str]]) -> list[list[Run]]:
    return [[(key, "accent"), (f" {text}", "muted")] for key, text in hints]


def width_of_group(group: Sequence[Run]) -> int:
    """Cells of one key with its text."""
    return sum(len(text) for text, _ in group)
