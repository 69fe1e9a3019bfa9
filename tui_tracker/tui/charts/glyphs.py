"""The characters that charts are made of, by what the terminal's font has."""

from dataclasses import dataclass
from typing import Final, Literal

Marker = Literal["braille", "hd", "*"]
"""What lines are drawn with; ``*`` where the font has few characters (the Linux console)."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of characters."""

    wick: tuple[str, str, str]
    """A candle's wick over the whole cell, its upper half, its lower half."""
    rise: tuple[str, str, str]
    """The body of a candle that rose; thin, so that it tells itself from one that fell without colour."""
    fall: tuple[str, str, str]
    """The body of a candle that fell."""
    joints: tuple[str, str]
    """Wick over body and body over wick in a candle that rose."""
    fill: str
    mean: str
    edge: str
    """An edge of the band."""
    cross: str
    """Where the crosshair meets the line."""
    hair: str
    bars: str
    """Bars from low to high."""
    own: str
    """Stands for the selected pair among compared ones."""
    hollow: str = "+"
    """Stands for candles that rose, in words."""
    sides: str = ""
    """Left and right end of the body of a wide candle that fell; then the same of its upper and of its lower half."""
    box: str = ""
    """The body of a wide candle that rose, hollow: top left, top, top right, side, bottom left, bottom right; then
    what stands where a wick meets the top, and the bottom; the ends and the middle of a body one row high, and its
    middle where a wick meets it from above, from below, from both."""


RICH: Final = Glyphs(
    wick=("│", "╵", "╷"),
    rise=("┃", "╹", "╻"),
    fall=("█", "▀", "▄"),
    joints=("╽", "╿"),
    fill="░",
    mean="╌",
    edge="·",
    cross="◆",
    hair="│",
    bars="▁▂▃▄▅▆▇█",
    own="•",
    hollow="□",
    sides="▐▌▝▘▗▖",
    box="┌─┐│└┘┴┬╺╸━┷┯┿",
)
PLAIN: Final = Glyphs(
    wick=("|", "|", "|"),
    rise=("+", "+", "+"),
    fall=("#", "#", "#"),
    joints=("+", "+"),
    fill=":",
    mean="-",
    edge=".",
    cross="o",
    hair="|",
    bars=".:#",
    own="*",
)


def glyphs_for(marker: Marker) -> Glyphs:
    """The set that goes with a marker."""
    return PLAIN if marker == "*" else RICH
