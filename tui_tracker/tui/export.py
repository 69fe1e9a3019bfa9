"""What leaves the app: rows of the view as text for the clipboard, and as files that are never overwritten."""

import csv
import io
import json
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Final, Literal

from tui_tracker.core.errors import TrackerError
from tui_tracker.core.text import clean
from tui_tracker.stats.ranking import Place
from tui_tracker.tui.columns import COLUMNS, EXCHANGE, Column, Shift, Subject
from tui_tracker.tui.table import TableModel

Format = Literal["csv", "json"]
Value = str | float | int | None

MOST_COPIED: Final = 74_000
"""Bytes that a terminal is sent for its clipboard at most, as base64: what xterm, tmux and most others take."""
CHUNK: Final = 250
"""Rows between two reports of progress."""
WITH_UNIT: Final = {
    "change": "change_pct",
    "range": "range_pct",
    "hl_range": "hl_range_pct",
    "spread": "spread_bps",
    "volume": "volume_usd",
}
"""Columns in percent, basis points or dollars, as ``rank`` and the service call them; other shares are fractions."""
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_MOST_NAMES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a view as they were when they were asked for; nothing of it changes, so a thread may read it."""

    places: Sequence[Place]
    columns: tuple[Column, ...]
    metric: str
    subject: Callable[[Place], Subject]

    @property
    def names(self) -> tuple[str, ...]:
        """The headings: the columns' keys, between what names the row and what explains it."""
        return ("id", "metric", *(WITH_UNIT.get(column.key, column.key) for column in self.columns), "reason")

    def values(self, place: Place) -> tuple[Value, ...]:
        """One row at full precision; text is made safe."""
        subject = self.subject(place)
        found = (_plain(column.value(subject)) for column in self.columns)
        return (clean(place.row.id), self.metric, *found, clean(place.reason))

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """All rows, in the order of the view."""
        return map(self.values, self.places)


def table_of(model: TableModel, columns: Sequence[Column] | None = None) -> Table:
    """What a table shows, in its order, in all columns unless some are named; O(1)."""
    view, ranked = model.view, model.ranked
    if columns is None:
        columns = [column for column in COLUMNS if model.is_several or column is not EXCHANGE]
    shifts: dict[str, Shift] = dict(model.highlights.shifts)

    def subject(place: Place) -> Subject:
        return Subject(place, view.metric, view.measure, ranked, shift=shifts.get(place.row.id))

    sortable = tuple(column for column in columns if column.is_sortable)
    return Table(tuple(model.places), sortable, view.metric.value, subject)


def _plain(value: Value) -> Value:
    if isinstance(value, str):
        return clean(value)
    return value if value is None or isfinite(value) else None


def tab_separated(values: Sequence[Value]) -> str:
    """One line for a spreadsheet; what is undefined is empty."""
    return "\t".join(
        "" if value is None else guarded(value) if isinstance(value, str) else repr(value) for value in values
    )


def copied(table: Table, most_bytes: int = MOST_COPIED) -> tuple[str, int]:
    """The headings and as many rows as fit into ``most_bytes`` of base64; the text, and how many rows."""
    lines = [tab_separated(table.names)]
    room = most_bytes // 4 * 3 - len(lines[0])
    for values in table.rows():
        line = tab_separated(values)
        room -= len(line.encode()) + 1
        if room < 0:
            break
        lines.append(line)
    return "\n".join(lines), len(lines) - 1


def clipboard_bytes(text: str) -> int:
    """What a text takes on its way to the terminal's clipboard."""
    return len(b64encode(text.encode()))


def guarded(text: str) -> str:
    """A text from outside that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def as_csv(table: Table, on_rows: Callable[[int], None] = lambda _: None) -> str:
    """All rows as CSV (RFC 4180), full precision; ``on_rows`` is told how many are done."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(table.names)
    for place, values in enumerate(table.rows(), 1):
        writer.writerow([guarded(value) if isinstance(value, str) else value for value in values])
        if place % CHUNK == 0:
            on_rows(place)
    return file.getvalue()


def as_json(table: Table, on_rows: Callable[[int], None] = lambda _: None) -> str:
    """All rows as a JSON array of objects, full precision; ``on_rows`` is told how many are done."""
    parts: list[str] = []
    names = table.names
    for place, values in enumerate(table.rows(), 1):
        parts.append(json.dumps(dict(zip(names, values, strict=True)), allow_nan=False))
        if place % CHUNK == 0:
            on_rows(place)
    return "[\n" + ",\n".join(parts) + "\n]\n"


def file_stem(at_ms: int, *words: str) -> str:
    """``crypto-tui-20251124-215757-usd``: a name that sorts by time and is safe on every file system."""
    stamp = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%d-%H%M%S")
    safe = (re.sub("[^a-z0-9]+", "-", word.lower())[:16].strip("-") for word in words)
    return "-".join(("crypto-tui", stamp, *filter(None, safe)))


def shown_path(path: Path | str) -> str:
    """Where a file or folder is, in full; the home folder as ``~``."""
    place = Path(path or ".").expanduser().absolute()
    home = Path.home()
    return clean(f"~/{place.relative_to(home)}" if place != home and place.is_relative_to(home) else str(place), 200)


def write_new(folder: str, stem: str, suffix: str, text: str) -> Path:
    """Write a file that was not there before, whole or not at all; return where it is.

    Blocks: call it in a thread.

    Raises:
        TrackerError: If it cannot be written.
    """
    place = Path(folder or ".").expanduser()
    new = place / f".{stem}.{os.getpid()}.new"
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            with open(handle, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            return _placed(new, place, stem, suffix)
        finally:
            with suppress(FileNotFoundError):
                new.unlink()
    except OSError as error:
        reason = clean(error.strerror or str(error))
        raise TrackerError(
            f"cannot write in {clean(str(place))}: {reason}", "--export-dir names another folder"
        ) from error


def _placed(new: Path, place: Path, stem: str, suffix: str) -> Path:
    for number in range(1, _MOST_NAMES):
        target = place / f"{stem}{'' if number == 1 else f'-{number}'}.{suffix}"
        try:
            os.link(new, target)
        except FileExistsError:
            continue
        except OSError:  # a file system without links: claim the name, then put the file in its place
            try:
                os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
            except FileExistsError:
                continue
            new.replace(target)
        return target
    raise TrackerError(f"{clean(str(place))} is full of files of this second", "try again")
