"""One or two lines under the chart that say in words how the selected pair stands."""

from typing import ClassVar

from tui_tracker.tui.messages import PaneResized
from tui_tracker.tui.runs import Kind
from tui_tracker.tui.widgets.canvas import Canvas


class Strip(Canvas):
    """The words under the chart."""

    STALE_KINDS: ClassVar[frozenset[Kind]] = frozenset({"text", "strong", "up", "down"})

    def on_resize(self) -> None:
        """Have words found for the new size."""
        self.post_message(PaneResized())
