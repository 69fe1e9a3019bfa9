"""What goes to stdout: a Rich table on a terminal, plain aligned text in a pipe, or JSON.

Everything is made before the first byte is written, so that a command that fails has written nothing.
"""

import json
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tui_tracker.core.errors import TrackerError
from tui_tracker.core.text import clean

MOST_IN_A_CELL: Final = 500
_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    is_number: bool = False
    """Numbers stand to the right."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts; the columns to the right are the first that a narrow terminal does without."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    dim: frozenset[int] = frozenset()
    """Rows that are shown less bright on a terminal."""
    note: str = ""
    """A line below it, on a terminal."""


def show_table(table: Table) -> None:
    """Write a table to stdout."""
    stdout = sys.stdout
    if stdout is not None and stdout.isatty() and os.environ.get("TERM", "") != "dumb":
        write(_rich_text(table))
    else:
        write(plain_text(table))


def show_json(value: Mapping[str, object]) -> None:
    """Write one JSON object to stdout: ASCII, full precision.

    Raises:
        ValueError: If a number is not finite; JSON has no such.
    """
    write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def write(text: str) -> bool:
    """Write a text to stdout and flush it; a reader that has left (``| head -1``) is no error.

    Returns:
        Whether somebody may still be reading.

    Raises:
        TrackerError: If it cannot be written for another reason, as on a full disk.
    """
    stdout = sys.stdout
    if stdout is None:
        raise TrackerError("stdout is closed")
    encoding = stdout.encoding or "utf-8"
    text = text.encode(encoding, "replace").decode(encoding)
    try:
        stdout.write(text)
        stdout.flush()
    except OSError as error:
        # What is still buffered would fail again when the interpreter flushes it at exit.
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise TrackerError(f"stdout cannot be written: {clean(error.strerror or str(error))}") from error
        return False
    return True


def plain_text(table: Table) -> str:
    """The columns of a table, aligned, without title: a header, then one line a row."""
    lines = [tuple(column.title for column in table.columns), *table.rows]
    cleaned = [[clean(cell, MOST_IN_A_CELL) for cell in line] for line in lines]
    widths = _widths(cleaned, len(table.columns))
    text = []
    for line in cleaned:
        cells = (
            " " * (width - _width(cell)) + cell if column.is_number else cell + " " * (width - _width(cell))
            for cell, column, width in zip(line, table.columns, widths, strict=True)
        )
        text.append((" " * _GAP).join(cells).rstrip())
    return "\n".join(text) + "\n"


def _rich_text(table: Table) -> str:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
    cells = [[clean(cell, MOST_IN_A_CELL) for cell in row] for row in table.rows]
    titles = [clean(column.title) for column in table.columns]
    widths = _widths([titles, *cells], len(table.columns))
    shown = _fitting(widths, console.width)
    rich = RichTable(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold", show_edge=False)
    for title, column, width in list(zip(titles, table.columns, widths, strict=True))[:shown]:
        rich.add_column(Text(title), justify="right" if column.is_number else "left", no_wrap=True, min_width=width)
    for index, row in enumerate(cells):
        rich.add_row(*(Text(cell) for cell in row[:shown]), style="dim" if index in table.dim else None)
    hidden = ", ".join(titles[shown:])
    with console.capture() as capture:
        if table.title:
            console.print(Text(clean(table.title), style="bold"), soft_wrap=True)
        console.print(rich)
        if hidden:
            console.print(Text(f"no room for: {hidden} (wider, or --json)", style="dim"), soft_wrap=True)
        if table.note:
            console.print(Text(clean(table.note), style="dim"), soft_wrap=True)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def _fitting(widths: Sequence[int], available: int) -> int:
    """How many columns from the left fit, at least one."""
    used, shown = 0, 0
    for width in widths:
        used += width + _GAP
        if used - _GAP > available and shown:
            break
        shown += 1
    return shown


def _widths(lines: Sequence[Sequence[str]], columns: int) -> list[int]:
    return [max(_width(line[index]) for line in lines) for index in range(columns)]


def _width(text: str) -> int:
    """Cells that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
