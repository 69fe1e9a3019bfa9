"""Lines of styled text, independent of any toolkit: what the pure code hands to the widgets."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from rich.cells import cell_len, set_cell_size

Kind: TypeAlias = Literal[
    "text",
    "muted",
    "faint",
    "strong",
    "accent",
    "up",
    "down",
    "warn",
    "line",
    "heat1",
    "heat2",
    "heat3",
    "heat4",
    "trace1",
    "trace2",
    "trace3",
    "trace4",
    "trace5",
    "trace6",
]
"""What a run of text means; the style sheet says how that looks."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

Run: TypeAlias = tuple[str, Kind]


class Line(NamedTuple):
    """One line of a widget."""

    runs: tuple[Run, ...] = ()
    is_cursor: bool = False
    """Whether the line is highlighted, apart from its first run, the mark of the cursor."""

    @property
    def text(self) -> str:
        """The line without its styles."""
        return "".join(text for text, _ in self.runs)


def width_of(text: str) -> int:
    """Cells that ``text`` takes on a terminal."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """``text`` in exactly ``width`` cells: padded, or cut with ``…`` at its end."""
    length = width_of(text)
    if length < width:
        return " " * (width - length) + text if right else text + " " * (width - length)
    if length == width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def joined(runs: Iterable[Run]) -> tuple[Run, ...]:
    """``runs`` with neighbours of the same kind made one, and blanks given to a neighbour: fewer styles to write."""
    merged: list[Run] = []
    for text, kind in runs:
        if not text:
            continue
        if merged and (merged[-1][1] == kind or text.isspace()):
            merged[-1] = (merged[-1][0] + text, merged[-1][1])
        elif len(merged) == 1 and merged[0][0].isspace():
            merged[0] = (merged[0][0] + text, kind)
        else:
            merged.append((text, kind))
    return tuple(merged)


def clipped(runs: Sequence[Run], width: int) -> tuple[Run, ...]:
    """``runs`` cut at ``width`` cells, with ``…`` where something is missing."""
    if sum(width_of(text) for text, _ in runs) <= width:
        return tuple(runs)
    kept: list[Run] = []
    room = width
    for text, kind in runs:
        size = width_of(text)
        if size >= room:
            kept.append((fit(text + " ", room), kind))
            break
        kept.append((text, kind))
        room -= size
    return tuple(run for run in kept if run[0])


GAP: Final = "   "
"""Between groups of runs."""


def packed(groups: Sequence[Sequence[Run]], width: int, gap: str = GAP) -> tuple[Run, ...]:
    """As many whole ``groups`` as fit into ``width``, in order, ``gap`` between; the first is cut if it must be."""
    runs: list[Run] = []
    used = 0
    for group in groups:
        size = sum(width_of(text) for text, _ in group)
        if not size:
            continue
        if runs and used + len(gap) + size > width:
            break
        if runs:
            runs.append((gap, "text"))
            used += len(gap)
        runs.extend(group)
        used += size
    return clipped(joined(runs), width)


def changed_span(old: Line, new: Line) -> tuple[int, int] | None:
    """The cells ``[start, stop)`` outside of which two lines are the same; ``None`` means all of them.

    One span and never several: Textual writes a widget's line from its left end to the end of each span, once for each.
    """
    if old == new:
        return 0, 0
    before, after = old.text, new.text
    if old.is_cursor != new.is_cursor or len(before) != len(after) or _has_wide(before) or _has_wide(after):
        return None
    differs = [was != now for was, now in zip(_cells(old), _cells(new), strict=True)]
    if True not in differs:
        return 0, 0
    return differs.index(True), len(differs) - differs[::-1].index(True)


def _has_wide(text: str) -> bool:
    return not text.isascii() and cell_len(text) != len(text)


def _cells(line: Line) -> list[tuple[str, Kind]]:
    return [(char, kind) for text, kind in line.runs for char in text]
