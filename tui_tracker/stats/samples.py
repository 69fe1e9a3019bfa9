"""What can be read of a window, whichever way it is kept."""

from array import array
from typing import Protocol

from tui_tracker.core.figures import Figures


class Samples(Protocol):
    """The samples of the last minutes of one metric; see ``Window``. Instants are ms since the epoch, UTC."""

    @property
    def end_ms(self) -> int | None:
        """Start of the last minute."""

    @property
    def breaks_ms(self) -> tuple[int, ...]:
        """Minutes that no return leads into from before, oldest first."""

    def sample(self, minute_ms: int) -> tuple[float, int]:
        """(sample, provenance) of a minute; (NaN, 0) where nothing was observed."""

    def last(self) -> float | None:
        """The newest sample; ``None`` if empty."""

    def values(self) -> "array[float]":
        """A copy of all minutes, oldest first; NaN where nothing was observed."""

    def origins(self) -> bytes:
        """A copy of the provenance of all minutes, oldest first; 0 where nothing was observed."""

    def provenance_counts(self) -> tuple[int, int, int, int]:
        """Observed minutes by where they came from, in the order of ``Provenance``."""

    def extrema(self) -> tuple[float, float] | None:
        """(smallest, largest) sample; ``None`` if empty."""

    def figures(self) -> Figures:
        """All statistics of this moment."""
