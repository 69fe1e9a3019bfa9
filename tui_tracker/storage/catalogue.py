"""Names on disk: sources, instruments and their stable keys, and which instruments the columns of a row stand for.

Rows are sealed: with a flipped bit in one, samples would be taken for those of another pair. A function that meets a
damaged row raises ``DamagedError``.
"""

import json
import sqlite3
import zlib
from array import array
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tui_tracker.core.instrument import Instrument
from tui_tracker.storage.codec import DamagedError
from tui_tracker.storage.model import Listing
from tui_tracker.storage.rows import seal_of

UNKNOWN_DIGITS: Final = 8
NEVER_LISTED: Final = ""
Entry = tuple[int, str, str, int]
"""(key, id, detail, changed_ms)"""


def source_names(connection: sqlite3.Connection) -> dict[int, str]:
    """Return the sources by their numbers."""
    rows = connection.execute("SELECT id, name, seal FROM source ORDER BY id").fetchall()
    if any(seal != seal_of("source", number, name) for number, name, seal in rows):
        raise DamagedError("a source's row is damaged")
    return {number: name for number, name, _ in rows}


def find_source(connection: sqlite3.Connection, name: str) -> int | None:
    """Return the number of a source, or ``None`` if nothing of it is stored."""
    return next((number for number, known in source_names(connection).items() if known == name), None)


def ensure_source(connection: sqlite3.Connection, name: str) -> int:
    """Return the number of a source, a new one if need be."""
    known = source_names(connection)
    found = next((number for number, each in known.items() if each == name), None)
    if found is None:
        found = max(known, default=0) + 1
        connection.execute("INSERT INTO source VALUES (?, ?, ?)", (found, name, seal_of("source", found, name)))
    return found


def entries(connection: sqlite3.Connection, source: int, ids: Sequence[str] | None = None) -> list[Entry]:
    """Return the instruments of a source, those of some ids if they are given, in the order of ids."""
    some = "" if ids is None else " AND id IN (SELECT value FROM json_each(?2))"
    rows = connection.execute(
        f"SELECT key, id, detail, changed_ms, seal FROM instrument WHERE source = ?1{some} ORDER BY id",
        (source,) if ids is None else (source, json.dumps(ids)),
    ).fetchall()
    if any(seal != seal_of("instrument", source, *entry) for *entry, seal in rows):
        raise DamagedError("an instrument's row is damaged")
    return [(key, name, detail, changed_ms) for key, name, detail, changed_ms, _ in rows]


def find_keys(connection: sqlite3.Connection, source: int, ids: Sequence[str] | None = None) -> dict[str, int]:
    """Return the keys of a source's instruments by their ids; see ``entries``."""
    return {name: key for key, name, _, _ in entries(connection, source, ids)}


def ensure_keys(connection: sqlite3.Connection, source: int, ids: Sequence[str]) -> dict[str, int]:
    """Return the keys of some instruments of a source, new ones for those that have none."""
    known = find_keys(connection, source, ids)
    for name in ids:
        if name not in known:
            known[name] = _put(connection, source, (_next_key(connection), name, NEVER_LISTED, 0))
    return known


def put_listings(connection: sqlite3.Connection, source: int, instruments: Iterable[Instrument], at_ms: int) -> int:
    """Store what is listed, where it differs from what was; return how many did."""
    before = {name: (key, detail) for key, name, detail, _ in entries(connection, source)}
    changed = 0
    for instrument in instruments:
        detail = msgspec.json.encode(instrument, order="sorted").decode()
        key, known = before.get(instrument.id) or (_next_key(connection), None)
        if known != detail:
            _put(connection, source, (key, instrument.id, detail, at_ms))
            changed += 1
    return changed


def _put(connection: sqlite3.Connection, source: int, entry: Entry) -> int:
    connection.execute(
        "INSERT OR REPLACE INTO instrument(source, key, id, detail, changed_ms, seal) VALUES (?, ?, ?, ?, ?, ?)",
        (source, *entry, seal_of("instrument", source, *entry)),
    )
    return entry[0]


def _next_key(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT ifnull(max(key), 0) + 1 FROM instrument").fetchone()[0])


def read_listings(connection: sqlite3.Connection, source: int) -> tuple[Listing, ...]:
    """Return what was last listed, in the order of ids; instruments that never were are left out."""
    try:
        return tuple(
            Listing(msgspec.json.decode(detail, type=Instrument), changed_ms)
            for _, _, detail, changed_ms in entries(connection, source)
            if detail != NEVER_LISTED
        )
    except msgspec.DecodeError as error:
        raise DamagedError(str(error)) from error


def digits_of(connection: sqlite3.Connection, source: int, ids: Sequence[str] | None = None) -> dict[int, int]:
    """Return the decimals of prices by the instruments' keys, as far as they were listed; see ``entries``."""
    try:
        return {
            key: msgspec.json.decode(detail, type=_Digits).digits
            for key, _, detail, _ in entries(connection, source, ids)
            if detail != NEVER_LISTED
        }
    except msgspec.DecodeError as error:
        raise DamagedError(str(error)) from error


class _Digits(msgspec.Struct):
    digits: int


def ensure_roster(connection: sqlite3.Connection, source: int, keys: Sequence[int]) -> int:
    """Return the number of a roster: the keys of a row's instruments, in their order."""
    body = zlib.compress(array("I", keys).tobytes(), 9)
    row = connection.execute("SELECT id FROM roster WHERE source = ? AND keys = ?", (source, body)).fetchone()
    if row is not None:
        return int(row[0])
    number = int(connection.execute("SELECT ifnull(max(id), 0) + 1 FROM roster").fetchone()[0])
    seal = seal_of("roster", number, source, body)
    connection.execute("INSERT INTO roster(id, source, keys, seal) VALUES (?, ?, ?, ?)", (number, source, body, seal))
    return number


def read_roster(connection: sqlite3.Connection, number: int) -> tuple[int, ...]:
    """Return the keys of a roster."""
    row = connection.execute("SELECT source, keys, seal FROM roster WHERE id = ?", (number,)).fetchone()
    if row is None or row[2] != seal_of("roster", number, row[0], row[1]):
        raise DamagedError(f"roster {number} is missing or damaged")
    keys = array("I")
    keys.frombytes(zlib.decompress(row[1]))
    return tuple(keys)
