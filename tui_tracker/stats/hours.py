"""Hours for a chart, made of candles from several places. Pure."""

from array import array
from collections.abc import Iterable, Mapping
from math import nan

from tui_tracker.core.hours import HOUR_MS, Hours
from tui_tracker.core.series import Series
from tui_tracker.stats.ohlc import Ohlc, candles


def hour_of(instant_ms: int) -> int:
    """First instant of the hour of an instant."""
    return instant_ms - instant_ms % HOUR_MS


def hours_in(series: Series, flow: Series | None = None) -> dict[int, Ohlc]:
    """Candles of an hour from one value a minute, by their first instant; the first and last may be in part."""
    volumes = flow.values if flow is not None and flow.start_ms == series.start_ms else ()
    return {each.start_ms: each for each in candles(series.values, series.start_ms, 60, volumes)}


def join_hours(
    series: Series, count: int, older: Mapping[int, Ohlc], recent: Mapping[int, Ohlc], missing: str
) -> Hours:
    """The last ``count`` hours up to the end of a series, oldest first.

    Args:
        series: The newest minutes, of which ``recent`` are the hours.
        count: How many hours.
        older: Hours from elsewhere; they win over an hour that the series tells only in part.
        recent: Hours of the series.
        missing: See ``Hours.missing``.
    """
    start_ms = hour_of(series.end_ms) - (count - 1) * HOUR_MS
    is_partial = series.start_ms % HOUR_MS != 0
    partial = hour_of(series.start_ms) if is_partial else -1
    known = {**older, **recent}
    if partial in older:
        known[partial] = older[partial]
    found = [known.get(start_ms + at * HOUR_MS) for at in range(count)]
    volumes = _column(nan if one is None else one.volume for one in found)
    return Hours(
        series.instrument_id,
        series.metric,
        start_ms,
        _column(nan if one is None else one.open for one in found),
        _column(nan if one is None else one.high for one in found),
        _column(nan if one is None else one.low for one in found),
        _column(nan if one is None else one.close for one in found),
        volumes if any(volume > 0 for volume in volumes) else array("d"),
        missing,
    )


def candles_in(hours: Hours) -> list[Ohlc]:
    """The hours that were observed as candles; an unknown volume counts as none."""
    volumes = hours.volumes or _column(nan for _ in hours.closes)
    rows = zip(hours.opens, hours.highs, hours.lows, hours.closes, volumes, strict=True)
    return [
        Ohlc(hours.start_ms + at * HOUR_MS, *row[:4], row[4] if row[4] == row[4] else 0.0)
        for at, row in enumerate(rows)
        if row[3] == row[3]
    ]


def _column(values: Iterable[float]) -> "array[float]":
    return array("d", values)
