"""A watchlist as plain text: one pair a line in any spelling, # begins a comment."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tui_tracker.core.errors import AmbiguousPairError, ConfigError, UnknownPairError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.symbols import Names
from tui_tracker.core.text import clean

MAX_BYTES: Final = 1_000_000
MAX_LINES: Final = 10_000


def as_text(name: str, ids: Sequence[str]) -> str:
    """A watchlist as ``pairs_in`` reads it."""
    return "".join(f"{line}\n" for line in (f"# {clean(name)}", *ids))


def pairs_in(text: str) -> tuple[str, ...]:
    """The names in a text, each once, without comments and empty lines."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def pairs_of(data: bytes, place: str) -> tuple[str, ...]:
    """The names in a file.

    Args:
        data: Its bytes, one more than ``MAX_BYTES`` at most.
        place: What it is called in messages.

    Raises:
        ConfigError: If it is no text, too large, or names no pair.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{place} is not UTF-8 text", "save it as UTF-8") from error
    if len(data) > MAX_BYTES or text.count("\n") > MAX_LINES:
        raise ConfigError(f"{place} is too large", f"at most {MAX_LINES:,} lines")
    names = pairs_in(text)
    if not names:
        raise ConfigError(f"{place} names no pair", "one a line, such as BTC/USD")
    return names


def read_pairs(path: Path) -> tuple[str, ...]:
    """The names in a file.

    Raises:
        ConfigError: If it cannot be read, is no text, too large, or names no pair.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise ConfigError(f"{clean(str(path))} cannot be read: {clean(reason)}") from error
    return pairs_of(data, clean(str(path)))


def resolved(names: Sequence[str], instruments: Sequence[Instrument], source: str) -> tuple[tuple[str, ...], list[str]]:
    """The ids that names mean, and in a line each what is wrong with the others."""
    listed = Names(instruments, source)
    ids: list[str] = []
    problems: list[str] = []
    for name in names:
        try:
            ids.append(listed.find(name).id)
        except (UnknownPairError, AmbiguousPairError) as error:
            problems.append(error.told)
    return tuple(dict.fromkeys(ids)), problems
