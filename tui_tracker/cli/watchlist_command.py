"""``crypto-tui watchlist``: the watchlists as plain text, out and in."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tui_tracker.cli.diagnostics import Exit, say
from tui_tracker.cli.options import Composition, Invocation, pass_invocation, setting_flags
from tui_tracker.config.model import Settings
from tui_tracker.config.views import MAIN, check_name
from tui_tracker.core.errors import AmbiguousPairError, ConfigError, StateError, UnknownPairError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.text import clean

if TYPE_CHECKING:
    from tui_tracker.config.state import State, StateStore

MAX_BYTES: Final = 1_000_000
MAX_LINES: Final = 10_000
_ASKING: Final = ("source", "base_urls", "demo", "seed", "debug")


@click.group(short_help="List, export and import watchlists.")
def watchlist() -> None:
    """The watchlists of the app, as plain text: one pair a line, # begins a comment."""


@watchlist.command("list", short_help="List the watchlists.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
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
@pass_invocation
def export(invocation: Invocation, name: str) -> int:
    """Print the pairs of the watchlist NAME (main), one a line, as import takes them."""
    from tui_tracker.cli.output import write

    lists = _state(invocation).watchlists
    if name not in lists:
        raise ConfigError(f"there is no watchlist {clean(name, 60)!r}", f"there is {', '.join(lists)}")
    write("".join(f"{line}\n" for line in (f"# {name}", *lists[name])))
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
    names = pairs_in(_text(file))
    loaded = invocation.load()
    if not names:
        raise ConfigError(f"{_place(file)} names no pair", "one a line, such as BTC/USD")
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


def pairs_in(text: str) -> tuple[str, ...]:
    """The names in a text, each once, without comments and empty lines."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def resolved(names: Sequence[str], instruments: Sequence[Instrument], source: str) -> tuple[tuple[str, ...], list[str]]:
    """The ids that names mean, and in a line each what is wrong with the others."""
    from tui_tracker.core.symbols import resolve

    ids: list[str] = []
    problems: list[str] = []
    for name in names:
        try:
            ids.append(resolve(name, instruments, source).id)
        except (UnknownPairError, AmbiguousPairError) as error:
            problems.append(f"{error.message}; {error.hint}")
    return tuple(dict.fromkeys(ids)), problems


async def _listed(composition: Composition, settings: Settings) -> tuple[Instrument, ...]:
    from tui_tracker.cli.collecting import first_rows, told_of

    with told_of(settings):
        async with composition.collect_once(settings, window=settings.window) as feed:
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


def _text(file: str) -> str:
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{_place(file)} is not UTF-8 text", "save it as UTF-8") from error
    except (OSError, ValueError, AttributeError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise ConfigError(f"{_place(file)} cannot be read: {clean(reason)}") from error
    if len(data) > MAX_BYTES or text.count("\n") > MAX_LINES:
        raise ConfigError(f"{_place(file)} is too large", f"at most {MAX_LINES:,} lines")
    return text


def _place(file: str) -> str:
    return "stdin" if file == "-" else clean(file)
