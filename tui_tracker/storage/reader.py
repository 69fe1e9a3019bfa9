"""Reading: whole windows for a start, ranges, roll-ups. No transaction lasts longer than a page of rows takes."""

import logging
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from tui_tracker.core.kept import Loaded, Rollup, Span, by_hours
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.storage import catalogue
from tui_tracker.storage.codec import DamagedError
from tui_tracker.storage.columns import Columns
from tui_tracker.storage.connection import Database
from tui_tracker.storage.fills import FAR, StoredFill, decode_fill, decode_traded
from tui_tracker.storage.groups import GROUP_OF
from tui_tracker.storage.hours import Rosters, fetch_hour
from tui_tracker.storage.latest import decode_latest
from tui_tracker.storage.model import Latest, Listing
from tui_tracker.storage.rollup import HOUR_MS, read_rollups, rollup_span
from tui_tracker.storage.rows import HOUR_MINUTES, hour_of, hour_row, number_in, opened, time_of, time_row

PAGE: Final = 64
"""Fills that are read in one transaction."""
_DOING: Final = "read"
MOST_TOLD: Final = 100
"""Damaged rows that are logged."""
_log = logging.getLogger(__name__)


class Reader:
    """Reads a history, which others may be writing. Every method raises ``StorageError`` if it can't be read.

    Single rows that are damaged are left out, logged once, and counted in ``damaged`` each time that they are met.
    """

    def __init__(self, database: Database) -> None:
        """Read an open history; used by one thread at a time."""
        self._database: Final = database
        self._rosters: Final = Rosters()
        self.damaged = 0
        self._told: set[str] = set()

    def sources(self) -> tuple[str, ...]:
        """Names of the sources of which anything is stored."""
        with self._database.reading(_DOING) as connection:
            return tuple(catalogue.source_names(connection).values())

    def listings(self, source: str) -> tuple[Listing, ...]:
        """The instruments of a source as they were last listed, in the order of their ids."""
        with self._database.reading(_DOING) as connection:
            number = catalogue.find_source(connection, source)
            return () if number is None else catalogue.read_listings(connection, number)

    def span(self, source: str) -> Span | None:
        """First and last minute of the raw samples that were appended or filled, to the hour where they are merged."""
        with self._database.reading(_DOING) as connection:
            number = catalogue.find_source(connection, source)
            return None if number is None else raw_span(connection, number)

    def latest(self, source: str) -> Latest | None:
        """What was known beside the windows at the end of the last minute that was stored with it."""
        with self._database.reading(_DOING) as connection:
            number = catalogue.find_source(connection, source)
            row = connection.execute("SELECT source, minute, body FROM latest WHERE source = ?", (number,)).fetchone()
        if row is None:
            return None
        try:
            return decode_latest(opened(row[2], "latest", row[0], row[1]))
        except DamagedError as error:
            self._note(error)
            return None

    def load(
        self,
        source: str,
        metrics: Sequence[Metric],
        start_ms: int,
        minutes: int,
        ids: Collection[str] | None = None,
    ) -> Loaded:
        """Samples of all instruments, or of some, over ``minutes`` minutes from ``start_ms`` on.

        They are ready for ``Window.restore``.

        24 h of the price of 1,100 instruments take some 0.4 s; metrics that are coded together (``GROUPS``) are best
        asked for together.
        """
        number, names = self._names(source)
        columns = self._columns(number, metrics, start_ms // MINUTE_MS, minutes)
        loaded: Loaded = {}
        for key in columns.instruments():
            found = {metric: columns.series(key, METRIC_INDEX[metric]) for metric in metrics}
            known = {metric: series for metric, series in found.items() if series is not None}
            if known and key in names and (ids is None or names[key] in ids):
                loaded[names[key]] = known
        return loaded

    def hours(
        self,
        source: str,
        metrics: Sequence[Metric],
        start_ms: int,
        end_ms: int,
        ids: Collection[str] | None = None,
    ) -> Iterator[tuple[int, Loaded]]:
        """Yield (start in ms, samples) of each hour, see ``by_hours``; samples are as of ``load``."""
        return by_hours(lambda first_ms, minutes: self.load(source, metrics, first_ms, minutes, ids), start_ms, end_ms)

    def traded(self, source: str, start_ms: int) -> dict[str, dict[int, bool]]:
        """Whether something traded in the 5-minute intervals that candles told of, from ``start_ms`` on, where kept.

        By instrument, and first minute of the interval since the epoch. For ``Activity.note``: what was told after the
        last ``latest`` is in here.
        """
        first = start_ms // MINUTE_MS
        number, names = self._names(source)
        found: dict[str, dict[int, bool]] = {}
        for rows in self._pages(number, first, FAR):
            for key, _, body in rows:
                try:
                    intervals = decode_traded(body)
                except DamagedError as error:
                    self._note(error)
                    continue
                known = found.setdefault(names.get(key, ""), {})
                for minute, has_traded in intervals.items():
                    if minute >= first:
                        known[minute] = has_traded or known.get(minute, False)
        found.pop("", None)
        return found

    def rollups(self, source: str, instrument_id: str, start_ms: int, end_ms: int) -> tuple[Rollup, ...]:
        """Roll-ups of one instrument that begin from ``start_ms`` to before ``end_ms``, oldest first."""
        return self.rollups_of(source, [instrument_id], start_ms, end_ms).get(instrument_id, ())

    def rollups_of(
        self, source: str, instrument_ids: Collection[str], start_ms: int, end_ms: int
    ) -> dict[str, tuple[Rollup, ...]]:
        """Roll-ups of some instruments that begin from ``start_ms`` to before ``end_ms``, oldest first."""
        number, names = self._names(source)
        wanted = [key for key, name in names.items() if name in instrument_ids]
        rollups: dict[str, tuple[Rollup, ...]] = {}
        for start in range(0, len(wanted), PAGE):
            with self._database.reading(_DOING) as connection:
                keys = wanted[start : start + PAGE]
                found, damaged = read_rollups(connection, self._rosters, number, keys, start_ms, end_ms)
            self.damaged += damaged
            rollups |= {names[key]: hours for key, hours in found.items() if hours}
        return rollups

    def rollup_span(self, source: str) -> Span | None:
        """First and last instant that roll-ups may tell of, to the week."""
        with self._database.reading(_DOING) as connection:
            number = catalogue.find_source(connection, source)
            hours = None if number is None else rollup_span(connection, number)
        return None if hours is None else Span(hours[0] * HOUR_MS, hours[1] * HOUR_MS + HOUR_MS - MINUTE_MS)

    def instrument_ids(self, source: str) -> tuple[str, ...]:
        """Ids of the instruments of which anything is stored, in order."""
        return tuple(sorted(self._names(source)[1].values()))

    def _names(self, source: str) -> tuple[int, dict[int, str]]:
        """(number, ids of instruments by their keys) of a source; (0, nothing) if nothing of it is stored."""
        with self._database.reading(_DOING) as connection:
            number = catalogue.find_source(connection, source)
            keys = {} if number is None else catalogue.find_keys(connection, number)
        return number or 0, {key: name for name, key in keys.items()}

    def _columns(self, source: int, metrics: Collection[Metric], first: int, minutes: int) -> Columns:
        """Fills are read before hours: one that is merged meanwhile is then met twice, which does no harm."""
        fields = {METRIC_INDEX[metric] for metric in metrics}
        groups = {GROUP_OF[each] for each in fields}
        fills = list(self._fills(source, metrics, first, first + minutes - 1))
        columns = Columns(first, minutes)
        for hour in range(first // HOUR_MINUTES, (first + minutes - 1) // HOUR_MINUTES + 1):
            with self._database.reading(_DOING) as connection:
                stored = fetch_hour(connection, self._rosters, source, hour, groups)
            stored.put_into(columns, groups)
            self.damaged += stored.damaged
            if stored.damaged:
                self._log_once(f"hour {hour}: {stored.fault}")
        for fill, merged in fills:
            fill.put_into(columns, merged)
        return columns

    def _fills(
        self, source: int, metrics: Collection[Metric], first: int, last: int
    ) -> Iterator[tuple[StoredFill, int]]:
        for rows in self._pages(source, first, last):
            for key, merged, body in rows:
                try:
                    yield decode_fill(key, body, metrics, first, last + 1), merged
                except DamagedError as error:
                    self._note(error)

    def _pages(self, source: int, first: int, last: int) -> Iterator[list[tuple[int, int, bytes]]]:
        """Yield (instrument, first minute not merged, body) of the fills that overlap, a page at a time, as written."""
        after = 0
        while True:
            with self._database.reading(_DOING) as connection:
                rows = connection.execute(
                    "SELECT id, source, instrument, first, merged, body FROM fill"
                    " WHERE id > ? AND source = ? AND last >= ? AND first <= ? ORDER BY id LIMIT ?",
                    (after, source, first, last, PAGE),
                ).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            page = []
            for _, number, key, start, merged, blob in rows:
                try:
                    page.append((key, number_in(merged, "fill"), opened(blob, "fill", number, key, start)))
                except DamagedError as error:
                    self._note(error)
            yield page

    def _note(self, error: DamagedError) -> None:
        self.damaged += 1
        self._log_once(str(error))

    def _log_once(self, what: str) -> None:
        """Say what is damaged; the same rows are read again and again."""
        if what not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(what)
            _log.warning("%s: %s", self._database.path, what)


def raw_span(connection: sqlite3.Connection, source: int) -> Span | None:
    """First and last minute of what is stored raw of a source."""
    minute = (time_row(source, 0), time_row(source + 1, 0) - 1)
    hour = (hour_row(source, 0, 0), hour_row(source + 1, 0, 0) - 1)
    (first, last), (first_hour, last_hour), (filled, filled_to) = (
        connection.execute(query, bounds).fetchone()
        for query, bounds in (
            ("SELECT min(id), max(id) FROM minute WHERE id BETWEEN ? AND ?", minute),
            ("SELECT min(id), max(id) FROM hour WHERE id BETWEEN ? AND ?", hour),
            ("SELECT min(merged), max(last) FROM fill WHERE source = ?", (source,)),
        )
    )
    starts = [] if first is None else [time_of(first)]
    ends = [] if last is None else [time_of(last)]
    if first_hour is not None:
        starts.append(hour_of(first_hour) * HOUR_MINUTES)
        ends.append(hour_of(last_hour) * HOUR_MINUTES + HOUR_MINUTES - 1)
    if filled is not None:
        starts.append(filled)
        ends.append(filled_to)
    return Span(min(starts) * MINUTE_MS, max(ends) * MINUTE_MS) if starts else None
