"""The words of a filter expression, each with where it stands."""

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

from tui_tracker.filters.errors import FilterError
from tui_tracker.filters.patterns import check_end


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
    """Of a number, in its unit, with ``k``, ``M``, ``B`` or ``T`` counted in."""
    unit: str = ""
    """Of a number: ``%``, ``bps``, ``h``, ``d`` or none."""


SUFFIXES: Final = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
CURRENCIES: Final = "$€£¥"
"""Signs that may stand before a number."""
_WORD: Final = r"[^\W\d][\w./:-]*|\d+[^\W\d][\w./:-]*|[$★][\w./:-]+"


def _readable(whole: str) -> re.Pattern[str]:
    """What begins a token, where the digits before a decimal point are ``whole``."""
    return re.compile(
        rf"""
          (?P<space>\s+)
        | (?P<number>
            (?:[{CURRENCIES}]\s?)?(?P<digits>[+-]?(?:(?:{whole})(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
            (?:\s?(?P<suffix>%|(?i:bps|[kmbthd])(?![\w./:-]))|(?![\w.]))
          )
        | "(?P<double>[^"]*)" | '(?P<single>[^']*)'
        | /(?P<pattern>(?:\\.|[^/\\])*)/
        | (?P<is_not>(?i:is\s+not)(?![\w./:-]))
        | (?P<word>{_WORD})
        | (?P<operator><=|>=|=<|=>|<>|==|!=|!~|=~|≤|≥|≠|<|>|=|~|&&|\|\||&|\||!|\(|\)|,)
        """,
        re.VERBOSE,
    )


_WHOLE: Final = r"\d{1,3}(?:[ ]\d{3})+|\d+(?:_\d+)*"
_TOKEN: Final = _readable(rf"\d{{1,3}}(?:,\d{{3}})+|{_WHOLE}")
_TOKEN_OF_A_LIST: Final = _readable(_WHOLE)
"""In a list commas stand between its members, not between thousands."""
_AS_PYTHON: Final = {
    "=": "==", "is": "==", "≤": "<=", "≥": ">=", "≠": "!=", "=<": "<=", "=>": ">=", "<>": "!=", "=~": "~",
    "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not",
}  # fmt: skip
_BARE_PATTERN: Final = re.compile(r"""[^\s()"'/][^\s()]*""")
_UNGROUPED: Final = str.maketrans("", "", ", _")
_WORD_OPERATORS: Final = ("and", "or", "not", "in", "is")
_EQUALITIES: Final = {(Kind.OPERATOR, "=="): "~", (Kind.OPERATOR, "!="): "!~"}
"""What equality to a pattern means: ``base = /^B/``."""
_MATCHING: Final = ((Kind.OPERATOR, "~"), (Kind.OPERATOR, "!~"))


def tokens(text: str) -> list[Token]:
    """Return the words of an expression: O(n).

    Raises:
        FilterError: At a character that begins none.
    """
    found: list[Token] = []
    position = 0
    is_list = False
    while position < len(text):
        bare = _BARE_PATTERN.match(text, position) if found and found[-1][:2] in _MATCHING else None
        if bare is not None:
            found.append(Token(Kind.PATTERN, bare[0], position, len(bare[0])))
            position = bare.end()
            continue
        match = (_TOKEN_OF_A_LIST if is_list else _TOKEN).match(text, position)
        if match is None:
            raise _unreadable(text, position)
        if match.lastgroup != "space":
            found.append(_token(match))
            if found[-1].kind is Kind.PATTERN and len(found) > 1 and found[-2][:2] in _EQUALITIES:
                found[-2] = found[-2]._replace(text=_EQUALITIES[found[-2][:2]])
            is_list = _is_list_open(found, is_list)
        position = match.end()
    return found


def _is_list_open(found: Sequence[Token], was_open: bool) -> bool:
    """Whether a list is open behind the last token."""
    last = found[-1]
    if last.kind is not Kind.OPERATOR or last.text not in "()":
        return was_open
    return last.text == "(" and begins_list(found[-2:-1])


def begins_list(before: Sequence[Token]) -> bool:
    """Whether a parenthesis behind these tokens begins a list."""
    return bool(before) and before[-1][:2] == (Kind.OPERATOR, "in")


def _token(match: re.Match[str]) -> Token:
    position, length = match.start(), len(match[0])
    group = match.lastgroup or ""
    text = match[group]
    match group:
        case "number":
            return _number(match)
        case "double" | "single":
            return Token(Kind.TEXT, text, position, length)
        case "pattern":
            if text:
                check_end(match.string, match.end())
            return Token(Kind.PATTERN, text, position, length)
        case "is_not":
            return Token(Kind.OPERATOR, "!=", position, length)
        case "word" if text.lower() in _WORD_OPERATORS:
            return Token(Kind.OPERATOR, _AS_PYTHON.get(text.lower(), text.lower()), position, length)
        case "word":
            return Token(Kind.WORD, text, position, length)
        case _:
            return Token(Kind.OPERATOR, _AS_PYTHON.get(text, text), position, length)


def _number(match: re.Match[str]) -> Token:
    value = float(match["digits"].translate(_UNGROUPED))
    suffix = (match["suffix"] or "").lower()
    unit = "" if suffix in SUFFIXES else suffix
    return Token(Kind.NUMBER, match[0], match.start(), len(match[0]), value * SUFFIXES.get(suffix, 1.0), unit)


def _unreadable(text: str, position: int) -> FilterError:
    char = text[position]
    if char in "\"'/":
        return FilterError(f"no {char} at its end", position, len(text) - position)
    return FilterError(f"{char!r} means nothing here", position, hint="parentheses are ( )" if char in "[]{}" else "")
