"""How source and app are doing. Pure."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.instrument import CONSOLIDATED, LEAST_EXCHANGES
from tui_tracker.core.status import (
    STREAMING,
    RequestReport,
    SourceReport,
    SourceState,
    SourceStatus,
)
from tui_tracker.core.text import clean
from tui_tracker.tui.pages.blocks import Block, Page, facts, laid_out, said, tabulated, tiled
from tui_tracker.tui.pages.wording import bar
from tui_tracker.tui.runs import Kind, Line, Run
from tui_tracker.tui.times import Zone
from tui_tracker.tui.titles import SEPARATOR, count, state_runs

BAR_WIDTH: Final = 12
BRIEF_BAR_WIDTH: Final = 8
"""… where it is one of several."""
MOST_NAMED: Final = 12
REASON_WIDTH: Final = 40
FACT_WIDTH: Final = 48
BLOCKS_A_BAND: Final = 3
"""Sources side by side, where there is room."""
MOST_OF_AN_ERROR: Final = 80
MOST_KINDS: Final = 2
"""Kinds of errors that are told of each of several sources."""
BUSY: Final = 0.9
"""Share of the request budget from which on it is marked."""
SLOW_MS: Final = 50.0
"""A lag of the event loop that a person feels."""

_UNKNOWN: Final = "Not known before it has answered."


@dataclass(frozen=True, slots=True)
class AppHealth:
    """How this process is doing."""

    version: str
    uptime_ms: int
    memory: tuple[int, bool]
    """Bytes, and whether they are of now or the most there ever was."""
    lag_ms: tuple[float | None, float | None, float | None]
    """Lag of the event loop: median, 95 % and largest."""
    log_file: str | None
    pairs: int
    version_shown: int | None
    """Version of the snapshot that is shown."""


def health_page(report: SourceReport, app: AppHealth, now_ms: int, zone: Zone, width: int) -> Page:
    """Everything, in columns where ``width`` cells have room for them; ``now_ms`` is the corrected clock."""
    status = report.status
    if report.parts:
        return _several_page(report, app, now_ms, zone, width)
    blocks = [
        Block(f"Source {clean(status.source, 16)}", tuple(_source(status, app.pairs, now_ms, zone))),
        Block("Requests", tuple(_requests(report.requests))),
        Block("Errors since the start", tuple(_errors(report, now_ms, zone))),
        Block("History", (*_history(status), *_stored(status, zone))),
        Block("Skipped", tuple(_skipped(report))),
        Block("This app", tuple(_app(app))),
    ]
    lines = [
        *laid_out(blocks, width),
        Line(),
        *facts([("log file", [(clean(app.log_file or "none is kept"), "text")])]),
    ]
    return Page(SEPARATOR.join(("Health", zone.name)), tuple(lines))


def _several_page(report: SourceReport, app: AppHealth, now_ms: int, zone: Zone, width: int) -> Page:
    """One block a source, those that aren't well first; what they share follows."""
    offset_ms = report.status.skew_ms or 0
    exchanges = [part for part in report.parts if part.status.source != CONSOLIDATED]
    parts = sorted(exchanges, key=lambda part: part.status.state is SourceState.LIVE)
    briefs: list[Block] = []
    for part in parts:
        part_now_ms = now_ms - offset_ms + (part.status.skew_ms or 0)
        briefs.append(Block(f"Source {clean(part.status.source, 16)}", tuple(_brief(part, part_now_ms, zone))))
    together = [part.status for part in report.parts if part.status.source == CONSOLIDATED]
    shared = [
        *(Block("Across exchanges", tuple(_across(status, now_ms, zone))) for status in together),
        Block("History of all", (*_history(report.status), *_stored(report.status, zone))),
        Block("Skipped", tuple(_skipped(report))),
        Block("This app", tuple(_app(app))),
    ]
    lines = [*tiled(briefs, width, BLOCKS_A_BAND), Line(), *laid_out(shared, width), Line()]
    lines += facts([("log file", [(clean(app.log_file or "none is kept"), "text")])])
    return Page(SEPARATOR.join(("Health", zone.name)), tuple(lines))


