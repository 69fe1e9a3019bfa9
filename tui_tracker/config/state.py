"""What the app remembers from one run to the next: the watchlist and the view."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """How the app was left; ``None`` or empty where it was never chosen, so that the settings decide."""

    selected: str | None = None
    """Id of the selected instrument."""
    quote: str | None = None
    """Quote scope: a currency, or ``all``."""
    watchlist_only: bool = False
    metric: str | None = None
    measure: str | None = None
    range_hours: int = 24
    """Range of the chart: 1, 6 or 24."""
    sort: str | None = None
    """Column that the table is sorted by; ``None`` for the rank."""
    reverse: bool = False
    theme: str | None = None
    time_zone: str | None = None
