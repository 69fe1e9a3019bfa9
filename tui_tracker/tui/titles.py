"""Titles of the panes and the top line: what the numbers are, how many pairs, how recent. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui_tracker.config.views import MAIN
from tui_tracker.core import format as fmt
from tui_tracker.core.figures import Measure
from tui_tracker.core.instrument import CONSOLIDATED, Instrument
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Row
from tui_tracker.core.status import OURS, BackfillProgress, Moment, SourceState, SourceStatus
from tui_tracker.core.text import clean
from tui_tracker.stats.ranking import Ranking
from tui_tracker.tui.runs import Kind, Line, Run, packed, width_of
from tui_tracker.tui.times import Zone
from tui_tracker.tui.view import DAY_H, ViewState

NAME: Final = "crypto-tui"
SEPARATOR: Final = " ── "
BAR_WIDTH: Final = 8
YEAR_H: Final = 365 * DAY_H
SKEW_SHOWN_MS: Final = 2_000
SKEW_WARNED_MS: Final = 30_000
METRIC_WORDS: Final = {
    Metric.PRICE: "price",
    Metric.MID: "mid",
    Metric.VOLUME: "volume",
    Metric.QUOTE_VOLUME: "quote volume",
    Metric.SPREAD: "spread",
    Metric.TRADES: "trades",
    Metric.FLOW: "flow",
    Metric.TRADES_MIN: "trades a minute",
}


def count(number: int) -> str:
    """``1,123``."""
    return fmt.whole(number)


def window_text(minutes: int) -> str:
    """``24 h``, ``7 d``, or ``90 min``."""
    if minutes % 60:
        return f"{minutes} min"
    return range_text(minutes // 60)


def known_text(minutes: int) -> str:
    """``12 d``, ``30 h`` or ``90 min``, rounded down."""
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} d"


def range_text(hours: int) -> str:
    """``24 h``, ``7 d`` or ``1 y``."""
    if hours <= DAY_H or hours % DAY_H:
        return f"{hours} h"
    return "1 y" if hours == YEAR_H else f"{hours // DAY_H} d"


def scope_text(view: ViewState) -> str:
    """``USD``, ``kraken USD``, ``all quotes`` or ``★ watchlist``."""
    if view.watchlist_only:
        return "★ watchlist" if view.watchlist == MAIN else f"★ {clean(view.watchlist, 24)}"
    quotes = "all quotes" if view.quote is None else clean(view.quote, 12)
    if view.source is None:
        return quotes
    return f"{'across' if view.source == CONSOLIDATED else clean(view.source, 16)} {quotes}"


def source_text(source: str) -> str:
    """``kraken``; of what is made of several exchanges ``across exchanges``."""
    return "across exchanges" if source == CONSOLIDATED else clean(source, 16)


def source_name(status: SourceStatus) -> str:
    """``kraken``, or ``9 sources``."""
    several = status.source.count(",") + 1
    return f"{several} sources" if several > 1 else clean(status.source, 16)


def pair_name(one: Instrument, most: int, *, is_several: bool) -> str:
    """``BTC/USD``, where pairs of several exchanges are watched ``BTC/USD kraken``; safe to show."""
    return clean(f"{one.pair} {one.source}" if is_several else one.pair, most)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pairs there are, and how many are shown."""

    shown: int
    in_scope: int
    all: int


def list_title(view: ViewState, counts: Counts) -> str:
    """``Pairs ── USD ── 418/1,123``."""
    is_all = view.quote is None and view.source is None
    scope = "★" if view.watchlist_only else "all" if is_all else scope_text(view)
    parts = ["Pairs", scope, f"{count(counts.in_scope)}/{count(counts.all)}"]
    if view.needle:
        parts[2] = f"{count(counts.shown)} of {count(counts.in_scope)}"
    return SEPARATOR.join(parts)


def sort_text(view: ViewState) -> str:
    """``by quote, then σ``."""
    first = f"by {column_word(view.sort or 'rank')}{' reversed' if view.reverse else ''}"
    return first if view.then is None else f"{first}, then {column_word(view.then)}"


def column_word(key: str) -> str:
    """A column in a title."""
    return {"stddev": "σ", "change": "Δ24h", "shift": "Δrank", "volume": "volume $"}.get(key, key)


def classes_text(excluded: Sequence[str]) -> str:
    """``stable or fiat``, or ``stable, fiat, …``: classes that are left out."""
    if len(excluded) <= 2:
        return " or ".join(excluded).replace("_", " ")
    return f"{', '.join(excluded[:2])}, …"


