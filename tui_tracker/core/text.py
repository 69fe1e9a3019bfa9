"""Text from outside, made safe to show."""

import unicodedata
from typing import Final

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MAX_LENGTH: Final = 200


def clean(text: str, max_length: int = MAX_LENGTH) -> str:
    """Return ``text`` as one line that cannot steer a terminal.

    Control, bidirectional, unassigned and line-separating characters become ``·``; a longer text ends in ``…``. The
    result has at most ``max_length`` characters. It is not safe as markup: show it as plain text.
    """
    if len(text) > max_length:
        text = text[: max_length - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join("·" if unicodedata.category(char) in _UNSAFE else char for char in text)