def _brief(report: SourceReport, now_ms: int, zone: Zone) -> list[Line]:
    """One of several sources, in few lines."""
    status, requests = report.status, report.requests
    lines = _source(status, status.instruments, now_ms, zone)
    found: list[tuple[str, Sequence[Run]]] = []
    if requests is not None:
        answered = f"{count(requests.answered)}, {count(requests.failed)} failed"
        found.append(("requests", [(answered, "warn" if requests.failed else "text")]))
        found.append(("median", [(f"{_ms(requests.p50_ms)}, 95 % {_ms(requests.p95_ms)}", "text")]))
        found.append(("last minute", _budget_runs(requests, BRIEF_BAR_WIDTH)))
    backfill = status.backfill
    if backfill.total:
        left = _time_left(status)
        told = "" if left == fmt.ABSENT else f"  ~{left} left"
        found.append(("history", [(f"{count(backfill.done)} of {count(backfill.total)}{told}", "text")]))
    for tally in report.errors[:MOST_KINDS]:
        ago = fmt.age(max(0, now_ms - tally.last_ms - (status.skew_ms or 0)))
        text = f"{count(tally.count)} {tally.kind}, the last {ago} ago: {clean(tally.message, MOST_OF_AN_ERROR)}"
        found += wrapped("errors", text)
    return [*lines, *facts(found)]


def _across(status: SourceStatus, now_ms: int, zone: Zone) -> list[Line]:
    """What is made of several exchanges, and asks none of its own."""
    if status.quoted_ms is None:
        return said("Made once three exchanges have answered.", 40)
    newest: list[Run] = [
        (zone.second(status.quoted_ms), "text"),
        (f"  {fmt.age(now_ms - status.quoted_ms)} ago", "muted"),
    ]
    told = f"{count(status.instruments)}, each of {LEAST_EXCHANGES} exchanges or more"
    return facts([("pairs", [(told, "text")]), ("newest", newest), *wrapped("error", status.error)])


def wrapped(what: str, told: str) -> list[tuple[str, Sequence[Run]]]:
    """A fact of several lines; none where nothing is told."""
    lines = textwrap.wrap(clean(told, 300), FACT_WIDTH)
    return [(what if not place else "", [(line, "warn")]) for place, line in enumerate(lines)]


def _source(status: SourceStatus, pairs: int, now_ms: int, zone: Zone) -> list[Line]:
    def instant(at_ms: int | None) -> list[Run]:
        if at_ms is None:
            return [("never", "muted")]
        ago = f"  {fmt.age(now_ms - at_ms)} ago" if at_ms <= now_ms else f"  in {fmt.age(at_ms - now_ms)}"
        return [(zone.second(at_ms), "text"), (ago, "muted")]

    skew = "unknown" if status.skew_ms is None else f"{status.skew_ms:+,} ms"
    found: list[tuple[str, Sequence[Run]]] = [
        ("state", [(clean(text, 48), kind) for text, kind in state_runs(status, now_ms, zone)]),
        *wrapped("error", status.error),
        ("last success", instant(status.last_good_ms)),
        *([("newest quote", instant(status.quoted_ms))] if status.stream else ()),
        ("last attempt", instant(status.last_attempt_ms)),
        ("next poll", instant(status.next_poll_ms) if status.next_poll_ms else [("running", "accent")]),
        *([("stream", [(STREAMING, "accent")])] if status.stream == STREAMING else wrapped("stream", status.stream)),
        *([("collector", [(clean(status.collector, 40), "text")])] if status.collector else ()),
        *wrapped("asked at", status.asked_at and f"{status.asked_at} by that session, not where this one was to ask"),
        ("pairs", [(f"{count(status.instruments)} listed, {count(pairs)} shown", "text")]),
        ("clock off by", [(skew, "text")]),
        ("refused", [(f"{count(status.refused)} samples", "warn" if status.refused else "text")]),
    ]
    return facts(found)


def _requests(report: RequestReport | None) -> list[Line]:
    if report is None:
        return said("None: the market is made up in here.", 40)
    found: list[tuple[str, Sequence[Run]]] = [
        ("median", [(_ms(report.p50_ms), "strong"), (f"  of the last {count(report.measured)}", "muted")]),
        ("95 %", [(_ms(report.p95_ms), "strong")]),
        ("answered", [(count(report.answered), "text")]),
        ("failed", [(count(report.failed), "warn" if report.failed else "text")]),
        ("last minute", _budget_runs(report)),
        ("waiting", [(count(report.waiting), "text")]),
    ]
    return facts(found)


def _ms(value: float | None) -> str:
    if value is None:
        return fmt.ABSENT
    return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


def _budget_runs(report: RequestReport, size: int = BAR_WIDTH) -> list[Run]:
    if report.most_a_minute is None:
        return [(f"{count(report.last_minute)}, no limit", "text")]
    share = report.last_minute / report.most_a_minute
    kind: Kind = "warn" if share > BUSY else "accent"
    return [
        (f"{bar(share, size):{size}} ", kind),
        (f"{report.last_minute} of {report.most_a_minute}", "text"),
    ]


