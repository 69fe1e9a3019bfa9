"""Between what the program thinks in and what is on the wire; what a reader doesn't know becomes the nearest thing."""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar, cast

import msgspec

from tui_tracker.core.errors import FeedError
from tui_tracker.core.figures import Figures
from tui_tracker.core.instrument import Instrument, InstrumentClass, Trading
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import Series
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import (
    OURS,
    BackfillProgress,
    ErrorTally,
    HistoryStatus,
    RequestReport,
    SourceReport,
    SourceState,
    SourceStatus,
)
from tui_tracker.feed import messages
from tui_tracker.feed.messages import FiguresWire, InstrumentWire, RowWire

SERVER: Final = "the server"
"""Who collects, as seen from a client of that."""
METRIC_NAMES: Final = tuple(metric.value for metric in METRICS)
_CLASSES: Final = {each.value: each for each in InstrumentClass}
T = TypeVar("T")


def rows_event(snapshot: Snapshot, rows: Iterable[Row], base: int | None = None) -> messages.Rows:
    """Rows of a snapshot: all of them, or those that differ from version ``base``."""
    return messages.Rows(
        version=snapshot.version,
        at_ms=snapshot.at_ms,
        end_ms=snapshot.end_ms,
        window_minutes=snapshot.window_minutes,
        metrics=METRIC_NAMES,
        rows=tuple(_row_wire(row) for row in rows),
        base=base,
        known_minutes=snapshot.known_minutes,
    )


def instrument_wire(one: Instrument) -> InstrumentWire:
    """An instrument as it is on the wire."""
    classes = tuple(sorted(each.value for each in one.classes))
    return InstrumentWire(one.id, one.base, one.quote, one.symbol, one.aliases, one.digits, one.trading.value, classes)


def _row_wire(row: Row) -> RowWire:
    return RowWire(
        instrument_wire(row.instrument),
        row.last,
        row.bid,
        row.ask,
        row.volume_usd,
        row.traded,
        row.halted,
        row.halted_since_ms,
        # A named tuple is written as the array that the struct is read from; converting thousands would take as long.
        cast("tuple[FiguresWire | None, ...]", row.figures),
        row.provenance,
        row.high,
        row.low,
        row.activity,
        row.is_suspect,
        row.mid_ms,
        row.members,
    )


def rows_of(event: messages.Rows) -> dict[str, Row]:
    """The rows of a message, by id.

    Raises:
        FeedError: If an instrument is there twice.
    """
    places = [event.metrics.index(name) if name in event.metrics else None for name in METRIC_NAMES]
    rows = {wire.instrument.id: _row(wire, places) for wire in event.rows}
    if len(rows) != len(event.rows):
        raise FeedError("the server sent an instrument twice")
    return rows


def _row(wire: RowWire, places: Sequence[int | None]) -> Row:
    known = len(wire.figures)
    provenance = (*wire.provenance, 0, 0, 0, 0)[:4]
    return Row(
        instrument_of(wire.instrument),
        wire.last,
        wire.bid,
        wire.ask,
        wire.volume_usd,
        wire.traded,
        wire.halted,
        wire.halted_since_ms,
        tuple(None if place is None or place >= known else _figures(wire.figures[place]) for place in places),
        (provenance[0], provenance[1], provenance[2], provenance[3]),
        wire.high,
        wire.low,
        wire.activity,
        wire.is_suspect,
        wire.mid_ms,
        wire.members,
    )


def instrument_of(wire: InstrumentWire) -> Instrument:
    """An instrument from the wire."""
    trading = Trading(wire.trading) if wire.trading in tuple(Trading) else Trading.LIMITED
    classes = frozenset(_CLASSES[name] for name in wire.classes if name in _CLASSES)
    return Instrument(wire.id, wire.base, wire.quote, wire.symbol, wire.aliases, wire.digits, trading, classes)


def _figures(wire: FiguresWire | None) -> Figures | None:
    if wire is None:
        return None
    if wire.length <= 0:
        raise FeedError("the server sent figures of no window")
    return Figures(
        wire.length,
        wire.samples,
        wire.mean,
        wire.stddev,
        wire.minimum,
        wire.maximum,
        wire.first,
        wire.first_ms,
        wire.last,
        wire.last_ms,
        wire.volatility,
        wire.bipower,
    )


