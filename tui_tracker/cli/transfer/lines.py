"""A history as rows, an hour at a time."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, nan
from typing import Final, Protocol

from tui_tracker.cli.transfer.columns import SUMMED, Line, Shape
from tui_tracker.core.kept import Loaded, Rollup, Stretch
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS

HOUR_MS: Final = 60 * MINUTE_MS
WEEK_MS: Final = 168 * HOUR_MS
"""Roll-ups are read so much at a time: as they lie on disk."""
_NOTHING: Final = (nan,)
Hour = tuple[int, list[Line]]
"""(first instant, rows in the order of time and id)"""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is exported."""

    source: str
    ids: frozenset[str] | None
    """``None`` for all."""
    start_ms: int
    end_ms: int
    """Not included."""
    shape: Shape


class Rows(Protocol):
    """Where minutes and hourly sums are read: ``Reader``, or the same over the line."""

    def hours(
        self,
        source: str,
        metrics: Sequence[Metric],
        start_ms: int,
        end_ms: int,
        ids: Collection[str] | None = None,
    ) -> Iterator[tuple[int, Loaded]]:
        """See ``Reader.hours``."""
        ...

    def load(
        self,
        source: str,
        metrics: Sequence[Metric],
        start_ms: int,
        minutes: int,
        ids: Collection[str] | None = None,
    ) -> Loaded:
        """See ``Reader.load``."""
        ...

    def rollups_of(
        self, source: str, instrument_ids: Collection[str], start_ms: int, end_ms: int
    ) -> Mapping[str, tuple[Rollup, ...]]:
        """See ``Reader.rollups_of``."""
        ...

    def instrument_ids(self, source: str) -> tuple[str, ...]:
        """See ``Reader.instrument_ids``."""
        ...


def hours(reader: Rows, chosen: Selection) -> Iterator[Hour]:
    """Yield the rows of each hour, oldest first; memory for one hour is needed, or for one week of roll-ups."""
    if chosen.shape.every < 60:
        span = chosen.start_ms, chosen.end_ms
        for start_ms, loaded in reader.hours(chosen.source, chosen.shape.metrics, *span, chosen.ids):
            yield start_ms, _lines(start_ms, loaded, chosen.shape)
        return
    for start_ms in range(chosen.start_ms - chosen.start_ms % WEEK_MS, chosen.end_ms, WEEK_MS):
        first, end = max(start_ms, chosen.start_ms), min(start_ms + WEEK_MS, chosen.end_ms)
        yield from _whole_hours(reader, chosen, first - first % HOUR_MS, end)


def _whole_hours(reader: Rows, chosen: Selection, start_ms: int, end_ms: int) -> Iterator[Hour]:
    """Hours made of raw minutes where there are any, of roll-ups elsewhere."""
    ids = reader.instrument_ids(chosen.source) if chosen.ids is None else chosen.ids
    rollups = reader.rollups_of(chosen.source, ids, start_ms, end_ms)
    older: dict[int, dict[str, Rollup]] = {}
    for name, found in rollups.items():
        for rollup in found:
            older.setdefault(rollup.hour_ms, {})[name] = rollup
    for hour_ms in range(start_ms, end_ms, HOUR_MS):
        loaded = reader.load(chosen.source, chosen.shape.metrics, hour_ms, 60, chosen.ids)
        lines = {line.id: line for line in _lines(hour_ms, loaded, chosen.shape)}
        for name, rollup in older.pop(hour_ms, {}).items():
            if name not in lines and (line := _of_rollup(name, rollup, chosen.shape)) is not None:
                lines[name] = line
        if lines:
            yield hour_ms, [lines[name] for name in sorted(lines)]


def _lines(start_ms: int, loaded: Loaded, shape: Shape) -> list[Line]:
    lines: list[Line] = []
    for name, found in sorted(loaded.items()):
        if shape.every == 1:
            lines += _minutes(start_ms, name, found, shape)
        else:
            lines += _intervals(start_ms, name, found, shape)
    lines.sort(key=lambda line: line.at_ms)
    return lines


def _minutes(start_ms: int, name: str, found: dict[Metric, Stretch], shape: Shape) -> Iterator[Line]:
    """A row for each minute of which anything is known."""
    length = max(len(series.values) for series in found.values())
    unknown, nowhere = [nan] * length, bytes(length)
    series = [found.get(metric) for metric in shape.metrics]
    values = zip(*(unknown if each is None else each.values for each in series), strict=True)
    origins = zip(*(nowhere if each is None else each.provenance for each in series), strict=True)
    for at, (numbers, sources) in enumerate(zip(values, origins, strict=True)):
        if any(sources):
            yield Line(start_ms + at * MINUTE_MS, name, numbers, sources)


def _intervals(start_ms: int, name: str, found: dict[Metric, Stretch], shape: Shape) -> Iterator[Line]:
    """A row for each longer interval of which anything is known."""
    step_ms = shape.every * MINUTE_MS
    length = max(len(series.values) for series in found.values())
    first_ms = start_ms - start_ms % step_ms
    for at_ms in range(first_ms, start_ms + length * MINUTE_MS, step_ms):
        low = max(0, (at_ms - start_ms) // MINUTE_MS)
        high = (at_ms - start_ms) // MINUTE_MS + shape.every
        numbers: list[float] = []
        for metric in shape.metrics:
            series = found.get(metric)
            values = () if series is None else [value for value in series.values[low:high] if value == value]
            numbers += _summary(metric, values)
        if any(number == number for number in numbers):
            yield Line(at_ms, name, numbers)


def _summary(metric: Metric, values: Sequence[float]) -> tuple[float, ...]:
    """Open, high, low and close of the price; the sum of what happens within minutes; else the last value."""
    if metric is Metric.PRICE:
        return (values[0], max(values), min(values), values[-1]) if values else _NOTHING * 4
    if metric in SUMMED:
        return (fsum(values),) if values else _NOTHING
    return (values[-1],) if values else _NOTHING


def _of_rollup(name: str, rollup: Rollup, shape: Shape) -> Line | None:
    """A row of an hour whose minutes are gone; other metrics than price and flow are not in roll-ups."""
    numbers: list[float] = []
    for metric in shape.metrics:
        if metric is Metric.PRICE:
            numbers += (rollup.open, rollup.high, rollup.low, rollup.close)
        else:
            numbers.append(nan if metric is not Metric.FLOW or rollup.volume is None else rollup.volume)
    return Line(rollup.hour_ms, name, numbers) if any(number == number for number in numbers) else None
