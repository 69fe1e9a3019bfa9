"""The command ``crypto-tui``: the app, unless a command is named."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from tui_tracker import __version__
from tui_tracker.cli.commands import CommandGroup
from tui_tracker.cli.diagnostics import PROGRAM, Exit, guarded
from tui_tracker.cli.options import EVERY_SETTING, Invocation, setting_flags
from tui_tracker.core.errors import ConfigError

if TYPE_CHECKING:
    from tui_tracker.config.load import Loaded
    from tui_tracker.config.state import State

_EPILOG = """\b
Examples:
  crypto-tui                          watch every pair of Kraken
  crypto-tui --source binance         … of another exchange: see crypto-tui sources
  crypto-tui --source kraken,binance  … of several at once; all for every one
  crypto-tui --demo                   a simulated market, without a network
  crypto-tui --quote EUR --local      open on pairs in euro, local times
  crypto-tui rank --quote USD --json  rank once, for a program
  crypto-tui serve                    serve what is collected, over HTTP
  crypto-tui --connect http://host:8080    watch what is collected there

\b
Settings: a flag wins over the environment, that over the file, that over the
default. The flag --min-coverage is the variable CRYPTO_TUI_MIN_COVERAGE and
the key min-coverage in the file. CRYPTO_TUI_CONFIG names another file.
"crypto-tui config" shows what is in force, where each value came from, and
where file, state and logs are. NO_COLOR is honoured.

\b
Exit codes:
  0    done (also: q or ctrl+c in the app)
  1    failure; doctor: there is a problem; import: some lines were refused
  2    wrong usage or configuration, or no terminal for the app
  3    no data: the source could not be reached, answered nonsense, nothing could
       be ranked, or there is no history; worth trying again
  130  interrupted by ctrl+c (commands);  143, 129  by SIGTERM, SIGHUP
"""


@click.group(
    cls=CommandGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@setting_flags(*EVERY_SETTING)
@click.option(
    "--replay",
    metavar="FILE|FROM..TO",
    help="Begin in the past: a span of the history (6h.., 2026-11-25T09:00..2026-11-25T12:00), or a file of minutes.",
)
@click.version_option(__version__, "--version", prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, replay: str | None) -> int:
    """Watch every pair of a crypto exchange from the terminal, ranked live by how much it moves.

    Without a command the app starts: pairs, a chart of the last 24 hours, and a table ranked by standard deviation.
    Press ? in it for its keys.
    """
    if context.invoked_subcommand is None:
        return start_app(context.ensure_object(Invocation), replay)
    if replay is not None:
        raise click.UsageError("--replay is for the app alone, without a command")
    return Exit.OK


def start_app(invocation: Invocation, replay: str | None = None) -> int:
    """Run the app and return its exit code.

    Raises:
        ConfigError: For settings that can't be used, or where there is no terminal.
    """
    from tui_tracker.cli.flagged import FlaggedStore, without_flagged
    from tui_tracker.config.state import StateStore, of_source
    from tui_tracker.tui.columns import SORT_KEYS
    from tui_tracker.tui.view import initial

    loaded = invocation.load()
    settings = loaded.settings
    check_terminal(invocation.environ)
    invocation.start_logging()
    folder = invocation.paths().state_of(is_simulated=settings.demo)
    before = of_source(StateStore(folder).load(), settings.market)
    state = opening(without_flagged(before, loaded), loaded)
    store = FlaggedStore(folder, loaded, before.view, initial(settings, state.view, SORT_KEYS).remembered())
    if replay is None:
        return invocation.compose().run_app(settings, state, store)
    from tui_tracker.cli.history_files import history_folder
    from tui_tracker.cli.replay import opened_replay
    from tui_tracker.engine.clock import SystemClock

    if settings.demo or settings.connect:
        raise ConfigError("--replay reads the history here", "leave out --demo and --connect")
    folder, now_ms = history_folder(settings, invocation.paths()), SystemClock().now_ms()
    with opened_replay(replay, settings, folder, now_ms) as spec:
        return invocation.compose().run_app(settings, state, store, spec)


def opening(state: "State", loaded: "Loaded") -> "State":
    """What the app opens on: the first view, where nothing is remembered and no ranking is configured."""
    from tui_tracker.config.load import DEFAULT_ORIGIN
    from tui_tracker.config.state import View
    from tui_tracker.tui.columns import SORT_KEYS
    from tui_tracker.tui.view import initial
    from tui_tracker.tui.views import all_views, taken_up

    chosen = any(loaded.origins[name] != DEFAULT_ORIGIN for name in ("quote", "metric", "by", "min_volume"))
    if chosen or state.view != View():
        return state
    settings = loaded.settings
    configured = initial(settings, None, SORT_KEYS)
    first = taken_up(all_views(settings.views, state.views)[0], configured).remembered()
    return replace(state, view=replace(first, theme=None, time_zone=None))


def check_terminal(environ: Mapping[str, str]) -> None:
    """Refuse to start the app where it could not be seen or used.

    Raises:
        ConfigError: If stdin or stderr is no terminal, or ``TERM`` is dumb.
    """
    hint = "without a screen: crypto-tui rank"
    for name, stream in (("stdin", sys.stdin), ("stderr", sys.stderr)):
        if stream is None or not stream.isatty():
            raise ConfigError(f"the app needs a terminal, and {name} is none", hint)
    if environ.get("TERM", "") == "dumb":
        raise ConfigError("the app needs a terminal that can move its cursor, and TERM is dumb", hint)


def main(argv: Sequence[str] | None = None, invocation: Invocation | None = None) -> int:
    """Run one command line and return its exit code.

    Args:
        argv: Arguments after the program's name; those of the process by default.
        invocation: What the command gets its parts from; the real ones by default.
    """
    said = Invocation() if invocation is None else invocation

    def run() -> int:
        arguments = None if argv is None else list(argv)
        code = cli.main(args=arguments, prog_name=PROGRAM, standalone_mode=False, obj=said)
        return code if isinstance(code, int) else Exit.OK

    return guarded(run, lambda: said.is_debug or bool(os.environ.get("CRYPTO_TUI_DEBUG")))
