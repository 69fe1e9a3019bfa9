"""Fewer bytes for the same picture: of a frame, only the cells that differ from what the terminal shows are written.

Textual writes a region whole when anything in it changed, every piece with all its attributes and a reset behind it.
"""

import re
from operator import ne, or_
from typing import Final

from rich.cells import cell_len

from tui_tracker.tui.sgr import PLAIN, Pen, after, blank, change

_TOKEN: Final = re.compile(
    r"\x1b\[([\d;]*)m"  # a pen
    r"|\x1b\[(\d*)(?:;(\d*))?H"  # a place
    r"|\x1b\[\?2026([hl])"  # begin and end of a frame (synchronized output)
    r"|(\x1b\[\?[\d;]*[hl]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))"  # modes; pointer, clipboard
    r"|[\x00-\x1f\x7f]"
)
_ONE_CELL: Final = re.compile(
    r"[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0377\u0391-\u03c9\u0400-\u0482\u2010-\u2027\u2030-\u205e\u20a0-\u20bf"
    r"\u2190-\u21ff\u2200-\u22ff\u2500-\u25fc\u25ff\u2605\u2606\u2800-\u28ff]*"
)
"""Characters that every terminal shows in one cell. Others are always written."""
_MOST: Final = 2_000
"""Rows and columns of a terminal whose size is unknown; none has more."""
_NEAR: Final = 4
"""So many unchanged cells between two changed ones are written again, rather than jumped over."""
_NEW: Final = re.compile(rb"\x01+(?:\x00{1,%d}\x01+)*" % _NEAR)
"""A run of cells of which the first and the last are new."""


class ShownScreen:
    """What a terminal shows, as far as that is known, and how to make it show something else.

    A terminal at rest has the plain pen; each frame begins and leaves it so.
    """

    def __init__(self) -> None:
        self._rows: dict[int, tuple[list[str], list[Pen]]] = {}
        self._cursor = (-1, -1)
        self._columns = self._lines = _MOST

    def resize(self, columns: int, lines: int) -> None:
        """The terminal has this size now, and may show anything. Frames made for a larger one are then not understood.

        What such a frame writes beyond the edge, a terminal writes on the edge.
        """
        self._columns, self._lines = columns, lines
        self.forget()

    def forget(self) -> None:
        """Know nothing of the screen any more."""
        self._rows.clear()
        self._cursor = (-1, -1)

    def difference(self, frame: str) -> str:
        """Return what has the same effect as a frame, in fewer bytes; nothing, if it changes nothing.

        A frame with a sequence that isn't understood is returned as it is, and the screen is forgotten.
        """
        written = _Written(self._cursor)
        y, x = self._cursor
        pen, position, is_synchronized = PLAIN, 0, False
        for found in _TOKEN.finditer(frame):
            start = found.start()
            if start > position:
                text = frame[position:start]
                if x < 0:
                    return self._unknown(frame)
                x += self._put(written, y, x, text, pen)
                if x > self._columns:
                    return self._unknown(frame)
            position = found.end()
            codes, row, column, sync, passed = found.groups()
            if codes is not None:
                following = after(pen, codes)
                if following is None:
                    return self._unknown(frame)
                pen = following
            elif row is not None:
                y, x = int(row or 1) - 1, int(column or 1) - 1
                if not (0 <= y < self._lines and 0 <= x < self._columns):
                    return self._unknown(frame)
            elif sync is not None:
                is_synchronized = True
            elif passed is not None:
                written.pieces.append(passed)
            elif found[0] == "\r":
                x = 0
            elif found[0] == "\n":
                y, x = y + 1, -1  # where that is, nobody needs to know: a place follows
            else:
                return self._unknown(frame)
        if position < len(frame):
            return self._unknown(frame)
        self._cursor = (y, x)
        return written.ended(y, x, is_synchronized)

    def _unknown(self, frame: str) -> str:
        self.forget()
        return frame

    def _put(self, written: "_Written", y: int, x: int, text: str, pen: Pen) -> int:
        """Take a piece of text; write what of it is new; return its width."""
        row = self._rows.get(y)
        if row is None:
            row = self._rows[y] = [], []
        chars, pens = row
        if _ONE_CELL.fullmatch(text) is None:
            return self._put_wide(written, y, x, text, pen, row)
        width = len(text)
        end = x + width
        if len(chars) < end:
            missing = end - len(chars)
            chars += [""] * missing
            pens += [PLAIN] * missing
        shown = [pen] * width
        if " " in text:
            space = blank(pen)
            if space is not pen:
                shown = [space if char == " " else pen for char in text]
        before, was = chars[x:end], pens[x:end]
        new = map(ne, before, text)
        if was != shown:
            new = map(or_, new, map(ne, was, shown))
        elif before == list(text):
            return width
        chars[x:end], pens[x:end] = text, shown
        for run in _NEW.finditer(bytes(new)):
            first, last = run.span()
            written.put(y, x + first, text[first:last], pen, row)
        return width

    def _put_wide(
        self, written: "_Written", y: int, x: int, text: str, pen: Pen, row: tuple[list[str], list[Pen]]
    ) -> int:
        """Write a text that not every terminal sees alike; its cells, and the one before, count as unknown after."""
        width = cell_len(text)
        chars, pens = row
        missing = x + width - len(chars)
        if missing > 0:
            chars += [""] * missing
            pens += [PLAIN] * missing
        first = max(0, x - 1)
        chars[first : x + width + 1] = [""] * len(chars[first : x + width + 1])
        written.put(y, x, text, pen, row)
        written.lose_place()
        return width


class _Written:
    """What is written of a frame."""

    def __init__(self, cursor: tuple[int, int]) -> None:
        self.pieces: list[str] = []
        self._y, self._x = cursor
        self._pen = PLAIN

    def put(self, y: int, x: int, text: str, pen: Pen, row: tuple[list[str], list[Pen]]) -> None:
        """Write a text in one pen, at a place."""
        self._go(y, x, row)
        self._x += len(text)
        if blank(self._pen) == blank(pen):
            rest = text.lstrip(" ")
            if len(rest) < len(text):
                self.pieces.append(text[: len(text) - len(rest)])
                if not rest:
                    return
                text = rest
        self._change(pen)
        self.pieces.append(text)

    def lose_place(self) -> None:
        """Don't rely on where the cursor is now."""
        self._y = self._x = -1

    def _go(self, y: int, x: int, row: tuple[list[str], list[Pen]]) -> None:
        if y == self._y and x >= self._x:
            between = x - self._x
            if not between:
                return
            chars, pens = row
            if between <= _NEAR and pens[self._x : x] == [self._pen] * between and "" not in chars[self._x : x]:
                self.pieces.append("".join(chars[self._x : x]))
            else:
                self.pieces.append(f"\x1b[{between if between > 1 else ''}C")
        else:
            self.pieces.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
        self._y, self._x = y, x

    def _change(self, pen: Pen) -> None:
        if pen is not self._pen:
            self.pieces.append(change(self._pen, pen))
            self._pen = pen

    def ended(self, y: int, x: int, is_synchronized: bool) -> str:
        """Come to rest; return everything, shown at once if the terminal can do that."""
        if (y, x) != (self._y, self._x) and y >= 0 <= x:
            self.pieces.append(f"\x1b[{y + 1};{x + 1}H")
        self._change(PLAIN)
        whole = "".join(self.pieces)
        return f"\x1b[?2026h{whole}\x1b[?2026l" if is_synchronized and whole else whole
