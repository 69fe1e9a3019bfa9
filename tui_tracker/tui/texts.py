"""What the app says in sentences: the strip under the chart, and what stands in an empty pane. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from tui_tracker.core import format as fmt
from tui_tracker.core.figures import Figures
from tui_tracker.core.instrument import CONSOLIDATED
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import BackfillProgress, SourceStatus
from tui_tracker.core.text import clean
from tui_tracker.stats.ranking import Ranking
from tui_tracker.tui.columns import change_of, change_run, late_since, value_text
from tui_tracker.tui.runs import GAP, Kind, Line, Run, packed, width_of
from tui_tracker.tui.times import Zone
from tui_tracker.tui.titles import (
    METRIC_WORDS,
    classes_text,
    count,
    range_text,
    scope_text,
    share_text,
    source_name,
    source_text,
    window_text,
)
from tui_tracker.tui.view import DAY_MINUTES, LEAST_HEIGHT, LEAST_WIDTH, ViewState


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the selected pair stands in one scope."""

    word: str
    ranking: Ranking


def too_small(width: int) -> tuple[Line, ...]:
    """What a terminal with too few cells says, as much of it as fits."""
    size = f"{LEAST_WIDTH} × {LEAST_HEIGHT}"
    texts = f"too small: {size} at least", f"too small: {size}", size
    return (Line(((next((text for text in texts if len(text) <= width), size), "text"),)),)


@dataclass(frozen=True, slots=True)
class Extremes:
    """When the chart's pair was lowest and highest; ``None`` while that isn't known."""

    low_ms: int | None = None
    high_ms: int | None = None
    low: float = nan
    high: float = nan
    """What it was then: a window that has slid meanwhile may know of others."""


def strip_lines(
    row: Row | None,
    snapshot: Snapshot,
    view: ViewState,
    standings: Sequence[Standing],
    extremes: Extremes,
    zone: Zone,
    size: tuple[int, int],
) -> list[Line]:
    """What the numbers of the selected pair mean, in words; ``size`` is (width, lines)."""
    width, lines = size
    if row is None:
        return [Line()] * lines
    figures = row.figures_of(view.metric)
    values = _value_groups(row, figures, snapshot, view, extremes, zone)
    beside = sum(width_of(text) for text, _ in values[0]) + len(GAP) if lines == 1 else 0
    ranks = _rank_groups(row, figures, snapshot, view, standings, width - 2 - beside)
    if lines == 1:
        return [Line(((" ", "text"), *packed([values[0], ranks[0], *ranks[1:], *values[1:]], width - 2)))]
    return [Line(((" ", "text"), *packed(groups, width - 2))) for groups in (values, ranks)]


def _value_groups(
    row: Row, figures: Figures | None, snapshot: Snapshot, view: ViewState, extremes: Extremes, zone: Zone
) -> list[list[Run]]:
    digits = row.instrument.digits

    def text(value: float | None) -> str:
        return value_text(value, view.metric, digits, 16)

    if figures is None or not figures.samples:
        last: list[Run] = [("last ", "muted"), (fmt.price(row.last, digits), "strong")]
        return [last, [(f"no samples of {METRIC_WORDS[view.metric]} yet", "muted")]]
    value = row.last if view.metric is Metric.PRICE else figures.last
    groups: list[list[Run]] = [
        [("last ", "muted"), (text(value), "strong"), ("  ", "text"), *_change_runs(figures, snapshot, zone)]
    ]
    span = "" if view.range_hours * 60 == figures.length else f"{window_text(figures.length)} "
    for word, value, at_ms, then in (
        ("high", figures.maximum, extremes.high_ms, extremes.high),
        ("low", figures.minimum, extremes.low_ms, extremes.low),
    ):
        when = f" {zone.minute(at_ms)}" if at_ms is not None and value == then else ""
        groups.append([(f"{span}{word} ", "muted"), (text(value), "text"), (when, "faint")])
    groups.append([("mean ", "muted"), (text(figures.mean), "text")])
    return groups


def _change_runs(figures: Figures, snapshot: Snapshot, zone: Zone) -> list[Run]:
    value, since = change_of(figures), late_since(figures, snapshot.end_ms)
    when: Run = (f" since {zone.minute(since)}" if since is not None else "", "warn")
    if value is None:
        return [("one sample", "muted"), when] if figures.samples == 1 else [(fmt.ABSENT, "faint")]
    change = change_run(value, 12)
    return [(f"{change.text} %", change.kind), when]


