"""Pictures of the screen as a browser should show them. Pure.

Rich writes each run of one style as one ``<text>`` that is stretched to its width. A font that lacks some of its
characters takes them from another one, whose widths differ, so that all of the run is displaced: the chart above all,
since hardly any font of fixed width has braille. So braille is drawn, dot by dot, and what else isn't plain gets an
element of its own, at its own cell.
"""

import html
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from rich.cells import cell_len

CELL: Final = (12.2, 24.4)
"""Width and height of a character's cell in the SVG that Rich writes."""
BASELINE: Final = 18.5
"""How far down in its cell a character stands."""
BRAILLE: Final = 0x2800
DOTS: Final = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the dot that each bit of a braille character stands for (Unicode 16, chapter 21.1)."""
DOT: Final = 3
"""Side of a dot."""
_TEXT: Final = re.compile(r'<text class="([\w-]+)" x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"([^>]*)>([^<]*)</text>')
_BLANKS: Final = re.compile("[ \u00a0]{2,}")


def placed(svg: str) -> str:
    """The same picture with every character in its cell, whatever fonts the browser has."""
    return _TEXT.sub(_placed, svg)


def _placed(text: re.Match[str]) -> str:
    style, left, base, rest, content = text[1], float(text[2]), float(text[3]), text[4], html.unescape(text[5])
    dots = "".join(_dots(content, left, base))
    drawn = [f'<path class="{style}" d="{dots}"/>'] if dots else []
    for x, piece in _pieces(content, left):
        shown = html.escape(piece.replace(" ", "\u00a0")).replace("\u00a0", "&#160;")
        width = cell_len(piece) * CELL[0]
        drawn.append(f'<text class="{style}" x="{x:g}" y="{text[3]}" textLength="{width:g}"{rest}>{shown}</text>')
    return "".join(drawn)


def _dots(content: str, left: float, base: float) -> Iterator[str]:
    """The squares of a run's braille, as pieces of a path."""
    cell = 0
    for char in content:
        dots = ord(char) - BRAILLE if _is_braille(char) else 0
        for bit, (column, row) in enumerate(DOTS):
            if dots >> bit & 1:
                x = left + (cell + 0.25 + column / 2) * CELL[0] - DOT / 2
                y = base - BASELINE + (row + 0.5) / 4 * CELL[1] - DOT / 2
                yield f"M{x:.1f} {y:.1f}h{DOT}v{DOT}h-{DOT}z"
        cell += cell_len(char)


def _pieces(content: str, left: float) -> Iterator[tuple[float, str]]:
    """The rest of a run, in pieces that most fonts have whole or not at all, without the blanks between them."""
    cell = 0
    for kind, members in groupby(content, key=_kind):
        piece = "".join(members)
        place = cell
        cell += cell_len(piece)
        if kind == "braille":
            continue
        for part in re.split(f"({_BLANKS.pattern})", piece):
            if part.strip():
                yield left + place * CELL[0], part
            place += cell_len(part)


def _kind(char: str) -> str:
    if _is_braille(char):
        return "braille"
    return "plain" if char.isascii() or char == "\u00a0" else char


def _is_braille(char: str) -> bool:
    return BRAILLE <= ord(char) < BRAILLE + 256
