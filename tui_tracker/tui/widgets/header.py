"""The top line: source, state, times, progress."""

from tui_tracker.tui.widgets.canvas import Canvas


class Header(Canvas):
    """The top line of the main screen."""
