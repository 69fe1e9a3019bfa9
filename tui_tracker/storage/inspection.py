"""Looking whether every row of a history is what was written: SQLite's own check sees flipped bits in none of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tui_tracker.core.series import MINUTE_MS
from tui_tracker.storage.connection import Database
from tui_tracker.storage.recovery import COLUMNS, is_whole
from tui_tracker.storage.rows import HOUR_MINUTES, WEEK_HOURS, hour_of, time_of, week_of

PAGE: Final = 256
"""Rows that are read in one transaction."""
_FAR: Final = 1 << 32
"""Minutes since the epoch that no history reaches: the time of a row may be what is damaged."""


@dataclass(slots=True)
class Damage:
    """Rows whose seal doesn't fit."""

    rows: int = 0
    first_ms: int | None = None
    """Of the minutes that they are of, as far as that can be told."""
    last_ms: int | None = None
    is_complete: bool = True
    """Whether all of the history was looked through."""

    def add(self, span_ms: tuple[int, int] | None) -> None:
        """Count a row, and the minutes it is of."""
        self.rows += 1
        if span_ms is not None:
            self.first_ms = min(self.first_ms if self.first_ms is not None else span_ms[0], span_ms[0])
            self.last_ms = max(self.last_ms if self.last_ms is not None else span_ms[1], span_ms[1])


def find_damage(database: Database, is_late: Callable[[], bool] = lambda: False) -> Damage:
    """Look at the seal of every row, a page of rows at a time; reads only.

    Args:
        database: The open history.
        is_late: Asked before each page; ends the search.

    Raises:
        StorageError: If it can't be read at all.
    """
    damage = Damage()
    for table, columns in COLUMNS.items():
        query = f"SELECT rowid, {', '.join(columns)} FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT {PAGE}"
        after = -(1 << 63)
        while True:
            if is_late():
                damage.is_complete = False
                return damage
            with database.reading("check") as connection:
                rows = connection.execute(query, (after,)).fetchall()
            for _, *row in rows:
                if not is_whole(table, tuple(row)):
                    damage.add(_span(table, row))
            if not rows:
                break
            after = rows[-1][0]
    return damage


def _span(table: str, row: list[object]) -> tuple[int, int] | None:
    """First and last minute, ms, that a row is of."""
    number = row[0] if isinstance(row[0], int) else 0
    match table:
        case "minute":
            first, minutes = time_of(number), 1
        case "hour":
            first, minutes = hour_of(number) * HOUR_MINUTES, HOUR_MINUTES
        case "rollup_hour":
            first, minutes = time_of(number) * HOUR_MINUTES, HOUR_MINUTES
        case "rollup_week":
            first, minutes = week_of(number) * WEEK_HOURS * HOUR_MINUTES, WEEK_HOURS * HOUR_MINUTES
        case "fill" if isinstance(row[3], int) and isinstance(row[4], int):
            first, minutes = row[3], max(1, row[4] - row[3] + 1)
        case _:
            return None
    return (first * MINUTE_MS, (first + minutes - 1) * MINUTE_MS) if 0 <= first < first + minutes < _FAR else None
