"""Themes of one's own: a TOML file each, with colours in place of those of a built-in theme."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_tracker.config.choices import Theme
from tui_tracker.config.problems import Problems
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.text import clean

MAX_FILE_BYTES: Final = 100_000
COLORS: Final = ("text", "muted", "faint", "line", "up", "down", "cursor", "accent", "background")
"""What a theme colours: three greys and the lines, two meanings, the cursor, the focus, the rest."""
BASES: Final = tuple(theme.value for theme in Theme if theme is not Theme.AUTO)
ALLOWED_COLOR: Final = "a colour such as #1f2328 or ansi_bright_blue"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
ALLOWED_NAME: Final = "a-z, 0-9, - and _, at most 32, and no name of a built-in theme"
_COLOR: Final = re.compile(
    r"#[0-9a-fA-F]{6}|#[0-9a-fA-F]{3}"
    r"|ansi_(default|(bright_)?(black|red|green|yellow|blue|magenta|cyan|white))"
)


@dataclass(frozen=True, slots=True)
class OwnTheme:
    """A theme as its file says."""

    name: str
    base: Theme = Theme.DARK
    """Where the other colours come from."""
    colors: Mapping[str, str] | None = None


def own_theme_names(folder: Path) -> Iterator[str]:
    """Names of the themes in a folder, in order; none where it is missing or cannot be read."""
    yield from filter(_is_name, _stems(folder))


def _stems(folder: Path) -> list[str]:
    try:
        return sorted(path.stem for path in folder.glob("[!.]*.toml"))
    except OSError:
        return []


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name not in tuple(Theme)


def read_theme(folder: Path, name: str) -> OwnTheme:
    """Read one theme.

    Raises:
        ConfigError: If its file cannot be read or used; it names file, key and what is allowed.
    """
    path = folder / f"{name}.toml"
    place = clean(str(path))
    table = _table(path, place)
    problems = Problems()
    colors: dict[str, str] = {}
    for key, value in table.items():
        with problems.noting():
            _check_entry(key, value, place)
            if key in COLORS:
                colors[key] = str(value)
    problems.check()
    return OwnTheme(name, Theme(str(table.get("base", Theme.DARK.value))), colors)


def _check_entry(key: str, value: object, place: str) -> None:
    """Refuse what a theme has no key for, or a value that its key doesn't take."""
    if key == "base":
        is_usable, allowed = value in BASES, ", ".join(BASES)
    elif key in COLORS:
        is_usable, allowed = isinstance(value, str) and _COLOR.fullmatch(value) is not None, ALLOWED_COLOR
    else:
        raise ConfigError(f"{place}: unknown key {clean(key, 60)!r}", f"known: base, {', '.join(COLORS)}")
    if not is_usable:
        raise ConfigError(f"{place}: {key}: {clean(str(value), 60)!r} is not allowed", f"allowed: {allowed}")


def _table(path: Path, place: str) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{place} cannot be read: {clean(error.strerror or str(error))}", "check the file") from error
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{place} is too large", f"a theme has at most {MAX_FILE_BYTES} bytes")
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{place} is no valid TOML: {clean(str(error))}", "see https://toml.io") from error


def read_themes(folder: Path) -> tuple[list[OwnTheme], list[ConfigError]]:
    """All themes of a folder that can be used, and what is wrong with the others."""
    themes: list[OwnTheme] = []
    errors: list[ConfigError] = []
    for name in _stems(folder):
        if not _is_name(name):
            place = clean(str(folder / f"{name}.toml"))
            errors.append(ConfigError(f"{place}: no theme can be called so", f"allowed: {ALLOWED_NAME}"))
            continue
        try:
            themes.append(read_theme(folder, name))
        except ConfigError as error:
            errors.append(error)
    return themes, errors
