"""What keeps a history small: merging, letting go, and cutting the log, in small steps between writes."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tui_tracker.storage.connection import Database
from tui_tracker.storage.merging import DOING, Merger
from tui_tracker.storage.retention import Limits, Size, empty_log, retain, size_of
from tui_tracker.storage.standing import Patience

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tidied:
    """What one step found."""

    has_more: bool
    """Whether the next step is due at once."""
    size: Size
    log_cut: int
    """Bytes of the log that had to be cut; 0 where it was short."""


class Rounds:
    """When fills are merged: those of a source that rest, and those that are many.

    One a second, each of a day, would have every hour of the day merged again and again. So each round takes what was
    there when it began. What others write to the same file counts too.

    Args:
        patience: How long fills rest, and how many are many.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._newest: dict[int, tuple[int, float]] = {}
        """(number of the newest fill, when it was first seen) of each source."""
        self._wanted: dict[int, int] | None = None
        self._is_first = True

    def wanted(self, database: Database, now_s: float) -> Mapping[int, int]:
        """See ``Merger.step``; the same until the round has ended.

        Raises:
            StorageError: If that can't be read.
        """
        if self._wanted is None:
            with database.reading(DOING) as connection:
                found = connection.execute("SELECT source, max(id), sum(merged = first) FROM fill GROUP BY source")
                self._wanted = {
                    source: newest for source, newest, fresh in found if self._is_due(source, newest, fresh, now_s)
                }
        return self._wanted

    def _is_due(self, source: int, newest: int, fresh: int, now_s: float) -> bool:
        known, since_s = self._newest.get(source, (None, 0.0))
        if newest != known:  # what was there at the start rests since before
            since_s = float("-inf") if self._is_first else now_s
            self._newest[source] = newest, since_s
        return now_s - since_s >= self._patience.fill_rest_s or fresh >= self._patience.most_unmerged

    def end(self) -> None:
        """All that was wanted is merged."""
        self._wanted, self._is_first = None, False


def tidy_up(database: Database, merger: Merger, rounds: Rounds, limits: Limits, now_ms: int) -> Tidied:
    """Do one small step.

    Raises:
        StorageError: If that failed.
    """
    has_more = _merge(database, merger, rounds) or retain(database, limits, now_ms)
    size, cut = size_of(database), 0
    if size.log > limits.most_log_bytes:
        cut = empty_log(database)
        _log.warning("the write-ahead log of %s had grown to %d MB", database.path, cut // 2**20)
    return Tidied(has_more, size, cut)


def _merge(database: Database, merger: Merger, rounds: Rounds) -> bool:
    """Merge a little."""
    has_more = merger.step(rounds.wanted(database, time.monotonic()))
    if not has_more:
        rounds.end()
    return has_more
