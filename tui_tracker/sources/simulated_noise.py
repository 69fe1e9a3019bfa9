"""Noise as a function of a key and an hour, not of what came before, so it can be asked for in any order."""

import math
from hashlib import blake2b
from itertools import accumulate
from random import Random
from typing import Final

HOUR_MINUTES: Final = 60
_MASK: Final = (1 << 64) - 1
_GAMMA: Final = 0x9E3779B97F4A7C15
_KNOT_HOURS: Final = 64
_KNOT_SIGMA: Final = math.sqrt(_KNOT_HOURS / 24 / 2)
_STEP_SIGMA: Final = 1 / math.sqrt(24 * HOUR_MINUTES)
_REMEMBERED: Final = 64


def key_of(seed: int, name: str) -> int:
    """Return 64 bits that depend on the seed and the name alone, on every platform."""
    return int.from_bytes(blake2b(f"{seed}:{name}".encode(), digest_size=8).digest(), "big")


def scrambled(key: int, index: int) -> int:
    """Return 64 random bits: output ``index`` of SplitMix64 (Steele, Lea, Flood 2014) started at ``key``."""
    bits = (key + index * _GAMMA) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


def uniform(key: int, index: int) -> float:
    """Return a number in [0, 1)."""
    return (scrambled(key, index) >> 11) * 2.0**-53


def gaussian(key: int, index: int) -> float:
    """Return a number of mean 0 and variance 1, within ±3.5: the sum of four uniform ones."""
    bits = scrambled(key, index)
    total = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
    return (total - 131_070) * (math.sqrt(3) / 65_536)


class Walk:
    """A random walk of variance 1 a day that stays near 0 for ever, with calm and wild hours and some jumps.

    Its hours are built by the midpoint construction of Brownian motion (Lévy–Ciesielski): independent knots every 64
    hours, midpoints between them, and inside an hour a bridge of minutes with clustered volatility. So any hour costs
    the same, however far away, and two runs that look at different hours agree where they overlap.
    """

    def __init__(self, key: int) -> None:
        self._key = key
        self._anchors: dict[int, float] = {}

    def anchor(self, hour: int) -> float:
        """Return the value at the start of an hour (hours since the epoch)."""
        known = self._anchors.get(hour)
        if known is not None:
            return known
        if len(self._anchors) >= _REMEMBERED:
            del self._anchors[next(iter(self._anchors))]
        value = self._anchors[hour] = self._midpoints(hour)
        return value

    def minutes(self, hour: int) -> list[float]:
        """Return the values at the ends of the hour's 60 minutes; the last is the next hour's anchor."""
        start, end = self.anchor(hour), self.anchor(hour + 1)
        sums = list(accumulate(self._steps(hour)))
        slope = (end - start - sums[-1]) / HOUR_MINUTES
        return [start + total + slope * minute for minute, total in enumerate(sums, 1)]

    def _midpoints(self, hour: int) -> float:
        left = hour // _KNOT_HOURS * _KNOT_HOURS
        right = left + _KNOT_HOURS
        low = _KNOT_SIGMA * gaussian(self._key, left)
        if hour == left:
            return low
        high = _KNOT_SIGMA * gaussian(self._key, right)
        while True:
            middle = (left + right) // 2
            value = (low + high) / 2 + math.sqrt((right - left) / 24) / 2 * gaussian(self._key, middle)
            if middle == hour:
                return value
            if hour < middle:
                right, high = middle, value
            else:
                left, low = middle, value

    def _steps(self, hour: int) -> list[float]:
        rng = Random(scrambled(~self._key & _MASK, hour))
        mood = 0.45 * gaussian(self._key + 1, hour // 5) + 0.25 * gaussian(self._key + 2, hour)
        usual = sigma = _STEP_SIGMA * math.exp(mood)
        gauss = rng.gauss
        steps = []
        for _ in range(HOUR_MINUTES):
            step = gauss(0.0, sigma)
            steps.append(step)
            sigma = 0.3 * usual + 0.45 * sigma + 0.3 * abs(step)
        if rng.random() < 0.06:
            jump = (4 + 6 * rng.random()) * usual
            steps[int(rng.random() * HOUR_MINUTES)] += math.copysign(jump, rng.random() - 0.5)
        return steps
