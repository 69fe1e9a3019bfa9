"""``crypto-tui watch``: each snapshot of a scope as one line of JSON."""

import json
from typing import TYPE_CHECKING

import click

from tui_tracker.cli.diagnostics import Exit
from tui_tracker.cli.options import COLLECTING, DEFAULTS, Composition, Invocation, pass_invocation, setting_flags
from tui_tracker.config.load import Loaded
from tui_tracker.config.model import Settings
from tui_tracker.core.instrument import CONSOLIDATED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_tracker.core.snapshot import Snapshot
    from tui_tracker.core.status import SourceStatus
    from tui_tracker.stats.ranking import Place, Ranking


@click.command(short_help="Print each snapshot of a scope as a line of JSON.")
@click.option("--jsonl", is_flag=True, help="Print lines of JSON; the only form there is, so it may be left out.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Print the first N pairs of the ranking; 0 for all.",
)
@click.option("--count", type=click.IntRange(min=0), default=0, metavar="N", help="End after N lines; 0 for never.")
@setting_flags(
    "metric", "by", "min_volume", "min_coverage", "window", "interval", "stream", *COLLECTING, defaults=DEFAULTS
)
@pass_invocation
def watch(invocation: Invocation, jsonl: bool, limit: int, count: int) -> int:  # noqa: ARG001
    """Rank pairs after every poll and print each ranking as one line of JSON, until stopped.

    A line has at, source, metric, by, state, ranked and pairs; of several exchanges also sources, the state of each,
    where state is the worst of them. The first line waits until each has answered or failed. Histories are loaded
    meanwhile, the most traded pairs of the scope first, which gives lines between polls: ranks come in over the first
    minutes. All quote currencies are in scope unless --quote names one. Ends quietly when nobody reads any more.

    \b
    Examples:
      crypto-tui watch --jsonl --quote USD --by cv --limit 5
      crypto-tui watch --demo --jsonl --count 1
    """
    from tui_tracker.cli.headless import run_headless

    settings, quote = live_scope(invocation.load())
    invocation.start_logging()
    composition = invocation.compose()
    run_headless(lambda: _print_lines(composition, settings, quote, limit, count))
    return Exit.OK


def live_scope(loaded: Loaded) -> tuple[Settings, str | None]:
    """The settings and quote currency of a command: what the app opens on counts only where a flag says so."""
    from dataclasses import replace

    from tui_tracker.core.metric import Metric

    settings = loaded.settings
    metric = settings.metric if loaded.is_flag("metric") else Metric.PRICE
    return replace(settings, metric=metric), settings.quote if loaded.is_flag("quote") else None


async def _print_lines(composition: Composition, settings: Settings, quote: str | None, limit: int, count: int) -> None:
    from tui_tracker.cli.following import by_volume, followed, ranked
    from tui_tracker.cli.output import write

    printed = 0
    async with followed(composition, settings) as (feed, snapshots):
        async for snapshot in snapshots:
            if not printed and any(part.is_starting for part in snapshot.status.parts):
                continue
            ranking = ranked(snapshot, settings, quote)
            if not printed:
                feed.prioritise(by_volume(ranking))
            line = json.dumps(document(snapshot, ranking, limit), allow_nan=False, separators=(",", ":"))
            printed += 1
            if not write(f"{line}\n") or printed == count:
                return


def document(snapshot: "Snapshot", ranking: "Ranking", limit: int) -> dict[str, object]:
    """One snapshot of a scope, full precision, ``None`` where undefined."""
    from tui_tracker.core.format import rfc3339

    places = ranking.places[:limit] if limit else ranking.places
    return {
        "at": rfc3339(snapshot.at_ms),
        "source": snapshot.status.source,
        "metric": ranking.metric.value,
        "by": ranking.measure.value,
        "state": snapshot.status.state.value,
        **({"sources": states(snapshot.status.parts)} if snapshot.status.parts else {}),
        "ranked": ranking.ranked,
        "pairs": [_pair(place, ranking, is_several=bool(snapshot.status.parts)) for place in places],
    }


def states(parts: "Sequence[SourceStatus]") -> dict[str, str]:
    """The state of each of several sources."""
    return {part.source: part.state.value for part in parts if part.source != CONSOLIDATED}


def _pair(place: "Place", ranking: "Ranking", *, is_several: bool) -> dict[str, object]:
    row, figures = place.row, place.row.figures_of(ranking.metric)
    return {
        **({"exchange": row.instrument.source} if is_several else {}),
        "pair": row.instrument.pair,
        "rank": place.rank,
        "reason": place.reason or None,
        "last": row.last if ranking.metric.value == "price" else figures and figures.last,
        "change_pct": figures and figures.change_pct,
        "stddev": figures and figures.stddev,
        "cv": figures and figures.cv,
        "volatility": figures and figures.volatility,
        "range_pct": figures and figures.range_pct,
        "volume_usd": row.volume_usd,
        "coverage": figures.coverage if figures else 0.0,
    }
