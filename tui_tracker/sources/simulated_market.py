"""Prices of the assets of the simulated market, in US dollars: a common factor, own noise, pumps and dumps."""

import math
from array import array
from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

from tui_tracker.sources.simulated_assets import Asset, Kind
from tui_tracker.sources.simulated_noise import HOUR_MINUTES, Walk, key_of, scrambled

DAY_MINUTES: Final = 1_440
_EVENT_DAYS: Final = 3
_HOURS_REMEMBERED: Final = 32
_MOST_REMEMBERED: Final = 16_384
_COMMON: Final = -1


class Event(NamedTuple):
    """A pump (or with a negative height, a dump): a steep rise, then a slow return."""

    start: int
    """First minute since the epoch."""
    rise: int
    """Minutes to the peak."""
    height: float
    """Of the log price, at the peak."""
    half_life: int
    """Minutes in which half of it is gone again."""

    def level(self, minute: int) -> float:
        """Return what it adds to the log price at the end of a minute."""
        age = minute - self.start
        if age < 0:
            return 0.0
        if age < self.rise:
            return self.height * (age / self.rise) ** 2
        return self.height * math.exp2((self.rise - age) / self.half_life)


class SimulatedMarket:
    """Log prices of assets, as functions of the seed, the asset's name and the time.

    Hours count from the epoch. An hour of one asset costs some 60 µs to build and 0.7 kB to keep; 32 an asset are kept,
    at most 16,384 in all.

    Args:
        assets: The assets; one is meant by its index in here.
        seed: Which market.
    """

    def __init__(self, assets: Sequence[Asset], seed: int) -> None:
        self._weights = [_weights(asset) for asset in assets]
        self._common = Walk(key_of(seed, "market"))
        self._walks = [Walk(key_of(seed, f"walk {asset.symbol}")) for asset in assets]
        self._remembered = min(_MOST_REMEMBERED, _HOURS_REMEMBERED * (len(self._weights) + 1))
        self._event_key = key_of(seed, "events")
        self._wildness = [min(1.5, asset.sigma / 0.06) for asset in assets]
        self._eventful = [index for index, asset in enumerate(assets) if asset.kind is Kind.CRYPTO]
        self._anchors: dict[tuple[int, int], float] = {}
        self._levels: dict[tuple[int, int], array[float]] = {}
        self._felt: dict[int, dict[int, list[Event]]] = {}

    def minutes(self, index: int, hour: int) -> "array[float]":
        """Return log prices relative to the usual one at the ends of an hour's minutes; not to be changed."""
        key = index, hour
        levels = self._levels.get(key)
        if levels is None:
            if len(self._levels) >= self._remembered:
                del self._levels[next(iter(self._levels))]
            built = self._common.minutes(hour) if index == _COMMON else self._build(index, hour)
            levels = self._levels[key] = array("d", built)
        return levels

    def anchor(self, index: int, hour: int) -> float:
        """Return the log price relative to the asset's usual one at the start of an hour."""
        key = index, hour
        level = self._anchors.get(key)
        if level is None:
            if len(self._anchors) >= self._remembered:
                del self._anchors[next(iter(self._anchors))]
            common, own = self._weights[index]
            level = common * self._common.anchor(hour) + own * self._walks[index].anchor(hour)
            minute = hour * HOUR_MINUTES - 1
            level += math.fsum(event.level(minute) for event in self.events(index, hour))
            self._anchors[key] = level
        return level

    def events(self, index: int, hour: int) -> Sequence[Event]:
        """Return the pumps and dumps that an asset may feel in an hour."""
        day = hour // 24
        felt = self._felt.get(day)
        if felt is None:
            if len(self._felt) >= _EVENT_DAYS:
                del self._felt[next(iter(self._felt))]
            felt = self._felt[day] = {}
            for earlier in range(day - _EVENT_DAYS, day + 1):
                for hit, event in self._draw_events(earlier).items():
                    felt.setdefault(hit, []).append(event)
        return felt.get(index, ())

    def _build(self, index: int, hour: int) -> list[float]:
        common, own = self._weights[index]
        if not own:
            return [0.0] * HOUR_MINUTES
        levels = [own * value for value in self._walks[index].minutes(hour)]
        if common:
            levels = [level + common * value for level, value in zip(levels, self.minutes(_COMMON, hour), strict=True)]
        for event in self.events(index, hour):
            levels = [level + event.level(minute) for minute, level in enumerate(levels, hour * HOUR_MINUTES)]
        return levels

    def _draw_events(self, day: int) -> dict[int, Event]:
        if not self._eventful:
            return {}
        rng = Random(scrambled(self._event_key, day))
        events = {}
        for _ in range(max(8, len(self._eventful) // 25)):
            index = self._eventful[int(rng.random() * len(self._eventful))]
            height = (0.08 + 0.45 * rng.random() ** 2) * (1 if rng.random() < 0.7 else -0.6) * self._wildness[index]
            start = day * DAY_MINUTES + int(rng.random() * DAY_MINUTES)
            rise, half_life = 4 + int(36 * rng.random()), 30 + int(270 * rng.random())
            events[index] = Event(start, rise, height, half_life)
        return events


def _weights(asset: Asset) -> tuple[float, float]:
    """Split a day's standard deviation into that of the common factor and that of the asset's own noise."""
    return asset.sigma * asset.market_share, asset.sigma * math.sqrt(1 - asset.market_share**2)
