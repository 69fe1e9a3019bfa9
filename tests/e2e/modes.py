"""Terminals and wishes that the app has to suit, and what it promises for each: looked at in the bytes it wrote."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.e2e.app import App

_SGR: Final = re.compile(rb"\x1b\[([\d;]*)m")
_HEX: Final = re.compile(r"[0-9a-f]{6}")
_BRAILLE: Final = re.compile(r"[⠁-⣿]")
_ANSI: Final = {"black": 0.0, "blue": 0.1, "red": 0.3, "magenta": 0.4, "green": 0.5, "brown": 0.5, "cyan": 0.6}
"""About how light the darker colours of the sixteen are, as pyte calls them; the others are light."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One kind of terminal."""

    name: str
    promise: Callable[[App], None]
    """Checks what must hold of everything that was written."""
    arguments: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)


def colours(raw: bytes) -> Iterator[tuple[int, ...]]:
    """The colours asked for, as SGR parameters: ``(31,)``, ``(38, 5, 214)``, ``(48, 2, 16, 20, 23)``."""
    for codes in _SGR.findall(raw):
        numbers = [int(code or 0) for code in codes.split(b";")]
        while numbers:
            size = {5: 3, 2: 5}.get(numbers[1], 1) if numbers[0] in (38, 48) and len(numbers) > 1 else 1
            if size > 1 or numbers[0] in (*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)):
                yield tuple(numbers[:size])
            del numbers[:size]


def lightness(colour: str) -> float:
    """How light one of pyte's colours is, 0 to 1."""
    if _HEX.fullmatch(colour):
        red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4))
        return 0.299 * red + 0.587 * green + 0.114 * blue
    return _ANSI.get(colour, 0.9)


def background(app: App) -> str:
    """Colour of a cell that shows nothing."""
    screen = app.session.screen.pyte
    return str(screen.buffer[screen.lines - 2][1].bg)


def written_colours(app: App) -> set[tuple[int, ...]]:
    """All colours that were asked for so far."""
    return set(colours(bytes(app.session.raw)))


def _at_most_256(app: App) -> None:
    found = written_colours(app)
    assert found, "there is colour"
    assert all(len(colour) <= 3 for colour in found), "no 24-bit colour"


def _at_most_16(app: App) -> None:
    found = written_colours(app)
    assert found, "there is colour"
    assert all(len(colour) == 1 for colour in found), found
    assert not _BRAILLE.search(app.text), "the console's font has no braille"


def _no_colour(app: App) -> None:
    assert written_colours(app) == set()


def _plain_ascii(app: App) -> None:
    raw = bytes(app.session.raw)
    place = next((place for place, byte in enumerate(raw) if byte >= 0x80), None)
    assert place is None, raw[max(0, place - 60) : place + 60]


def _dark_on_light(app: App) -> None:
    assert lightness(background(app)) > 0.8
    screen = app.session.screen.pyte
    cells = [cell for row in screen.buffer.values() for cell in row.values() if cell.data.isalnum()]
    light = [cell for cell in cells if cell.fg != "default" and lightness(cell.fg) > 0.6 and not cell.reverse]
    assert not light, f"too light to be read: {''.join(cell.data for cell in light)}"


XTERM: Final = Mode("xterm-256color", _at_most_256)
LINUX: Final = Mode("linux", _at_most_16, environ={"TERM": "linux"})
NO_COLOR: Final = Mode("NO_COLOR", _no_colour, environ={"NO_COLOR": "1"})
ASCII: Final = Mode("ascii", _plain_ascii, ("--ascii",))
LIGHT: Final = Mode("light", _dark_on_light, environ={"COLORFGBG": "0;15"})
