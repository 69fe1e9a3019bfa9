"""What several sources say, put together: one status, one report, one snapshot. Pure."""

from collections.abc import Iterable, Sequence
from statistics import median_low
from typing import Final, TypeVar

from tui_tracker.core.instrument import CONSOLIDATED
from tui_tracker.core.kept import Kept, Span
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import STREAMING, BackfillProgress, HistoryStatus, SourceReport, SourceState, SourceStatus

_WORST_LAST: Final = (SourceState.LIVE, SourceState.STALE, SourceState.OFFLINE)
T = TypeVar("T", int, float)


def merged_status(source: str, parts: Sequence[SourceStatus]) -> SourceStatus:
    """One status of several sources: the worst state, the newest poll, the next one, sums of what is counted.

    The error is that of the first exchange that has one, behind its name. What the exchanges ask of us alone (a pause)
    is told by the parts.

    Args:
        source: What they are called together.
        parts: Each of them; at least one.
    """
    exchanges = [part for part in parts if part.source != CONSOLIDATED] or list(parts)
    offset_ms = _known(part.skew_ms for part in exchanges)
    attempt_ms = _newest(part.last_attempt_ms for part in exchanges)
    # One that was last told of before its poll began says nothing of the next one.
    upcoming = [at_ms for at_ms in _known(part.next_poll_ms for part in exchanges) if at_ms > (attempt_ms or 0)]
    return SourceStatus(
        source=source,
        state=max((part.state for part in exchanges), key=_WORST_LAST.index),
        is_simulated=all(part.is_simulated for part in exchanges),
        last_good_ms=_newest(part.last_good_ms for part in exchanges),
        streamed_ms=_newest(part.streamed_ms for part in exchanges),
        last_attempt_ms=attempt_ms,
        next_poll_ms=min(upcoming, default=None),
        error=next((f"{part.source}: {part.error}" for part in exchanges if part.error), ""),
        skew_ms=median_low(offset_ms) if offset_ms else None,
        instruments=sum(part.instruments for part in exchanges),
        malformed=sum(part.malformed for part in parts),
        unknown=sum(part.unknown for part in parts),
        refused=sum(part.refused for part in parts),
        backfill=_backfill([part.backfill for part in parts]),
        history=_history([part for part in exchanges if part.history is not None]),
        collector=", ".join(dict.fromkeys(part.collector for part in exchanges if part.collector)),
        parts=tuple(parts),
        stream=_stream(exchanges),
    )


def _stream(parts: Sequence[SourceStatus]) -> str:
    """``live`` if all that stream do, else the first reason why one doesn't."""
    streams = [f"{part.source}: {part.stream}" for part in parts if part.stream not in ("", STREAMING)]
    return streams[0] if streams else STREAMING if any(part.stream for part in parts) else ""


def merged_report(source: str, parts: Sequence[SourceReport]) -> SourceReport:
    """One report of several sources; requests and errors are told by the parts."""
    skipped = tuple((f"{part.status.source}: {symbol}", why) for part in parts for symbol, why in part.skipped)
    return SourceReport(merged_status(source, [part.status for part in parts]), skipped=skipped, parts=tuple(parts))


def merged_snapshot(version: int, status: SourceStatus, parts: Sequence[Snapshot]) -> Snapshot:
    """All rows of several sources, over windows that end with the newest of them.

    Args:
        version: Of the whole.
        status: Of the whole.
        parts: In the order of the ids that they begin; at least one.
    """
    rows: tuple[Row, ...] = ()
    for part in parts:
        rows += part.rows
    known = _known(part.known_minutes for part in parts)
    return Snapshot(
        version=version,
        at_ms=_newest(part.at_ms for part in parts),
        end_ms=_newest(part.end_ms for part in parts),
        window_minutes=max(part.window_minutes for part in parts),
        rows=rows,
        status=status,
        known_minutes=max(known, default=None),
    )


def _known(values: Iterable[T | None]) -> list[T]:
    return [value for value in values if value is not None]


def _newest(instants: Iterable[int | None]) -> int | None:
    return max(_known(instants), default=None)


def _backfill(parts: Sequence[BackfillProgress]) -> BackfillProgress:
    """All of it; sources load side by side, so the slowest tells how long it takes."""
    return BackfillProgress(
        sum(part.done for part in parts),
        sum(part.total for part in parts),
        tuple(name for part in parts for name in part.failed),
        max(_known(part.remaining_s for part in parts if part.is_running), default=None),
        max(_known(part.step_minutes for part in parts), default=None),
    )


def _history(parts: Sequence[SourceStatus]) -> HistoryStatus | None:
    kept = [part.history for part in parts if part.history is not None]
    if not kept:
        return None
    worst = next((one for one in kept if one.error), None)
    return HistoryStatus(
        stored_ms=min(_known(one.stored_ms for one in kept), default=None),
        error="" if worst is None else worst.error,
        hint="" if worst is None else worst.hint,
        held=sum(one.held for one in kept),
        is_stopped=any(one.is_stopped for one in kept),
        notice=next((one.notice for one in kept if one.notice), ""),
    )


def merged_kept(source: str, parts: Sequence[Kept]) -> Kept:
    """What is kept of several sources, from the oldest minute of any to the newest."""
    return Kept(
        source,
        _spanned([part.minutes for part in parts]),
        _spanned([part.hours for part in parts]),
        tuple(one for part in parts for one in part.instruments),
        tuple(name for part in parts for name in part.ids),
    )


def _spanned(spans: Iterable[Span | None]) -> Span | None:
    known = [span for span in spans if span is not None]
    return Span(min(span.first_ms for span in known), max(span.last_ms for span in known)) if known else None
