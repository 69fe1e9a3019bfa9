"""``crypto-tui sources``: which exchanges can be watched, and whether they answer here."""

from typing import TYPE_CHECKING

import click

from tui_tracker.cli.diagnostics import Exit
from tui_tracker.cli.options import Invocation, pass_invocation, setting_flags
from tui_tracker.core.text import clean

if TYPE_CHECKING:
    from tui_tracker.cli.output import Table
    from tui_tracker.cli.source_check import SourceCheck
    from tui_tracker.config.model import Settings


@click.command(short_help="List the exchanges that can be watched, and test them.")
@click.option("--check", is_flag=True, help="Ask each for its time: one request; with --stream, open that too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@setting_flags("source", "stream", "base_urls", "ca_file", "data_dir", "debug")
@pass_invocation
def sources(invocation: Invocation, check: bool, as_json: bool) -> int:
    """List the sources: exchanges that can be watched, and where each is found. Nothing is sent without --check.

    With --check each is asked for its time: whether it can be reached from here, how fast it answers, how far its
    clock is from the one here, whether it shuts this country or network out, and what to do then. With --stream a
    connection for live quotes is opened too, where there is one. The exit code is 3 if one of --source does not answer.
    """
    from tui_tracker.cli.output import show_json, show_table

    loaded = invocation.load()
    settings = loaded.settings
    listed = _listed(settings)
    if not check:
        if invocation.flags.get("stream"):
            raise click.UsageError("--stream opens streams with --check alone")
        if as_json:
            show_json({"sources": listed})
        else:
            show_table(_table(listed))
        return Exit.OK
    checks = _checked(settings, [str(one["name"]) for one in listed])
    answering = [one.name for one in checks if one.error is None]
    if as_json:
        found = [{**one, "check": _document(done, answering)} for one, done in zip(listed, checks, strict=True)]
        show_json({"sources": found})
    else:
        show_table(_check_table(checks, answering, settings.sources))
    return Exit.OK if set(settings.sources) <= set(answering) else Exit.NO_DATA


def _listed(settings: "Settings") -> list[dict[str, object]]:
    from tui_tracker.sources.registry import SOURCES

    found: list[dict[str, object]] = [
        {
            "name": info.name,
            "title": info.title,
            "base_url": settings.base_urls.get(info.name, info.base_url),
            "in_use": info.name in settings.sources,
            "streams": info.stream is not None,
        }
        for info in SOURCES.values()
    ]
    for name in settings.sources:
        if name not in SOURCES:
            url = settings.base_urls.get(name, "")
            found.append({"name": name, "title": "through ccxt", "base_url": url, "in_use": True, "streams": False})
    return found


def _table(listed: list[dict[str, object]]) -> "Table":
    from tui_tracker.cli.output import Column, Table

    rows = tuple(
        (
            str(one["name"]),
            str(one["title"]),
            "yes" if one["in_use"] else "",
            "yes" if one["streams"] else "",
            str(one["base_url"]),
        )
        for one in listed
    )
    headings = ("source", "exchange", "in use", "streams", "found at")
    return Table("", tuple(Column(heading) for heading in headings), rows)


def _checked(settings: "Settings", names: list[str]) -> "tuple[SourceCheck, ...]":
    from tui_tracker.cli.headless import run_headless
    from tui_tracker.cli.source_check import check_sources
    from tui_tracker.engine.clock import SystemClock

    return run_headless(lambda: check_sources(names, settings, SystemClock()))


def _document(check: "SourceCheck", answering: list[str]) -> dict[str, object]:
    from dataclasses import asdict

    from tui_tracker.cli.output import MOST_IN_A_CELL

    return {
        "ok": check.error is None,
        "latency_ms": check.latency_ms,
        "skew_ms": None if check.reading is None else check.reading.offset_ms,
        "is_blocked": check.is_blocked,
        "error": None if check.error is None else clean(check.error.message),
        "advice": clean(check.advice([name for name in answering if name != check.name]), MOST_IN_A_CELL) or None,
        "stream": check.stream or None,
        "requests": None if check.requests is None else asdict(check.requests),
    }


def _state_of(check: "SourceCheck") -> str:
    from tui_tracker.sources.budget import LeftAloneError

    if check.error is None:
        return "answers"
    if isinstance(check.error, LeftAloneError):
        return "left alone"
    return "shuts us out" if check.is_blocked else "no answer"


def _check_table(checks: "tuple[SourceCheck, ...]", answering: list[str], used: tuple[str, ...]) -> "Table":
    from tui_tracker.cli.output import Column, Table

    rows: list[tuple[str, ...]] = []
    for one in checks:
        state = _state_of(one)
        skew = "" if one.reading is None else f"{one.reading.offset_ms:+,}"
        latency = "" if one.latency_ms is None else f"{one.latency_ms:,}"
        advice = one.advice([name for name in answering if name != one.name])
        told = "; ".join(filter(None, ("" if one.error is None else one.error.message, advice)))
        stream = "" if not one.has_stream else "opens" if one.stream_error is None else "fails"
        rows.append((one.name, "yes" if one.name in used else "", state, latency, skew, stream, told))
    columns = (
        Column("source"),
        Column("in use"),
        Column("state"),
        Column("ms", is_number=True),
        Column("clock ms", is_number=True),
        Column("stream"),
        Column("what to do"),
    )
    return Table("", columns, tuple(rows))
