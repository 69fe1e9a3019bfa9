"""Which columns of the table fit into a pane, and how wide each becomes. Pure."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from tui_tracker.core.figures import Measure
from tui_tracker.tui.columns import (
    BY_KEY,
    CHANGE,
    COLUMNS,
    COVERAGE,
    CV,
    EXCHANGE,
    GUTTER,
    LAST,
    PAIR,
    RANGE,
    RANK,
    SHIFT,
    STDDEV,
    TREND,
    VOLATILITY,
    VOLUME,
    Column,
)
from tui_tracker.tui.derived import column_of

NARROW_WIDTH: Final = 56
"""Below this width only the narrow columns are shown."""
_FIRST: Final = (RANK, PAIR, LAST, CHANGE, STDDEV, CV, VOLUME, VOLATILITY, RANGE, SHIFT, COVERAGE, TREND)
"""Which of the usual columns get room first; the others follow from left to right."""
_NARROW: Final = ((RANK, 7), (PAIR, 9), (LAST, 10))
_NARROW_NEEDED: Final = 7
_BY_MEASURE: Final = {column.measure: column for column in COLUMNS if column.measure is not None}

Shown: TypeAlias = tuple[tuple[Column, int], ...]
"""Columns from left to right, each with its width."""
_EXCHANGE_NARROW: Final[Shown] = ((EXCHANGE, 7),)


def default_keys() -> tuple[str, ...]:
    """The columns that are shown where nobody chose any, room permitting."""
    return tuple(column.key for column in COLUMNS if not column.is_optional)


@lru_cache(maxsize=32)
def columns_for(
    width: int,
    measure: Measure,
    chosen: tuple[str, ...] = (),
    sort: str | None = None,
    *,
    is_several: bool = False,
) -> Shown:
    """The columns, with their widths, that fit into a pane of ``width`` cells.

    What was chosen is shown as it was chosen, as far as it fits; the columns of the measure and of the sorting follow
    where there is room. Of the usual columns these two get room before the others. Cells that are left over go to a
    column that can grow.

    Args:
        width: Of the pane.
        measure: What pairs are ranked by.
        chosen: ``key`` or ``key:width`` of columns from left to right; the usual ones if empty.
        sort: What rows are sorted by, ``None`` for the rank.
        is_several: Whether rows are of several exchanges, so that each must say of which.
    """
    sorting = column_of(sort)
    needed = [_BY_MEASURE[measure], *([sorting] if sorting is not None else [])]
    if chosen:
        return _grown(_with_chosen([_sized(spec) for spec in chosen], needed, width), width)
    if width < NARROW_WIDTH:
        return _narrow(needed, width, _EXCHANGE_NARROW if is_several else ())
    usual = [column for column in COLUMNS if not column.is_optional]
    first = [*_FIRST[:2], *([EXCHANGE] if is_several else []), _FIRST[2], *needed, *_FIRST[3:]]
    wanted = list(dict.fromkeys([*first, *usual]))
    shown = _fitting([(column, column.width) for column in wanted], width, is_whole=True)
    return _grown(sorted(shown, key=lambda pair: _place(pair[0])), width)


def _with_chosen(chosen: list[tuple[Column, int]], needed: Sequence[Column], width: int) -> list[tuple[Column, int]]:
    shown = _fitting(chosen, width, is_whole=False)
    if len(shown) < len(chosen):
        return shown
    missing = [(column, column.width) for column in dict.fromkeys(needed) if all(column is not one for one, _ in shown)]
    return _fitting([*shown, *missing], width, is_whole=True)


def _narrow(needed: Sequence[Column], width: int, extra: Shown) -> Shown:
    known = [column for column, _ in (*_NARROW, *extra)]
    others = [column for column in dict.fromkeys((*needed, CHANGE)) if column not in known]
    sized = [
        *_NARROW[:2],
        *extra,
        *_NARROW[2:],
        *((column, _NARROW_NEEDED if column is not CHANGE else CHANGE.width) for column in others),
    ]
    return tuple(sorted(_fitting(sized, width, is_whole=True), key=lambda pair: _place(pair[0])))


def _place(column: Column) -> float:
    """Where a column stands among the usual ones; one that is shown only because it sorts stands before σ."""
    is_usual = column is EXCHANGE or (column in COLUMNS and not column.is_optional)
    return COLUMNS.index(column) if is_usual else COLUMNS.index(STDDEV) - 0.5


def _sized(spec: str) -> tuple[Column, int]:
    key, _, size = spec.partition(":")
    column = BY_KEY[key]
    return column, int(size) if size else column.width


def _fitting(wanted: Sequence[tuple[Column, int]], width: int, *, is_whole: bool) -> list[tuple[Column, int]]:
    """Those that fit, in their order; the rest ends at the first that doesn't fit, unless the whole list is tried."""
    room = width - GUTTER + 1
    shown: list[tuple[Column, int]] = []
    for column, size in wanted:
        if size + 1 <= room:
            room -= size + 1
            shown.append((column, size))
        elif not is_whole:
            break
    return shown


def _grown(shown: Sequence[tuple[Column, int]], width: int) -> Shown:
    left = width - GUTTER + 1 - sum(size + 1 for _, size in shown)
    grown: list[tuple[Column, int]] = []
    for column, size in shown:
        more = max(0, min(left, column.grows_to - size)) if size == column.width else 0
        left -= more
        grown.append((column, size + more))
    return tuple(grown)
