"""The commands of ``crypto-tui``, each loaded when it is wanted: the app starts without any of them."""

from importlib import import_module
from typing import Final

import click
from typing_extensions import override

COMMANDS: Final = {
    "collect": "collect",
    "config": "config",
    "doctor": "doctor",
    "export": "export",
    "history": "history",
    "import": "import_",
    "pairs": "pairs",
    "rank": "rank",
    "serve": "serve",
    "sources": "sources",
    "status-line": "status_line",
    "watch": "watch",
    "watchlist": "watchlist",
}
"""Names, and what each command is called in the module of its name."""


class CommandGroup(click.Group):
    """A group of all commands."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if (name := COMMANDS.get(cmd_name)) is None:
            return None
        module = import_module(f"tui_tracker.cli.{name.rstrip('_')}_command")
        command: click.Command = getattr(module, name)
        return command
