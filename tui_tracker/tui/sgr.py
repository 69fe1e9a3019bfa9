"""Fewer bytes for the same picture: colours and attributes are written only where they change.

Textual writes every piece of a line with all its attributes and a reset behind it. ECMA-48, 8.3.117 (SGR); colours of
256 and of 16 million as in ISO 8613-6.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

_SEQUENCE: Final = re.compile(r"\x1b\[([0-9;]*)m|\x1b\[[0-9;]*H|[\r\n]+|\x1b")
_OFF: Final = {1: 22, 2: 22, 3: 23, 4: 24, 5: 25, 7: 27, 8: 28, 9: 29}
"""Attributes, and what ends each."""


class Pen(NamedTuple):
    """How the terminal writes."""

    foreground: str = ""
    background: str = ""
    attributes: frozenset[int] = frozenset()


PLAIN: Final = Pen()


def shortened(frame: str) -> str:
    """Return a frame that has the same effect on a terminal at rest, in fewer bytes; it leaves it at rest too.

    A frame with a sequence that isn't understood is returned as it is.
    """
    pieces: list[str] = []
    actual = wanted = PLAIN
    position = 0
    for found in _SEQUENCE.finditer(frame):
        start = found.start()
        if start > position:
            if wanted is not actual:
                pieces.append(_change(actual, wanted))
                actual = wanted
            pieces.append(frame[position:start])
        position = found.end()
        codes = found[1]
        if codes is not None:
            after = _after(wanted, codes)
            if after is None:
                return frame
            wanted = after
        elif found[0] == "\x1b":
            if frame[position : position + 1] in ("7", "8"):  # the terminal would save and restore its own pen
                return frame
            if wanted is not actual:
                pieces.append(_change(actual, wanted))
                actual = wanted
            pieces.append("\x1b")
        else:
            pieces.append(found[0])
    if position < len(frame):
        pieces.append(_change(actual, wanted))
        actual = wanted
        pieces.append(frame[position:])
    pieces.append(_change(actual, wanted))
    return "".join(pieces)


@lru_cache(maxsize=4_096)
def _after(pen: Pen, codes: str) -> Pen | None:
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
            color = ";".join(map(str, (code, *parts[index : index + length])))
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
    after = Pen(foreground, background, attributes)
    return PLAIN if after == PLAIN else _same(after)


@lru_cache(maxsize=4_096)
def _same(pen: Pen) -> Pen:
    """One object for equal pens, so that they are told apart by identity."""
    return pen


@lru_cache(maxsize=16_384)
def _change(actual: Pen, wanted: Pen) -> str:
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
