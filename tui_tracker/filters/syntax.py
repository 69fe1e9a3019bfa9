"""From the words of an expression to Python's own syntax tree, of which a closed list of nodes is taken.

What a person types never reaches Python's parser: each operand becomes a placeholder, ``_0``, ``_1`` …, and operators
are of a fixed list. So the tree holds nothing but names, comparisons and logic, and nothing is ever evaluated.
"""

import ast
import re
from collections.abc import Sequence
from typing import Final

from tui_tracker.filters.columns import BY_NAME, NumberColumn
from tui_tracker.filters.errors import FilterError
from tui_tracker.filters.lexer import Kind, Token, begins_list

MATCHES: Final = ast.MatMult
"""How ``~`` is spelled in the tree; Python has no such operator, and this one binds closer than comparisons."""
MATCHES_NOT: Final = ast.Mod
_THOUSANDS_END: Final = re.compile(r"0\d\d(?!\d)")
_SPELLED: Final = {"~": "@", "!~": "%"}


def tree(words: Sequence[Token], text: str) -> ast.expr:
    """Return the tree of an expression whose names are the numbers of its ``words``.

    Args:
        words: The expression.
        text: What was typed.

    Raises:
        FilterError: If it is none.
    """
    _check_neighbours(words, len(text))
    parts, starts, length = [], [], 0
    for number, word in enumerate(words):
        part = _SPELLED.get(word.text, word.text) if word.kind is Kind.OPERATOR else f"_{number}"
        starts.append(length)
        parts.append(part)
        length += len(part) + 1
    try:
        return ast.parse(" ".join(parts), mode="eval").body
    except SyntaxError as error:
        offset = (error.offset or 1) - 1
        number = max((index for index, start in enumerate(starts) if start <= offset), default=0)
        word = words[number]
        typed = text[word.position : word.position + word.length]
        raise FilterError(f"{typed!r} does not fit here", word.position, word.length) from error
    except (MemoryError, RecursionError) as error:
        raise FilterError("nested too deeply", 0, len(text)) from error


def word_of(node: ast.Name, words: Sequence[Token]) -> Token:
    """The word that a name of the tree stands for."""
    return words[int(node.id[1:])]


def first_word(node: ast.expr, words: Sequence[Token]) -> Token:
    """The first operand of a part of the tree, to point at."""
    numbers = [int(part.id[1:]) for part in ast.walk(node) if isinstance(part, ast.Name)]
    return words[min(numbers, default=0)]


def _check_neighbours(words: Sequence[Token], end: int) -> None:
    """Say in plain words what Python's parser would say in its own."""
    before: Token | None = None
    for place, word in enumerate(words):
        ends_operand = before is not None and (before.kind is not Kind.OPERATOR or before.text == ")")
        if ends_operand and word.kind is not Kind.OPERATOR:
            raise _missing_between(words, place)
        before = word
    if before is not None and before.kind is Kind.OPERATOR and before.text != ")":
        raise FilterError(_missing(before), end, 1)
    _check_parentheses(words)


def _missing_between(words: Sequence[Token], place: int) -> FilterError:
    """What is missing before a word that follows another one."""
    before, word = words[place - 1 : place + 1]
    if word.kind is Kind.NUMBER and isinstance(BY_NAME.get(before.text.lower()), NumberColumn):
        return FilterError("a comparison lacks its sign", word.position, word.length, f"{before.text} > {word.text}")
    is_open = [one.text for one in words[:place] if one.kind is Kind.OPERATOR and one.text in ("(", ")", "in")]
    if is_open[-2:] == ["in", "("]:
        return FilterError("a comma is missing", word.position, word.length, "in (USD, EUR)")
    return FilterError("and, or or a comparison is missing", word.position, word.length, "a > 1 and b < 2")


def _check_parentheses(words: Sequence[Token]) -> None:
    """Check that they come in pairs around something, and that commas are between what is in a list."""
    is_open: list[tuple[Token, bool]] = []
    """Those that are open, and whether they hold a list."""
    for place, word in enumerate(words):
        sign = word.text if word.kind is Kind.OPERATOR else ""
        if sign == "(":
            is_open.append((word, begins_list(words[max(0, place - 1) : place])))
        elif sign == ")":
            if not is_open:
                raise FilterError("this ) closes nothing", word.position)
            begin, is_list = is_open.pop()
            if words[place - 1] is begin:
                message = "the list is empty" if is_list else "nothing is in the parentheses"
                raise FilterError(message, begin.position, word.position + 1 - begin.position)
        elif sign == ",":
            if not (is_open and is_open[-1][1]):
                raise FilterError("a comma is for lists and thousands", word.position, 1, "in (1, 2), 1,000,000")
            _check_thousands(word, words[place + 1])
    if is_open:
        raise FilterError("this ( is not closed", is_open[-1][0].position)


def _check_thousands(comma: Token, word: Token) -> None:
    """Refuse ``in (1,000, 2)``: it would be 1, 0 and 2."""
    if word.kind is Kind.NUMBER and word.position == comma.position + 1 and _THOUSANDS_END.match(word.text):
        raise FilterError("a comma in a list ends a number", comma.position, 1, "1000 or 1_000")


def _missing(last: Token) -> str:
    if last.text in ("and", "or", "not", "("):
        return "a condition is missing"
    return "a list is missing" if last.text == "in" else "a value is missing"
