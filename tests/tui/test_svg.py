"""Saved pictures, with every character in its cell."""

import html
import re
from collections.abc import Iterator
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from tui_tracker.tui.svg import CELL, placed

TEXT = re.compile(r'<text class="[\w-]+-r\d+" x="([\d.]+)" y="[\d.]+" textLength="([\d.]+)"[^>]*>([^<]*)</text>')


def exported(line: str) -> str:
    console = Console(record=True, file=StringIO(), width=60, force_terminal=True, color_system="truecolor")
    console.print(Text(line, "red"))
    return console.export_svg(title="t")


def cells(svg: str) -> Iterator[tuple[int, str]]:
    """Each character with the cell that it is put in."""
    for x, length, content in TEXT.findall(svg):
        text = html.unescape(content)
        assert abs(float(length) - cell_len(text) * CELL[0]) < 0.01
        place = round(float(x) / CELL[0])
        for char in text:
            yield place, char
            place += cell_len(char)


def test_braille_is_drawn_and_the_rest_stands_in_its_own_cells() -> None:
    line = " 84.1 ⠉⠉⡇  ⣀ │ <a>"
    svg = placed(exported(line))
    assert svg.count("<path") == 1
    assert "⠉" not in svg
    assert {(place, char) for place, char in cells(svg) if char != "\u00a0"} == {
        *((1, "8"), (2, "4"), (3, "."), (4, "1"), (13, "│"), (15, "<"), (16, "a"), (17, ">")),
    }


@given(st.text("aB1 ⠿⣀│▁█长★&<", min_size=1, max_size=29))
def test_every_character_keeps_its_cell(line: str) -> None:
    place, expected = 0, []
    for char in line:
        if char not in " ⠿⣀":
            expected.append((place, char))
        place += cell_len(char)
    assert sorted((at, char) for at, char in cells(placed(exported(line))) if char not in " \u00a0") == expected
