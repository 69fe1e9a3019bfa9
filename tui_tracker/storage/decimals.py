"""Doubles as integer multiples of a power of ten, where that restores them bit for bit.

``k / 10^d`` is the double nearest to that decimal for |k| < 2^53 and d ≤ 15 (both are exact, and division rounds
correctly), which is what reading the decimal from an exchange's text gives. So prices and volumes come back as they
were; a double that is no short decimal is kept whole.
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import copysign, nan
from operator import mul, truediv
from typing import Final

MOST_DIGITS: Final = 15
WHOLE: Final = 0
"""How: the double itself is kept."""
HOPELESS: Final = 255
"""Hint: not worth trying."""
_LARGEST: Final = 2**53
_GAPS: Final = re.compile(b"\x00+")
_POWERS: Final = (1.0, *(10.0**digits for digits in range(MOST_DIGITS + 1)))
_SCALES: Final = tuple(_POWERS[how & 31] if how & 31 < len(_POWERS) else 1.0 for how in range(256))


@dataclass(slots=True)
class Track:
    """One metric of consecutive samples, as integers."""

    origins: bytes
    """Provenance of each sample, 0 where there is none."""
    hows: bytes
    """How the integer gives the double: ``WHOLE``, 1 + the digits after the point, or a code of the group's own."""
    ticks: list[int]
    """Multiples of 10^-digits; anything where no double comes of them."""
    wholes: "array[float]" = field(default_factory=lambda: array("d"))
    """The doubles that are kept whole, in order."""
    gaps: list[int] = field(default_factory=list)
    """Where the integer means nothing, so that any will do."""


def scale_of(how: int) -> float:
    """Return what the double is multiplied by to get the integer; the digits are the lower five bits."""
    return _SCALES[how]


@lru_cache(maxsize=8)
def scales_of(hows: bytes) -> list[float]:
    """Return the scale of each sample; not to be changed. Cached: the same hows come again and again."""
    return list(map(_SCALES.__getitem__, hows))


def is_unobserved(origins: bytes) -> bool:
    """Whether none of the samples is known."""
    return not origins.strip(b"\0")


def encode(values: "array[float]", origins: bytes, hints: bytes) -> Track:
    """Turn doubles into multiples of powers of ten.

    Args:
        values: One a sample; NaN where ``origins`` is 0.
        origins: Provenance of each.
        hints: The how that probably fits each; ``HOPELESS`` keeps it whole untried.
    """
    if is_unobserved(origins):
        return unobserved(origins, hints)
    scales = scales_of(hints)
    observed = filled(values, origins, 0.0)
    ticks = list(map(round, map(mul, observed, scales)))
    back, hopeless = restored(ticks, scales), places(hints, HOPELESS)
    for at in hopeless:
        back[at] = observed[at]
    odd = {*hopeless, *unequal(back, observed)}
    if not -_LARGEST < min(ticks) <= max(ticks) < _LARGEST:
        odd.update(at for at, tick in enumerate(ticks) if not -_LARGEST < tick < _LARGEST)
    track = Track(origins, hints, ticks)
    if odd:
        hows = bytearray(hints)
        for at in sorted(odd):
            _encode_one(track, hows, at, values[at], hints[at])
        track.hows = bytes(hows)
    track.gaps = gaps(origins, track.hows)
    return track


def unobserved(origins: bytes, hints: bytes) -> Track:
    """Return the track of a metric that nothing was observed of."""
    count = len(origins)
    return Track(origins, hints.replace(bytes([HOPELESS]), bytes([WHOLE])), [0] * count, gaps=_every(count))


@lru_cache(maxsize=8)
def _every(count: int) -> list[int]:
    """All places; not to be changed. Cached: in an hour they are many, and the same again and again."""
    return list(range(count))


def _encode_one(track: Track, hows: bytearray, at: int, value: float, hint: int) -> None:
    """Find the digits of one value that its hint doesn't fit."""
    if not track.origins[at]:
        hows[at] = WHOLE if hint == HOPELESS else hint
        track.ticks[at] = 0
        return
    found = None if hint == HOPELESS else exact_decimal(value)
    if found is None:
        hows[at], track.ticks[at] = WHOLE, 0
        track.wholes.append(value)
    else:
        track.ticks[at], hows[at] = found


def exact_decimal(value: float) -> tuple[int, int] | None:
    """Return (integer, how) with the fewest digits that restore a double, or ``None``."""
    mantissa, _, power = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    exponent = (int(power) if power else 0) - len(fraction)
    ticks, digits = int(whole + fraction), max(0, -exponent)
    if exponent > 0:
        ticks = ticks * 10**exponent if exponent < 16 else _LARGEST
    if not ticks and mantissa.startswith("-"):
        return None
    if digits > MOST_DIGITS or not -_LARGEST < ticks < _LARGEST or ticks / 10.0**digits != value:
        return None
    return ticks, digits + 1


def decode(track: Track) -> "array[float]":
    """Return the doubles of a track; NaN where there is none."""
    values = restored(track.ticks, scales_of(track.hows))
    put_wholes(values, track)
    put_gaps(values, track.origins)
    return values


def part_of(track: Track, start: int, stop: int) -> Track:
    """Return the samples from ``start`` to before ``stop``; less than the first and more than the last one mean all."""
    start = max(start, 0)
    if not start and stop >= len(track.origins):
        return track
    wholes = track.wholes
    if wholes:
        kept_at = whole_places(track.origins, track.hows)
        wholes = array("d", [whole for at, whole in zip(kept_at, wholes, strict=True) if start <= at < stop])
    part = slice(start, max(start, stop))
    return Track(track.origins[part], track.hows[part], track.ticks[part], wholes)


def put_wholes(values: "array[float]", track: Track, hows: bytes | None = None) -> None:
    """Set the doubles that were kept whole, by the hows of this track or of another one."""
    if track.wholes:
        for at, value in zip(whole_places(track.origins, hows or track.hows), track.wholes, strict=True):
            values[at] = value


def places(text: bytes, code: int) -> list[int]:
    """Return where a code stands; fast where it is rare."""
    return [found.start() for found in re.finditer(re.escape(bytes([code])), text)] if code in text else []


def whole_places(origins: bytes, hows: bytes) -> list[int]:
    """Return where a double is kept whole."""
    return [at for at in places(hows, WHOLE) if origins[at]]


def gaps(origins: bytes, hows: bytes) -> list[int]:
    """Return where no double comes of the integer."""
    return sorted({*places(origins, 0), *places(hows, WHOLE)})


def put_gaps(values: "array[float]", origins: bytes) -> None:
    """Set NaN where nothing was observed."""
    if 0 in origins:
        for gap in _GAPS.finditer(origins):
            start, end = gap.span()
            values[start:end] = array("d", [nan]) * (end - start)


def filled(values: "array[float]", origins: bytes, instead: float) -> "array[float]":
    """Return the values, with a number for those that were not observed."""
    if 0 not in origins:
        return values
    values = values[:]
    for gap in _GAPS.finditer(origins):
        start, end = gap.span()
        values[start:end] = array("d", [instead]) * (end - start)
    return values


def restored(ticks: Sequence[int], scales: Sequence[float]) -> "array[float]":
    """Return each integer over its scale, correctly rounded."""
    return array("d", map(truediv, ticks, scales))


def unequal(some: "array[float]", others: "array[float]") -> list[int]:
    """Return where two arrays differ; NaN differs from everything."""
    if some.tobytes() == others.tobytes():
        return []
    return [
        at
        for at, (one, other) in enumerate(zip(some, others, strict=True))
        if one != other or (not one and copysign(1.0, one) != copysign(1.0, other))
    ]
