"""How an SVG that Rich writes becomes a picture: as a terminal draws it, and as a small PNG."""

import html
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

SCALE: Final = 1.5
"""Pixels of a PNG for one of the SVG."""
COLOURS: Final = 256
"""Of a PNG; the last one is the transparent ground behind the window's corners."""
CELL: Final = (12.2, 24.4)
"""Width and height of a character's cell in the SVG that Rich writes."""
BASELINE: Final = 18.5
"""How far down in its cell a character stands."""
BRAILLE: Final = 0x2800
DOTS: Final = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the dot that each bit of a braille character stands for (Unicode 16, chapter 21.1)."""
DOT: Final = 3
"""Side of a dot."""
DESCENT: Final = 3
"""What letters below the line need more in this font than in the one that Rich lays out for."""
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_WEB_FONT: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_CLIP: Final = re.compile(r'(-clip-terminal">\s*<rect [^>]*height=")([\d.]+)"')
_LINE_CLIP: Final = re.compile(r' clip-path="url\(#[\w-]*-line-\d+\)"')
_FIRST_CELLS: Final = re.compile(r'(?<=-clip-terminal\)">)(\s*)(?=<rect fill="(#\w+)")')
_TEXT: Final = re.compile(r'<text class="([\w-]+)" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')


def as_terminal_draws(svg: str) -> str:
    """The picture in a font of the machine instead of one from the web, its cells filled as terminals fill them.

    That font has no braille (a browser's substitute is too wide) and its lines don't touch: like a terminal we draw
    the dots ourselves, and let the letters be high enough, and the ground be whole enough, to leave no seams.
    """

    def heightened(clip: re.Match[str]) -> str:
        return f'{clip[1]}{float(clip[2]) + DESCENT:.1f}"'

    svg = _WEB_FONT.sub("", svg).replace("Fira Code", "DejaVu Sans Mono").replace("font-size: 20px", "font-size: 21px")
    svg = _CLIP.sub(heightened, _LINE_CLIP.sub("", svg))
    svg = _FIRST_CELLS.sub(r'\1<rect fill="\2" width="100%" height="100%"/>\g<0>', svg, count=1)
    return _TEXT.sub(_with_drawn_dots, svg)


def _with_drawn_dots(text: re.Match[str]) -> str:
    """A run of text, with its braille as a path of squares."""
    style, left, base, content = text[1], float(text[2]), float(text[3]), html.unescape(text[4])
    squares = []
    for index, char in enumerate(content):
        dots = ord(char) - BRAILLE if BRAILLE < ord(char) < BRAILLE + 256 else 0
        for bit, (column, row) in enumerate(DOTS):
            if dots >> bit & 1:
                x = left + (index + 0.25 + column / 2) * CELL[0] - DOT / 2
                y = base - BASELINE + (row + 0.5) / 4 * CELL[1] - DOT / 2
                squares.append(f"M{x:.1f} {y:.1f}h{DOT}v{DOT}h-{DOT}z")
    if not squares:
        return text[0]
    rest = "".join(" " if ord(char) - BRAILLE in range(256) else char for char in content)
    path = f'<path class="{style}" d="{"".join(squares)}"/>'
    return path if rest.isspace() else path + text[0].replace(text[4], html.escape(rest).replace(" ", "&#160;"))


def write_png(browser: str, svg: Path) -> None:
    """Let a browser draw an SVG file, at ``SCALE`` pixels each."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text(encoding="utf-8"))
    assert found is not None, "Rich writes a viewBox"
    width, height = (round(float(side)) for side in found.groups())
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--no-first-run",
                "--hide-scrollbars",
                "--default-background-color=00000000",
                f"--force-device-scale-factor={SCALE}",
                f"--user-data-dir={profile}",
                f"--screenshot={svg.with_suffix('.png')}",
                f"--window-size={width},{height}",
                svg.resolve().as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )
    reduce_colours(svg.with_suffix(".png"))


def reduce_colours(png: Path) -> None:
    """Write a picture again with 256 colours, a third of its size; as it is where there is no Pillow."""
    try:
        from PIL import Image
    except ImportError:
        return
    with Image.open(png) as picture:
        opaque, alpha = picture.convert("RGB"), picture.convert("RGBA").getchannel("A")
    few = opaque.quantize(COLOURS - 1, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.paste(COLOURS - 1, mask=alpha.point(lambda value: 255 * (value < 128)))
    few.save(png, optimize=True, transparency=COLOURS - 1)
