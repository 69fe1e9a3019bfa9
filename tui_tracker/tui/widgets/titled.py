"""Frames whose titles change often."""

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from tui_tracker.tui.plain_ascii import spelled


class Titled(Widget):
    """A widget with a title in its frame; only that line of the frame is written again when it changes.

    Textual's own ``border_title`` has the whole widget painted anew, its children too.
    """

    _shown_title = ""

    def show_title(self, title: str) -> None:
        """Show ``title`` in the border, as plain text."""
        if title != self._shown_title:
            self._shown_title = title
            self._border_title = Content(spelled(title) if getattr(self.app, "is_ascii", False) else title)
            self.refresh(Region(-1, -1, self.outer_size.width, 1))

    def forget_title(self) -> None:
        """Write the title again the next time."""
        self._shown_title = ""
