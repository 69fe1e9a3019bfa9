"""The picture that a program paints, by pyte, with what pyte cannot read kept from it."""

import re
from typing import Final

import pyte

from tests.support.terminal_modes import TerminalModes

_ALTERNATE: Final = {b"1049", b"1047", b"47"}
_UNREADABLE: Final = re.compile(
    rb"\x1b\[[<=>][0-9;:]*[ -/]*[@-~]"  # kitty keyboard, modifyOtherKeys, device attributes
    rb"|\x1b\[\??[0-9;:]*[ -/]+[@-~]"  # mode queries (CSI ? … $ p), cursor shape (CSI … SP q)
    rb"|\x1b\[\?[0-9;]*u"  # query of the keyboard protocol
    rb"|\x1b\[[0-9;]*t"  # window operations
    rb"|\x1b[PX^_][^\x1b\x07]*(?:\x1b\\|\x07)"  # DCS, SOS, PM, APC
    rb"|\x1b\][^\x1b\x07]*(?:\x1b\\|\x07)"  # OSC: titles, colours, clipboard
)
_SWITCH: Final = re.compile(rb"\x1b\[\?(1049|1047|47)([hl])")
_COLON: Final = re.compile(rb"\x1b\[[0-9;]*:[0-9:;]*m")
_UNFINISHED: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[PX^_\]][^\x1b\x07]*\x1b?)?$")


class PtyScreen:
    """A terminal's main and alternate screens."""

    def __init__(self, rows: int, columns: int) -> None:
        self._rows, self._columns = rows, columns
        self._main = pyte.Screen(columns, rows)
        self._current = self._main
        self._stream = pyte.ByteStream(self._main)
        self._rest = b""
        self.modes = TerminalModes()
        self._lines: list[str] = []
        """What was shown when that was last asked for; pyte knows which lines changed since."""

    def feed(self, data: bytes) -> None:
        """Take output; a sequence split over two calls waits for its end."""
        data = self._rest + data
        cut = _UNFINISHED.search(data)
        self._rest = data[cut.start() :] if cut else b""
        data = data[: cut.start()] if cut else data
        self.modes.feed(data)
        position = 0
        for switch in _SWITCH.finditer(data):
            self._paint(data[position : switch.start()])
            self._switch(to_alternate=switch[2] == b"h")
            position = switch.end()
        self._paint(data[position:])

    def resize(self, rows: int, columns: int) -> None:
        """Follow the terminal's new size."""
        self._rows, self._columns = rows, columns
        self._lines = []
        for screen in {id(screen): screen for screen in (self._main, self._current)}.values():
            screen.resize(rows, columns)

    @property
    def is_alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        return self._current is not self._main

    @property
    def lines(self) -> list[str]:
        """What is shown, one string a row."""
        screen = self._current
        if len(self._lines) != screen.lines:
            self._lines = [""] * screen.lines
            screen.dirty.update(range(screen.lines))
        for y in screen.dirty:
            if y < screen.lines:
                row = screen.buffer[y]
                self._lines[y] = "".join([row[x].data for x in range(screen.columns)])  # a wide one's second cell is ""
        screen.dirty.clear()
        return self._lines

    @property
    def pyte(self) -> pyte.Screen:
        """The screen that is shown, with attributes and cursor."""
        return self._current

    def _paint(self, data: bytes) -> None:
        data = _UNREADABLE.sub(b"", data)
        self._stream.feed(_COLON.sub(b"", data))

    def _switch(self, to_alternate: bool) -> None:
        self._stream.detach(self._current)
        self._current = pyte.Screen(self._columns, self._rows) if to_alternate else self._main
        self._lines = []
        self._stream.attach(self._current)
