"""What widgets and tasks report upwards; each is a past fact."""

from textual.message import Message
from typing_extensions import override


class FeedEnded(Message):
    """The feed is over, for good."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class RowSelected(Message):
    """A row was clicked."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class RowOpened(Message):
    """A row was double-clicked."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class HeadingClicked(Message):
    """The heading of a column was clicked."""

    def __init__(self, column: str) -> None:
        super().__init__()
        self.column = column


class PaneResized(Message):
    """A pane has another size now, and with it room for other words."""

    @override
    def can_replace(self, message: Message) -> bool:
        return isinstance(message, PaneResized)


class RowsScrolled(Message):
    """Other rows have come into view."""


class FilterChanged(Message):
    """Something was typed into the filter."""

    def __init__(self, needle: str) -> None:
        super().__init__()
        self.needle = needle


class FilterKept(Message):
    """Enter was pressed in the filter."""


class BackgroundTold(Message):
    """The terminal said what its background is, as ``rgb:ffff/ffff/ffff``."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer
