"""How a terminal writes: colours and attributes, and the shortest way from one such state to another.

ECMA-48, 8.3.117 (SGR); colours of 256 and of 16 million as in ISO 8613-6.
"""

from functools import lru_cache
from typing import Final, NamedTuple

_OFF: Final = {1: 22, 2: 22, 3: 23, 4: 24, 5: 25, 7: 27, 8: 28, 9: 29}
"""Attributes, and what ends each."""
_LEVELS: Final = (0, 95, 135, 175, 215, 255)
_INDEXED: Final = {
    **{(r, g, b): 16 + 36 * i + 6 * j + k for i, r in enumerate(_LEVELS) if r
       for j, g in enumerate(_LEVELS) for k, b in enumerate(_LEVELS)},
    **{(8 + 10 * step,) * 3: 232 + step for step in range(24)},
}  # fmt: skip
"""Colours of 16 million that are among those of 256 (the cube and the greys of xterm's 256colres.pl), by their number.

Without those from 16 to 21, which some palettes of 16 colours take for their own.
"""


class Pen(NamedTuple):
    """How the terminal writes."""

    foreground: str = ""
    background: str = ""
    attributes: frozenset[int] = frozenset()


PLAIN: Final = Pen()


@lru_cache(maxsize=4_096)
def after(pen: Pen, codes: str) -> Pen | None:
    """The pen after a sequence, ``None`` if that isn't understood."""
    foreground, background, attributes = pen
    parts = [int(part or 0) for part in codes.split(";")]
    index = 0
    while index < len(parts):
        code = parts[index]
        index += 1
        if code == 0:
            foreground, background, attributes = PLAIN
        elif code in _OFF:
            attributes |= {code}
        elif code in _OFF.values():
            attributes -= {name for name, off in _OFF.items() if off == code}
        elif code in (38, 48):
            length = {5: 2, 2: 4}.get(parts[index] if index < len(parts) else 0)
            if length is None or index + length > len(parts):
                return None
            color = _color(code, parts[index : index + length])
            index += length
            foreground, background = (color, background) if code == 38 else (foreground, color)
        elif code == 39:
            foreground = ""
        elif code == 49:
            background = ""
        elif 30 <= code <= 37 or 90 <= code <= 97:
            foreground = str(code)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            background = str(code)
        else:
            return None
    return _same(Pen(foreground, background, attributes))


def _color(code: int, parts: list[int]) -> str:
    """The shortest codes of a colour: its number among 256 has half the bytes."""
    number = _INDEXED.get((parts[1], parts[2], parts[3])) if parts[0] == 2 else None
    return ";".join(map(str, (code, *(parts if number is None else (5, number)))))


@lru_cache(maxsize=4_096)
def _same(pen: Pen) -> Pen:
    """One object for equal pens, which makes comparing them fast."""
    return PLAIN if pen == PLAIN else pen


@lru_cache(maxsize=4_096)
def blank(pen: Pen) -> Pen:
    """What of a pen shows where it writes a space."""
    is_lined = pen.attributes & {4, 7, 9}
    return pen if is_lined else _same(Pen("", pen.background))


@lru_cache(maxsize=16_384)
def change(actual: Pen, wanted: Pen) -> str:
    """The shortest sequence from one pen to another."""
    if actual == wanted:
        return ""
    if wanted == PLAIN:
        return "\x1b[0m"
    fresh = _codes(PLAIN, wanted)
    steps = _codes(actual, wanted)
    best = min((steps, ["0", *fresh]), key=lambda codes: len(";".join(codes)))
    return f"\x1b[{';'.join(best)}m"


def _codes(actual: Pen, wanted: Pen) -> list[str]:
    """The codes that lead from one pen to another without a reset."""
    ended = {_OFF[code] for code in actual.attributes - wanted.attributes}
    kept = {code for code in actual.attributes if _OFF[code] not in ended}
    codes = [str(code) for code in (*sorted(ended), *sorted(wanted.attributes - kept))]
    if actual.foreground != wanted.foreground:
        codes.append(wanted.foreground or "39")
    if actual.background != wanted.background:
        codes.append(wanted.background or "49")
    return codes
