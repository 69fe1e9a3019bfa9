"""``crypto-tui pairs``: what the source lists."""

from typing import TYPE_CHECKING

import click

from tui_tracker.cli.diagnostics import Exit
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
from tui_tracker.config.model import Settings
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.filters.columns import Subject, haystack
from tui_tracker.filters.language import compile_filter

if TYPE_CHECKING:
    from tui_tracker.cli.output import Table


@click.command(short_help="List the pairs of the source.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--filter", "needle", metavar="FILTER", default="", help=FILTER_HELP)
@setting_flags(*COLLECTING, defaults=DEFAULTS)
@pass_invocation
def pairs(invocation: Invocation, as_json: bool, needle: str) -> int:
    """List the pairs of the source, with last price and 24 h volume in US dollars.

    All of them, unless --quote names a currency. Any spelling in the list names a pair elsewhere.
    """
    from tui_tracker.cli.headless import run_headless
    from tui_tracker.cli.output import show_json, show_table

    flagged_filter(needle)
    loaded = invocation.load()
    invocation.start_logging()
    composition = invocation.compose()
    snapshot = run_headless(lambda: _polled(composition, loaded.settings))
    rows = _filtered(_wanted(snapshot, loaded.settings.quote if loaded.is_flag("quote") else None), needle)
    if as_json:
        show_json(_document(snapshot, rows))
    else:
        show_table(_table(rows))
    return Exit.OK


async def _polled(composition: Composition, settings: Settings) -> Snapshot:
    from tui_tracker.cli.collecting import first_rows, told_of

    with told_of(settings):
        async with composition.collect_once(settings, window=settings.window, metrics=()) as feed:
            return await first_rows(feed.updates())


def _wanted(snapshot: Snapshot, quote: str | None) -> tuple[Row, ...]:
    rows = sorted(snapshot.rows, key=lambda row: (row.instrument.base, row.instrument.quote, row.id))
    wanted = tuple(row for row in rows if quote is None or row.instrument.quote == quote)
    if not wanted:
        quotes = sorted({row.instrument.quote for row in rows})[:40]
        raise ConfigError(f"--quote: no pair is priced in {quote!r}", f"there is {', '.join(quotes)}")
    return wanted


def _filtered(rows: tuple[Row, ...], needle: str) -> tuple[Row, ...]:
    """Rows that the filter lets through; nothing is known of their history."""
    matches = compile_filter(needle).matches
    return tuple(row for row in rows if matches(Subject(row, None, None, row.last, haystack(row))))


def _document(snapshot: Snapshot, rows: tuple[Row, ...]) -> dict[str, object]:
    from tui_tracker.core.format import rfc3339

    return {
        "source": snapshot.status.source,
        "at": None if snapshot.at_ms is None else rfc3339(snapshot.at_ms),
        "pairs": [
            {
                "pair": row.instrument.pair,
                "base": row.instrument.base,
                "quote": row.instrument.quote,
                "id": row.id,
                "symbol": row.instrument.symbol,
                "digits": row.instrument.digits,
                "trading": row.instrument.trading.value,
                "last": row.last,
                "volume_usd": row.volume_usd,
            }
            for row in rows
        ],
    }


def _table(rows: tuple[Row, ...]) -> "Table":
    from tui_tracker.cli.output import Column, Table
    from tui_tracker.core.format import compact, price

    columns = (
        Column("pair"),
        Column("last", is_number=True),
        Column("volume USD", is_number=True),
        Column("id"),
        Column("symbol"),
        Column("trading"),
    )
    cells = tuple(
        (
            row.instrument.pair,
            price(row.last, row.instrument.digits),
            compact(row.volume_usd),
            row.id,
            row.instrument.symbol,
            row.halted or row.instrument.trading.value,
        )
        for row in rows
    )
    return Table("", columns, cells)
