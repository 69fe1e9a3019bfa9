"""How an SVG that Rich writes becomes a picture: as a terminal draws it, and as a small PNG."""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tui_tracker.tui.svg import placed

SCALE: Final = 1.5
"""Pixels of a PNG for one of the SVG."""
COLOURS: Final = 256
DESCENT: Final = 3
"""What letters below the line need more in this font than in the one that Rich lays out for."""
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_WEB_FONT: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_CLIP: Final = re.compile(r'(-clip-terminal">\s*<rect [^>]*height=")([\d.]+)"')
_LINE_CLIP: Final = re.compile(r' clip-path="url\(#[\w-]*-line-\d+\)"')
_FIRST_CELLS: Final = re.compile(r'(?<=-clip-terminal\)">)(\s*)(?=<rect fill="(#\w+)")')


def as_terminal_draws(svg: str) -> str:
    """The picture in a font of the machine instead of one from the web, its cells filled as terminals fill them.

    Its lines don't touch: we let the letters be high enough, and the ground be whole enough, to leave no seams.
    """

    def heightened(clip: re.Match[str]) -> str:
        return f'{clip[1]}{float(clip[2]) + DESCENT:.1f}"'

    svg = _WEB_FONT.sub("", svg).replace("Fira Code", "DejaVu Sans Mono").replace("font-size: 20px", "font-size: 21px")
    svg = _CLIP.sub(heightened, _LINE_CLIP.sub("", svg))
    svg = _FIRST_CELLS.sub(r'\1<rect fill="\2" width="100%" height="100%"/>\g<0>', svg, count=1)
    return placed(svg)


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
