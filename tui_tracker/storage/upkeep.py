"""What keeps a history small: merging, letting go, and cutting the log, in small steps between writes."""

import logging
import time
from dataclasses import dataclass

from tui_tracker.storage.connection import Database
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.retention import Limits, Size, empty_log, retain, size_of
from tui_tracker.storage.standing import Patience
from tui_tracker.storage.waiting import Waiting

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tidied:
    """What one step found."""

    has_more: bool
    """Whether the next step is due at once."""
    size: Size
    log_cut: int
    """Bytes of the log that had to be cut; 0 where it was short."""


def tidy_up(
    database: Database, merger: Merger, waiting: Waiting, limits: Limits, patience: Patience, now_ms: int
) -> Tidied:
    """Do one small step.

    Raises:
        StorageError: If that failed.
    """
    has_more = _merge(merger, waiting, patience) or retain(database, limits, now_ms)
    size, cut = size_of(database), 0
    if size.log > limits.most_log_bytes:
        cut = empty_log(database)
        _log.warning("the write-ahead log of %s had grown to %d MB", database.path, cut // 2**20)
    return Tidied(has_more, size, cut)


def _merge(merger: Merger, waiting: Waiting, patience: Patience) -> bool:
    """Merge a little; fills once they rest, or are many."""
    is_at_rest = time.monotonic() - waiting.last_fill_s >= patience.fill_rest_s
    takes_fills = is_at_rest or waiting.unmerged >= patience.most_unmerged
    has_more = merger.step(takes_fills=takes_fills)
    if takes_fills and not has_more:
        waiting.unmerged = 0
    return has_more
