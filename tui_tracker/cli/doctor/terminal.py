"""What the terminal can do."""

import locale
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Final

from tui_tracker.cli.doctor.findings import Finding, note, ok

LEAST: Final = 40, 12
"""Columns and lines of a usable table."""
_FULL_COLOURS: Final = ("truecolor", "24bit")


def terminal(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the app can run here, and how it will look. What is missing keeps only the app from running."""
    streams = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}
    missing = [name for name, stream in streams.items() if stream is None or not stream.isatty()]
    if missing:
        yield note("terminal", f"{', '.join(missing)} is no terminal here", "the app needs stdin and stderr to be one")
    else:
        columns, lines = shutil.get_terminal_size()
        text = f"{columns} columns, {lines} lines"
        if columns < LEAST[0] or lines < LEAST[1]:
            yield note("terminal", text, f"from {LEAST[0]} x {LEAST[1]} on a table fits")
        else:
            yield ok("terminal", text)
    yield _kind(environ)
    yield _colours(environ)
    yield _characters(environ)


def _kind(environ: Mapping[str, str]) -> Finding:
    kind = environ.get("TERM", "")
    if kind in ("", "dumb"):
        return note("terminal", f"TERM is {kind or 'not set'}", "the app needs one such as xterm-256color")
    inside = next((name for name in ("TMUX", "STY") if environ.get(name)), "")
    within = {"TMUX": ", inside tmux", "STY": ", inside screen"}.get(inside, "")
    return ok("terminal", f"TERM is {kind}{within}")


def _colours(environ: Mapping[str, str]) -> Finding:
    if environ.get("NO_COLOR"):
        return ok("terminal", "NO_COLOR is set: no colours are used")
    if environ.get("COLORTERM", "").lower() in _FULL_COLOURS:
        return ok("terminal", "16 million colours")
    if "256" in environ.get("TERM", ""):
        return ok("terminal", "256 colours; COLORTERM=truecolor says if it can show more")
    return note("terminal", "few colours, as far as TERM tells", "TERM=xterm-256color if it can show more")


def _characters(environ: Mapping[str, str]) -> Finding:
    encoding = (getattr(sys.stdout, "encoding", None) or locale.getpreferredencoding(False)).lower().replace("-", "")
    told = next((f"{name}={environ[name]}" for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "no LANG")
    if encoding == "utf8" and os.name == "posix":
        return ok("terminal", f"UTF-8 ({told})")
    return note("terminal", f"characters are {encoding} ({told})", "LANG=C.UTF-8 for all characters, or --ascii")
