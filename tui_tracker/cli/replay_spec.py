"""Where the app begins in the past."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ReplaySpec:
    """A moment of a history, and how far time goes on from there."""

    folder: Path
    """Of the history."""
    source: str
    """With commas between where there are several."""
    first_ms: int
    last_ms: int | None = None
    """The last minute to be shown; ``None`` for the end of the history."""
