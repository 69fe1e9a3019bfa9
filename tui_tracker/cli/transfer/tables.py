"""A file that is imported, as rows of cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MOST_COLUMNS: Final = 64
PAIR: Final = "pair"
"""Column with the name of a pair in any spelling."""
Row = tuple[int, Sequence[object] | str]
"""(number of the line or row, its cells, or why it can't be read)"""


@dataclass(frozen=True, slots=True)
class Table:
    """A file that is being read."""

    heads: tuple[str, ...]
    rows: Iterator[Row]
    unit: str = "line"
    """What rows are counted in."""
