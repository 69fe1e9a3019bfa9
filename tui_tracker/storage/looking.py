"""A look at what other sessions wrote since the last one."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tui_tracker.core.status import SourceReport
from tui_tracker.storage import catalogue, lease, news
from tui_tracker.storage.codec import DamagedError
from tui_tracker.storage.connection import Database
from tui_tracker.storage.lease import Wish
from tui_tracker.storage.news import News

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What there is."""

    report: SourceReport | None = None
    """How the collector says that the source is doing."""
    news: tuple[News, ...] = ()
    """What it did to its market, in order, after what was asked for."""
    wishes: tuple[Wish, ...] = ()
    """What other sessions ask of it."""
    newest: int = 0
    """Number of the newest news there ever was."""
    minute: int | None = None
    """The minute since the epoch that a reader could begin from."""
    is_broken: bool = False
    """Whether something could not be read."""


class Looker:
    """Looks at one source; on the store's thread."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database
        self._seen: tuple[int, int] | None = None
        self._seen_wishes: int | None = None

    def look(self, source: str, after: int) -> Look | None:
        """Return what there is after a number, or ``None`` where no other process wrote since the last look.

        Raises:
            StorageError: If the history can't be read.
        """
        version = self._version()
        if self._seen == (version, after):
            return None
        with self._database.reading("read") as connection:
            number = catalogue.find_source(connection, source)
            if number is None:
                found = Look()
            else:
                row = connection.execute("SELECT newest FROM lease WHERE source = ?", (number,)).fetchone()
                begin = connection.execute("SELECT minute FROM latest WHERE source = ?", (number,)).fetchone()
                wishes = lease.read_wishes(connection, number)
                try:
                    told, report = news.read_news(connection, number, after), lease.read_report(connection, number)
                    is_broken = False
                except DamagedError as error:
                    _log.warning("what the collector told is damaged: %s", error)
                    told, report, is_broken = (), None, True
                found = Look(
                    report, told, wishes, 0 if row is None else row[0], None if begin is None else begin[0], is_broken
                )
        self._seen = version, after
        return found

    def wishes(self) -> Mapping[str, tuple[Wish, ...]] | None:
        """Return what is asked of each source's collector, or ``None`` where nobody else wrote since the last look.

        Raises:
            StorageError: If the history can't be read.
        """
        version = self._version()
        if self._seen_wishes == version:
            return None
        with self._database.reading("read") as connection:
            found = lease.read_all_wishes(connection)
        self._seen_wishes = version
        return found

    def _version(self) -> int:
        """Changes when another connection has written."""
        return int(self._database.connection.execute("PRAGMA data_version").fetchone()[0])

    def report(self, source: str) -> SourceReport | None:
        """Return how the collector last said that a source is doing.

        Raises:
            StorageError: If the history can't be read.
        """
        with self._database.reading("read") as connection:
            number = catalogue.find_source(connection, source)
            return None if number is None else lease.read_report(connection, number)

    def start(self, source: str, minute: int | None) -> int:
        """Return the number after which news begin that are not in the windows up to a minute; 0 for all of them.

        Raises:
            StorageError: If the history can't be read.
        """
        with self._database.reading("read") as connection:
            number = catalogue.find_source(connection, source)
            if number is None or minute is None:
                return 0
            return news.first_after(connection, number, minute) or 0
