"""``crypto-tui sources``: which exchanges can be watched."""

import click

from tui_tracker.cli.diagnostics import Exit
from tui_tracker.cli.options import Invocation, pass_invocation, setting_flags


@click.command(short_help="List the exchanges that can be watched.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@setting_flags("source", "base_urls", "debug")
@pass_invocation
def sources(invocation: Invocation, as_json: bool) -> int:
    """List the sources: exchanges that can be watched, and where each is found. Nothing is sent."""
    from tui_tracker.cli.output import Column, Table, show_json, show_table
    from tui_tracker.sources.registry import SOURCES

    settings = invocation.load().settings
    found = [
        {
            "name": info.name,
            "title": info.title,
            "base_url": settings.base_urls.get(info.name, info.base_url),
            "in_use": info.name == settings.source,
        }
        for info in SOURCES.values()
    ]
    if settings.source not in SOURCES:
        url = settings.base_urls.get(settings.source, "")
        found.append({"name": settings.source, "title": "through ccxt", "base_url": url, "in_use": True})
    if as_json:
        show_json({"sources": found})
        return Exit.OK
    rows = tuple(
        (str(one["name"]), str(one["title"]), "yes" if one["in_use"] else "", str(one["base_url"])) for one in found
    )
    show_table(Table("", (Column("source"), Column("exchange"), Column("in use"), Column("found at")), rows))
    return Exit.OK
