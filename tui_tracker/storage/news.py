"""What a collector did to its market, in order, so that others do the same to theirs: a short log beside the history.

Each row names the one before it of its source, so that a reader knows whether it missed any. What is older than the
minutes that a reader could still begin from is let go.
"""

import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import msgspec

from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.ticker import Ticker
from tui_tracker.storage.codec import DamagedError
from tui_tracker.storage.events import Dropped, Event, Listed, Loaded, Polled, Slid
from tui_tracker.storage.rows import opened, sealed

KEPT_MINUTES: Final = 2
"""News from so long before the newest stored minute on are kept, for readers that are a little late."""
MOST: Final = 4_000
MISSING: Final = -1
"""In place of the row before: something was let go unwritten."""
_FIELDS: Final = Ticker.__match_args__
_fields_of: Final = attrgetter(*_FIELDS)


_KINDS: Final[tuple[type[Event], ...]] = (Polled, Loaded, Listed, Dropped, Slid)
_POLLED: Final = _KINDS.index(Polled)


@dataclass(frozen=True, slots=True)
class News:
    """One event as it was told."""

    number: int
    prior: int
    """The number of the event before; 0 where this is the first, ``MISSING`` where one was lost."""
    event: Event


def encode(event: Event) -> bytes:
    """Return a body; 1,100 tickers take some 60 KB."""
    content: tuple[object, ...]
    match event:
        case Polled():
            rows = [_fields_of(ticker) for ticker in event.tickers]
            content = rows, event.at_ms, event.now_ms, event.unreadable
        case Loaded():
            candles = [(each.start_ms, each.close, each.volume, each.trades) for each in event.batch.candles]
            content = event.instrument_id, event.batch.step_minutes, candles, event.now_ms
        case Listed():
            content = event.instruments, event.now_ms
        case Dropped() | Slid():
            content = (event.now_ms,)
    return zlib.compress(msgspec.msgpack.encode(content), 1)


def decode(kind: int, body: bytes) -> Event:
    """Return what ``encode`` was given.

    Raises:
        DamagedError: If it is no such thing.
    """
    try:
        data, made = zlib.decompress(body), _KINDS[kind]
        if made is Polled:
            rows, at_ms, now_ms, unreadable = msgspec.msgpack.decode(data, type=_PolledContent)
            return Polled(tuple([Ticker(*row) for row in rows]), at_ms, now_ms, unreadable)
        if made is Loaded:
            name, step, candles, now_ms = msgspec.msgpack.decode(data, type=_LoadedContent)
            return Loaded(name, CandleBatch(step, tuple([Candle(*each) for each in candles])), now_ms)
        if made is Listed:
            return Listed(*msgspec.msgpack.decode(data, type=tuple[tuple[Instrument, ...], int]))
        (now_ms,) = msgspec.msgpack.decode(data, type=tuple[int])
        return Dropped(now_ms) if made is Dropped else Slid(now_ms)
    except (zlib.error, msgspec.DecodeError, IndexError) as error:
        raise DamagedError(str(error)) from error


_Number = float | None
_Row = tuple[str, _Number, _Number, _Number, _Number, _Number, int | None, _Number, _Number, _Number, int | None]
_PolledContent = tuple[list[_Row], int, int, tuple[str, ...]]
_LoadedContent = tuple[str, int, list[tuple[int, float, float, int | None]], int]


def put_news(connection: sqlite3.Connection, source: int, events: Sequence[Event], *, is_complete: bool = True) -> None:
    """Add events, inside a transaction; not ``is_complete`` if one before them was let go unwritten."""
    row = connection.execute("SELECT newest FROM lease WHERE source = ?", (source,)).fetchone()
    prior = row[0] if row is not None and is_complete else MISSING
    for event in events:
        kind = _KINDS.index(type(event))
        at_ms = event.at_ms if isinstance(event, Polled) else event.now_ms
        body = sealed(encode(event), "news", source, prior, at_ms, kind)
        done = connection.execute(
            "INSERT INTO news(source, prior, at_ms, kind, body) VALUES (?, ?, ?, ?, ?)",
            (source, prior, at_ms, kind, body),
        )
        prior = done.lastrowid or MISSING
    connection.execute("UPDATE lease SET newest = ? WHERE source = ?", (prior, source))


def prune(connection: sqlite3.Connection, source: int, minute: int) -> None:
    """Let go of what nobody needs who begins from one of the last stored minutes; ``minute`` is the newest."""
    before_ms = (minute - KEPT_MINUTES + 1) * MINUTE_MS
    query = "SELECT max(id) FROM news WHERE source = ? AND kind = ? AND at_ms < ?"
    first = connection.execute(query, (source, _POLLED, before_ms)).fetchone()[0] or 0
    newest = connection.execute("SELECT max(id) FROM news").fetchone()[0] or 0
    connection.execute("DELETE FROM news WHERE source = ? AND id < ?", (source, max(first, newest - MOST)))


def first_after(connection: sqlite3.Connection, source: int, minute: int) -> int | None:
    """Return the number of the last poll of a minute or before, after which a reader begins that has that minute."""
    query = "SELECT max(id) FROM news WHERE source = ? AND kind = ? AND at_ms < ?"
    row = connection.execute(query, (source, _POLLED, (minute + 1) * MINUTE_MS)).fetchone()
    return None if row[0] is None else int(row[0])


def read_news(connection: sqlite3.Connection, source: int, after: int) -> tuple[News, ...]:
    """Return the events after a number, in order.

    Raises:
        DamagedError: If one can't be read.
    """
    rows = connection.execute(
        "SELECT id, prior, at_ms, kind, body FROM news WHERE source = ? AND id > ? ORDER BY id", (source, after)
    )
    return tuple(
        News(number, prior, decode(kind, opened(body, "news", source, prior, at_ms, kind)))
        for number, prior, at_ms, kind, body in rows.fetchall()
    )