def table_title(
    view: ViewState,
    ranking: Ranking,
    counts: Counts,
    window: int,
    zone: Zone,
    is_loading: bool,
    width: int,
    name: str = "",
    known: int | None = None,
) -> str:
    """``Ranked by σ of price ── USD ── 24 h ── live order``, with whatever else one must know to read the ranks.

    Where ``width`` cells aren't enough, the parts that matter least are left out.

    Args:
        name: The named view; with ``*`` behind it once something was changed, which is then said last.
        known: Minutes of the window that the history tells of, where that may be less than all.
    """
    name = clean(name, 41)
    was = name[:-1] if name.endswith("*") else ""
    name = "" if was else name
    parts = _subject_parts(view, name)
    if ranking.mixed_units:
        parts.append(_Part("mixed units"))
    scope = scope_text(view)
    if not (name and scope in name.split()):
        parts.append(_Part(scope))
    parts.append(_window_part(view, window, known))
    if not view.watchlist_only:
        parts += _narrowing_parts(view, ranking)
    if ranking.ranked < len(ranking.places):
        parts.append(_ranked_part(view, ranking, is_loading))
    if view.needle:
        slash = "" if view.needle.startswith("/") else "/"
        typed = "" if name else f"{slash}{clean(view.needle, 16)} "
        match = " match" if name else ""
        parts.append(_Part(f"{typed}{count(counts.shown)} of {count(counts.in_scope)}{match}"))
    if ranking.no_usd_route:
        parts.append(_Part(f"{count(ranking.no_usd_route)} without a USD volume left out", 1))
    parts.append(_order_part(view, zone))
    parts.append(_Part("stays at line", 5, "line") if view.keeps_line else _Part("follows pair", 1))
    if was:
        parts.append(_Part(f"was {was}", 3))
    return _fitting([part for part in parts if part.text], width)


def _window_part(view: ViewState, window: int, known: int | None) -> "_Part":
    partly = f", {known_text(known)} known" if known is not None and known < window else ""
    if view.window != window:
        partly += f", {window_text(view.window)} coming"
    return _Part(f"{window_text(window)}{partly}" if window else "", 7 if partly else 4)


def _narrowing_parts(view: ViewState, ranking: Ranking) -> list["_Part"]:
    """What is left out of the ranking beside other currencies."""
    parts: list[_Part] = []
    if view.min_volume:
        is_known = ranking.scope.min_volume_usd > 0 or any(row.volume_usd for row in ranking.rows)
        parts.append(_Part(f"≥ ${fmt.compact(view.min_volume)}" if is_known else "volume unknown", 6))
    if view.excluded:
        parts.append(_Part(f"no {classes_text(view.excluded)}", 4))
    if view.unique_base:
        parts.append(_Part("one an asset", 3))
    return parts


def _ranked_part(view: ViewState, ranking: Ranking, is_loading: bool) -> "_Part":
    """How many have a rank, where not all have."""
    of = f"{count(ranking.ranked)} of {count(len(ranking.places))}"
    if is_loading and view.metric.is_in_candles:
        of += " so far"
    told = f"ranked {of}"
    if not ranking.ranked and not view.metric.is_in_candles:
        told += ": its past can't be loaded, only collected"
    return _Part(told, 5, of)


def _order_part(view: ViewState, zone: Zone) -> "_Part":
    if view.frozen is not None:
        return _Part(f"frozen {zone.minute(view.frozen.at_ms)}")
    if view.sort is not None or view.then is not None:
        return _Part(sort_text(view), 6)
    return _Part("reversed" if view.reverse else "live order", 2)


def _subject_parts(view: ViewState, name: str) -> list["_Part"]:
    """What the ranks are of: a named view says it with its name, and what the name leaves open follows."""
    what = f"{view.measure.label} of {METRIC_WORDS[view.metric]}"
    if not name:
        return [_Part(f"Ranked by {what}", 3, what)]
    is_said = view.metric is Metric.PRICE and _stem(view.measure) in name.casefold()
    short = what if is_said else clean(name, SHORT_NAME)
    return [_Part(name, 7, short, KEPT), *([] if is_said else [_Part(what, 5, view.measure.label)])]


def _stem(measure: Measure) -> str:
    """What a view's name says of its measure: ``volatil`` is in ``Most volatile``."""
    return measure.label.casefold()[:7]


