"""Keys that may not reach the app, since something between keyboard and app keeps or changes them. Pure."""

from typing import Final

KEPT: Final = {
    "ctrl+a": "the prefix of screen, and of many a tmux",
    "ctrl+b": "the prefix of tmux",
    "ctrl+s": "flow control stops the output by it",
    "ctrl+q": "flow control lets the output go on by it",
    "ctrl+h": "terminals send Backspace for it",
    "ctrl+i": "terminals send Tab for it",
    "ctrl+m": "terminals send Enter for it",
    "ctrl+left_square_bracket": "terminals send Esc for it",
    "ctrl+j": "many a tmux goes to another pane by it",
    "ctrl+k": "many a tmux goes to another pane by it",
    "ctrl+l": "many a tmux goes to another pane by it",
    "f11": "most terminals fill the screen by it",
}
_SENT_WITH_CTRL: Final = frozenset(
    {"at", "left_square_bracket", "backslash", "right_square_bracket", "circumflex_accent", "underscore"}
)
"""Names of the signs that have a control character, beside the letters."""
_WITHOUT_CTRL: Final = frozenset({"tab", "enter", "escape", "space", "backspace"})
_ARROWS: Final = frozenset({"up", "down", "left", "right"})


def kept_by(key: str, character: str | None) -> str:
    """Who or what may keep a key from the app, empty if nobody does.

    Args:
        key: As Textual calls it.
        character: What its last part writes; ``None`` for a key such as F5.
    """
    if key in KEPT:
        return KEPT[key]
    *modifiers, base = key.split("+")
    is_letter = character is not None and character.isalpha()
    if "ctrl" in modifiers and "alt" in modifiers:
        return "desktops keep most keys with ctrl and alt"
    if "ctrl" in modifiers and "shift" in modifiers and is_letter:
        return f"terminals keep it, or send ctrl+{base}"
    is_sign = character is not None and not is_letter and base not in _SENT_WITH_CTRL
    if "ctrl" in modifiers and (is_sign or base in _WITHOUT_CTRL):
        return "most terminals can't send it"
    if modifiers == ["shift"] and base in _ARROWS:
        return "tmux and some terminals keep arrows with shift"
    if modifiers == ["shift"] and is_letter:
        return f"terminals send {base.upper()} for it"
    if modifiers == ["alt"] and is_letter:
        return "macOS writes a sign by it"
    return ""
