"""What the keys that move through a text do."""

from typing import Final

END: Final = 1_000_000
"""More lines than any text has."""


class Scrolling:
    """Actions of ``SCROLL_COMMANDS``, for a screen that can show lines further down."""

    @property
    def rows_in_view(self) -> int:
        """How many lines there is room for."""
        raise NotImplementedError

    def action_scroll(self, lines: int) -> None:
        """Show what is so many lines further down."""
        raise NotImplementedError

    def action_scroll_page(self, screens: float) -> None:
        """Show the next or previous screen of lines, one of which is kept, or a part of one."""
        self.action_scroll(round(screens * max(2, self.rows_in_view - 1)))

    def action_move_end(self, to_end: bool) -> None:
        """Show the first or last lines."""
        self.action_scroll(END if to_end else -END)
