"""Who collects into the history."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tui_tracker.cli.doctor.findings import Finding, note, ok, problem


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that collects a source."""

    who: str
    """``pid 1234 by ada``."""
    is_fresh: bool
    """Whether it gave a sign of life within the time of its lease."""


Probe = Callable[[Path, str], Holder | None]
"""Tells who collects a source into the history of a folder, without waiting and without taking its place."""


def no_probe(folder: Path, source: str) -> Holder | None:  # noqa: ARG001 - the signature of a probe
    """Know of nobody: each session collects by itself."""
    return None


def collector(folder: Path, source: str, probe: Probe = no_probe) -> Iterator[Finding]:
    """Whether a process holds the history."""
    holder = probe(folder, source)
    if holder is None:
        yield note("collector", f"no process is known to collect {source}", "the next session will")
    elif holder.is_fresh:
        yield ok("collector", f"{holder.who} collects {source}")
    else:
        yield problem(
            "collector",
            f"{holder.who} holds {source} but gives no sign of life",
            "let it go on (fg, or kill -CONT and its pid) or end it; another session takes over meanwhile",
        )
