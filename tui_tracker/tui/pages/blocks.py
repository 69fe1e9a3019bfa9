"""Pages are made of blocks: a heading and lines. Here they are laid out in as many columns as fit. Pure."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations, zip_longest
from typing import Final, NamedTuple

from tui_tracker.core.format import ABSENT
from tui_tracker.tui.runs import Line, Run, clipped, fit, joined, width_of

GAP: Final = 4
"""Cells between columns of blocks."""
MOST_COLUMNS: Final = 4


class Block(NamedTuple):
    """One subject of a page."""

    title: str
    lines: tuple[Line, ...]

    @property
    def width(self) -> int:
        """Cells that its widest line takes."""
        return max(width_of(self.title), *(width_of(line.text) for line in self.lines), 0)

    @property
    def height(self) -> int:
        """Lines that it takes, with its title."""
        return 1 + len(self.lines)


class Page(NamedTuple):
    """Everything that a screen of blocks shows."""

    title: str
    lines: tuple[Line, ...]


def laid_out(blocks: Sequence[Block], width: int) -> tuple[Line, ...]:
    """The blocks in the columns that make the page shortest, in one band or in two below each other.

    A band is read downwards and then to the right. A block that is wider than ``width`` is cut there, with ``…``.
    """
    blocks = [block for block in blocks if block.lines]
    if not blocks:
        return ()
    found = [_band(blocks, width)]
    cuts = range(1, len(blocks))
    found += [(*_band(blocks[:cut], width), Line(), *_band(blocks[cut:], width)) for cut in cuts]
    return min(found, key=len)


def tiled(blocks: Sequence[Block], width: int, most: int) -> tuple[Line, ...]:
    """Blocks of one kind in rows, ``most`` side by side where there is room, all in columns of the same width."""
    size = max((block.width for block in blocks), default=0)
    across = max(1, min(most, (width + GAP) // (size + GAP)))
    lines: list[Line] = []
    for start in range(0, len(blocks), across):
        stacks = [_stacked([block]) for block in blocks[start : start + across]]
        lines += [Line()] if lines else []
        lines += [_side_by_side(row, [size] * across, width) for row in zip_longest(*stacks, fillvalue=Line())]
    return tuple(lines)


def _band(blocks: Sequence[Block], width: int) -> tuple[Line, ...]:
    columns = min(_splits(blocks, width), key=lambda split: (max(map(_height, split)), len(split)))
    widths = [max(block.width for block in column) for column in columns]
    stacks = [_stacked(column) for column in columns]
    return tuple(_side_by_side(row, widths, width) for row in zip_longest(*stacks, fillvalue=Line()))


def _splits(blocks: Sequence[Block], width: int) -> list[list[Sequence[Block]]]:
    """All ways to cut the blocks into columns that fit side by side; one column is always among them."""
    found: list[list[Sequence[Block]]] = [[blocks]]
    for count in range(2, min(MOST_COLUMNS, len(blocks)) + 1):
        for cuts in combinations(range(1, len(blocks)), count - 1):
            bounds = (0, *cuts, len(blocks))
            columns = [blocks[bounds[place] : bounds[place + 1]] for place in range(count)]
            if sum(max(block.width for block in column) for column in columns) + GAP * (count - 1) <= width:
                found.append(columns)
    return found


def _height(column: Sequence[Block]) -> int:
    return sum(block.height for block in column) + len(column) - 1


def _stacked(column: Sequence[Block]) -> list[Line]:
    lines: list[Line] = []
    for block in column:
        if lines:
            lines.append(Line())
        lines += [Line(((block.title, "accent"),)), *block.lines]
    return lines


def _side_by_side(row: Sequence[Line], widths: Sequence[int], width: int) -> Line:
    runs: list[Run] = []
    for place, line in enumerate(row):
        if place:
            runs.append((" " * GAP, "text"))
        runs.extend(line.runs)
        if place < len(row) - 1:
            runs.append((" " * (widths[place] - width_of(line.text)), "text"))
    return Line(clipped(joined(runs), width))


def tabulated(rows: Sequence[Sequence[Run]], left: AbstractSet[int] = frozenset({0}), gap: int = 2) -> list[Line]:
    """Rows of cells in columns as wide as they must be, numbers to the right; those in ``left`` to the left."""
    widths = [max(width_of(cell[0]) for cell in column) for column in zip_longest(*rows, fillvalue=("", "text"))]
    lines: list[Line] = []
    for row in rows:
        runs: list[Run] = []
        for place, (text, kind) in enumerate(row):
            runs.append((" " * gap if place else "", "text"))
            is_last = place == len(row) - 1 and place in left
            runs.append((text if is_last else fit(text, widths[place], right=place not in left), kind))
        lines.append(Line(joined(runs)))
    return lines


def chunked(rows: Sequence[Sequence[Run]], width: int, gap: int = 2, together: int = 0) -> list[Line]:
    """A table like :func:`tabulated`; columns for which there is no room follow below, under the first one again.

    Rows that have nothing to say there are left out. Of the last columns, ``together`` go below as one.
    """
    widths = [max(width_of(cell[0]) for cell in column) for column in zip(*rows, strict=True)]
    parts: list[list[int]] = [[]]
    used = widths[0]
    for place in range(1, len(widths)):
        needed = widths[place:] if place == len(widths) - together else widths[place : place + 1]
        if parts[-1] and used + sum(gap + each for each in needed) > width:
            parts.append([])
            used = widths[0]
        parts[-1].append(place)
        used += gap + widths[place]
    lines: list[Line] = []
    for part in parts:
        if lines:
            lines.append(Line())
        is_first = part is parts[0]
        told = [row for row in rows if is_first or any(row[place][0] != ABSENT for place in part)]
        lines += tabulated([[row[place] for place in (0, *part)] for row in told], gap=gap)
    return lines


def facts(pairs: Sequence[tuple[str, Sequence[Run]]]) -> list[Line]:
    """Names and what there is to say of each, under each other."""
    size = max((width_of(name) for name, _ in pairs), default=0) + 2
    return [Line(joined(((fit(name, size), "muted"), *runs))) for name, runs in pairs]


def said(text: str, width: int) -> list[Line]:
    """A sentence, broken between words."""
    lines = [""]
    for word in text.split():
        if lines[-1] and width_of(lines[-1]) + 1 + width_of(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return [Line(((line, "muted"),)) for line in lines]
