"""How a history is doing, and how patient it is."""

from dataclasses import dataclass

from tui_tracker.core.errors import StorageError
from tui_tracker.storage.connection import BUSY_MS
from tui_tracker.storage.recovery import Recovery
from tui_tracker.storage.retention import Size


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how much is waited."""

    most_minutes: int = 240
    """Minutes that are held while nothing can be written (some 25 MB at 1,100 pairs). Of more, the oldest is let go: it
    is the first that will have left the windows."""
    most_fills: int = 1_200
    """Fills that are held; of more, the oldest is let go: it can be fetched again."""
    most_news: int = 64
    """Events that are held for other sessions; of more, the oldest is let go, and they begin anew."""
    fill_pause_s: float = 1.0
    """Fills are committed at most this often, together, or with the next minute."""
    fill_rest_s: float = 60.0
    """So long no fill of a source has come before its fills are merged."""
    most_unmerged: int = 1_200
    """Fills of a source from which on they are merged although more are coming: a start has to read them all."""
    retry_s: float = 5.0
    """Pause before a failed write is tried again, unless something new is to be written before."""
    upkeep_s: float = 60.0
    """Pause between looks for something to merge or let go."""
    busy_ms: int = BUSY_MS
    """A lock of another process that is held longer fails a write."""


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """How the history is doing."""

    is_open: bool = False
    error: StorageError | None = None
    """Why the last write failed; ``None`` after one that succeeded."""
    is_stopped: bool = False
    """Whether nothing will be written any more: the error tells what to do."""
    held: int = 0
    """Minutes that wait to be written."""
    lost: int = 0
    """Minutes that could not be written before the end."""
    dropped: int = 0
    """Minutes and fills that were let go since the start, for want of room."""
    stored_ms: int | None = None
    """The newest minute that is on disk, of any source."""
    recovery: Recovery | None = None
    """What became of a damaged history at the start or since."""
    has_damage: bool = False
    """Whether rows were met since the start that are damaged, and left out."""
    size: Size | None = None
    """As of the last upkeep."""
    log_cut: int = 0
    """Bytes of the largest write-ahead log that had to be cut."""
    superseded: int = 0
    """How often a write was refused because another process collects."""
