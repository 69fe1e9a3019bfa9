"""Answers about the history, between what the program thinks in and what is on the wire."""

import sys
from array import array
from collections.abc import Mapping

from tui_tracker.core.errors import FeedError
from tui_tracker.core.hours import Hours
from tui_tracker.core.kept import Kept, Loaded, Rollup, Span, Stretch
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.text import clean
from tui_tracker.feed import messages
from tui_tracker.feed.translate import instrument_of, instrument_wire

_METRICS: Mapping[str, Metric] = {metric.value: metric for metric in METRICS}
_SWAPS = sys.byteorder != "little"


def hours_wire(hours: Hours) -> messages.HoursWire:
    """Hours of one metric."""
    opens, highs, lows, closes = map(_packed, (hours.opens, hours.highs, hours.lows, hours.closes))
    return messages.HoursWire(hours.start_ms, opens, highs, lows, closes, _packed(hours.volumes), hours.missing)


def hours_of(wire: messages.HoursWire, instrument_id: str, metric: Metric) -> Hours:
    """The hours of a message.

    Raises:
        FeedError: If its columns don't fit together.
    """
    columns = [_doubles(data) for data in (wire.opens, wire.highs, wire.lows, wire.closes)]
    volumes = _doubles(wire.volumes)
    if any(len(each) != len(columns[0]) for each in (*columns, volumes or columns[0])):
        raise FeedError("the server sent hours of unequal length")
    opens, highs, lows, closes = columns
    return Hours(instrument_id, metric, wire.start_ms, opens, highs, lows, closes, volumes, clean(wire.missing))


def minutes_wire(loaded: Loaded) -> tuple[messages.StretchWire, ...]:
    """Minutes of several instruments."""
    return tuple(
        messages.StretchWire(name, metric.value, _packed(one.values), one.provenance)
        for name, found in loaded.items()
        for metric, one in found.items()
    )


def minutes_of(wires: tuple[messages.StretchWire, ...], count: int) -> Loaded:
    """The minutes of a message.

    Raises:
        FeedError: If they are not ``count`` each.
    """
    loaded: Loaded = {}
    for wire in wires:
        values = _doubles(wire.values)
        if len(values) != count or len(wire.provenance) != count:
            raise FeedError("the server sent other minutes than those asked for")
        if wire.metric in _METRICS:
            loaded.setdefault(wire.id, {})[_METRICS[wire.metric]] = Stretch(values, wire.provenance)
    return loaded


def rollups_wire(rollups: Mapping[str, tuple[Rollup, ...]]) -> tuple[tuple[str, tuple[messages.RollupWire, ...]], ...]:
    """Hourly sums by instrument."""
    return tuple((name, tuple(_rollup_wire(each) for each in found)) for name, found in rollups.items())


def _rollup_wire(one: Rollup) -> messages.RollupWire:
    return messages.RollupWire(
        one.hour_ms, one.open, one.high, one.low, one.close, one.mean, one.stddev, one.count, one.volume
    )


def rollups_of(wires: tuple[tuple[str, tuple[messages.RollupWire, ...]], ...]) -> dict[str, tuple[Rollup, ...]]:
    """The hourly sums of a message."""
    return {name: tuple(_rollup(each) for each in found) for name, found in wires}


def _rollup(wire: messages.RollupWire) -> Rollup:
    return Rollup(
        wire.hour_ms, wire.open, wire.high, wire.low, wire.close, wire.mean, wire.stddev, wire.count, wire.volume
    )


def kept_wire(kept: Kept) -> messages.KeptWire:
    """What is kept of a source."""
    spans = [None if span is None else (span.first_ms, span.last_ms) for span in (kept.minutes, kept.hours)]
    return messages.KeptWire(kept.source, spans[0], spans[1], tuple(map(instrument_wire, kept.instruments)), kept.ids)


def kept_of(wire: messages.KeptWire) -> Kept:
    """What is kept, from a message."""
    minutes, hours = (None if span is None else Span(*span) for span in (wire.minutes, wire.hours))
    return Kept(wire.source, minutes, hours, tuple(map(instrument_of, wire.instruments)), wire.ids)


def _packed(values: "array[float]") -> bytes:
    if _SWAPS:
        values = values[:]
        values.byteswap()
    return values.tobytes()


def _doubles(data: bytes) -> "array[float]":
    if len(data) % 8:
        raise FeedError("the server sent a part of a number")
    values = array("d", data)
    if _SWAPS:
        values.byteswap()
    return values
