"""``crypto-tui doctor``: what works here, what doesn't, and what to do."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tui_tracker.cli.diagnostics import Exit
from tui_tracker.cli.history_files import history_folder
from tui_tracker.cli.options import Invocation, pass_invocation, setting_flags
from tui_tracker.config.load import Loaded
from tui_tracker.config.model import Settings
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.text import clean

if TYPE_CHECKING:
    from tui_tracker.cli.doctor.findings import Finding

_MARKS: Final = {"ok": "ok  ", "note": "note", "problem": "BAD "}
_MOST: Final = 400


@click.command(short_help="Examine configuration, history, network and terminal.")
@click.option("--offline", is_flag=True, help="Send nothing.")
@click.option("--all-sources", is_flag=True, help="Ask every source that there is, not the configured one alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@setting_flags("source", "base_urls", "ca_file", "data_dir", "debug")
@pass_invocation
def doctor(invocation: Invocation, offline: bool, all_sources: bool, as_json: bool) -> int:
    """Examine what crypto-tui needs, and say in a line each what works and what to do about the rest.

    Looks at the configuration, folders, the history (read only, up to 5 s), who collects, the clock, the source (one
    request, up to 5 s), proxies, certificates and the terminal. Changes nothing, but remembers a ban. The exit code is
    1 if there is a problem; notes are none.
    """
    from tui_tracker.cli.output import show_json, write

    found = list(_examined(invocation, offline=offline, all_sources=all_sources))
    is_well = not any(finding.verdict == "problem" for finding in found)
    if as_json:
        show_json({"ok": is_well, "findings": [_document(finding) for finding in found]})
    else:
        write("".join(f"{_line(finding)}\n" for finding in found))
    return Exit.OK if is_well else Exit.FAILURE


def _examined(invocation: Invocation, *, offline: bool, all_sources: bool) -> "Iterator[Finding]":
    from tui_tracker.cli.doctor.collector import collector, holder_of
    from tui_tracker.cli.doctor.findings import problem
    from tui_tracker.cli.doctor.network import surroundings
    from tui_tracker.cli.doctor.places import configuration, folders, stored
    from tui_tracker.cli.doctor.terminal import terminal
    from tui_tracker.engine.clock import SystemClock

    loaded: Loaded | None = None
    try:
        loaded = invocation.load()
    except ConfigError as error:
        yield problem("config", error.message, error.hint)
    else:
        yield from configuration(loaded)
    settings = Settings() if loaded is None else loaded.settings
    paths = invocation.paths()
    folder: Path = history_folder(settings, paths)
    yield from folders(paths, folder)
    yield from stored(folder)
    for source in settings.sources if settings.history and not settings.demo else ():
        yield from collector(holder_of(folder, source), source, SystemClock().now_ms())
    yield from surroundings(invocation.environ)
    if not offline:
        yield from _asked(settings, all_sources=all_sources)
    yield from terminal(invocation.environ)


def _asked(settings: Settings, *, all_sources: bool) -> "tuple[Finding, ...]":
    from tui_tracker.cli.doctor.network import sources
    from tui_tracker.cli.headless import run_headless
    from tui_tracker.engine.clock import SystemClock
    from tui_tracker.sources.registry import SOURCES

    names = tuple(dict.fromkeys((*settings.sources, *(SOURCES if all_sources else ()))))
    return run_headless(lambda: sources(names, settings, SystemClock()))


def _document(finding: "Finding") -> dict[str, object]:
    return {
        "area": finding.area,
        "verdict": finding.verdict.value,
        "text": clean(finding.text, _MOST),
        "advice": clean(finding.advice, _MOST),
    }


def _line(finding: "Finding") -> str:
    advice = f"; {finding.advice}" if finding.advice else ""
    return f"{_MARKS[finding.verdict.value]}  {finding.area:<12}  {clean(finding.text + advice, _MOST)}"
