"""Plain ASCII for terminals and fonts that have no more: the same cells, every character below 0x7f.

Lines are spelled (``σ`` becomes ``sd``) where they are painted, which keeps columns straight; whatever else Textual
writes, borders and scrollbars too, passes :class:`AsciiFilter` on its way to the terminal.
"""

import re
from collections.abc import Iterable
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from typing_extensions import override

from tui_tracker.tui.runs import Line

WORDS: Final = {"σ": "sd", "Δ": "chg", "π": "pi", "≥": ">=", "≤": "<=", "±": "+-", "←": "<-", "→": "->", "…": "..."}
_WORD: Final = re.compile("( {0,3})([" + "".join(WORDS) + "])( {0,3})")
_CUT: Final = re.compile("[!-~]{2}…(?![!-~]|  )")
"""The end of a text that is cut, where there is no room for more than one dot; not ``10…50``."""
_GROUPS: Final = (
    ("+", "┌┐└┘├┤┬┴┼╭╮╯╰╔╗╚╝╠╣╦╩╬┏┓┗┛┣┫┳┻╋╷╵╴╶"),
    ("-", "─━═╌╍┄┅┈┉–—−‒▔⎯╸╺▃▏▎▍"),
    ("|", "│┃║╎╏┆┇┊┋▌▐▕⎢‖╹╻╽╿"),
    ("#", "█▇■▀▪◼▊▉▋"),
    ("%", "▓"),
    (":", "▒"),
    ("_", "▁"),
    ("+", "▅"),
    (".", "░·•…⋯◌▂"),
    ("^", "▲▴△↑⬆"),
    ("v", "▼▾▽↓⬇"),
    (">", "▶▸►→❯›»≥"),
    ("<", "◀◂◄←❮‹«≤"),
    ("*", "★☆●⬤◆◇✓✦▆"),
    ("o", "○◯⭘"),
    ("=", "▮≡▄"),
    ("!", "≠"),
    ("2", "²"),
    ("x", "×✕✖"),
    ("s", "σ"),
    ("d", "Δ"),
    ("u", "µμ"),
    ("~", "≈±"),
    ("'", "‘’′"),
    ('"', "“”″"),
    (" ", "\u00a0\u2007\u202f"),
)
_TABLE: Final = {ord(char): plain for plain, chars in _GROUPS for char in chars}
CURSOR: Final = "▌"


def in_ascii(text: str) -> str:
    """``text`` in as many cells, without any character above 0x7e; ``?`` stands for what has no likeness."""
    if text.isascii():
        return text
    text = _CUT.sub("...", text).translate(_TABLE)
    return text if text.isascii() else "".join(char if char.isascii() else "?" * cell_len(char) for char in text)


def spelled(text: str) -> str:
    """``text`` with signs as words, which take blanks beside them so that what follows stays where it is."""
    return text if text.isascii() else _WORD.sub(_spelled_word, _CUT.sub("...", text))


def _spelled_word(match: re.Match[str]) -> str:
    before, sign, after = match.groups()
    word = WORDS[sign]
    missing = len(word) - 1
    spare = min(missing, max(0, len(before) - 1))
    before, missing = before[spare:], missing - spare
    spare = min(missing, max(0, len(after) - 1))
    if missing > spare and max(map(len, match.group(1, 3))) > 1:  # in a column that is too narrow
        return match[1] + in_ascii(sign) + match[3]
    return before + word + after[spare:]


def in_words(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines with signs as words."""
    return tuple(
        line
        if line.text.isascii()
        else Line(tuple((">" if text == CURSOR else spelled(text), kind) for text, kind in line.runs), line.is_cursor)
        for line in lines
    )


class AsciiFilter(LineFilter):
    """Lets nothing but ASCII through, cell by cell."""

    @override
    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(in_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]
