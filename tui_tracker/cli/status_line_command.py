"""``crypto-tui status-line``: a line for the bar of tmux or of a desktop, after each poll or once."""

from typing import TYPE_CHECKING

import click

from tui_tracker.cli.diagnostics import Exit, ProgressLine
from tui_tracker.cli.options import COLLECTING, DEFAULTS, Composition, Invocation, pass_invocation, setting_flags
from tui_tracker.config.model import Settings
from tui_tracker.core.errors import NoDataError

if TYPE_CHECKING:
    from tui_tracker.cli.status_format import Field
    from tui_tracker.core.snapshot import Row, Snapshot
    from tui_tracker.stats.ranking import Ranking

Parts = tuple["str | Field", ...]


@click.command("status-line", short_help="Print a line for a status bar after each poll.")
@click.argument("format", metavar="FORMAT")
@click.option("--once", is_flag=True, help="Print one line and end, for #(…) of tmux.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="With --once, rank the N pairs of the scope that trade most; their history takes about 2 s each.",
)
@setting_flags("by", "min_volume", "min_coverage", "window", "interval", *COLLECTING, defaults=DEFAULTS)
@pass_invocation
def status_line(invocation: Invocation, format: str, once: bool, limit: int) -> int:  # noqa: A002
    """Print FORMAT with its fields filled in, one line after each poll.

    {1.pair} is a field of the pair with rank 1, {BTC/USD.last} of a named pair, {state} of the market. A format that
    names pairs and asks only for pair, exchange, last, bid, ask or volume_usd needs no history and is there at once.

    While history loads, lines rank the pairs whose history is there so far: {loaded} says how much of it is, 100%
    at the end. --once waits for the history of the pairs that it ranks.

    \b
    Of a pair: id exchange pair base quote rank reason last bid ask volume_usd stddev cv
               volatility range_pct change_pct mean min max coverage samples
    Of the market: state source at by metric ranked loaded
    After a colon: width, comma, digits, form, as in {1.volatility:.0%} or {BTC/USD.last:,.0f}; without one numbers
    are as the app shows them. {{ is a brace.

    \b
    Examples:
      crypto-tui status-line '{1.pair} {1.volatility:.0%} {state}' --by volatility
      set -g status-right '#(crypto-tui status-line --once "BTC {BTC/USD.last:,.0f}")'
    """
    from tui_tracker.cli.headless import run_headless
    from tui_tracker.cli.output import write
    from tui_tracker.cli.status_format import parsed
    from tui_tracker.cli.watch_command import live_scope

    parts = parsed(format)
    settings, quote = live_scope(invocation.load())
    invocation.start_logging()
    composition = invocation.compose()
    if once:
        write(run_headless(lambda: _one_line(composition, settings, quote, parts, limit)))
    else:
        run_headless(lambda: _print_lines(composition, settings, quote, parts))
    return Exit.OK


async def _one_line(composition: Composition, settings: Settings, quote: str | None, parts: Parts, limit: int) -> str:
    from tui_tracker.cli.collecting import first_rows, told_of, with_history
    from tui_tracker.cli.following import by_volume, ranked

    progress = ProgressLine()
    try:
        with told_of(settings):
            async with composition.collect_once(settings, window=settings.window, metrics={settings.metric}) as feed:
                updates = feed.updates()
                snapshot = await first_rows(updates)
                asked = _needing_history(parts, snapshot)
                if any(not isinstance(part, str) and isinstance(part.subject, int) for part in parts):
                    asked = [*asked, *by_volume(ranked(snapshot, settings, quote))[:limit]]

                snapshot = await with_history(
                    feed,
                    updates,
                    snapshot,
                    list(dict.fromkeys(asked)),
                    lambda done: progress.show(f"history {done.done}/{done.total}"),
                )
    finally:
        progress.clear()
    return line(parts, snapshot, ranked(snapshot, settings, quote))


async def _print_lines(composition: Composition, settings: Settings, quote: str | None, parts: Parts) -> None:
    from tui_tracker.cli.following import by_volume, followed, ranked
    from tui_tracker.cli.output import write

    is_first, before = True, ""
    async with followed(composition, settings) as (feed, snapshots):
        async for snapshot in snapshots:
            ranking = ranked(snapshot, settings, quote)
            if is_first:
                is_first = False
                feed.prioritise([*_needing_history(parts, snapshot), *by_volume(ranking)])
            text = line(parts, snapshot, ranking)
            if text != before and not write(text):
                return
            before = text


def _needing_history(parts: Parts, snapshot: "Snapshot") -> list[str]:
    """The ids of named pairs whose figures are asked for."""
    from tui_tracker.cli.status_format import PAIR_FIELDS

    return [
        _named(part.subject, snapshot).id
        for part in parts
        if not isinstance(part, str) and isinstance(part.subject, str) and PAIR_FIELDS[part.name].needs_history
    ]


def line(parts: Parts, snapshot: "Snapshot", ranking: "Ranking") -> str:
    """A format filled in.

    Raises:
        UnknownPairError: If no pair goes by a name.
        AmbiguousPairError: If several do.
    """
    return "".join(part if isinstance(part, str) else _filled(part, snapshot, ranking) for part in parts) + "\n"


def _filled(field: "Field", snapshot: "Snapshot", ranking: "Ranking") -> str:
    from tui_tracker.cli.status_format import PAIR_FIELDS, share, written
    from tui_tracker.core.format import utc_time

    if field.subject is None:
        market = {
            "state": snapshot.status.state.value,
            "source": snapshot.status.source,
            "at": utc_time(snapshot.at_ms, seconds=False),
            "by": ranking.measure.value,
            "metric": ranking.metric.value,
            "ranked": ranking.ranked,
            "loaded": snapshot.status.backfill.share,
        }
        return written(market[field.name], field.spec, share if field.name == "loaded" else None)
    if isinstance(field.subject, int):
        if field.subject > ranking.ranked:
            return written(None, field.spec)
        row = ranking.places[field.subject - 1].row
    else:
        row = _named(field.subject, snapshot)
    place, figures = ranking.place(row.id), row.figures_of(ranking.metric)
    asked = PAIR_FIELDS[field.name]
    digits = row.instrument.digits if ranking.metric.is_price or not asked.needs_history else None
    return written(asked.value(row, figures, place), field.spec, asked.usual, digits)


def _named(name: str, snapshot: "Snapshot") -> "Row":
    from tui_tracker.core.symbols import resolve

    found = resolve(name, tuple(row.instrument for row in snapshot.rows), snapshot.status.source)
    for row in snapshot.rows:
        if row.id == found.id:
            return row
    raise NoDataError(f"no quote of {name}")
