"""What this process may write: everything, what the collector of a source may, or nothing but wishes."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tui_tracker.storage import lease
from tui_tracker.storage.connection import Database


class Office:
    """Asked at the beginning of every transaction, on the store's thread. Unbound until it is told of a source.

    Args:
        path: The history.
        now_ms: The wall clock.
    """

    def __init__(self, path: Path, now_ms: Callable[[], int]) -> None:
        self._path: Final = path
        self._now_ms: Final = now_ms
        self._source: str | None = None
        self._epoch: int | None = None
        self._is_bound = self._is_leading = self._is_excepted = False

    @property
    def tends(self) -> bool:
        """Whether merging and retention are this process's business."""
        return self._is_leading or not self._is_bound

    @property
    def source(self) -> str | None:
        """The source that this process collects."""
        return self._source if self._is_leading else None

    def fence(self, connection: sqlite3.Connection) -> None:
        """Do nothing, unless another process collects.

        Raises:
            StorageError: ``SUPERSEDED``.
        """
        if self._is_excepted or not self._is_bound:
            return
        if self._source is None or self._epoch != lease.epoch_of(connection, self._source):
            raise lease.superseded(str(self._path))

    def lead(self, source: str) -> None:
        """This process collects: the epoch is taken as soon as that can be written."""
        self._source, self._epoch, self._is_bound, self._is_leading = source, None, True, True

    def follow(self) -> None:
        """Another process collects, or nobody does yet."""
        self._source, self._epoch, self._is_bound, self._is_leading = None, None, True, False

    def visit(self, source: str, epoch: int) -> None:
        """Write only as long as no other process begins to collect."""
        self._source, self._epoch, self._is_bound, self._is_leading = source, epoch, True, False

    def take(self, database: Database, seize: Callable[[], bool] | None = None) -> None:
        """Take an epoch if there is none yet; ``seize`` is called in the same transaction.

        Raises:
            StorageError: If it can't be written, or ``SUPERSEDED`` if ``seize`` says no.
        """
        if self._source is None or self._epoch is not None or not self._is_leading:
            return
        with self.excepted(), database.writing("write to") as connection:
            epoch = lease.take(connection, self._source, self._now_ms())
            if seize is not None and not seize():
                raise lease.superseded(str(self._path))
        self._epoch = epoch

    @contextmanager
    def excepted(self) -> Iterator[None]:
        """Write what everybody may."""
        self._is_excepted = True
        try:
            yield
        finally:
            self._is_excepted = False
