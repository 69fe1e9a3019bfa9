"""Rows as Apache Parquet, and back; its library is large, and loaded only for it."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import IO, TYPE_CHECKING, Final

from tui_tracker.cli.transfer.columns import ID, MINUTES, ORIGIN_TEXTS, Line, Shape
from tui_tracker.cli.transfer.tables import MOST_COLUMNS, Row, Table
from tui_tracker.cli.transfer.times import Times
from tui_tracker.core.errors import ConfigError, TrackerError
from tui_tracker.core.text import clean

if TYPE_CHECKING:
    import pyarrow

_BATCH: Final = 4_096
"""Rows that are read at a time."""


class ParquetEncoder:
    """Apache Parquet, a row group for each call."""

    def __init__(self, shape: Shape) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise missing_parquet() from error
        self._shape: Final = shape
        self._buffer: Final = BytesIO()
        self._schema: Final = _schema(shape)
        self._writer: Final = pyarrow.parquet.ParquetWriter(_Unseekable(self._buffer), self._schema, compression="zstd")

    def begin(self) -> bytes:
        """The magic number."""
        return self._taken()

    def rows(self, lines: Sequence[Line]) -> bytes:
        """A row group."""
        import pyarrow

        if not lines:
            return b""
        shape = self._shape
        columns: list[Sequence[object]] = [[line.at_ms for line in lines], [line.id for line in lines]]
        if shape.every > 1:
            columns.append([shape.every] * len(lines))
        numbers = zip(*(line.numbers for line in lines), strict=True)
        columns += [[value if value == value else None for value in values] for values in numbers]
        if shape.has_provenance:
            origins = zip(*(line.origins for line in lines), strict=True)
            columns += [[ORIGIN_TEXTS[each] or None for each in names] for names in origins]
        arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pyarrow.Table.from_arrays(arrays, schema=self._schema))
        return self._taken()

    def end(self) -> bytes:
        """The footer."""
        self._writer.close()
        return self._taken()

    def _taken(self) -> bytes:
        made = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return made


class _Unseekable:
    """A file that is only ever written on."""

    closed = False

    def __init__(self, buffer: BytesIO) -> None:
        self._buffer = buffer
        self._written = 0

    def write(self, data: bytes) -> int:
        self._buffer.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def missing_parquet() -> ConfigError:
    """What is said where pyarrow isn't there."""
    return ConfigError("Parquet needs the package pyarrow", "install it: pip install 'crypto-tui[parquet]'")


def _schema(shape: Shape) -> "pyarrow.Schema":
    import pyarrow

    time = pyarrow.int64() if shape.times is Times.MS else pyarrow.timestamp("ms", tz="UTC")
    fields = [(shape.time_column, time), (ID, pyarrow.string())]
    fields += [(MINUTES, pyarrow.int16())] if shape.every > 1 else []
    fields += [(name, pyarrow.float64()) for name in shape.numbers]
    fields += [(name, pyarrow.string()) for name in shape.origins]
    return pyarrow.schema(fields)


def read_parquet(stream: IO[bytes], place: str) -> Table:
    """Return the rows of a file.

    Raises:
        ConfigError: If it is none, can't be sought in, or the library isn't there.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise missing_parquet() from error
    try:
        stream.seek(0)
        file = pyarrow.parquet.ParquetFile(stream)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise ConfigError(f"{place} is no Parquet file that can be read", clean(str(error), 120)) from error
    heads = tuple(str(name).lower() for name in file.schema_arrow.names)
    if not 1 < len(heads) <= MOST_COLUMNS or len(set(heads)) < len(heads):
        raise ConfigError(f"{place} has not 2 to {MOST_COLUMNS} different columns")
    return Table(heads, _rows(file, place), "row")


def _rows(file: "pyarrow.parquet.ParquetFile", place: str) -> Iterator[Row]:
    import pyarrow

    number = 0
    try:
        for batch in file.iter_batches(batch_size=_BATCH):
            columns = [column.to_pylist() for column in batch.columns]
            for cells in zip(*columns, strict=True):
                number += 1
                yield number, cells
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise TrackerError(f"{place} is damaged after row {number:,}: {clean(str(error), 120)}") from error
