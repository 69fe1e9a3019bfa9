"""Keys of rows, and the seal that ties a row's bytes to its key.

A row's number tells its source and its time, so that rows lie in order of time and a damaged file can be asked for each
minute by itself. The seal (CRC-32) covers both, since a flipped bit in a key would else move a minute to another place.
"""

import zlib
from typing import Final

from tui_tracker.storage.codec import DamagedError

HOUR_MINUTES: Final = 60
WEEK_HOURS: Final = 168
DAY_HOURS: Final = 24
_TIME_BITS: Final = 32
_GROUP_BITS: Final = 3
_WEEK_BITS: Final = 16
_SEAL: Final = 4


def time_row(source: int, time: int) -> int:
    """Number of the row of a minute, or of an hour's roll-up, since the epoch."""
    return source << _TIME_BITS | time


def time_of(row: int) -> int:
    """Minutes or hours since the epoch."""
    return row & (1 << _TIME_BITS) - 1


def hour_row(source: int, hour: int, group: int) -> int:
    """Number of the row of one group of metrics in one hour."""
    return time_row(source, hour) << _GROUP_BITS | group


def hour_of(row: int) -> int:
    """Hours since the epoch of a row of ``hour``."""
    return time_of(row >> _GROUP_BITS)


def group_of(row: int) -> int:
    """Group of a row of ``hour``."""
    return row & (1 << _GROUP_BITS) - 1


def week_row(instrument: int, week: int) -> int:
    """Number of the row of an instrument's roll-ups in one week."""
    return instrument << _WEEK_BITS | week


def week_of(row: int) -> int:
    """Weeks since the epoch of a row of ``rollup_week``."""
    return row & (1 << _WEEK_BITS) - 1


def seal_of(table: str, *values: int | str | bytes) -> int:
    """Return the seal of a row that is no block."""
    return zlib.crc32(repr((table, values)).encode())


def sealed(body: bytes, table: str, *keys: int) -> bytes:
    """Return a body with its seal."""
    return body + _crc(body, table, keys).to_bytes(_SEAL, "little")


def opened(blob: object, table: str, *keys: int) -> bytes:
    """Return a body without its seal.

    Raises:
        DamagedError: If it is not what was sealed under these keys.
    """
    if not isinstance(blob, bytes) or len(blob) < _SEAL:
        raise DamagedError(f"a row of {table} is no block")
    body, seal = blob[:-_SEAL], int.from_bytes(blob[-_SEAL:], "little")
    if seal != _crc(body, table, keys):
        raise DamagedError(f"a row of {table} is damaged")
    return body


def number_in(value: object, table: str) -> int:
    """Return a number that no seal covers.

    Raises:
        DamagedError: If it is none.
    """
    if not isinstance(value, int):
        raise DamagedError(f"a row of {table} is damaged")
    return value


def _crc(body: bytes, table: str, keys: tuple[int, ...]) -> int:
    return zlib.crc32(body, zlib.crc32(f"{table} {keys}".encode()))
