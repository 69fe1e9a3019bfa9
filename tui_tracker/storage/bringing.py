"""Bringing in minutes that another history or a file tells of: merged with what is there, none of it twice.

What is there stays unless the file knows better (``Provenance``), so bringing in the same again changes nothing.
"""

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from math import nan
from typing import Final

from tui_tracker.core.classes import classes_of
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.kept import Stretch
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.activity import BUCKET_MINUTES
from tui_tracker.storage import catalogue
from tui_tracker.storage.aftermath import WINDOW_MINUTES, latest_after
from tui_tracker.storage.connection import Database
from tui_tracker.storage.lease import import_wish
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.model import Fill
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.writer import Writer, last_minute

CHUNK_MINUTES: Final = 360
"""Samples of one instrument are put down in pieces of this length."""
MOST_SAMPLES: Final = 500_000
"""Samples that are held in memory before they are put down."""
MOST_INSTRUMENTS: Final = 20_000
OPEN_MINUTES: Final = 300
"""Minutes before now that a collector may still have to append."""
FRESH_MINUTES: Final = 10
"""A history whose newest minute is not older than this is being written by a collector."""
_BATCH: Final = 256
_WATCHED_PRICES: Final = 200
"""Prices of a new instrument that its number of decimals is told from."""
_MOST_DIGITS: Final = 12


@dataclass(slots=True)
class _Piece:
    """Samples of one instrument in one chunk, by the index of the metric."""

    values: "dict[int, array[float]]" = field(default_factory=dict)
    origins: dict[int, bytearray] = field(default_factory=dict)
    traded: dict[int, bool] = field(default_factory=dict)


class Bringer:
    """Takes samples in any order and writes what is new of them; one source, one thread.

    Args:
        database: An open history, for writing.
        source: Whose instruments.
        now_ms: The wall clock, at the start.
    """

    def __init__(self, database: Database, source: str, now_ms: int) -> None:
        self._database: Final = database
        self._source: Final = source
        self._now: Final = now_ms // MINUTE_MS
        self._reader: Final = Reader(database)
        self._writer: Final = Writer(database)
        self._listed: Final = {each.instrument.id for each in self._reader.listings(source)}
        self._digits: Final[dict[str, list[int]]] = {}
        self._pieces: dict[tuple[int, str], _Piece] = {}
        self._held = 0
        self._ids: set[str] = set()
        self._last = -1
        self._version = self._data_version()
        self.taken = 0
        """Samples that were written."""
        self.known = 0
        """Samples that were there already, as good or better."""

    def add(self, instrument_id: str, minute: int, samples: Iterable[tuple[int, float, int]]) -> None:
        """Take samples of a minute since the epoch: (index of the metric, value, provenance) each.

        Raises:
            ValueError: If there are too many instruments.
            StorageError: If they could not be written.
        """
        piece, at = self._piece(instrument_id, minute)
        for metric, value, origin in samples:
            origins = piece.origins.get(metric)
            if origins is None:
                piece.values[metric] = array("d", [nan]) * CHUNK_MINUTES
                origins = piece.origins[metric] = bytearray(CHUNK_MINUTES)
            if origins[at] >= origin:
                self.known += 1
                continue
            self._held += not origins[at]
            piece.values[metric][at], origins[at] = value, origin
            if not metric and instrument_id not in self._listed:
                self._watch_digits(instrument_id, value)
        if self._held >= MOST_SAMPLES:
            self.flush()

    def note_traded(self, instrument_id: str, minute: int, has_traded: bool) -> None:
        """Take whether something traded in the 5-minute interval of a minute."""
        traded = self._piece(instrument_id, minute)[0].traded
        start = minute - minute % BUCKET_MINUTES
        traded[start] = has_traded or traded.get(start, False)

    def _piece(self, instrument_id: str, minute: int) -> tuple[_Piece, int]:
        chunk, at = divmod(minute, CHUNK_MINUTES)
        piece = self._pieces.get((chunk, instrument_id))
        if piece is None:
            self._ids.add(instrument_id)
            if len(self._ids) > MOST_INSTRUMENTS:
                raise ValueError(f"more than {MOST_INSTRUMENTS:,} pairs")
            piece = self._pieces[chunk, instrument_id] = _Piece()
        return piece, at

    def _watch_digits(self, instrument_id: str, price: float) -> None:
        seen = self._digits.setdefault(instrument_id, [])
        if len(seen) < _WATCHED_PRICES:
            exponent = Decimal(repr(price)).normalize().as_tuple().exponent
            seen.append(-exponent if isinstance(exponent, int) else 0)

    def flush(self) -> None:
        """Write what is held."""
        fills: list[Fill] = []
        for chunk, keys in groupby(sorted(self._pieces), key=lambda key: key[0]):
            pieces = {name: self._pieces[chunk, name] for _, name in keys}
            metrics = [METRICS[each] for each in sorted({each for piece in pieces.values() for each in piece.values})]
            first = chunk * CHUNK_MINUTES
            there = self._reader.load(self._source, metrics, first * MINUTE_MS, CHUNK_MINUTES) if metrics else {}
            for name, piece in pieces.items():
                self._sift(piece, there.get(name, {}))
                fill = _fill(self._source, name, first, piece)
                if fill is not None:
                    fills.append(fill)
                    self._last = max(self._last, fill.first + fill.minutes - 1)
        self._list_new()
        for start in range(0, len(fills), _BATCH):
            self._writer.add_fills(fills[start : start + _BATCH])
        self._pieces.clear()
        self._held = 0

    def _sift(self, piece: _Piece, there: dict[Metric, Stretch]) -> None:
        """Leave out what is there, as good or better."""
        for metric, origins in piece.origins.items():
            series = there.get(METRICS[metric])
            for at, origin in enumerate(origins) if series is not None else ():
                if origin and series is not None and series.provenance[at] >= origin:
                    origins[at], piece.values[metric][at] = 0, nan
                    self.known += 1
            self.taken += CHUNK_MINUTES - origins.count(0)

    def _list_new(self) -> None:
        """Make instruments that no exchange's list told of yet known; its list will replace them."""
        new = sorted(self._ids - self._listed)
        if new:
            listed = [_instrument(name, min(max(self._digits.get(name, [2])), _MOST_DIGITS)) for name in new]
            self._writer.put_instruments(self._source, listed, 0)
            self._listed.update(new)

    def finish(self, on_step: Callable[[int], None] = lambda _: None) -> None:
        """Write the rest, let windows go on from it, and merge it into hours and their roll-ups.

        Where another process writes, merging is left to it: of two that merge the same hour at the same time, one
        could undo what the other had taken in.

        Args:
            on_step: Told how many steps of merging were done.
        """
        self.flush()
        if self._last < 0:
            return
        latest = latest_after(self._reader, self._source, self._last, self._ids)
        self._writer.put_latest(self._source, latest)
        if self._last > self._now - WINDOW_MINUTES:
            self._writer.put_wish(self._source, import_wish(), self._now * MINUTE_MS)
        merger, steps = Merger(self._database, self._now - OPEN_MINUTES), 0
        while self._is_alone() and merger.step():
            steps += 1
            on_step(steps)

    def _is_alone(self) -> bool:
        """Whether no other process has written since the start, or shortly before."""
        if self._data_version() != self._version:
            return False
        with self._database.reading("read") as connection:
            newest = [last_minute(connection, source) or 0 for source in catalogue.source_names(connection)]
        return max(newest, default=0) < self._now - FRESH_MINUTES

    def _data_version(self) -> int:
        """A number that the writes of other connections change."""
        return int(self._database.connection.execute("PRAGMA data_version").fetchone()[0])


