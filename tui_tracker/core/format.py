"""Numbers and times as people read them. Everything that is unknown, or no finite number, reads ``–``.

How they are spelled is a :class:`NumberStyle`. As with the context of :mod:`decimal`, one is in force for a task and
the tasks and threads that it starts; without :func:`use_style` it is the plain one, which is also what programs get.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from math import floor, isfinite
from typing import Final

ABSENT: Final = "–"
"""What stands for a value that is unknown or undefined."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGE: Final = 1e15
_SMALL: Final = 1e-12
_SUFFIXES: Final = ("", "k", "M", "B", "T")
_EXPONENTS: Final = ("", "e3", "e6", "e9", "e12")


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How numbers and times are spelled."""

    thousands: str = ","
    """What stands between groups of three digits before the decimal point: one character or none."""
    has_suffixes: bool = True
    """Whether magnitudes read ``812M``; ``812e6`` if not."""
    is_12h: bool = False
    """Whether the clock reads ``09:57pm`` instead of ``21:57``."""


PLAIN: Final = NumberStyle()


class StyleInUse:
    """A style that can be exchanged for all tasks that it is in force for."""

    def __init__(self, style: NumberStyle = PLAIN) -> None:
        self.style = style


_USED: Final[ContextVar[StyleInUse | None]] = ContextVar("number_style", default=None)


def use_style(used: StyleInUse) -> None:
    """Spell numbers and times so from here on, in this task and what it starts."""
    _USED.set(used)


def _style() -> NumberStyle:
    used = _USED.get()
    return PLAIN if used is None else used.style


def whole(number: int) -> str:
    """A count with thousands separators: ``1,123``."""
    return _separated(f"{number:,}")


def price(value: float | None, digits: int) -> str:
    """A price with ``digits`` decimals (those of the instrument's tick) and thousands separators: ``84,120.50``.

    A value that is not 0 never reads as 0: one far below the tick gets the decimals that it needs.
    """
    if value is None or not isfinite(value):
        return ABSENT
    if abs(value) >= _LARGE:
        return f"{value:.5e}"
    if value and round(value, digits) == 0:
        return figure(value, 1)
    return _fixed(value, digits)


def figure(value: float | None, significant: int = 5) -> str:
    """A number with ``significant`` digits and no exponent from 1e-12 to 1e15: ``912.44``, ``0.000012345``.

    Digits before the decimal point are never rounded away: ``123,457``.
    """
    if value is None or not isfinite(value):
        return ABSENT
    if value == 0:
        return "0"
    text = f"{value:.{significant - 1}e}"
    if not _SMALL <= abs(value) < _LARGE:
        return text
    return _fixed(value, max(0, significant - 1 - int(text.partition("e")[2])))


def percent(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """A value that already is in percent, without the sign ``%``: ``1.21``; ``+1.21`` if ``signed``.

    What rounds to 0 has no sign.
    """
    if value is None or not isfinite(value):
        return ABSENT
    if abs(value) >= _LARGE:
        return f"{value:.2e}"
    text = _fixed(value, digits)
    return f"+{text}" if signed and value > 0 and text.strip("0.") else text


def compact(value: float | None) -> str:
    """A magnitude in two or three digits: ``812M``, ``1.2M``, ``58k``, ``940``, ``0.05``; else ``812e6``."""
    if value is None or not isfinite(value):
        return ABSENT
    sign, size = ("-" if value < 0 else ""), abs(value)
    if size < 1:
        return figure(value, 1)
    for suffix in _SUFFIXES if _style().has_suffixes else _EXPONENTS:
        if size < 9.95:
            return f"{sign}{size:.0f}" if size == int(size) and not suffix else f"{sign}{size:.1f}{suffix}"
        if size < 999.5:
            return f"{sign}{size:.0f}{suffix}"
        size /= 1000
    return f"{value:.1e}"


def share(fraction: float | None) -> str:
    """A fraction as whole percent, rounded down: ``71%``; only all of it is ``100%``, only nothing is ``0%``."""
    if fraction is None or not isfinite(fraction):
        return ABSENT
    if 0 < fraction < 0.01:
        return "<1%"
    whole = floor(fraction * 100 + 1e-9)
    return f"{min(whole, 99) if fraction < 1 else whole}%"


def utc_time(ms: int | None, *, seconds: bool = True) -> str:
    """An instant (ms since the epoch) as ``21:57:57`` UTC, or ``21:57`` without ``seconds``."""
    return clock_time(ms, UTC, seconds=seconds)


def clock_time(ms: int | None, tz: tzinfo, *, seconds: bool = False) -> str:
    """An instant (ms since the epoch) as ``21:57`` in a time zone, or ``21:57:57`` with ``seconds``."""
    if ms is None:
        return ABSENT
    try:
        instant = (_EPOCH + timedelta(milliseconds=ms)).astimezone(tz)
    except OverflowError:
        return ABSENT
    if _style().is_12h:
        half = "am" if instant.hour < 12 else "pm"  # %p depends on the locale
        return (f"{instant:%I:%M:%S}" if seconds else f"{instant:%I:%M}") + half
    return f"{instant:%H:%M:%S}" if seconds else f"{instant:%H:%M}"


def rfc3339(ms: int | None) -> str:
    """An instant (ms since the epoch) for programs: ``2024-03-01T21:57:57.123Z``."""
    if ms is None:
        return ABSENT
    try:
        instant = _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return ABSENT
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(ms: int | None) -> str:
    """A span of time, rounded down: ``45s``, ``2m``, ``1h05``, ``3d04h``; a negative one is ``0s``."""
    if ms is None:
        return ABSENT
    seconds = max(0, ms) // 1000
    if seconds < 60:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02}"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02}h"


def _fixed(value: float, digits: int) -> str:
    text = _separated(f"{value:,.{digits}f}")
    return text[1:] if text[0] == "-" and not text.strip("-0.") else text


def _separated(text: str) -> str:
    thousands = _style().thousands
    return text if thousands == "," else text.replace(",", thousands)
