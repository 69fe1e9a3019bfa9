"""Columns that show only where they sort the rows: figures of the filter language without a column of their own."""

from functools import lru_cache
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.filters import columns as language
from tui_tracker.filters.columns import NumberColumn, Unit
from tui_tracker.tui.columns import BY_KEY, Cell, Column, Subject

WIDTH: Final = 9
_TITLES: Final = {"move": "|Δ| %", "peg": "peg %", "history": "hist h"}


@lru_cache(maxsize=64)
def column_of(key: str | None) -> Column | None:
    """The column that rows are sorted by; ``None`` for the rank or an unknown one. The same one each time."""
    if key is None:
        return None
    found = language.BY_NAME.get(key)
    if key not in BY_KEY and found is not None and found.name in BY_KEY:
        key = found.name
    return BY_KEY.get(key) or (_derived(found) if isinstance(found, NumberColumn) else None)


def _derived(column: NumberColumn) -> Column:
    def value(subject: Subject) -> float | None:
        row = subject.place.row
        shift = None if subject.shift is None else subject.shift.places
        return column.value(language.Subject(row, subject.figures, subject.place.rank, subject.last, shift=shift))

    return Column(
        column.name,
        _TITLES.get(column.name, column.name[: WIDTH - 2]),
        WIDTH,
        value,
        lambda subject, width: Cell(_text(column.unit, value(subject))[:width], "strong"),
    )


def _text(unit: Unit, value: float | None) -> str:
    if value is None:
        return fmt.ABSENT
    if unit is Unit.FRACTION:
        return fmt.percent(value * 100, 2)
    if unit is Unit.PERCENT:
        return fmt.percent(value, 3)
    return fmt.compact(value) if abs(value) >= 1000 else fmt.figure(value, 4)
