"""``crypto-tui rank``: one poll, the history of the chosen pairs, and their ranking on stdout."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import click

from tui_tracker.cli.diagnostics import Exit, ProgressLine, say
from tui_tracker.cli.options import (
    COLLECTING,
    DEFAULTS,
    FILTER_HELP,
    Composition,
    Invocation,
    flagged_filter,
    pass_invocation,
    setting_flags,
)
from tui_tracker.config.load import Loaded
from tui_tracker.config.model import Settings
from tui_tracker.config.parse import DAY_MINUTES, span_text
from tui_tracker.core.errors import ConfigError, NoDataError
from tui_tracker.core.instrument import CONSOLIDATED, LEAST_EXCHANGES, InstrumentClass
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import BackfillProgress
from tui_tracker.core.text import clean
from tui_tracker.filters.columns import Subject, haystack
from tui_tracker.filters.language import compile_filter

if TYPE_CHECKING:
    from tui_tracker.cli.rank_report import RankReport
    from tui_tracker.stats.ranking import Place

MAX_NAMED_PAIRS = 5_000
_MAX_TOLD = 10

TOLD_BY_CANDLES: Final = (Metric.PRICE, Metric.FLOW, Metric.TRADES_MIN)
"""What exchanges tell of the past; of all else only polled minutes are known."""


@dataclass(frozen=True, slots=True)
class RankRequest:
    """What is to be ranked."""

    settings: Settings
    metric: Metric
    quote: str | None
    names: tuple[str, ...]
    """Pairs as they were typed; empty for the most traded of the scope."""
    limit: int
    """How many of the most traded; 0 for all."""
    floor_usd: float
    excluded: frozenset[InstrumentClass] = frozenset()
    unique_base: bool = False
    needle: str = ""
    """Only places that this lets through are printed; ranks and their number stay."""

    @property
    def consolidated(self) -> tuple[str, ...]:
        """Those of the names that are of pairs made of several exchanges."""
        return tuple(name for name in self.names if name.lower().startswith(f"{CONSOLIDATED}:"))


@click.command(short_help="Print a ranking once.")
@click.option(
    "--pairs",
    metavar="PAIR,PAIR…",
    help="Rank these pairs; --limit is then ignored. all:BTC-USD is made of that of each --source.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Rank the N pairs of the scope that trade most in US dollars; 0 for all.",
)
@click.option(
    "--exclude",
    metavar="CLASS,CLASS…",
    help=f"Leave out pairs whose base is one of these: {', '.join(InstrumentClass)}.",
)
@click.option("--unique-base", is_flag=True, help="One pair an asset: the one that trades most in US dollars.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, full precision.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, full precision.")
@click.option("--filter", "needle", metavar="FILTER", default="", help=FILTER_HELP)
@setting_flags("metric", "by", "min_volume", "min_coverage", "window", *COLLECTING, defaults=DEFAULTS)
@pass_invocation
def rank(
    invocation: Invocation,
    pairs: str | None,
    limit: int,
    exclude: str | None,
    unique_base: bool,
    as_json: bool,
    as_csv: bool,
    needle: str,
) -> int:
    """Rank pairs by how much they moved, print the ranking, and end.

    Polls once, then loads what the history on disk lacks of the chosen pairs: about 2 s a pair (1 s for windows of
    12 h or less), since exchanges want requests spaced out; the 20 pairs of the usual --limit take 40 s without a
    history, and nothing is loaded where a session keeps one. Progress is shown on a terminal.

    All quote currencies are in scope unless --quote names one. Only --metric price has a history to rank by. Pairs
    that cannot be ranked come last, with the reason. On a terminal a table, in a pipe plain text.

    \b
    Examples:
      crypto-tui rank --quote USD --by cv
      crypto-tui rank --pairs btc/usd,eth/usd --window 6h --json
      crypto-tui rank --source kraken,bitstamp,bitfinex --pairs all:btc/usd,all:eth/usd
      crypto-tui rank --limit 0 --min-volume 1M --by volatility
      crypto-tui rank --by bipower --exclude stable,fiat --unique-base
      crypto-tui rank --demo --csv
    """
    from tui_tracker.cli.headless import run_headless
    from tui_tracker.cli.output import show_json, show_table, write

    if as_json and as_csv:
        raise ConfigError("--json and --csv are two answers", "choose one of them")
    loaded = invocation.load()
    request = replace(
        _request(loaded, pairs, limit),
        excluded=_classes(exclude),
        unique_base=unique_base,
        needle=flagged_filter(needle).text,
    )
    invocation.start_logging()
    composition = invocation.compose()
    report = run_headless(lambda: make_report(composition, request, ProgressLine()))
    if as_json:
        show_json(report.document())
    elif as_csv:
        write(report.csv())
    else:
        show_table(report.table())
    return Exit.OK


def _request(loaded: Loaded, pairs: str | None, limit: int) -> RankRequest:
    """Check what was asked for.

    Raises:
        ConfigError: For a metric without a history, or names that are no list of pairs.
    """
    settings = loaded.settings
    metric = settings.metric if loaded.is_flag("metric") else Metric.PRICE
    has_all = (settings.history or settings.connect) and not settings.demo
    if metric is not Metric.PRICE and not has_all:
        raise ConfigError(
            f"--metric {metric.value}: only price can be ranked without a stored history",
            "exchanges give candles of trades only; the app ranks every metric as it collects it",
        )
    if settings.window > DAY_MINUTES and not has_all:
        raise ConfigError("windows over 24 h are read from a stored history", "use --window 24h or less")
    names = tuple(dict.fromkeys(name.strip() for name in (pairs or "").split(",") if name.strip()))
    if pairs is not None and not names:
        raise ConfigError("--pairs names no pair", "for example --pairs btc/usd,eth/usd")
    if len(names) > MAX_NAMED_PAIRS:
        raise ConfigError(f"--pairs names {len(names)} pairs", f"at most {MAX_NAMED_PAIRS}")
    floor = settings.min_volume if not names or loaded.is_flag("min_volume") else 0.0
    quote = settings.quote if loaded.is_flag("quote") else None
    request = RankRequest(settings, metric, quote, names, limit, floor)
    if request.consolidated:
        _check_consolidated(request)
    return request


def _check_consolidated(request: RankRequest) -> None:
    """Check that pairs made of several exchanges can be made.

    Raises:
        ConfigError: Of too few exchanges, or over a window for which nothing of them is kept.
    """
    name, settings = clean(request.consolidated[0], 60), request.settings
    if settings.demo or (not settings.connect and len(settings.sources) < LEAST_EXCHANGES):
        hint = "name three with --source, for example --source kraken,bitstamp,bitfinex"
        raise ConfigError(f"--pairs: {name} is made of {LEAST_EXCHANGES} exchanges or more", hint)
    if settings.window > DAY_MINUTES:
        raise ConfigError(f"--pairs: {name} isn't kept, so that it has no longer windows", "use --window 24h or less")


def _classes(names: str | None) -> frozenset[InstrumentClass]:
    """The classes that are named.

    Raises:
        ConfigError: If one of them is none, or none is named.
    """
    known = {each.value: each for each in InstrumentClass}
    wanted = [name.strip().lower() for name in (names or "").split(",") if name.strip()]
    unknown = next((name for name in wanted if name not in known), None)
    if unknown is not None or (names is not None and not wanted):
        what = f"{clean(unknown, 40)!r} is no class" if unknown is not None else "names no class"
        raise ConfigError(f"--exclude: {what}", f"known: {', '.join(known)}")
    return frozenset(known[name] for name in wanted)


async def make_report(composition: Composition, request: RankRequest, progress: ProgressLine) -> "RankReport":
    """Poll, load history and rank.

    Raises:
        TrackerError: If the source gave nothing usable, a pair or currency is unknown, or nothing could be ranked.
    """
    from tui_tracker.cli.collecting import first_rows, over_window, told_of, with_history
    from tui_tracker.cli.rank_report import RankReport, unranked_reasons
    from tui_tracker.stats.ranking import Scope, rank

    settings = request.settings

    def show(backfill: BackfillProgress) -> None:
        left = "" if backfill.remaining_s is None else f", about {round(backfill.remaining_s)} s left"
        progress.show(f"history {backfill.done}/{backfill.total}{left}")

    try:
        with told_of(settings):
            window, across = min(settings.window, DAY_MINUTES), bool(request.consolidated)
            metrics = _metrics_of(request)
            async with composition.collect_once(settings, window=window, across=across, metrics=metrics) as feed:
                progress.show("reading the history, then the first poll" if settings.history else "first poll")
                updates = feed.updates()
                snapshot = await first_rows(updates)
                chosen, scope_pairs = choose(snapshot, request)
                asked = [row.id for row in chosen if not row.halted and request.metric in TOLD_BY_CANDLES]
                if asked:
                    progress.show(f"history of {len(asked):,} pair{'' if len(asked) == 1 else 's'}")
                snapshot = await with_history(feed, updates, snapshot, asked, show)
                if settings.window > DAY_MINUTES:
                    progress.show(f"reading {span_text(settings.window)} from the history")
                    snapshot = await over_window(feed, updates, settings.window, request.metric)
    finally:
        progress.clear()
    ids = frozenset(row.id for row in chosen)
    ranking = rank(snapshot, request.metric, settings.by, Scope(ids=ids), settings.min_coverage)
    failures = _failures(snapshot, chosen)
    if not ranking.ranked:
        why = [unranked_reasons(ranking), failures]
        if request.metric is not Metric.PRICE:
            why.append(f"{request.metric.value} is known of minutes that were polled alone")
        raise NoDataError("nothing could be ranked", "; ".join(filter(None, why)))
    if failures:
        say(f"note: {failures}")
    matches = compile_filter(request.needle).matches
    places = tuple(place for place in ranking.places if matches(_subject(place, request.metric)))
    return RankReport(snapshot, replace(ranking, places=places), scope_pairs, _scope_name(request))


def _metrics_of(request: RankRequest) -> Collection[Metric]:
    """What a history is read for: all metrics take eight times as long as the price alone."""
    if request.needle:  # which may ask for any
        return METRICS
    volumes = (Metric.VOLUME, Metric.QUOTE_VOLUME) if request.consolidated else ()  # by which exchanges are weighed
    return {Metric.PRICE, request.metric, *volumes}


def _subject(place: "Place", metric: Metric) -> Subject:
    row = place.row
    figures = row.figures_of(metric)
    last = row.last if metric is Metric.PRICE or figures is None else figures.last
    return Subject(row, figures, place.rank, last, haystack(row))


def choose(snapshot: Snapshot, request: RankRequest) -> tuple[tuple[Row, ...], int]:
    """Return the rows to be ranked and how many the scope has.

    Raises:
        ConfigError: If no pair is priced in the wanted currency.
        UnknownPairError: If no pair goes by a name.
        AmbiguousPairError: If several do.
        NoDataError: If the scope is empty.
    """
    from tui_tracker.stats.ranking import Scope, rank

    if request.quote is not None:
        _check_quote(request.quote, snapshot.rows)
    ids = _named(snapshot, request.names) if request.names else None
    wanted = Scope(request.quote, ids, request.floor_usd, request.excluded, request.unique_base)
    scope = rank(snapshot, request.metric, request.settings.by, wanted)
    rows = list(scope.rows)
    if ids is not None:
        _tell_left_out(request, [row for row in snapshot.rows if row.id in ids], {row.id for row in rows})
    if not rows:
        raise NoDataError("no pair is in scope", "lower --min-volume, or name another --quote, --pairs or --exclude")
    if request.floor_usd > 0 and scope.no_usd_route:
        say(f"note: {_pairs(scope.no_usd_route)} left out: volume has no route to USD, so it fails the floor")
    if not request.names and request.limit:
        rows.sort(key=lambda row: (row.volume_usd is None, -(row.volume_usd or 0.0), row.id))
        return tuple(rows[: request.limit]), len(rows)
    return tuple(rows), len(rows)


def _tell_left_out(request: RankRequest, named: Sequence[Row], kept: Collection[str]) -> None:
    """Say which named pairs other conditions leave out, and by which.

    Raises:
        ConfigError: If none is priced in the wanted currency.
    """
    left_out = [row for row in named if row.id not in kept]
    foreign = [row.instrument.pair for row in left_out if request.quote not in (None, row.instrument.quote)]
    if len(foreign) == len(named):
        raise ConfigError(f"--pairs: none is priced in {request.quote}", "leave out --quote, or name other pairs")
    others = [row.instrument.pair for row in left_out if row.instrument.pair not in foreign]
    for pairs, why in (
        (foreign, f"not priced in {request.quote}"),
        (others, "below the floor, or of a class left out"),
    ):
        if pairs:
            say(f"note: left out: {', '.join(pairs[:_MAX_TOLD])}{' …' if len(pairs) > _MAX_TOLD else ''}: {why}")


def _named(snapshot: Snapshot, names: Sequence[str]) -> frozenset[str]:
    from tui_tracker.core.symbols import Names

    listed = Names(tuple(row.instrument for row in snapshot.rows), snapshot.status.source)
    answering = {row.instrument.source for row in snapshot.rows}
    down = {part.source: part.error for part in snapshot.status.parts if part.error and part.source not in answering}
    exchanges = [part.source for part in snapshot.status.parts if part.source != CONSOLIDATED]
    if CONSOLIDATED in down and (count := len(answering.intersection(exchanges))) < LEAST_EXCHANGES:
        down[CONSOLIDATED] = f"{count} of {len(exchanges)} exchanges gave quotes, {LEAST_EXCHANGES} are needed"
    found = set[str]()
    for name in names:
        source, colon, _ = name.partition(":")
        if colon and (why := down.get(source.lower())):
            say(f"note: left out: {clean(name, 60)}: {why}")
        else:
            found.add(listed.find(name).id)
    if not found:
        raise NoDataError("none of these pairs is quoted now", "the notes say why; try again later")
    return frozenset(found)


def _check_quote(quote: str, rows: Sequence[Row]) -> None:
    quotes = {row.instrument.quote for row in rows}
    if quote not in quotes:
        told = sorted(quotes)[:40]
        raise ConfigError(f"--quote: no pair is priced in {quote!r}", f"there is {', '.join(told)}")


def _failures(snapshot: Snapshot, chosen: Sequence[Row]) -> str:
    """Which pairs' history could not be loaded, in words; empty if there are none."""
    failed = set(snapshot.status.backfill.failed)
    pairs = [row.instrument.pair for row in chosen if row.id in failed]
    if not pairs:
        return ""
    more = "" if len(pairs) <= _MAX_TOLD else " …"
    return (
        f"no history of {len(pairs)} of {_pairs(len(chosen))}: {', '.join(pairs[:_MAX_TOLD])}{more} (the log says why)"
    )


def _pairs(count: int) -> str:
    return f"{count:,} pair" if count == 1 else f"{count:,} pairs"


def _scope_name(request: RankRequest) -> str:
    parts = [f"{len(request.names)} named"] if request.names else []
    parts.append(request.quote or "all currencies")
    if request.floor_usd > 0:
        parts.append(f"≥ {request.floor_usd:,.0f} USD")
    if request.excluded:
        parts.append(f"without {', '.join(sorted(request.excluded))}")
    if request.unique_base:
        parts.append("one pair an asset")
    return ", ".join(parts)