SHORT_NAME: Final = 16
KEPT: Final = 99
"""The number of a part that is never dropped."""


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    drop: int = KEPT
    """Those with the lowest number are shortened or dropped first."""
    short: str = ""
    short_drop: int = 0
    """The same for what it is shortened to; 0 for the usual."""


SHORTENED: Final = 20
"""What was shortened is dropped at this less its number: the last to be shortened first."""


def _fitting(parts: list[_Part], width: int) -> str:
    for drop in range(1, SHORTENED):
        text = SEPARATOR.join(part.text for part in parts)
        if width_of(text) <= width:
            return text
        shorter = (
            part if part.drop != drop else _Part(part.short, part.short_drop or SHORTENED - drop) for part in parts
        )
        parts = [part for part in shorter if part.text]
    return SEPARATOR.join(part.text for part in parts)


def chart_title(
    row: Row | None,
    view: ViewState,
    zone: Zone,
    window: int = 0,
    samples: int = 0,
    since_ms: int | None = None,
    *,
    is_several: bool = False,
) -> str:
    """``BTC/USD ── price ── 24 h ── UTC``.

    Args:
        row: The selected pair.
        view: What is chosen.
        zone: How times are written.
        window: Minutes that figures are made over; 0 where that doesn't matter.
        samples: Minutes that the chart has: a longer range is that. 0 where they are not known.
        since_ms: From when on ranks are known.
        is_several: Whether the pair says its exchange.
    """
    pair = "Chart" if row is None else pair_name(row.instrument, 34 if is_several else 24, is_several=is_several)
    if view.shows_ranks:
        what = f"rank by {view.measure.label} of {METRIC_WORDS[view.metric]}"
        known = "" if since_ms is None else f"known since {zone.minute(since_ms)}"
        return SEPARATOR.join(part for part in (pair, what, scope_text(view), known, zone.name) if part)
    if view.compared:
        is_alone = view.compared == (view.selected,)
        what = "move to another pair and press c" if is_alone else "compared from the left edge"
        pair = f"{pair} ── {what}" if is_alone else what.capitalize()
    band = ""
    if view.band_minutes and not view.compared and not view.shows_hours:
        is_whole = 0 < samples <= view.band_minutes
        band = f"mean ± 2σ of {window_text(window if is_whole and window else view.band_minutes)}"
    parts = (pair, view.metric.label, _span_text(view, zone, samples), band, zone.name)
    return SEPARATOR.join(part for part in parts if part)


def _span_text(view: ViewState, zone: Zone, samples: int) -> str:
    """``24 h``, ``last 90 min``, or from when to when."""
    if view.span is None:
        is_longer = 0 < samples < view.range_hours * 60 and not view.shows_hours
        return window_text(samples) if is_longer else range_text(view.range_hours)
    if view.span.end_ms is None:
        return f"last {window_text(view.span.minutes)}"
    start_ms = view.span.end_ms - (view.span.minutes - 1) * MINUTE_MS
    if view.shows_hours:
        return f"{zone.day(start_ms)}–{zone.day(view.span.end_ms)}"
    return f"{zone.minute(start_ms)}–{zone.minute(view.span.end_ms)}"


def state_runs(status: SourceStatus, now_ms: int, zone: Zone) -> list[Run]:
    """The state of the source, never by colour alone: ``● live``, ``◌ stale 2m``, ``○ offline: …``."""
    if status.moment is not None:
        return [(f"▮ PAST {moment_text(status.moment, zone)}", "warn")]
    if status.parts:
        return _several_runs(status, now_ms, zone)
    if status.is_simulated:
        runs: list[Run] = [("▮ SIMULATED", "warn")]
        return runs if status.state is SourceState.LIVE else [*runs, (" ", "text"), *_plain_state(status, now_ms, zone)]
    return _plain_state(status, now_ms, zone)


def moment_text(moment: Moment, zone: Zone) -> str:
    """``2026-11-25 09:30 UTC ▶ ×60``."""
    if not moment.minute_ms:
        return "reading the history …"
    going = " ▶ ×60" if moment.is_playing else " …" if moment.is_moving else " ‖"
    return f"{zone.date(moment.minute_ms)} {zone.minute(moment.minute_ms)} {zone.name}{going}"