def _rank_groups(
    row: Row, figures: Figures | None, snapshot: Snapshot, view: ViewState, standings: Sequence[Standing], room: int
) -> list[list[Run]]:
    if figures is None:
        return [[(_lacking(view, snapshot, row, "it"), "muted")]]
    groups = [_standing_runs(row, figures, view, standings, room)]
    groups.append([("cv ", "muted"), (_percent(figures.cv if figures.samples > 1 else None, 2), "text")])
    groups.append([("cover ", "muted"), (f"{count(figures.samples)}/{count(figures.length)}", "text")])
    groups.append([("volatility ", "muted"), (_percent(figures.volatility, 0), "text")])
    groups.append([("traded $ ", "muted"), (fmt.compact(row.volume_usd), "text")])
    return groups


def _standing_runs(row: Row, figures: Figures, view: ViewState, standings: Sequence[Standing], room: int) -> list[Run]:
    """σ and the ranks; where there is no room the measure is not named, then ranks are left out from the right."""
    stddev = figures.stddev if figures.samples > 1 else None
    runs: list[Run] = [("σ ", "muted"), (value_text(stddev, Metric.VOLUME, 0, 16), "strong")]
    reason = next((place.reason for s in standings if (place := s.ranking.place(row.id)) is not None), "")
    if reason:
        return [*runs, (f"  not ranked: {clean(reason, 40)}", "warn")]
    words: list[str] = []
    for standing in standings:
        place = standing.ranking.place(row.id)
        if place is not None and place.rank is not None:
            words.append(f"{count(place.rank)} of {count(standing.ranking.ranked)}{standing.word}")
    if not words:
        return runs
    by = "" if view.measure.value == "stddev" else f" by {view.measure.label}"
    choices = [(by, len(words)), *(("", size) for size in range(len(words), 0, -1))]
    shown = [[*runs, (f"  rank{by} ", "muted"), (" · ".join(words[:size]), "text")] for by, size in choices]
    return next((one for one in shown if sum(width_of(text) for text, _ in one) <= room), shown[-1])


def _percent(fraction: float | None, digits: int) -> str:
    return fmt.ABSENT if fraction is None else f"{fmt.percent(fraction * 100, digits)} %"


def empty_lines(
    status: SourceStatus, view: ViewState, has_rows: bool, zone: Zone, now_ms: int, demo: bool, own: str = ""
) -> list[Line]:
    """What a pane without rows says: why, and what to do about it.

    ``own`` is the named view whose filter is in force, empty for a filter that was typed.
    """
    source = source_name(status)
    if has_rows:
        return _nothing_in_view(view, own, status.backfill)
    if status.limited_until_ms is not None and status.limited_until_ms > now_ms:
        until = zone.second(status.limited_until_ms)
        why = [_said(clean(status.error, 160), "down")] if status.error else []
        wait = _said(f"{source} is asked for nothing until {until} {zone.name}.", "warn")
        return [wait, *why, Line(), _demo_hint(demo)]
    if status.error:
        return _no_data_yet(status, zone, demo)
    if status.last_good_ms is not None:
        return [_said(f"{source} lists no pair", "muted")]
    if status.is_simulated:
        return [
            _said("the simulated market is being made up", "muted"),
            _said("300 pairs take a moment, 10,000 some ten seconds", "muted"),
        ]
    if status.history is None:
        return [_said(f"the first answer of {source} is on its way", "muted")]
    return [_said(f"what is kept of {source} is read, and its first poll is on the way", "muted")]


def _no_data_yet(status: SourceStatus, zone: Zone, demo: bool) -> list[Line]:
    """What failed, what happens next without any key, and which keys there are."""
    source = source_name(status)
    verb = "give" if "," in status.source else "gives"
    lines = [
        Line(),
        Line(((f"   {source} {verb} no data yet", "strong"),)),
        Line(((f"   {clean(status.error)}", "down"),)),
        Line(),
    ]
    if status.next_poll_ms is not None:
        lines.append(Line((("   next try at ", "muted"), (f"{zone.second(status.next_poll_ms)} {zone.name}", "text"))))
        lines.append(Line((("   then everything appears by itself; history follows", "muted"),)))
    demo_key = [("d", "watch a simulated market meanwhile")] if demo else []
    keys = [("R", "try now"), *demo_key, ("H", "what went wrong")]
    return [*lines, Line(), *(Line((("   ", "muted"), (key, "accent"), (f"  {text}", "muted"))) for key, text in keys)]


