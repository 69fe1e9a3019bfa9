"""From the words of an expression to Python's own syntax tree, of which a closed list of nodes is taken.

What a person types never reaches Python's parser: each operand becomes a placeholder, ``_0``, ``_1`` …, and operators
are of a fixed list. So the tree holds nothing but names, comparisons and logic, and nothing is ever evaluated.
"""

import ast
from collections.abc import Sequence
from typing import Final

from tui_tracker.filters.errors import FilterError
from tui_tracker.filters.lexer import Kind, Token

MATCHES: Final = ast.MatMult
"""How ``~`` is spelled in the tree; Python has no such operator, and this one binds closer than comparisons."""
MATCHES_NOT: Final = ast.Mod
_SPELLED: Final = {"~": "@", "!~": "%"}


def tree(words: Sequence[Token], end: int) -> ast.expr:
    """Return the tree of an expression whose names are the numbers of its ``words``.

    Args:
        words: The expression.
        end: Length of its text.

    Raises:
        FilterError: If it is none.
    """
    _check_neighbours(words, end)
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
        raise FilterError(f"{word.text!r} does not fit here", word.position, word.length) from error
    except (MemoryError, RecursionError) as error:
        raise FilterError("nested too deeply", 0, end) from error


def word_of(node: ast.Name, words: Sequence[Token]) -> Token:
    """The word that a name of the tree stands for."""
    return words[int(node.id[1:])]


def first_word(node: ast.expr, words: Sequence[Token]) -> Token:
    """The first operand of a part of the tree, to point at."""
    numbers = [int(part.id[1:]) for part in ast.walk(node) if isinstance(part, ast.Name)]
    return words[min(numbers, default=0)]


def _check_neighbours(words: Sequence[Token], end: int) -> None:
    """Say in plain words what Python's parser would say in its own."""
    is_open: list[Token] = []
    before: Token | None = None
    for word in words:
        is_operand = word.kind is not Kind.OPERATOR
        ends_operand = before is not None and (before.kind is not Kind.OPERATOR or before.text == ")")
        if ends_operand and is_operand:
            raise FilterError("and, or or a comparison is missing", word.position, word.length, "a > 1 and b < 2")
        if word.text == "(" and not is_operand:
            is_open.append(word)
        elif word.text == ")" and not is_operand:
            if not is_open:
                raise FilterError(") without (", word.position)
            is_open.pop()
        before = word
    if before is not None and before.kind is Kind.OPERATOR and before.text != ")":
        raise FilterError(_missing(before), end, 1)
    if is_open:
        raise FilterError("( without )", is_open[-1].position)


def _missing(last: Token) -> str:
    if last.text in ("and", "or", "not", "("):
        return "a condition is missing"
    return "a list is missing" if last.text == "in" else "a value is missing"
