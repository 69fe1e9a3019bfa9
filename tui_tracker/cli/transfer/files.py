"""Files that are imported, as rows of cells; they come from anywhere, so every length is bounded."""

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Final

import msgspec

from tui_tracker.cli.transfer.columns import CANDLE, FROM, ID, MINUTES, TIME
from tui_tracker.cli.transfer.tables import MOST_COLUMNS, PAIR, Row, Table
from tui_tracker.core.errors import ConfigError, TrackerError
from tui_tracker.core.metric import METRICS
from tui_tracker.core.text import clean

MOST_LINE: Final = 64 * 1024
KNOWN: Final = (
    *TIME.values(),
    ID,
    PAIR,
    MINUTES,
    *CANDLE,
    *(metric.value for metric in METRICS),
    *(metric.value + FROM for metric in METRICS),
)
"""Columns that mean something."""
_MAGIC: Final = b"PAR1"


@contextmanager
def opened(file: str) -> "Iterator[tuple[Table, IO[bytes], int]]":
    """Yield (rows, the file, its size or 0) of a file, or of stdin for ``-``.

    Raises:
        ConfigError: If it can't be read, or is no such file.
    """
    place = "stdin" if file == "-" else clean(file)
    try:
        stream = sys.stdin.buffer if file == "-" else Path(file).open("rb")  # noqa: SIM115 - closed below
    except (OSError, ValueError, AttributeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{place} cannot be read: {clean(reason or 'unknown')}") from error
    try:
        size = 0 if file == "-" else Path(file).stat().st_size
        yield _table(stream, place), stream, size
    except OSError as error:
        raise TrackerError(f"{place} cannot be read: {clean(error.strerror or str(error))}") from error
    finally:
        if file != "-":
            stream.close()


def _table(stream: IO[bytes], place: str) -> Table:
    first = stream.readline(MOST_LINE + 1)
    if first.startswith(_MAGIC):
        from tui_tracker.cli.transfer.parquet import read_parquet

        return read_parquet(stream, place)
    start = first.removeprefix(b"\xef\xbb\xbf")
    if not start.strip():
        raise ConfigError(f"{place} has no heading in its first line", "it takes CSV, JSON lines and Parquet")
    lines = _lines(chain([start], iter(lambda: stream.readline(MOST_LINE + 1), b"")))
    if start.lstrip().startswith((b"[", b"{")):
        return _json(lines)
    return _csv(lines, place)


def _lines(raw: Iterator[bytes]) -> Iterator[tuple[int, str | None]]:
    """Yield (number, text) of each line, ``None`` for one that is too long or no UTF-8."""
    number, is_whole = 0, True
    for piece in raw:
        number += is_whole
        was_whole, is_whole = is_whole, len(piece) <= MOST_LINE or piece.endswith(b"\n")
        if not was_whole:
            continue
        try:
            yield number, piece.decode() if len(piece) <= MOST_LINE else None
        except UnicodeDecodeError:
            yield number, None


def _csv(lines: Iterator[tuple[int, str | None]], place: str) -> Table:
    _, heading = next(lines)
    heads = tuple(cell.strip().lower() for cell in _cells(heading or ""))
    if not 1 < len(heads) <= MOST_COLUMNS or len(set(heads)) < len(heads):
        raise ConfigError(
            f"{place} has no heading of 2 to {MOST_COLUMNS} different columns in its first line",
            "for example time_ms,open,high,low,close,volume",
        )
    return Table(heads, _csv_rows(lines, len(heads)))


def _csv_rows(lines: Iterator[tuple[int, str | None]], count: int) -> Iterator[Row]:
    for number, text in lines:
        if text is None:
            yield number, _UNREADABLE
        elif text.strip():
            cells = _cells(text)
            yield number, cells if len(cells) == count else f"{len(cells)} cells instead of {count}"


def _cells(text: str) -> list[str]:
    if '"' not in text:
        return text.rstrip("\r\n").split(",")
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        return []


def _json(lines: Iterator[tuple[int, str | None]]) -> Table:
    """Objects, one a line, of an array or by themselves; the first one tells what kind they are."""
    read = (each for number, text in lines if (each := _object(number, text)) is not None)
    before = list(_to_first(read))
    first = before[-1][1] if before else {}
    unknown = {PAIR} if ID in first else {ID} if "close" in first else {ID, *CANDLE}
    heads = tuple(name for name in KNOWN if name not in unknown)
    return Table(heads, _cells_of(chain(before, read), heads))


def _to_first(read: Iterator[tuple[int, dict[str, object] | str]]) -> Iterator[tuple[int, dict[str, object] | str]]:
    """Yield up to the first object."""
    for each in read:
        yield each
        if not isinstance(each[1], str):
            return


def _object(number: int, text: str | None) -> tuple[int, dict[str, object] | str] | None:
    if text is None:
        return number, _UNREADABLE
    text = text.strip().removeprefix("[").removesuffix("]").strip().strip(",")
    if not text:
        return None
    try:
        return number, msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        return number, "no JSON object"


def _cells_of(read: Iterable[tuple[int, dict[str, object] | str]], heads: Sequence[str]) -> Iterator[Row]:
    for number, found in read:
        yield number, found if isinstance(found, str) else [found.get(name) for name in heads]


_UNREADABLE: Final = f"longer than {MOST_LINE // 1024} kB, or no UTF-8 text"
