"""Where the app puts what it remembers."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tui_tracker.config.state import View


class Store(Protocol):
    """Where watchlist and view are remembered. Calls may block: they are made in a thread."""

    def save_view(self, view: "View") -> None:
        """Remember how the app was left; raises ``TrackerError``."""
        ...

    def add_favourite(self, instrument_id: str) -> None:
        """Put an instrument on the watchlist; raises ``TrackerError``."""
        ...

    def remove_favourite(self, instrument_id: str) -> None:
        """Take an instrument off the watchlist; raises ``TrackerError``."""
        ...
