"""Hourly roll-ups: made from raw minutes, first a row an hour of all instruments, then a row an instrument and week."""

import logging
import math
import sqlite3
from array import array
from collections.abc import Sequence
from math import nan
from typing import Final

from tui_tracker.core.kept import Rollup
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.window import Window
from tui_tracker.storage import decimals
from tui_tracker.storage.catalogue import UNKNOWN_DIGITS
from tui_tracker.storage.codec import DamagedError, compress, decompress, pack_track, unpack_track
from tui_tracker.storage.columns import Columns
from tui_tracker.storage.groups import FLOW, PRICE
from tui_tracker.storage.hours import Rosters
from tui_tracker.storage.model import POLL
from tui_tracker.storage.rows import HOUR_MINUTES, WEEK_HOURS, opened, sealed, time_of, time_row, week_of, week_row

HOUR_MS: Final = HOUR_MINUTES * MINUTE_MS
FIGURES: Final = 8
"""Open, high, low, close, mean, standard deviation, count, volume."""
_VOLUME: Final = FIGURES - 1
_FAR: Final = (1 << 16) - 1
"""A week after all others."""
_log = logging.getLogger(__name__)
Table = list["array[float]"]
"""One array a figure; NaN where there is none."""


def roll_up(columns: Columns, instruments: Sequence[int], digits: dict[int, int]) -> bytes:
    """Return the block of one hour's roll-ups of some instruments.

    Mean and deviation are exact and then rounded once (``Window``); the volume is the rounded exact sum (``fsum``).
    """
    table: Table = [array("d", [nan]) * len(instruments) for _ in range(FIGURES)]
    for place, instrument in enumerate(instruments):
        for figure, value in zip(table, _figures(columns, instrument), strict=True):
            figure[place] = value
    return encode_table(table, [digits.get(each, UNKNOWN_DIGITS) for each in instruments])


def _figures(columns: Columns, instrument: int) -> tuple[float, ...]:
    prices, flows = columns.series(instrument, PRICE), columns.series(instrument, FLOW)
    known = [] if flows is None else [flow for flow in flows.values if flow == flow]
    volume = math.fsum(known) if known else nan
    if prices is None:
        return (*[nan] * _VOLUME, volume)
    seen = [price for price in prices.values if price == price]
    window = Window.restore((columns.first + columns.minutes - 1) * MINUTE_MS, prices.values, None, columns.minutes)
    mean, stddev = window.mean, window.stddev
    assert mean is not None
    assert stddev is not None
    return seen[0], max(seen), min(seen), seen[-1], mean, stddev, float(len(seen)), volume


def encode_table(table: Table, digits: Sequence[int]) -> bytes:
    """Return a table as a block; ``digits`` are the decimals of a price of each column."""
    price = bytes([min(each, decimals.MOST_DIGITS) + 1 for each in digits])
    whole, one, eight = (bytes([hint]) * len(digits) for hint in (decimals.HOPELESS, 1, UNKNOWN_DIGITS + 1))
    pieces = []
    for values, hints in zip(table, (price, price, price, price, whole, whole, one, eight), strict=True):
        origins = bytes([POLL if value == value else 0 for value in values])
        pieces += pack_track(decimals.encode(values, origins, hints), None)
    return compress(pieces)


def decode_table(block: bytes, count: int) -> Table:
    """Return the table of a block.

    Raises:
        DamagedError: If it is none.
    """
    cursor = decompress(block)
    try:
        return [decimals.decode(unpack_track(cursor, count, None)) for _ in range(FIGURES)]
    except (ArithmeticError, ValueError) as error:
        raise DamagedError(str(error)) from error


def read_week(connection: sqlite3.Connection, instrument: int, week: int) -> Table | None:
    """Return the roll-ups of a week, 168 hours; ``None`` where there are none.

    Raises:
        DamagedError: If they can't be read.
    """
    row = week_row(instrument, week)
    found = connection.execute("SELECT body FROM rollup_week WHERE id = ?", (row,)).fetchone()
    return None if found is None else decode_table(opened(found[0], "rollup_week", row), WEEK_HOURS)


def write_week(connection: sqlite3.Connection, instrument: int, week: int, table: Table, digits: int) -> None:
    """Replace the roll-ups of a week."""
    row = week_row(instrument, week)
    body = sealed(encode_table(table, [digits] * WEEK_HOURS), "rollup_week", row)
    connection.execute("INSERT OR REPLACE INTO rollup_week(id, body) VALUES (?, ?)", (row, body))


