"""Comparisons of columns with values, made into predicates over one pair."""

import operator
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from tui_tracker.filters.columns import BY_NAME, Column, NumberColumn, Subject, TextColumn, Unit, near, near_of
from tui_tracker.filters.errors import FilterError
from tui_tracker.filters.lexer import CURRENCIES, Kind, Token
from tui_tracker.filters.patterns import compiled, searched

Operator = Literal["<", "<=", ">", ">=", "==", "!="]
Predicate = Callable[[Subject], bool]
_TESTS: Final[dict[Operator, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_HOURS: Final = {"h": 1.0, "d": 24.0}
_PER_PERCENT: Final = {"%": 1.0, "bps": 100.0}
_MIRRORED: Final[dict[Operator, Operator]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Operand(NamedTuple):
    """One side of a comparison: a word, and the column that it names, if it names one."""

    word: Token
    column: Column | None


def operand(word: Token) -> Operand:
    """The word with what it names."""
    return Operand(word, BY_NAME.get(word.text.lower()) if word.kind is Kind.WORD else None)


def comparison(one: Operand, op: Operator, other: Operand) -> Predicate:
    """``one op other``, with the column on either side.

    Raises:
        FilterError: If there is no column, or the two cannot be compared.
    """
    if one.column is None or (isinstance(other.column, TextColumn) and not isinstance(one.column, TextColumn)):
        one, op, other = other, _MIRRORED[op], one
    match one.column:
        case NumberColumn() as column:
            return _number_comparison(column, op, other)
        case TextColumn() as column:
            return _text_comparison(one, column, op, other)
        case None:
            raise _no_column(other, one)


def _number_comparison(column: NumberColumn, op: Operator, other: Operand) -> Predicate:
    test = _TESTS[op]
    if isinstance(other.column, NumberColumn):
        return _two_columns(column, test, other.column, other.word)
    column, limit = _limit(column, other)
    value = column.value

    def matches(subject: Subject) -> bool:
        found = value(subject)
        return found is not None and test(found, limit)

    return matches


def _two_columns(
    column: NumberColumn, test: Callable[[float, float], bool], other: NumberColumn, word: Token
) -> Predicate:
    scale = 1.0
    if column.unit is not other.unit:
        column, other = _relative(column), _relative(other)
        if Unit.PLAIN in (column.unit, other.unit):
            raise FilterError(f"{column.name} and {other.name} have different units", word.position, word.length)
        scale = column.unit.value / other.unit.value
    value, other_value = column.value, other.value

    def matches(subject: Subject) -> bool:
        found, limit = value(subject), other_value(subject)
        return found is not None and limit is not None and test(found, limit * scale)

    return matches


def _relative(column: NumberColumn) -> NumberColumn:
    """What is meant by a column beside a percentage."""
    relative = BY_NAME.get(column.in_percent)
    return relative if isinstance(relative, NumberColumn) else column


def is_whole_share(one: Operand, other: Operand) -> bool:
    """Whether a share is compared with a bare number up to 1, which then is one of the whole and no percentage."""
    column, word = one.column, other.word
    is_bare = word.kind is Kind.NUMBER and not word.unit and 0 < word.value <= 1
    return isinstance(column, NumberColumn) and column.is_share and is_bare


def _limit(column: NumberColumn, other: Operand) -> tuple[NumberColumn, float]:
    """What is compared with which number, made one of the column's unit: fractions are read as the table shows them."""
    word = other.word
    if word.kind is not Kind.NUMBER:
        hint = near(word.text) if word.kind is Kind.WORD else ""
        hint = hint if hint.startswith("did") else ""
        raise FilterError(f"{column.name} is a number, {word.text!r} is none", word.position, word.length, hint)
    if word.text[0] in CURRENCIES:
        _check_money(column, word)
    if is_whole_share(Operand(word, column), other):
        return column, word.value
    if not word.unit:
        return column, word.value * (column.unit.value if column.unit is Unit.FRACTION else 1.0)
    if word.unit in _HOURS:
        if not column.in_hours:
            raise FilterError(f"{column.name} is no time", word.position, word.length)
        return column, word.value * _HOURS[word.unit]
    column = _relative(column)
    if column.unit is Unit.PLAIN:
        raise FilterError(f"{column.name} is no percentage", word.position, word.length)
    return column, word.value * column.unit.value / _PER_PERCENT[word.unit]


def _check_money(column: NumberColumn, word: Token) -> None:
    if column.unit is not Unit.PLAIN or word.unit:
        raise FilterError(f"{column.name} is no amount of money", word.position, word.length)
    if column.in_dollars and word.text[0] != "$":
        raise FilterError(f"{column.name} is in US dollars", word.position, 1, "$1M")


def _text_comparison(one: Operand, column: TextColumn, op: Operator, other: Operand) -> Predicate:
    if op not in ("==", "!="):
        word = one.word
        raise FilterError(f"{column.name} has no order", word.position, word.length, f"{column.name} = … or in (…)")
    if isinstance(other.column, TextColumn):
        return _two_texts(column, other.column, op == "==")
    return membership(one, [other], op == "==")


def _two_texts(column: TextColumn, other: TextColumn, wanted: bool) -> Predicate:
    values, other_values = column.values, other.values

    def matches(subject: Subject) -> bool:
        others = {value.upper() for value in other_values(subject)}
        return any(value.upper() in others for value in values(subject)) is wanted

    return matches


def membership(one: Operand, members: Sequence[Operand], wanted: bool) -> Predicate:
    """Whether a column is one of a list, or is none.

    Raises:
        FilterError: If there is no column, or something in the list is not of its kind.
    """
    match one.column:
        case NumberColumn() as column:
            tests = [_number_comparison(column, "==" if wanted else "!=", member) for member in members]
            combined = any if wanted else all
            return lambda subject: combined([test(subject) for test in tests])
        case TextColumn(values=values) as column:
            for member in members:
                _check_known(column, member.word)
            texts = frozenset(member.word.text.upper() for member in members)

            def matches(subject: Subject) -> bool:
                return any(value.upper() in texts for value in values(subject)) is wanted

            return matches
        case None:
            if len(members) == 1 and isinstance(members[0].column, TextColumn):
                return membership(members[0], [one], wanted)
            raise _no_column(one, None)


def _check_known(column: TextColumn, word: Token) -> None:
    if column.known and word.text.lower() not in column.known:
        hint = near_of(word.text, column.known)
        raise FilterError(f"no {column.name} {word.text!r}", word.position, word.length, hint)


def pattern_match(one: Operand, other: Operand, wanted: bool) -> Predicate:
    """Whether a pattern occurs in a column, or doesn't.

    Raises:
        FilterError: If the left side is no column of text, or the right side no pattern.
    """
    if not isinstance(one.column, TextColumn):
        if one.column is None:
            raise _no_column(one, None)
        raise FilterError(f"{one.column.name} is a number", one.word.position, one.word.length, "~ is for text")
    word = other.word
    quote = (word.length - len(word.text)) // 2
    pattern = compiled(word.text, word.position + quote)
    values = one.column.values

    def matches(subject: Subject) -> bool:
        return any(searched(pattern, value) for value in values(subject)) is wanted

    return matches


def _no_column(one: Operand, other: Operand | None) -> FilterError:
    """Neither side names a column: point at the word that was most likely meant to."""
    word = one.word
    if word.kind is not Kind.WORD and other is not None and other.word.kind is Kind.WORD:
        word = other.word
    return FilterError(f"no column {word.text!r}", word.position, word.length, near(word.text))
