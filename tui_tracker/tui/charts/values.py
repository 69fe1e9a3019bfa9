"""Values of a chart as text: on its axis, at its marks, under its crosshair."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.tui.charts.request import Unit

SUFFIXES: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def value_text(value: float, unit: Unit, digits: int) -> str:
    """One value."""
    match unit:
        case Unit.PRICE:
            return fmt.price(value, digits)
        case Unit.NUMBER:
            return fmt.figure(value)
        case Unit.PERCENT:
            return f"{fmt.percent(value, signed=True)} %"
        case Unit.RANK:
            return f"{-value:,.0f}"


def tick_labels(ticks: Sequence[float], unit: Unit, digits: int) -> list[str]:
    """A label for each tick; an empty one where the unit's digits can't tell it."""
    match unit:
        case Unit.PRICE:
            return [fmt.price(tick, digits) if round(tick, digits) == tick else "" for tick in ticks]
        case Unit.RANK:
            return [f"{-tick:,.0f}" if tick <= -1 and tick == round(tick) else "" for tick in ticks]
        case Unit.PERCENT:
            decimals = max((_decimals(tick) for tick in ticks), default=0)
            return [f"{fmt.percent(tick, decimals, signed=True)} %" for tick in ticks]
        case Unit.NUMBER:
            return _number_labels(ticks)


def _number_labels(ticks: Sequence[float]) -> list[str]:
    largest = max((abs(tick) for tick in ticks), default=0.0)
    if 100_000 <= largest < 1e15:
        unit, suffix = next((unit, suffix) for unit, suffix in SUFFIXES if largest >= unit)
        return [f"{tick / unit:g}{suffix}" for tick in ticks]
    decimals = max((_decimals(tick) for tick in ticks), default=0)
    return [fmt.price(tick, decimals) for tick in ticks]


def _decimals(value: float) -> int:
    """Digits after the point in the shortest decimal of ``value``."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
