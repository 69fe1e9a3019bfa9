"""``crypto-tui watchlist``: the watchlists as plain text, out and in."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tui_tracker.cli.diagnostics import Exit, say
from tui_tracker.cli.options import Composition, Invocation, pass_invocation, setting_flags
from tui_tracker.config.model import Settings
from tui_tracker.config.views import MAIN, check_name
from tui_tracker.config.watchlist_text import MAX_BYTES, as_text, pairs_of, read_pairs, resolved
from tui_tracker.core.errors import ConfigError, StateError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.text import clean

if TYPE_CHECKING:
    from tui_tracker.config.state import State, StateStore

_ASKING: Final = ("source", "base_urls", "demo", "seed", "debug")


@click.group(short_help="List, export and import watchlists.")
def watchlist() -> None:
    """The watchlists of the app, as plain text: one pair a line, # begins a comment."""


@watchlist.command("list", short_help="List the watchlists.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@setting_flags("demo")
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> int:
    """List the watchlists and how many pairs each has."""
    from tui_tracker.cli.output import Column, Table, show_json, show_table

    lists = _state(invocation).watchlists
    if as_json:
        show_json({"watchlists": {name: list(ids) for name, ids in lists.items()}})
    else:
        rows = tuple((clean(name), str(len(ids))) for name, ids in lists.items())
        show_table(Table("", (Column("watchlist"), Column("pairs", is_number=True)), rows))
    return Exit.OK


@watchlist.command(short_help="Print a watchlist.")
@click.argument("name", default=MAIN)
@setting_flags("demo")
@pass_invocation
def export(invocation: Invocation, name: str) -> int:
    """Print the pairs of the watchlist NAME (main), one a line, as import takes them."""
    from tui_tracker.cli.output import write

    lists = _state(invocation).watchlists
    if name not in lists:
        raise ConfigError(f"there is no watchlist {clean(name, 60)!r}", f"there is {', '.join(lists)}")
    write(as_text(name, lists[name]))
    return Exit.OK


@watchlist.command("import", short_help="Add pairs to a watchlist.")
@click.argument("file", metavar="FILE|-")
@click.option("--to", "name", default=MAIN, show_default=True, metavar="NAME", help="The watchlist, made if needed.")
@setting_flags(*_ASKING)
@pass_invocation
def import_(invocation: Invocation, file: str, name: str) -> int:
    """Add the pairs of a text file, or of stdin for -, to a watchlist: one a line, in any spelling, # for comments.

    The source is asked once for what it lists. Names that it doesn't know are reported, the others are added; then
    the exit code is 1.
    """
    from tui_tracker.cli.headless import run_headless

    name = check_name(name)
    names = _pairs(file)
    loaded = invocation.load()
    invocation.start_logging()
    composition = invocation.compose()
    instruments = run_headless(lambda: _listed(composition, loaded.settings))
    ids, problems = resolved(names, instruments, loaded.settings.market)
    for problem in problems:
        say(problem)
    before = len(_state(invocation).watchlists.get(name, ()))
    if ids:
        store = _store(invocation)
        store.add_favourites(ids, name)
        added = len(store.load().watchlists.get(name, ())) - before
        say(f"{added} of {len(names)} pairs added to the watchlist {name}")
    return Exit.FAILURE if problems else Exit.OK


async def _listed(composition: Composition, settings: Settings) -> tuple[Instrument, ...]:
    from tui_tracker.cli.collecting import first_rows, told_of

    with told_of(settings):
        async with composition.collect_once(settings, window=settings.window, metrics=()) as feed:
            return tuple(row.instrument for row in (await first_rows(feed.updates())).rows)


def _state(invocation: Invocation) -> "State":
    """What is remembered.

    Raises:
        StateError: If it cannot be read.
    """
    state = _store(invocation).load()
    if state.warning and not (state.watchlist or state.others):
        raise StateError(state.warning)
    return state


def _store(invocation: Invocation) -> "StateStore":
    from tui_tracker.config.state import StateStore

    is_simulated = (invocation.loaded or invocation.load()).settings.demo
    return StateStore(invocation.paths().state_of(is_simulated=is_simulated))


def _pairs(file: str) -> tuple[str, ...]:
    if file != "-":
        return read_pairs(Path(file))
    try:
        return pairs_of(sys.stdin.buffer.read(MAX_BYTES + 1), "stdin")
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigError(f"stdin cannot be read: {clean(str(error))}") from error
