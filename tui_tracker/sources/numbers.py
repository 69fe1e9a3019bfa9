"""Numbers as exchanges write them: as text, as JSON numbers, or as nothing."""

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Final

SMALLEST: Final = 1e-60
LARGEST: Final = 1e60
END_OF_TIME_MS: Final = 10**14
MOST_TRADES: Final = 10**15
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_LONGEST_NUMBER: Final = 64
_MAX_DIGITS: Final = 18
USUAL_DIGITS: Final = 8
"""Decimals of a price where an exchange tells nothing."""

Number = str | int | float | None
"""A number in a payload, before anybody looked at it."""


def number(item: object) -> float:
    """Read a number as JSON has it, or as text; NaN for anything else."""
    if type(item) is float:
        return item if -LARGEST <= item <= LARGEST else math.nan
    if isinstance(item, str):
        return float(item) if len(item) < _LONGEST_NUMBER and _NUMBER.fullmatch(item) else math.nan
    if isinstance(item, bool) or not isinstance(item, int) or abs(item) > LARGEST:
        return math.nan
    return float(item)


def price(item: object) -> float | None:
    """A price, above 0; ``None`` for anything else."""
    value = number(item)
    return value if SMALLEST <= value <= LARGEST else None


def volume(item: object) -> float | None:
    """A volume, 0 or more; ``None`` for anything else."""
    value = number(item)
    return value if value == 0 or SMALLEST <= value <= LARGEST else None


def count(item: object) -> int | None:
    """A number of trades, 0 or more; ``None`` for anything else."""
    value = number(item)
    return int(value) if 0 <= value <= MOST_TRADES and value.is_integer() else None


def is_absent(item: object) -> bool:
    """Whether this says that there is nothing, as ``null``, an empty text or a plain zero do."""
    return item is None or item == "" or number(item) == 0


def decimals(tick: object, otherwise: int = USUAL_DIGITS) -> int:
    """Decimals of a price: those of its smallest step, 0 to 18; ``otherwise`` where that can't be read."""
    try:
        exponent = Decimal(str(tick)).normalize().as_tuple().exponent if tick is not None else None
    except InvalidOperation:
        exponent = None
    return limited_digits(-exponent if isinstance(exponent, int) else otherwise)


def limited_digits(digits: int) -> int:
    """Decimals that can be shown, 0 to 18."""
    return min(max(digits, 0), _MAX_DIGITS)
