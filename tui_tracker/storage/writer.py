"""Writing: one transaction a closed minute."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tui_tracker.core.instrument import Instrument
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.status import SourceReport
from tui_tracker.storage import catalogue, lease
from tui_tracker.storage.codec import MinuteCodec
from tui_tracker.storage.connection import Database
from tui_tracker.storage.events import Event
from tui_tracker.storage.fills import encode_fill
from tui_tracker.storage.groups import usual_hints
from tui_tracker.storage.latest import encode_latest
from tui_tracker.storage.lease import Wish
from tui_tracker.storage.model import Fill, Latest, Minute
from tui_tracker.storage.news import prune, put_news
from tui_tracker.storage.rows import HOUR_MINUTES, hour_of, hour_row, sealed, time_of, time_row

_DOING: Final = "write to"


@dataclass(slots=True)
class _Course:
    """Where the minutes of a source have got to."""

    source: int
    ids: tuple[str, ...]
    roster: int
    codec: MinuteCodec
    minute: int = -1
    """The last one that was written; -1 to begin anew."""


class Writer:
    """Writes minutes and fills. Every method is one transaction, on disk when it returns.

    Each raises ``StorageError`` if it could not be written, and then nothing of it was.
    """

    def __init__(self, database: Database) -> None:
        """Write to an open history; used by one thread at a time."""
        self._database: Final = database
        self._courses: dict[str, _Course] = {}

    def put_instruments(
        self, source: str, instruments: Iterable[Instrument], at_ms: int, fills: Sequence[Fill] = ()
    ) -> int:
        """Store the exchange's list, where it differs from what is stored; return how many instruments did."""
        with self._database.writing(_DOING) as connection:
            self._put_fills(connection, fills)
            return catalogue.put_listings(connection, catalogue.ensure_source(connection, source), instruments, at_ms)

    def append(self, minute: Minute, fills: Sequence[Fill] = ()) -> bool:
        """Store a closed minute, and fills with it.

        Returns:
            Whether it was stored: not if that minute or a later one is there, so that none is written twice.
        """
        course: _Course | None = None
        try:
            with self._database.writing(_DOING) as connection:
                self._put_fills(connection, fills)
                source = catalogue.ensure_source(connection, minute.source)
                last = last_minute(connection, source)
                if last is not None and minute.minute <= last:
                    return False
                course = self._course(connection, source, minute)
                if course.minute != last:
                    course.minute = -1
                self._put_minute(connection, course, minute)
        except BaseException:
            self._courses.pop(minute.source, None)
            raise
        course.minute = minute.minute
        return True

    def drop_after(self, source: str, minute_ms: int, fills: Sequence[Fill] = ()) -> int:
        """Take out what was appended for minutes after one, and hours that hold such; return how many rows went.

        For minutes that were stamped by a wrong clock. Roll-ups of those hours go too; they are made anew.
        """
        at = minute_ms // MINUTE_MS
        self._courses.pop(source, None)
        with self._database.writing(_DOING) as connection:
            self._put_fills(connection, fills)
            number = catalogue.ensure_source(connection, source)
            hour = hour_of(at) + 1
            gone = 0
            for table, first, end in (
                ("minute", time_row(number, at + 1), time_row(number + 1, 0)),
                ("hour", hour_row(number, hour, 0), hour_row(number + 1, 0, 0)),
                ("rollup_hour", hour_row(number, hour, 0), hour_row(number + 1, 0, 0)),
            ):
                gone += connection.execute(f"DELETE FROM {table} WHERE id >= ? AND id < ?", (first, end)).rowcount
            connection.execute("DELETE FROM latest WHERE source = ? AND minute > ?", (number, at))
        return gone

    def put_latest(self, source: str, latest: Latest) -> bool:
        """Store what is known beside the windows, unless that of a later minute is there; return whether it was."""
        at = latest.minute_ms // MINUTE_MS
        with self._database.writing(_DOING) as connection:
            number = catalogue.ensure_source(connection, source)
            row = connection.execute("SELECT minute FROM latest WHERE source = ?", (number,)).fetchone()
            if row is not None and row[0] > at:
                return False
            self._put_latest(connection, number, latest)
        return True

    def add_fills(self, fills: Sequence[Fill]) -> None:
        """Store what candles told."""
        with self._database.writing(_DOING) as connection:
            self._put_fills(connection, fills)

    def tell(self, source: str, events: Sequence[Event], fills: Sequence[Fill] = (), *, is_complete: bool) -> None:
        """Tell other sessions what was done to the market; not ``is_complete`` if something before was left out."""
        with self._database.writing(_DOING) as connection:
            self._put_fills(connection, fills)
            put_news(connection, catalogue.ensure_source(connection, source), events, is_complete=is_complete)

    def put_report(self, source: str, report: SourceReport) -> None:
        """Tell other sessions how the source is doing."""
        with self._database.writing(_DOING) as connection:
            lease.put_report(connection, catalogue.ensure_source(connection, source), report)

    def put_wish(self, source: str, wish: Wish, now_ms: int) -> None:
        """Ask something of the collector."""
        with self._database.writing(_DOING) as connection:
            lease.put_wish(connection, catalogue.ensure_source(connection, source), wish, now_ms)

    def _course(self, connection: sqlite3.Connection, source: int, minute: Minute) -> _Course:
        course = self._courses.get(minute.source)
        if course is None or course.ids != minute.instrument_ids or course.source != source:
            keys = catalogue.ensure_keys(connection, source, minute.instrument_ids)
            digits = catalogue.digits_of(connection, source)
            order = [keys[instrument_id] for instrument_id in minute.instrument_ids]
            roster = catalogue.ensure_roster(connection, source, order)
            hints = usual_hints([digits.get(key, catalogue.UNKNOWN_DIGITS) for key in order])
            course = _Course(source, minute.instrument_ids, roster, MinuteCodec(hints))
            self._courses[minute.source] = course
        return course

    def _put_minute(self, connection: sqlite3.Connection, course: _Course, minute: Minute) -> None:
        at = minute.minute
        is_key = int(at % HOUR_MINUTES == 0 or course.minute != at - 1)
        if is_key:
            course.codec.restart()
        row = time_row(course.source, at)
        if minute.instrument_ids:
            body = course.codec.encode(at, minute.arrays(), minute.origins())
            connection.execute(
                "INSERT INTO minute(id, roster, is_key, body) VALUES (?, ?, ?, ?)",
                (row, course.roster, is_key, sealed(body, "minute", row, course.roster, is_key)),
            )
        prune(connection, course.source, at)
        if minute.latest is not None:
            self._put_latest(connection, course.source, minute.latest)

    def _put_latest(self, connection: sqlite3.Connection, source: int, latest: Latest) -> None:
        at = latest.minute_ms // MINUTE_MS
        connection.execute(
            "INSERT OR REPLACE INTO latest(source, minute, body) VALUES (?, ?, ?)",
            (source, at, sealed(encode_latest(latest), "latest", source, at)),
        )

    def _put_fills(self, connection: sqlite3.Connection, fills: Sequence[Fill]) -> None:
        sources = {fill.source: catalogue.ensure_source(connection, fill.source) for fill in fills}
        for name, source in sources.items():
            ours = [fill for fill in fills if fill.source == name]
            ids = [fill.instrument_id for fill in ours]
            keys, digits = catalogue.ensure_keys(connection, source, ids), catalogue.digits_of(connection, source, ids)
            for fill in ours:
                key = keys[fill.instrument_id]
                body = encode_fill(fill, digits.get(key, catalogue.UNKNOWN_DIGITS))
                last = fill.first + max(fill.minutes, 1) - 1
                connection.execute(
                    "INSERT INTO fill(source, instrument, first, last, merged, body) VALUES (?, ?, ?, ?, ?, ?)",
                    (source, key, fill.first, last, fill.first, sealed(body, "fill", source, key, fill.first)),
                )


def last_minute(connection: sqlite3.Connection, source: int) -> int | None:
    """Return the newest minute that was appended, or ``None``."""
    bounds = time_row(source, 0), time_row(source + 1, 0) - 1
    row = connection.execute("SELECT max(id) FROM minute WHERE id BETWEEN ? AND ?", bounds).fetchone()[0]
    if row is not None:
        return time_of(row)
    bounds = hour_row(source, 0, 0), hour_row(source + 1, 0, 0) - 1
    row = connection.execute("SELECT max(id) FROM hour WHERE id BETWEEN ? AND ?", bounds).fetchone()[0]
    return None if row is None else hour_of(row) * HOUR_MINUTES + HOUR_MINUTES - 1
