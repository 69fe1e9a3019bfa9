"""Where the app puts what it remembers."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tui_tracker.config.state import View
    from tui_tracker.config.views import ViewSpec


class Store(Protocol):
    """Where watchlist and view are remembered. Calls may block: they are made in a thread."""

    def save_view(self, view: "View") -> None:
        """Remember how the app was left; raises ``TrackerError``."""
        ...

    def add_favourite(self, instrument_id: str, watchlist: str) -> None:
        """Put an instrument on a watchlist; raises ``TrackerError``."""
        ...

    def remove_favourite(self, instrument_id: str, watchlist: str) -> None:
        """Take an instrument off a watchlist; raises ``TrackerError``."""
        ...

    def add_favourites(self, instrument_ids: tuple[str, ...], watchlist: str) -> None:
        """Put instruments on a watchlist; raises ``TrackerError``."""
        ...

    def remove_watchlist(self, name: str) -> None:
        """Forget a watchlist; raises ``TrackerError``."""
        ...

    def rename_watchlist(self, name: str, new_name: str) -> None:
        """Call a watchlist something else; raises ``TrackerError``."""
        ...

    def save_named_view(self, view: "ViewSpec") -> None:
        """Save a view under its name; raises ``TrackerError``."""
        ...

    def remove_named_view(self, name: str) -> None:
        """Forget a saved view; raises ``TrackerError``."""
        ...


class NoStore:
    """Remembers nothing: for a demo that took the place of an exchange."""

    def save_view(self, view: "View") -> None:
        """Forget the view."""

    def add_favourite(self, instrument_id: str, watchlist: str) -> None:
        """Forget the pair."""

    def remove_favourite(self, instrument_id: str, watchlist: str) -> None:
        """Forget the pair."""

    def add_favourites(self, instrument_ids: tuple[str, ...], watchlist: str) -> None:
        """Forget the pairs."""

    def remove_watchlist(self, name: str) -> None:
        """Nothing is there."""

    def rename_watchlist(self, name: str, new_name: str) -> None:
        """Nothing is there."""

    def save_named_view(self, view: "ViewSpec") -> None:
        """Forget the view."""

    def remove_named_view(self, name: str) -> None:
        """Nothing is there."""
