"""The bottom line: the keys of whatever has the focus."""

from collections.abc import Sequence

from tui_tracker.tui.runs import Line, Run, packed
from tui_tracker.tui.widgets.canvas import Canvas


class KeysLine(Canvas):
    """Keys and what they do, as many as fit."""

    def show(self, hints: Sequence[tuple[str, str]]) -> None:
        """Show (key, what it does) pairs, the most important first."""
        groups: list[list[Run]] = [[(key, "accent"), (f" {text}", "muted")] for key, text in hints]
        self.paint((Line(((" ", "muted"), *packed(groups, self.size.width - 2, "  "))),))