def hour_tables(
    connection: sqlite3.Connection, rosters: Rosters, source: int, first: int, last: int
) -> tuple[list[tuple[int, tuple[int, ...], Table]], int]:
    """Return ([(hour, instruments, their roll-ups)], damaged rows) of hours that are not folded into weeks yet."""
    rows = connection.execute(
        "SELECT id, roster, body FROM rollup_hour WHERE id BETWEEN ? AND ? ORDER BY id",
        (time_row(source, first), time_row(source, last)),
    ).fetchall()
    known = rosters.of(connection, (row[1] for row in rows))
    found, damaged = [], 0
    for row, roster, blob in rows:
        try:
            keys = known.get(roster)
            if keys is None:
                raise DamagedError(f"no roster {roster}")
            found.append((time_of(row), keys, decode_table(opened(blob, "rollup_hour", row, roster), len(keys))))
        except DamagedError as error:
            damaged += 1
            _log.warning("roll-ups of hour %d: %s", time_of(row), error)
    return found, damaged


def read_rollups(
    connection: sqlite3.Connection,
    rosters: Rosters,
    source: int,
    instruments: Sequence[int],
    start_ms: int,
    end_ms: int,
) -> tuple[dict[int, tuple[Rollup, ...]], int]:
    """Return (roll-ups by instrument that begin in a range, oldest first; damaged rows)."""
    first, last = max(0, -(-start_ms // HOUR_MS)), min(-(-end_ms // HOUR_MS) - 1, _FAR * WEEK_HOURS)
    tables, damaged = hour_tables(connection, rosters, source, first, last)
    places = [(hour, {key: at for at, key in enumerate(keys)}, table) for hour, keys, table in tables]
    rollups: dict[int, tuple[Rollup, ...]] = {}
    for instrument in instruments:
        found: dict[int, Rollup] = {}
        damaged += _put_weeks(found, connection, instrument, first // WEEK_HOURS, last // WEEK_HOURS)
        for hour, place, table in places:
            if (at := place.get(instrument)) is not None:
                _put(found, hour, table, at)
        rollups[instrument] = tuple(found[hour] for hour in sorted(found) if first <= hour <= last)
    return rollups, damaged


def _put_weeks(found: dict[int, Rollup], connection: sqlite3.Connection, instrument: int, first: int, last: int) -> int:
    """Add the roll-ups of some weeks; return how many rows were damaged."""
    damaged = 0
    weeks = week_row(instrument, first), week_row(instrument, min(_FAR, last))
    rows = connection.execute("SELECT id FROM rollup_week WHERE id BETWEEN ? AND ? ORDER BY id", weeks).fetchall()
    for (row,) in rows:
        week = week_of(row)
        try:
            table = read_week(connection, instrument, week)
        except DamagedError as error:
            damaged += 1
            _log.warning("roll-ups of week %d: %s", week, error)
            continue
        for at in range(WEEK_HOURS) if table is not None else ():
            _put(found, week * WEEK_HOURS + at, table, at)
    return damaged


def rollup_span(connection: sqlite3.Connection, source: int) -> tuple[int, int] | None:
    """Return the first and the last hour since the epoch of which a source may have roll-ups, to the week."""
    hours = time_row(source, 0), time_row(source + 1, 0) - 1
    weeks = connection.execute(
        "SELECT min(rollup_week.id & ?), max(rollup_week.id & ?) FROM rollup_week"
        " JOIN instrument ON instrument.key = rollup_week.id >> ? WHERE instrument.source = ?",
        (_FAR, _FAR, _FAR.bit_length(), source),
    ).fetchone()
    days = connection.execute("SELECT min(id), max(id) FROM rollup_hour WHERE id BETWEEN ? AND ?", hours).fetchone()
    ends = [] if weeks[0] is None else [weeks[0] * WEEK_HOURS, weeks[1] * WEEK_HOURS + WEEK_HOURS - 1]
    ends += [] if days[0] is None else [time_of(days[0]), time_of(days[1])]
    return (min(ends), max(ends)) if ends else None


def _put(found: dict[int, Rollup], hour: int, table: Table | None, at: int) -> None:
    assert table is not None
    opening, high, low, close, mean, stddev, count, volume = (figure[at] for figure in table)
    if count == count:
        known = volume if volume == volume else None
        found[hour] = Rollup(hour * HOUR_MS, opening, high, low, close, mean, stddev, int(count), known)
