"""The filter language: plain words, ``/patterns/`` and expressions over the columns, made into a predicate.

``btc !eur``, ``/^(BTC|ETH)\\/USD/``, ``sigma > 2% and volume > 1e6 and quote in (USD, USDT)``.
"""

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tui_tracker.filters.columns import BY_NAME, NumberColumn, Subject, begins_name
from tui_tracker.filters.comparisons import (
    Operand,
    Operator,
    comparison,
    is_whole_share,
    membership,
    operand,
    pattern_match,
)
from tui_tracker.filters.errors import FilterError
from tui_tracker.filters.lexer import CURRENCIES, Kind, Token, tokens
from tui_tracker.filters.patterns import check_end, compiled, searched
from tui_tracker.filters.syntax import MATCHES, MATCHES_NOT, first_word, tree, word_of

MAX_LENGTH: Final = 200
Predicate = Callable[[Subject], bool]
_NAMES: Final = "|".join(map(re.escape, BY_NAME))
_NUMBERS: Final = "|".join(re.escape(name) for name, column in BY_NAME.items() if isinstance(column, NumberColumn))
_EXPRESSION: Final = re.compile(
    rf"""
      [<>=~≤≥≠()|&"']
    | \S\s+(?:and|or|in|not\s+in)\s+(?:\S|$) | \S\s+(?:and|or)$
    | ^\s*not\s+\S
    | (?:^|[\s!])(?:{_NAMES})\s+is\s+\S
    | (?:^|\s)(?:{_NUMBERS})\s+[+-]?[{CURRENCIES}]?\d[\d,._]*\s?(?:%|bps|[kmbthd])?(?:\s|$)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LAST_OPERAND: Final = re.compile(r"(?:\b(?:and|or|not)\s+|[&|!(]\s*)(\w+)$", re.IGNORECASE)
"""A word at the end that nothing is compared with yet."""
_PATTERN: Final = re.compile(r"(?<![^\s(])(!?)/((?:\\.|[^/\\])*)(/?)")
"""``/pattern/`` or ``!/pattern/`` where a word may begin; the last one may go on to the end, as while one types it."""
_OPERATORS: Final[dict[type[ast.cmpop], Operator]] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_NEGATED: Final[dict[Operator, Operator]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that makes sense."""

    text: str
    matches: Predicate
    """Whether it lets a pair through. A value that is unknown matches no comparison, not even a negated one."""
    understood: str = ""
    """How a number was read that could be read in two ways, ``coverage > 0.9`` as 90 %."""


def compile_filter(text: str) -> Filter:
    """Return what a text filters by; an empty one lets everything through.

    Raises:
        FilterError: If it is none; it says what is wrong, and where.
    """
    if len(text) > MAX_LENGTH:
        raise FilterError("filter too long", MAX_LENGTH, 1, f"at most {MAX_LENGTH} characters")
    if is_expression(text):
        words = tokens(text)
        compiler = _Compiler(words)
        return Filter(text, compiler.condition(tree(words, text), True), compiler.understood)
    in_patterns = [_pattern_term(found, text) for found in _PATTERN.finditer(text) if found[2]]
    rest = _PATTERN.sub(" ", text)
    return Filter(text, _all_of([*in_patterns, plain_words(rest)] if rest.strip() else in_patterns))


def is_expression(text: str) -> bool:
    """Whether a filter compares columns, or is about to."""
    return _EXPRESSION.search(_PATTERN.sub("//", text)) is not None


def begins_comparison(text: str) -> bool:
    """Whether an expression ends in a word that begins the name of a column: ``sigma > 2% and vol``.

    It makes sense as it is, by the word alone, but its comparison seems to follow.
    """
    last = _LAST_OPERAND.search(text)
    return last is not None and is_expression(text) and begins_name(last[1])


def problem_of(text: str) -> FilterError | None:
    """What is wrong with a filter, or ``None``."""
    try:
        compile_filter(text)
    except FilterError as error:
        return error
    return None


def plain_words(text: str) -> Predicate:
    """Every word must occur, one after ``!`` must not.

    A word occurs in the spellings of a pair. ``kraken``, the whole name of its exchange, is one of every pair's there,
    and ``kraken:btc`` of those whose id begins so.
    """
    words = text.lower().split()
    wanted = [_occurs(word) for word in words if not word.startswith("!")]
    unwanted = [_not(_occurs(word[1:])) for word in words if word.startswith("!") and len(word) > 1]
    return _all_of((*wanted, *unwanted))


def _occurs(word: str) -> Predicate:
    beginning = word if ":" in word else f"{word}:"
    return lambda subject: word in subject.text or subject.row.instrument.id.lower().startswith(beginning)


def _pattern_term(found: re.Match[str], text: str) -> Predicate:
    """What a pattern among plain words lets through, or keeps out behind ``!``."""
    if found[3]:
        check_end(text, found.end())
    elif re.search(r"\s", found[2]):
        raise FilterError("no / at its end", found.start(2) - 1, 1, "/^b/ usd")
    search = _pattern_search(compiled(found[2], found.start(2)))
    return _not(search) if found[1] else search


def _pattern_search(pattern: re.Pattern[str]) -> Predicate:
    return lambda subject: searched(pattern, subject.row.instrument.pair)


def _not(predicate: Predicate) -> Predicate:
    return lambda subject: not predicate(subject)


def _all_of(parts: Sequence[Predicate]) -> Predicate:
    def matches(subject: Subject) -> bool:
        return all(part(subject) for part in parts)

    if len(parts) == 2:
        first, second = parts
        return lambda subject: first(subject) and second(subject)
    return parts[0] if len(parts) == 1 else matches


def _any_of(parts: Sequence[Predicate]) -> Predicate:
    return lambda subject: any(part(subject) for part in parts)


class _Compiler:
    """Makes predicates of the nodes of one expression.

    Negations are pushed down to the comparisons (``wanted`` is false below an odd number of them), so that an unknown
    value can simply match nothing.
    """

    def __init__(self, words: Sequence[Token]) -> None:
        self._words = words
        self.understood = ""
        """See :class:`Filter`."""

    def condition(self, node: ast.expr, wanted: bool) -> Predicate:
        """What a node lets through, or keeps out."""
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = [self.condition(value, wanted) for value in values]
                return _all_of(parts) if isinstance(op, ast.And) is wanted else _any_of(parts)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return self.condition(inner, not wanted)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                pairs = zip((left, *comparators), ops, comparators, strict=False)
                parts = [self._comparison(one, op, other, wanted) for one, op, other in pairs]
                return _all_of(parts) if wanted else _any_of(parts)
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, MATCHES | MATCHES_NOT):
                is_wanted = wanted is isinstance(op, MATCHES)
                return pattern_match(self._operand(left), self._operand(right), is_wanted)
            case ast.Name():
                found = self._bare(word_of(node, self._words))
                return found if wanted else _not(found)
            case _:
                raise self._misfit(node)

    def _comparison(self, one: ast.expr, op: ast.cmpop, other: ast.expr, wanted: bool) -> Predicate:
        found = _OPERATORS.get(type(op))
        members = other.elts if found is None and isinstance(other, ast.Tuple) else [other]
        first, *others = map(self._operand, (one, *members))
        self._note(first, others)
        if found is None:
            is_wanted = wanted is isinstance(op, ast.In)
            return membership(first, others, is_wanted)
        return comparison(first, found if wanted else _NEGATED[found], others[0])

    def _note(self, one: Operand, others: Sequence[Operand]) -> None:
        """Remember how the first number was read that could be read in two ways."""
        for column, number in [pair for other in others for pair in ((one, other), (other, one))]:
            if not self.understood and is_whole_share(column, number):
                self.understood = f"{number.word.text} is {100 * number.word.value:.6g} %"

    def _operand(self, node: ast.expr) -> Operand:
        if not isinstance(node, ast.Name):
            raise self._misfit(node)
        return operand(word_of(node, self._words))

    def _bare(self, word: Token) -> Predicate:
        """A text that stands for itself, as among plain words."""
        if word.kind is Kind.PATTERN:
            return _pattern_search(compiled(word.text, word.position + (word.length - len(word.text)) // 2))
        column = operand(word).column
        if column is not None:
            hint = f"{column.name} > 2%" if column.name in ("sigma", "cv", "change") else f"{column.name} = …"
            raise FilterError(f"{word.text} is compared with nothing", word.position, word.length, hint)
        return plain_words(word.text)

    def _misfit(self, node: ast.expr) -> FilterError:
        word = first_word(node, self._words)
        if isinstance(node, ast.Tuple):
            return FilterError("a list fits only behind in", word.position, word.length, "quote in (USD, USDT)")
        return FilterError(f"{word.text!r} does not fit here", word.position, word.length)
