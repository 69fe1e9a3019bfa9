"""``crypto-tui config``: what is in force, and where it came from."""

from collections.abc import Iterator, Mapping
from typing import Final

import click

from tui_tracker.cli.diagnostics import Exit
from tui_tracker.cli.history_files import history_folder
from tui_tracker.cli.options import EVERY_SETTING, Invocation, pass_invocation, setting_flags
from tui_tracker.config.fields import FIELDS
from tui_tracker.config.load import Loaded
from tui_tracker.config.paths import Paths
from tui_tracker.core.errors import ConfigError

FIRST_START: Final = (
    "quote, metric, by, theme and time-zone say how the app opens the first time; later it opens as it was left,\n"
    "unless a flag says otherwise."
)


@click.group(invoke_without_command=True, short_help="Show the settings in force and their origin.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--show-origin", is_flag=True, help="Say where each value came from; it is always said.")
@setting_flags(*EVERY_SETTING)
@click.pass_context
def config(context: click.Context, as_json: bool, show_origin: bool) -> int:  # noqa: ARG001 - what is done anyway
    """Show every setting in force, where its value came from, and where files are.

    Values are written as the configuration file takes them. The file is TOML, is never written by crypto-tui, and
    may look like this:

    \b
      quote = "EUR"
      min-volume = "100k"
      theme = "light"
      [base-urls]
      kraken = "http://127.0.0.1:8080"
    """
    from tui_tracker.cli.output import show_json, write

    if context.invoked_subcommand is not None:
        return Exit.OK
    invocation = context.ensure_object(Invocation)
    loaded, paths = invocation.load(), invocation.paths()
    if as_json:
        show_json(_document(loaded, paths))
    else:
        write(_text(loaded, paths))
    return Exit.OK


@config.command(short_help="Check configuration, keys and themes.")
@setting_flags("keymap", "keys")
@pass_invocation
def check(invocation: Invocation) -> int:
    """Check the configuration file, the keys and every theme of your own.

    Says all that is wrong, where, and what is allowed; exit code 2 if there is anything. Keys that a terminal or tmux
    may keep to itself are warned of.
    """
    from tui_tracker.cli.diagnostics import say
    from tui_tracker.cli.output import write
    from tui_tracker.config.themes import read_themes
    from tui_tracker.tui.keys import key_book

    warnings: list[str] = []

    def themes_and_keys(loaded: Loaded) -> Iterator[ConfigError]:
        yield from read_themes(loaded.themes)[1]
        place = f"{loaded.origins['keys']}: keys"
        book = key_book(loaded.settings.keymap, loaded.settings.keys)
        warnings.extend(f"warning: {place}.{one.action}: {one.message}; {one.hint}" for one in book.warnings)
        for one in book.problems:
            yield ConfigError(f"{place}.{one.action}: {one.message}", one.hint)

    errors: tuple[ConfigError, ...] = ()
    try:
        loaded = invocation.load(themes_and_keys)
    except ConfigError as error:
        errors = error.parts or (error,)
    for line in (*(each.told for each in errors), *warnings):
        say(line)
    if errors:
        return Exit.USAGE
    themes = len(read_themes(loaded.themes)[0])
    write(f"ok: {loaded.path if loaded.is_found else 'no configuration file'}, {_themes_text(themes)}\n")
    return Exit.OK


@config.command(short_help="List keys and the actions that they can be put on.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@setting_flags("keymap", "keys")
@pass_invocation
def keys(invocation: Invocation, as_json: bool) -> int:
    """List every action with its keys in force; the table [keys] of the configuration file changes them.

    \b
      [keys]
      "sort.next" = ["f6", "s"]
      poll = "none"
    """
    from tui_tracker.cli.output import Column, Table, show_json, show_table
    from tui_tracker.tui.keys import key_book, written

    settings = invocation.load().settings
    book = key_book(settings.keymap, settings.keys)
    found = [(one, [written(key) for key in one.keys.split(",") if key]) for one in (*book.commands, *book.others)]
    if as_json:
        show_json(
            {"keys": [{"action": one.id, "keys": own, "where": one.group, "does": one.help} for one, own in found]}
        )
    else:
        rows = tuple((one.id, " ".join(own) or "none", one.group, one.help) for one, own in found)
        show_table(Table("", tuple(map(Column, ("action", "keys", "where", "does"))), rows))
    return Exit.OK


def _themes_text(themes: int) -> str:
    return f"{themes} theme{'' if themes == 1 else 's'} of your own"


def _document(loaded: Loaded, paths: Paths) -> dict[str, object]:
    return {
        "file": {"path": str(loaded.path), "found": loaded.is_found},
        "data_folder": str(history_folder(loaded.settings, paths)),
        "state_folder": str(paths.state_folder),
        "log_folder": str(paths.log_folder),
        "settings": {
            field.key: {
                "value": field.written(getattr(loaded.settings, field.name)),
                "origin": loaded.origins[field.name],
                "allowed": field.allowed,
            }
            for field in FIELDS
        },
    }


def _text(loaded: Loaded, paths: Paths) -> str:
    from tui_tracker.cli.output import Column, Table, plain_text

    settings = tuple(
        (field.key, _shown(field.written(getattr(loaded.settings, field.name))), loaded.origins[field.name])
        for field in FIELDS
    )
    places = (
        ("file", f"{loaded.path}{'' if loaded.is_found else ' (not there)'}"),
        ("history", str(history_folder(loaded.settings, paths))),
        ("state", str(paths.state_folder)),
        ("logs", str(paths.log_folder)),
    )
    table = plain_text(Table("", (Column("setting"), Column("value"), Column("from")), settings))
    return f"{table}\n{FIRST_START}\n\n{plain_text(Table('', (Column('place'), Column('path')), places))}"


def _words(value: object) -> str:
    return " ".join(str(part) for part in value) if isinstance(value, list) else str(value)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_words(one)}" for name, one in value.items()) or "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
