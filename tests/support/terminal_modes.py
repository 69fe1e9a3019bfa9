"""What a program's output leaves a terminal in: private modes and the keyboard protocol, read from raw bytes."""

import re
from typing import Final

NAMES: Final = {
    1: "application cursor keys",
    47: "alternate screen",
    1047: "alternate screen",
    1049: "alternate screen",
    1000: "mouse clicks",
    1002: "mouse drags",
    1003: "mouse moves",
    1006: "mouse SGR",
    1015: "mouse urxvt",
    1004: "focus events",
    1016: "mouse pixels",
    2004: "bracketed paste",
    2026: "synchronised output",
    2048: "in-band resize",
}
"""Private modes (DECSET) that are off in a terminal at rest."""
CURSOR: Final = 25

_SEQUENCE: Final = re.compile(rb"\x1b\[([<=>?]?)([0-9;]*)([ -/]*)([@-~])")


class TerminalModes:
    """The modes that are in force after some output.

    References: xterm's ctlseqs (DECSET, DECRST, modifyOtherKeys) and https://sw.kovidgoyal.net/kitty/keyboard-protocol/
    """

    def __init__(self) -> None:
        self._is_on: dict[int, bool] = {}
        self._kitty = 0
        self._other_keys = 0

    def feed(self, output: bytes) -> None:
        """Take whole sequences into account; one must not be split over two calls."""
        for prefix, parameters, between, final in _SEQUENCE.findall(output):
            if between:
                continue
            numbers = [int(number) for number in parameters.split(b";") if number]
            if prefix == b"?" and final in b"hl":
                self._is_on.update(dict.fromkeys(numbers, final == b"h"))
            elif final == b"u" and prefix == b">":
                self._kitty += 1
            elif final == b"u" and prefix == b"<":
                self._kitty = max(0, self._kitty - (numbers[0] if numbers else 1))
            elif final == b"m" and prefix == b">":
                self._other_keys = numbers[1] if len(numbers) > 1 and numbers[0] == 4 else 0

    def left_on(self) -> set[str]:
        """What is not as in a terminal at rest, in words; empty if it was left clean."""
        left = {f"{name} ({mode})" for mode, name in NAMES.items() if self._is_on.get(mode)}
        if not self._is_on.get(CURSOR, True):
            left.add(f"hidden cursor ({CURSOR})")
        if self._kitty:
            left.add("kitty keyboard")
        if self._other_keys:
            left.add("modifyOtherKeys")
        return left

    def is_on(self, mode: int) -> bool:
        """Whether a private mode is on."""
        return self._is_on.get(mode, mode == CURSOR)


def left_on(output: bytes) -> set[str]:
    """What ``output`` leaves on at its end, in words."""
    modes = TerminalModes()
    modes.feed(output)
    return modes.left_on()