def _fill(source: str, name: str, first: int, piece: _Piece) -> Fill | None:
    """What is left of a piece, cut to the minutes that something is known of."""
    known = [at for origins in piece.origins.values() for at in (_first(origins), _last(origins)) if at >= 0]
    if not known:
        return None
    start, end = min(known), max(known) + 1
    values = {
        METRICS[metric]: values[start:end] for metric, values in piece.values.items() if any(piece.origins[metric])
    }
    origins = {METRICS[metric]: bytes(origins[start:end]) for metric, origins in piece.origins.items() if any(origins)}
    traded = dict(piece.traded)
    flows = values.get(Metric.FLOW)
    if flows is not None:
        traded |= _traded(first + start, flows)
    return Fill(source, name, first + start, values, origins, traded)


def _traded(first: int, flows: "array[float]") -> dict[int, bool]:
    """Whether something traded in each interval that is known whole, or in which something did."""
    found: dict[int, list[float]] = {}
    for at, flow in enumerate(flows, first):
        if flow == flow:
            found.setdefault(at - at % BUCKET_MINUTES, []).append(flow)
    return {start: any(each) for start, each in found.items() if any(each) or len(each) == BUCKET_MINUTES}


def _first(origins: bytearray) -> int:
    return len(origins) - len(origins.lstrip(b"\0")) if any(origins) else -1


def _last(origins: bytearray) -> int:
    return len(origins.rstrip(b"\0")) - 1


def _instrument(name: str, digits: int) -> Instrument:
    base, _, quote = name.partition(":")[2].rpartition("-")
    aliases = (f"{base}/{quote}",)
    return Instrument(name, base, quote, base + quote, aliases, max(0, digits), classes=classes_of(base))