def _nothing_in_view(view: ViewState, own: str, history: BackfillProgress) -> list[Line]:
    if view.needle:
        return _nothing_matches(view, own, history)
    if view.watchlist_only:
        return [
            _said("no pair in the watchlist yet", "text"),
            _key("F", "all pairs again, then"),
            _key("f", "adds the selected pair"),
        ]
    made = f"no {_quoted(view)} is put together of three exchanges or more, or not yet"
    lines = [_said(made if view.source == CONSOLIDATED else f"no pair in {scope_text(view)}", "text")]
    if view.min_volume:
        lines.append(_said(f"that trades at least ${fmt.compact(view.min_volume)} a day", "text"))
    if view.excluded:
        lines += [_said(f"and isn't {classes_text(view.excluded)}", "text"), _key("X", "shows every class")]
    if view.source is not None:
        lines.append(_key("E", "another exchange"))
    return [*lines, _key("u", "another quote currency")]


def _quoted(view: ViewState) -> str:
    return "pair" if view.quote is None else f"{clean(view.quote, 12)} pair"


def _nothing_matches(view: ViewState, own: str, history: BackfillProgress) -> list[Line]:
    """Nothing passes the filter: it may be a view's own, and may ask for what isn't known yet."""
    needle = clean(view.needle, 40)
    if own:
        lines = [_said(f"nothing in “{clean(own, 40)}” now", "text"), _said(f"its filter: {needle}", "muted")]
        way_out = _key("Esc", "without its filter")
    else:
        lines, way_out = [_said(f"no pair matches “{needle}”", "text")], _key("Esc", "clear the filter")
        lines += _left_out(view)
    if history.is_running:
        lines.append(_said(f"history is loading, {share_text(history)}: more may match soon", "muted"))
    return [*lines, Line(), way_out]


def _left_out(view: ViewState) -> list[Line]:
    """What is not looked at, where something else than the filter leaves pairs out."""
    if view.watchlist_only:
        return [_key("F", "look among all pairs, not the watchlist alone")]
    found = []
    if view.source is None and CONSOLIDATED in re.findall(r"\w+", view.needle):
        found.append(_key("E", "look among what is put together across exchanges"))
    if view.source is not None:
        found.append(_key("E", f"look further than {source_text(view.source)}"))
    if view.quote is not None:
        found.append(_key("u", f"look further than {clean(view.quote, 12)}"))
    if view.excluded:
        found.append(_key("X", f"look among {classes_text(view.excluded)} too"))
    if view.min_volume:
        found.append(_said(f"pairs under ${fmt.compact(view.min_volume)} a day are left out", "muted"))
    return found


def _key(key: str, text: str) -> Line:
    return Line(((" ", "muted"), (key, "accent"), (f"  {text}", "muted")))


def _said(text: str, kind: Kind) -> Line:
    return Line(((f" {text}", kind),))


def _demo_hint(demo: bool) -> Line:
    return Line(((" ", "muted"), ("d", "accent"), ("  watch a simulated market", "muted"))) if demo else Line()


def _lacking(view: ViewState, snapshot: Snapshot, row: Row, pair: str) -> str:
    """Why a pair has no figures; over more than a day only those that are asked for are made."""
    metric = METRIC_WORDS[view.metric]
    if row.instrument.is_consolidated and view.metric is not Metric.PRICE:
        return f"across exchanges there is no {metric}, only the price; M has each exchange"
    if snapshot.window_minutes > DAY_MINUTES:
        return f"{metric} over {window_text(snapshot.window_minutes)} is on its way, or the exchange gives none"
    return f"the exchange gives no {metric} for {pair}"


def chart_message(row: Row | None, view: ViewState, snapshot: Snapshot | None, zone: Zone) -> list[Line]:
    """Why there is no line in the chart."""
    if row is None or snapshot is None:
        return []
    if row.halted:
        since = f" since {zone.minute(row.halted_since_ms)}" if row.halted_since_ms is not None else ""
        return [_said(f"not sampled: {clean(row.halted, 40)}{since}", "warn")]
    pair = clean(row.instrument.pair, 24)
    if row.figures_of(view.metric) is None:
        return [_said(_lacking(view, snapshot, row, pair), "muted")]
    figures = row.figures_of(view.metric)
    if figures is not None and figures.samples:
        return [_said(f"no sample in the last {range_text(view.range_hours)}", "muted")]
    return [_said(f"no sample of {pair} yet", "muted"), _said("its history is on the way", "muted")]
