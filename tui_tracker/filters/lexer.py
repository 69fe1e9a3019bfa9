"""The words of a filter expression, each with where it stands."""

import re
from enum import Enum
from typing import Final, NamedTuple

from tui_tracker.filters.errors import FilterError


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    TEXT = "text"
    """In quotes."""
    PATTERN = "pattern"
    """Between slashes."""
    WORD = "word"
    """A column, or a text without quotes."""
    OPERATOR = "operator"


class Token(NamedTuple):
    """One word of an expression."""

    kind: Kind
    text: str
    """An operator as Python spells it; anything else as it was typed, without quotes or slashes."""
    position: int
    length: int
    value: float = 0.0
    """Of a number, with its suffix counted in; a percentage as its number of percent."""
    is_percent: bool = False


SUFFIXES: Final = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_WORD: Final = r"[^\W\d][\w./:-]*|\d+[^\W\d][\w./:-]*|[$★][\w./:-]+"
_TOKEN: Final = re.compile(
    rf"""
      (?P<space>\s+)
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:\s?%|[kKmMbBtT])?)(?![\w.])
    | "(?P<double>[^"]*)" | '(?P<single>[^']*)'
    | /(?P<pattern>(?:\\.|[^/\\])*)/
    | (?P<word>{_WORD})
    | (?P<operator><=|>=|==|!=|!~|=~|≤|≥|≠|<|>|=|~|&&|\|\||&|\||!|\(|\)|,)
    """,
    re.VERBOSE,
)
_AS_PYTHON: Final = {
    "=": "==", "≤": "<=", "≥": ">=", "≠": "!=", "=~": "~", "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not",
}  # fmt: skip
_BARE_PATTERN: Final = re.compile(r"""[^\s()"'/][^\s()]*""")
_WORD_OPERATORS: Final = ("and", "or", "not", "in")
_MATCHING: Final = ((Kind.OPERATOR, "~"), (Kind.OPERATOR, "!~"))


def tokens(text: str) -> list[Token]:
    """Return the words of an expression: O(n).

    Raises:
        FilterError: At a character that begins none.
    """
    found: list[Token] = []
    position = 0
    while position < len(text):
        bare = _BARE_PATTERN.match(text, position) if found and found[-1][:2] in _MATCHING else None
        if bare is not None:
            found.append(Token(Kind.PATTERN, bare[0], position, len(bare[0])))
            position = bare.end()
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        if match.lastgroup != "space":
            found.append(_token(match))
        position = match.end()
    return found


def _token(match: re.Match[str]) -> Token:
    position, length = match.start(), len(match[0])
    group = match.lastgroup or ""
    text = match[group]
    match group:
        case "number":
            return _number(text, position)
        case "double" | "single":
            return Token(Kind.TEXT, text, position, length)
        case "pattern":
            return Token(Kind.PATTERN, text, position, length)
        case "word" if text.lower() in _WORD_OPERATORS:
            return Token(Kind.OPERATOR, text.lower(), position, length)
        case "word":
            return Token(Kind.WORD, text, position, length)
        case _:
            return Token(Kind.OPERATOR, _AS_PYTHON.get(text, text), position, length)


def _number(text: str, position: int) -> Token:
    last = text[-1].lower()
    if last == "%":
        return Token(Kind.NUMBER, text, position, len(text), float(text[:-1]), is_percent=True)
    if last in SUFFIXES:
        return Token(Kind.NUMBER, text, position, len(text), float(text[:-1]) * SUFFIXES[last])
    return Token(Kind.NUMBER, text, position, len(text), float(text))


def _unreadable(text: str, position: int) -> FilterError:
    char = text[position]
    if char in "\"'/":
        return FilterError(f"no {char} at its end", position, len(text) - position)
    return FilterError(f"{char!r} means nothing here", position)