def _several_runs(status: SourceStatus, now_ms: int, zone: Zone) -> list[Run]:
    """``9 sources ● 8 live ○ 1 offline: kraken``: how many are in which state, and which aren't well."""
    parts = [part for part in status.parts if part.source != CONSOLIDATED]
    runs: list[Run] = [(f"{count(len(parts))} sources", "strong")]
    if status.error and all(part.error == status.error for part in parts):  # the server that tells of them is away
        return [*runs, (" ", "text"), *_plain_state(status, now_ms, zone)]
    found: dict[tuple[str, Kind], list[str]] = {
        ("● {} streaming", "accent"): [],
        ("● {} live", "accent"): [],
        ("● {} streaming, polls fail", "warn"): [],
        ("● {} live, stream fails", "warn"): [],
        ("◌ {} stale", "warn"): [],
        ("◌ {} rate-limited", "warn"): [],
        ("○ {} offline", "down"): [],
        ("○ {} starting", "muted"): [],
    }
    streaming, live, unpolled, polled, stale, limited, offline, starting = found
    for part in parts:
        if part.is_streamed:
            kind = unpolled if part.error or _is_limited(part, now_ms) else streaming
        elif _is_limited(part, now_ms):
            kind = limited
        elif part.state is SourceState.OFFLINE:
            kind = starting if part.is_starting else offline
        elif part.state is SourceState.LIVE:
            kind = polled if part.stream_trouble else live
        else:
            kind = stale
        found[kind].append(clean(part.source, 16))
    for kind, names in found.items():
        if names:
            word, color = kind
            which = (
                ""
                if kind in (streaming, live, starting)
                else f": {', '.join(names[:2])}{' …' if len(names) > 2 else ''}"
            )
            runs += [(" ", "text"), (word.format(len(names)) + which, color)]
    return runs


def _plain_state(status: SourceStatus, now_ms: int, zone: Zone) -> list[Run]:
    age = "" if status.quoted_ms is None else f" {fmt.age(max(0, now_ms - status.quoted_ms))}"
    limited = ""
    if _is_limited(status, now_ms):
        limited = f"rate-limited until {zone.second(status.limited_until_ms or 0)}"
    if status.is_streamed:
        trouble = f"polls {limited}" if limited else status.error and f"polls fail: {clean(status.error, 60)}"
        return [("● streaming", "accent"), (trouble and f"  {trouble}", "warn")]
    if limited:
        return [(f"◌ {limited}", "warn"), (age and f"  data{age} old", "warn")]
    match status.state:
        case SourceState.LIVE:
            trouble = status.stream_trouble and f"  stream: {clean(status.stream_trouble, 60)}"
            return [("● live", "accent"), (trouble, "warn")]
        case SourceState.STALE:
            reason = f": {clean(status.error, 60)}" if status.error else ""
            return [(f"◌ stale{age}{reason}", "warn")]
        case SourceState.OFFLINE:
            if status.is_starting:
                return [("○ starting", "muted")]
            return [(f"○ offline{age}: {clean(status.error, 60) or 'no answer'}", "down")]


def _is_limited(status: SourceStatus, now_ms: int) -> bool:
    return status.limited_until_ms is not None and status.limited_until_ms > now_ms


def progress_bar(done: int, total: int) -> str:
    """``▓▓▓▓▓▓░░``."""
    filled = BAR_WIDTH * done // total if total else 0
    return "▓" * filled + "░" * (BAR_WIDTH - filled)


def share_text(progress: BackfillProgress) -> str:
    """``40 %``: requests differ from pairs, and neither says how long it takes."""
    return f"{100 * progress.done // max(1, progress.total)} %"