def _errors(report: SourceReport, now_ms: int, zone: Zone) -> list[Line]:
    if not report.errors:
        return said("None.", 40)
    skew_ms = report.status.skew_ms or 0
    rows: list[list[Run]] = [[(head, "faint") for head in ("kind", "count", "last", "what")]]
    for tally in report.errors:
        at_ms = tally.last_ms + skew_ms
        rows.append(
            [
                (tally.kind, "warn"),
                (count(tally.count), "strong"),
                (f"{zone.second(at_ms)}  {fmt.age(now_ms - at_ms)} ago", "text"),
                (clean(tally.message, REASON_WIDTH), "muted"),
            ]
        )
    return tabulated(rows, left={0, 3})


def _time_left(status: SourceStatus) -> str:
    """How long loading will take; nothing is loaded while the source is out of reach."""
    progress = status.backfill
    if not progress.is_running or progress.remaining_s is None or status.state is SourceState.OFFLINE:
        return fmt.ABSENT
    return fmt.age(round(progress.remaining_s * 1000))


def _history(status: SourceStatus) -> list[Line]:
    progress = status.backfill
    if not progress.total:
        return said("Nothing is to be loaded." if status.instruments else _UNKNOWN, 40)
    share = progress.done / progress.total
    step = "done" if progress.step_minutes is None else f"{progress.step_minutes}-min candles"
    failed = [clean(name, 24) for name in progress.failed]
    lines = facts(
        [
            (
                "loaded",
                [
                    (f"{bar(share, BAR_WIDTH):{BAR_WIDTH}} ", "accent"),
                    (f"{count(progress.done)} of {count(progress.total)} requests", "text"),
                ],
            ),
            ("step", [(step, "text")]),
            ("time left", [(_time_left(status), "text")]),
            ("failed", [(count(len(failed)), "warn" if failed else "text")]),
        ]
    )
    return [*lines, *(Line(((f"  {name}", "muted"),)) for name in failed[:MOST_NAMED]), *_more(len(failed))]


def _stored(status: SourceStatus, zone: Zone) -> list[Line]:
    """How the history on disk is doing."""
    history = status.history
    if status.moment is not None:
        return facts([("on disk", [("what is shown is read from there", "text")])])
    if history is None:
        return facts([("on disk", [("nothing, by choice", "muted")])])
    newest = fmt.ABSENT if history.stored_ms is None else f"up to {zone.minute(history.stored_ms)}"
    found: list[tuple[str, Sequence[Run]]] = [("on disk", [(newest, "text")])]
    if history.held:
        found.append(("waiting", [(f"{count(history.held)} minutes", "warn")]))
    told = [part for part in (history.error, history.hint, history.notice) if part]
    return [*facts(found), *(line for part in told for line in said(clean(part, 200), 40))]


def _skipped(report: SourceReport) -> list[Line]:
    if not report.skipped:
        is_known = report.status.instruments > 0
        return said("Every pair that the source named could be used." if is_known else _UNKNOWN, 48)
    rows: list[list[Run]] = [
        [(clean(symbol, 20), "text"), (clean(reason, REASON_WIDTH), "muted")]
        for symbol, reason in report.skipped[:MOST_NAMED]
    ]
    return [*tabulated(rows, left={0, 1}), *_more(len(report.skipped))]


def _more(number: int) -> list[Line]:
    """Says how many are not named."""
    return [Line(((f"  and {count(number - MOST_NAMED)} more, see the log", "faint"),))] if number > MOST_NAMED else []


def _app(app: AppHealth) -> list[Line]:
    size, is_now = app.memory
    median, most, largest = app.lag_ms
    kind: Kind = "warn" if largest is not None and largest > SLOW_MS else "text"
    late: list[Run] = [
        (_ms(median), "strong"),
        (f"  95 % {_ms(most)}  most ", "muted"),
        (_ms(largest), kind),
        ("  while this page is open", "faint"),
    ]
    return facts(
        [
            ("version", [(app.version, "text")]),
            ("running for", [(fmt.age(app.uptime_ms), "text")]),
            ("memory", [(f"{size / 1e6:,.0f} MB", "text"), ("" if is_now else "  at most", "muted")]),
            ("loop is late", [("measuring …", "muted")] if median is None else late),
            ("snapshot", [(fmt.ABSENT if app.version_shown is None else f"no. {count(app.version_shown)}", "text")]),
        ]
    )
