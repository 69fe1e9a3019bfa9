"""The format of a status line: text with fields from a closed set. No attribute, index or nested field is looked up.

``{1.pair}`` is a field of the pair with rank 1, ``{BTC/USD.last:,.2f}`` of a named pair, ``{state}`` of the market.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.figures import Figures
from tui_tracker.core.format import ABSENT
from tui_tracker.core.snapshot import Row
from tui_tracker.core.text import clean
from tui_tracker.stats.ranking import Place

Value = str | float | int | None
Usual = Callable[[float, int | None], str]
"""How a number is written without a specification, with the decimals of the pair's prices if it is one."""

MOST_FIELDS: Final = 100
MOST_TEXT: Final = 4_000
_TOKEN: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_SPEC: Final = re.compile(r"(?:[ -~]?[<>^])?[+ -]?0?\d{0,3},?(?:\.\d{1,2})?[fFeEgG%]?")
_TEXT_SPEC: Final = re.compile(r"(?:[ -~]?[<>^])?\d{0,3}(?:\.\d{1,3})?s?")


@dataclass(frozen=True, slots=True)
class PairField:
    """A field of a pair."""

    value: Callable[[Row, Figures | None, Place | None], Value]
    is_text: bool = False
    needs_history: bool = False
    usual: Usual | None = None


def _figure(pick: Callable[[Figures], Value], usual: Usual | None = None) -> PairField:
    return PairField(
        lambda _row, figures, _place: None if figures is None else pick(figures), needs_history=True, usual=usual
    )


def _price(value: float, digits: int | None) -> str:
    return fmt.figure(value) if digits is None else fmt.price(value, digits)


def _fraction(value: float, _: int | None) -> str:
    return f"{value:.2%}"


def _percent(value: float, _: int | None) -> str:
    return fmt.percent(value)


def share(value: float, _: int | None) -> str:
    """A part of a whole."""
    return fmt.share(value)


PAIR_FIELDS: Final[Mapping[str, PairField]] = {
    "id": PairField(lambda row, _f, _p: row.instrument.id, is_text=True),
    "exchange": PairField(lambda row, _f, _p: row.instrument.source, is_text=True),
    "pair": PairField(lambda row, _f, _p: row.instrument.pair, is_text=True),
    "base": PairField(lambda row, _f, _p: row.instrument.base, is_text=True),
    "quote": PairField(lambda row, _f, _p: row.instrument.quote, is_text=True),
    "reason": PairField(lambda _r, _f, place: None if place is None else place.reason, True, needs_history=True),
    "rank": PairField(lambda _r, _f, place: None if place is None else place.rank, needs_history=True),
    "last": PairField(lambda row, _f, _p: row.last, usual=_price),
    "bid": PairField(lambda row, _f, _p: row.bid, usual=_price),
    "ask": PairField(lambda row, _f, _p: row.ask, usual=_price),
    "volume_usd": PairField(lambda row, _f, _p: row.volume_usd, usual=lambda value, _: fmt.compact(value)),
    "stddev": _figure(lambda figures: figures.stddev, lambda value, _: fmt.figure(value)),
    "cv": _figure(lambda figures: figures.cv, _fraction),
    "volatility": _figure(lambda figures: figures.volatility, _fraction),
    "range_pct": _figure(lambda figures: figures.range_pct, _percent),
    "change_pct": _figure(lambda figures: figures.change_pct, _percent),
    "mean": _figure(lambda figures: figures.mean, _price),
    "min": _figure(lambda figures: figures.minimum, _price),
    "max": _figure(lambda figures: figures.maximum, _price),
    "coverage": _figure(lambda figures: figures.coverage, share),
    "samples": _figure(lambda figures: figures.samples),
}
"""``volatility``, ``cv`` and ``coverage`` are fractions (``:.0%`` shows percent), names in ``_pct`` are in percent."""
MARKET_FIELDS: Final = {
    "state": True,
    "source": True,
    "at": True,
    "by": True,
    "metric": True,
    "ranked": False,
    "loaded": False,
}
"""Fields of the market, and whether they are text."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a format."""

    subject: int | str | None
    """A rank, the name of a pair, or ``None`` for the market."""
    name: str
    spec: str = ""


def parsed(text: str) -> tuple[str | Field, ...]:
    """Texts and fields of a format.

    Raises:
        ConfigError: Which names what cannot be understood.
    """
    if len(text) > MOST_TEXT:
        raise ConfigError("FORMAT is too long", f"at most {MOST_TEXT} characters")
    parts: list[str | Field] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if match[1] is not None:
            parts.append(_field(match[1]))
        elif token in ("{", "}"):
            raise ConfigError(f"FORMAT: single {token!r} at character {match.start() + 1}", f"write {token * 2} for it")
        else:
            parts.append(token[0] if token in ("{{", "}}") else token)
    if sum(isinstance(part, Field) for part in parts) > MOST_FIELDS:
        raise ConfigError("FORMAT has too many fields", f"at most {MOST_FIELDS}")
    return tuple(parts)


def _field(text: str) -> Field:
    name, _, spec = text.partition(":")
    subject, dot, attribute = name.rpartition(".")
    if not dot:
        if name not in MARKET_FIELDS:
            known = f"known: {', '.join(MARKET_FIELDS)}, or 1.pair, BTC/USD.last"
            raise ConfigError(f"FORMAT: unknown field {clean(name, 40)!r}", known)
        return Field(None, name, _spec(name, spec, MARKET_FIELDS[name]))
    if attribute not in PAIR_FIELDS:
        raise ConfigError(f"FORMAT: unknown field {clean(name, 40)!r}", f"a pair has {', '.join(PAIR_FIELDS)}")
    if not subject or (subject.isdecimal() and not 1 <= int(subject[:9]) <= 99_999):
        raise ConfigError(f"FORMAT: {clean(name, 40)!r} names no pair", "for example 1.pair or BTC/USD.last")
    who = int(subject) if subject.isascii() and subject.isdecimal() else subject
    return Field(who, attribute, _spec(name, spec, PAIR_FIELDS[attribute].is_text))


def _spec(name: str, spec: str, is_text: bool) -> str:
    try:
        if not (_TEXT_SPEC if is_text else _SPEC).fullmatch(spec):
            raise ValueError
        format("" if is_text else 1.5, spec)
    except ValueError as error:
        example = ":<12" if is_text else ":,.2f or :.0%"
        what = f"FORMAT: {clean(name, 40)!r} cannot be written as {clean(spec, 20)!r}"
        raise ConfigError(what, f"for example {example}") from error
    return spec


def written(value: Value, spec: str, usual: Usual | None = None, digits: int | None = None) -> str:
    """A value as its specification says, without one as usual; ``–`` where there is none, as wide."""
    if value is None:
        width = re.search(r"(?<![.\d])0?(\d{1,3})", spec)
        return ABSENT.rjust(int(width[1])) if width else ABSENT
    if usual is not None and not spec and not isinstance(value, str):
        return usual(value, digits)
    return format(clean(value), spec) if isinstance(value, str) else format(value, spec)