def header_line(status: SourceStatus, pairs: int, now_ms: int, zone: Zone, width: int) -> Line:
    """The top line: state first, then absolute times, then progress; what doesn't fit is left out from the right."""
    state = state_runs(status, now_ms, zone)
    if not status.is_simulated and not status.parts:
        state.insert(0, (f"{source_name(status)} ", "strong"))
    times: list[Run] = []
    if status.last_good_ms is not None and status.moment is None:
        times.append((f"polled {zone.second(status.last_good_ms)}", "text"))
    if status.next_poll_ms is not None:
        is_any_live = any(one.state is SourceState.LIVE and not one.error for one in status.parts or (status,))
        word = "next" if is_any_live else "next try"
        times.append((f"{'  ' if times else ''}{word} {zone.second(status.next_poll_ms)}", "muted"))
    if times:
        times.append((f" {zone.name}", "faint"))
    short_times = times[:1] if width < 70 else times
    name: list[Run] = [(NAME, "faint")] if width >= 84 else []
    known: list[Run] = [(f"{count(pairs)} pairs", "muted")] if pairs else []
    collector = _collector_runs(status, is_short=False)
    choices = [
        [name, state, times, known, _backfill_runs(status)],
        [name, state, times, known, _backfill_runs(status, is_short=True)],
        [state, times, known, _backfill_runs(status, is_short=True)],
        [state, times[:1], known, _backfill_runs(status, is_short=True)],
        [state, times[:1], known, _backfill_runs(status, is_short=True, has_rest=False)],
    ]
    if not status.backfill.is_running or status.error:
        choices = [[name, state, short_times, known, _backfill_runs(status)], [state, short_times, known]]
        if status.asked_at:
            choices.append([state, short_times])
    problems = [_problem_runs(status), _problem_runs(status, most=1), _problem_runs(status, most=0)]
    whole = [[*choice, facts] for facts in problems for choice in choices]
    told = [[*groups, who] for groups in whole[: len(choices)] for who in (collector, _collector_runs(status))]
    if status.collector and (best := next((groups for groups in told if _is_fitting(groups, width - 2)), None)):
        return Line(((" ", "text"), *packed(best, width - 2)))
    bare = [[*choice, problems[-1]] for choice in choices if _is_fitting(choice, width - 2)]
    groups = next((groups for groups in whole if _is_fitting(groups, width - 2)), next(iter(bare), whole[-1]))
    return Line(((" ", "text"), *packed([*groups, collector], width - 2)))


def _collector_runs(status: SourceStatus, *, is_short: bool = True) -> list[Run]:
    """Who collects; in short ``collects here`` or ``pid 1234 collects``."""
    if not status.collector:
        return []
    short = (
        "collects here" if status.collector == OURS else f"{clean(status.collector.partition(' by ')[0], 16)} collects"
    )
    return [(short if is_short else f"{clean(status.collector, 32)} collects", "faint")]


def _is_fitting(groups: Sequence[Sequence[Run]], width: int) -> bool:
    sizes = [size for group in groups if (size := sum(width_of(text) for text, _ in group))]
    return sum(sizes) + 3 * max(0, len(sizes) - 1) <= width


def _backfill_runs(status: SourceStatus, *, is_short: bool = False, has_rest: bool = True) -> list[Run]:
    progress = status.backfill
    if not progress.is_running:
        return []
    runs: list[Run] = [
        ("hist" if is_short else "history ", "muted"),
        ("" if is_short else progress_bar(progress.done, progress.total), "accent"),
        (f" {share_text(progress)}", "muted"),
    ]
    if has_rest and progress.remaining_s is not None and status.state is not SourceState.OFFLINE:
        runs.append((f" ~{fmt.age(round(progress.remaining_s * 1000))}", "faint"))
    return runs


def _ahead(skew_ms: int) -> str:
    """How this machine's clock differs from the exchange's; it is corrected for."""
    return f"{fmt.age(abs(skew_ms))} {'behind' if skew_ms > 0 else 'ahead'}"


def counted(number: int, thing: str) -> str:
    """``1 poll``, ``2 polls``."""
    return f"{count(number)} {thing}{'' if number == 1 else 's'}"


def _problem_runs(status: SourceStatus, most: int = 9) -> list[Run]:
    facts: list[str] = []
    history = status.history
    if history is not None and history.error:
        facts.append(f"not stored: {clean(history.error, 40)}")
    elif history is not None and history.notice:
        facts.append("damaged history (H)")
    if status.asked_at:
        facts.append(f"asked at {clean(status.asked_at, 40)}")
    if status.malformed:
        facts.append(counted(status.malformed, "unreadable row"))
    if status.unknown:
        facts.append(counted(status.unknown, "unknown symbol"))
    if status.refused:
        facts.append(counted(status.refused, "sample") + " refused")
    if status.backfill.failed:
        facts.append(f"{count(len(status.backfill.failed))} without history")
    is_harmless = len(facts) == 1 and bool(status.unknown)
    if facts and not most:  # there is hardly room
        short = "asked elsewhere" if status.asked_at else counted(len(facts), "problem")
        facts = [f"{'not stored' if history is not None and history.error else short} (H)"]
        most = 1
    text = f"{facts[0]} (H)" if is_harmless else " · ".join(facts[:most])
    runs: list[Run] = [(text, "muted" if is_harmless else "warn")] if facts else []
    if status.skew_ms is not None and abs(status.skew_ms) >= SKEW_SHOWN_MS:
        kind: Kind = "warn" if abs(status.skew_ms) >= SKEW_WARNED_MS else "faint"
        runs.append((f"{'   ' if runs else ''}clock {_ahead(status.skew_ms)}", kind))
    return runs