def series_event(series: Series) -> messages.SeriesWire:
    """All samples of a window."""
    return messages.SeriesWire(
        id=series.instrument_id,
        metric=series.metric.value,
        start_ms=series.start_ms,
        values=tuple(known(value) for value in series.values),
    )


def series_of(event: messages.SeriesWire, metric: Metric, version: int) -> Series:
    """The samples of a message."""
    return Series(event.id, metric, event.start_ms, array("d", map(gap_or, event.values)), version)


def known(value: float) -> float | None:
    """A sample as it is on the wire."""
    return None if math.isnan(value) else value


def gap_or(value: float | None) -> float:
    """A sample as it is in a series: NaN where nothing was observed."""
    return math.nan if value is None else value


def report_event(report: SourceReport) -> messages.Report:
    """How a source is doing, or several are."""
    parts = tuple(
        messages.SourceWire(part.status.source, _requests_wire(part), _errors_wire(part), part.skipped)
        for part in report.parts
    )
    return messages.Report(
        status=_status_wire(report.status),
        requests=_requests_wire(report),
        errors=_errors_wire(report),
        skipped=report.skipped,
        parts=parts or msgspec.UNSET,
    )


def _requests_wire(report: SourceReport) -> messages.Requests | None:
    return None if report.requests is None else _copied(messages.Requests, report.requests)


def _errors_wire(report: SourceReport) -> tuple[messages.Tally, ...]:
    return tuple(_copied(messages.Tally, tally) for tally in report.errors)


def _status_wire(status: SourceStatus) -> messages.Status:
    history = None if status.history is None else _copied(messages.History, status.history)
    backfill = _copied(messages.Backfill, status.backfill)
    collector = SERVER if status.collector == OURS else status.collector
    parts = tuple(map(_status_wire, status.parts)) or msgspec.UNSET
    return _copied(
        messages.Status,
        status,
        backfill=backfill,
        history=history,
        collector=collector,
        parts=parts,
        stream=status.stream or msgspec.UNSET,
        streamed_ms=status.streamed_ms or msgspec.UNSET,
    )


def report_of(event: messages.Report) -> SourceReport:
    """How the source of a message is doing, or its sources are."""
    status = _status_of(event.status)
    statuses = {part.source: part for part in status.parts}
    parts = () if isinstance(event.parts, msgspec.UnsetType) else event.parts
    return replace(
        _report_of(status, event),
        parts=tuple(_report_of(statuses[part.source], part) for part in parts if part.source in statuses),
    )


def _report_of(status: SourceStatus, wire: messages.Report | messages.SourceWire) -> SourceReport:
    return SourceReport(
        status,
        None if wire.requests is None else _copied(RequestReport, wire.requests),
        tuple(_copied(ErrorTally, tally) for tally in wire.errors),
        wire.skipped,
    )


def _status_of(wire: messages.Status, *, is_part: bool = False) -> SourceStatus:
    state = SourceState(wire.state) if wire.state in tuple(SourceState) else SourceState.STALE
    history = None if wire.history is None else _copied(HistoryStatus, wire.history)
    backfill = _copied(BackfillProgress, wire.backfill)
    told = () if is_part or isinstance(wire.parts, msgspec.UnsetType) else wire.parts
    parts = tuple(_status_of(part, is_part=True) for part in told)
    stream = "" if wire.stream is msgspec.UNSET else wire.stream
    streamed_ms = None if wire.streamed_ms is msgspec.UNSET else wire.streamed_ms
    others = {"state": state, "backfill": backfill, "history": history, "parts": parts, "moment": None}
    others["asked_at"] = ""  # of no use to who reads what a server has
    return _copied(SourceStatus, wire, **others, stream=stream, streamed_ms=streamed_ms)


def _copied(kind: type[T], one: object, **others: object) -> T:
    """The same fields in another class; both have them all, in one order."""
    names: tuple[str, ...] = getattr(kind, "__struct_fields__", ()) or getattr(kind, "__match_args__", ())
    return kind(**{name: others[name] if name in others else getattr(one, name) for name in names})
