"""Regular expressions that a person types, bounded so that none of them can hold the app up.

Python's matcher backtracks: ``(a+)+$`` over 30 letters takes minutes. So only single characters and sets may be
repeated, a few times a pattern, and only short texts are searched.
"""

import re
import warnings
from typing import Final

from tui_tracker.core.text import clean
from tui_tracker.filters.errors import FilterError

MAX_PATTERN: Final = 80
MAX_REPEATS: Final = 3
MAX_SUBJECT: Final = 32
"""Longer texts are cut before they are searched; no real pair is that long."""
_REPEATS: Final = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<extension>\(\?)|(?P<repeat>(?P<group>\))?[*+?{])", re.S
)
_FLAGS: Final = re.compile(r"g?ig?(?=[\s)&|]|$)")
_MORE: Final = re.compile(r"[^\s/()&|]*/")


def compiled(pattern: str, position: int) -> re.Pattern[str]:
    """Return the pattern, ignoring case.

    Args:
        pattern: What was typed.
        position: Where it begins in the filter, for the error.

    Raises:
        FilterError: If it is no pattern, or could take too long.
    """
    if len(pattern) > MAX_PATTERN:
        raise FilterError("pattern too long", position, len(pattern), f"at most {MAX_PATTERN} characters")
    _check_repeats(pattern, position)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        at = getattr(error, "pos", None) or 0
        reason = getattr(error, "msg", "too deep")
        raise FilterError(f"no pattern: {clean(reason, 60)}", position + at) from error


def check_end(text: str, end: int) -> None:
    """Check that what follows the closing slash of a pattern was not meant to belong to it.

    Args:
        text: The filter.
        end: Where the pattern ends in it, behind the slash.

    Raises:
        FilterError: If flags follow, or another slash.
    """
    flags = _FLAGS.match(text, end)
    if flags is not None:
        raise FilterError("patterns ignore case already", end, len(flags[0]), "nothing follows the last /")
    if _MORE.match(text, end):
        raise FilterError("the pattern ends at this /", end - 1, 1, "a slash in it is \\/")


def searched(pattern: re.Pattern[str], text: str) -> bool:
    """Whether the pattern occurs in a text of which only the beginning counts."""
    return pattern.search(text[:MAX_SUBJECT]) is not None


def _check_repeats(pattern: str, position: int) -> None:
    repeats = 0
    for match in _REPEATS.finditer(pattern):
        at = position + match.start()
        if match["extension"]:
            raise FilterError("(?…) is not taken", at, 2, "groups are plain: (BTC|ETH)")
        if match["group"]:
            raise FilterError("a group cannot be repeated", at, 2, "repeat single characters or [sets]")
        if match["repeat"]:
            repeats += 1
            if repeats > MAX_REPEATS:
                raise FilterError("too many repeats", at, 1, f"at most {MAX_REPEATS} of * + ? {{}}")
    if re.search(r"(?<!\\)(?:\\\\)*\\[1-9]", pattern):
        raise FilterError("\\1 is not taken", position, len(pattern))
