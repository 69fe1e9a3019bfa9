"""Rows as CSV, JSON or Parquet."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Protocol

from tui_tracker.cli.transfer.columns import ID, MINUTES, ORIGIN_TEXTS, Line, Shape
from tui_tracker.cli.transfer.times import Times, written


class Format(StrEnum):
    """Kinds of files."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class Encoder(Protocol):
    """Makes bytes of rows; what was made of some stands by itself until ``end`` completes the file."""

    def begin(self) -> bytes:
        """The bytes before all rows."""
        ...

    def rows(self, lines: Sequence[Line]) -> bytes:
        """The bytes of some rows."""
        ...

    def end(self) -> bytes:
        """The bytes after all rows."""
        ...


def encoder(kind: Format, shape: Shape) -> Encoder:
    """Return what makes files of a kind.

    Raises:
        ConfigError: If a package is missing for it.
    """
    match kind:
        case Format.CSV:
            return CsvEncoder(shape)
        case Format.JSON:
            return JsonEncoder(shape)
        case Format.PARQUET:
            from tui_tracker.cli.transfer.parquet import ParquetEncoder

            return ParquetEncoder(shape)


class CsvEncoder:
    """Comma-separated values (RFC 4180, with plain line ends); numbers give back the same doubles."""

    def __init__(self, shape: Shape) -> None:
        self._shape: Final = shape

    def begin(self) -> bytes:
        """The heading."""
        return (",".join(self._shape.heads) + "\n").encode()

    def rows(self, lines: Sequence[Line]) -> bytes:
        """A line a row."""
        length = f",{self._shape.every}" if self._shape.every > 1 else ""
        texts: list[str] = []
        at_ms, time = -1, ""
        ids = {line.id: _quoted(line.id) for line in lines}
        for line in lines:
            if line.at_ms != at_ms:
                at_ms, time = line.at_ms, written(line.at_ms, self._shape.times)
            numbers = ",".join([repr(value) if value == value else "" for value in line.numbers])
            texts.append(f"{time},{ids[line.id]}{length},{numbers}")
            if self._shape.has_provenance:
                texts[-1] += "," + ",".join([ORIGIN_TEXTS[each] for each in line.origins])
        return ("\n".join(texts) + "\n").encode() if texts else b""

    def end(self) -> bytes:
        """Nothing."""
        return b""


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"\n\r') else text


class JsonEncoder:
    """One JSON array, an object a line, so that it can also be read line by line; what is unknown is left out."""

    def __init__(self, shape: Shape) -> None:
        self._shape: Final = shape
        self._before = "\n"

    def begin(self) -> bytes:
        """The bracket."""
        return b"["

    def rows(self, lines: Sequence[Line]) -> bytes:
        """An object a row."""
        texts: list[str] = []
        shape = self._shape
        for line in lines:
            time: int | str = line.at_ms if shape.times is Times.MS else written(line.at_ms, shape.times)
            row: dict[str, object] = {shape.time_column: time, ID: line.id}
            if shape.every > 1:
                row[MINUTES] = shape.every
            row |= {name: value for name, value in zip(shape.numbers, line.numbers, strict=True) if value == value}
            if shape.has_provenance:
                origins = zip(shape.origins, line.origins, strict=True)
                row |= {name: ORIGIN_TEXTS[origin] for name, origin in origins if origin}
            texts.append(self._before + json.dumps(row, allow_nan=False, separators=(",", ":")))
            self._before = ",\n"
        return "".join(texts).encode()

    def end(self) -> bytes:
        """The other bracket."""
        return b"\n]\n"
