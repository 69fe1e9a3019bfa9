"""Choosing columns: which, in which order, how wide. A choice is ``key`` or ``key:width``, from left to right. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tui_tracker.tui.column_layout import default_keys
from tui_tracker.tui.columns import BY_KEY, COLUMN_KEYS

LEAST_COLUMN: Final = 3
WIDEST_COLUMN: Final = 40
ALIASES: Final = {"sigma": "stddev", "σ": "stddev", "delta": "shift", "spark": "trend", "cover": "coverage"}
"""Other words for columns."""


def known(specs: Sequence[str]) -> tuple[str, ...]:
    """What can be used of a choice: known columns, each once, with usable widths."""
    usable: dict[str, str] = {}
    for spec in specs:
        key, _, size = spec.partition(":")
        key = ALIASES.get(key, key)
        if key in BY_KEY and key not in usable:
            usable[key] = f"{key}:{_width(int(size))}" if size.isdecimal() else key
    return tuple(usable.values())


def unknown(specs: Sequence[str]) -> list[str]:
    """The names in a choice that belong to no column."""
    names = [spec.partition(":")[0] for spec in specs]
    return [name for name in names if ALIASES.get(name, name) not in BY_KEY]


@dataclass(frozen=True, slots=True)
class Entry:
    """One column in the list to choose from."""

    key: str
    is_shown: bool
    width: int | None = None
    """``None`` for the usual one."""

    @property
    def size(self) -> int:
        """Its width."""
        return BY_KEY[self.key].width if self.width is None else self.width


def entries(chosen: Sequence[str]) -> list[Entry]:
    """All columns: those that are shown in their order, then the others."""
    shown: list[Entry] = []
    for spec in chosen or default_keys():
        key, _, size = spec.partition(":")
        shown.append(Entry(key, True, int(size) if size else None))
    keys = {entry.key for entry in shown}
    return shown + [Entry(key, False) for key in COLUMN_KEYS if key not in keys]


def chosen_of(listed: Sequence[Entry]) -> tuple[str, ...]:
    """The choice that a list stands for; the usual columns are no choice at all."""
    specs = tuple(
        entry.key if entry.width is None else f"{entry.key}:{entry.width}" for entry in listed if entry.is_shown
    )
    return () if specs == default_keys() else specs


def toggled(listed: Sequence[Entry], place: int) -> list[Entry]:
    """Show or hide one column; the last one stays."""
    entry = listed[place]
    if entry.is_shown and sum(other.is_shown for other in listed) == 1:
        return list(listed)
    return [*listed[:place], replace(entry, is_shown=not entry.is_shown), *listed[place + 1 :]]


def moved(listed: Sequence[Entry], place: int, step: int) -> tuple[list[Entry], int]:
    """Move one column up (``step`` −1) or down; the list, and where the column is now."""
    target = max(0, min(place + step, len(listed) - 1))
    rest = [*listed[:place], *listed[place + 1 :]]
    return [*rest[:target], listed[place], *rest[target:]], target


def widened(listed: Sequence[Entry], place: int, step: int) -> list[Entry]:
    """Make one column wider or narrower."""
    entry = listed[place]
    width: int | None = _width(entry.size + step)
    if width == BY_KEY[entry.key].width:
        width = None
    return [*listed[:place], replace(entry, width=width), *listed[place + 1 :]]


def _width(cells: int) -> int:
    return max(LEAST_COLUMN, min(cells, WIDEST_COLUMN))
