"""Settings put together: flag over environment over file over default, each with where it came from."""

import difflib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from tui_tracker.config.choices import Theme
from tui_tracker.config.fields import CONFIG_VARIABLE, ENVIRONMENT_PREFIX, FIELDS, TOKEN_VARIABLE, SettingField
from tui_tracker.config.model import Settings
from tui_tracker.config.parse import ElementsError, EntriesError
from tui_tracker.config.problems import Problems
from tui_tracker.config.themes import ALLOWED_NAME, own_theme_names, read_theme
from tui_tracker.config.views import views_of
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.text import clean

MAX_FILE_BYTES: Final = 1_000_000
DEFAULT_ORIGIN: Final = "default"
MAX_TOKEN: Final = 512
"""Characters of a token."""
_CREDENTIALS: Final = re.compile(r"//[^/@]*@")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings in force, and where each came from."""

    settings: Settings
    origins: Mapping[str, str]
    """By field name: a flag (``--interval``), a variable (``CRYPTO_TUI_INTERVAL``), the path of the file, or
    ``default``."""
    path: Path
    """The configuration file that was looked for."""
    is_found: bool
    """Whether it was there."""
    themes: Path = Path()
    """The folder of the user's own themes, beside the file."""

    def is_flag(self, name: str) -> bool:
        """Whether a setting was given on the command line."""
        return self.origins[name].startswith("--")


Check = Callable[[Loaded], Iterable[ConfigError]]
"""Finds what is wrong with settings that make sense each by itself."""


def load(
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    default_path: Path,
    path: Path | None = None,
    checks: Sequence[Check] = (),
) -> Loaded:
    """Put the settings together.

    Args:
        flags: What the command line gave, by field name: text, a tuple of texts, or the truth value of a switch.
        environ: The environment; empty variables count as absent.
        default_path: Where the file is if nothing says otherwise; it may be missing.
        path: Where a flag says that it is; it must be there. ``CRYPTO_TUI_CONFIG`` does the same.
        checks: What else can be wrong, for those to say who know it; what can't be used is at its default there.

    Raises:
        ConfigError: If the file cannot be read, or keys or values are none; it names the place, the key and what is
            allowed, and its parts are all that is wrong.
    """
    if path is None and environ.get(CONFIG_VARIABLE):
        path = Path(environ[CONFIG_VARIABLE])
    wanted = default_path if path is None else path
    problems = Problems()
    table: dict[str, object] | None = None
    with problems.noting():
        table = _read(wanted, is_required=path is not None)
    values: dict[str, object] = {"token": ""}
    place, settings_table = clean(str(wanted)), dict(table or {})
    values["views"] = views_of(settings_table.pop("views", {}), place, problems)
    origins = {field.name: DEFAULT_ORIGIN for field in FIELDS}
    given = _from_file(place, settings_table, problems)
    given |= _from_environment(environ, problems)
    given |= _from_flags(flags, problems)
    for name, (origin, value) in given.items():
        values[name], origins[name] = value, origin
    with problems.noting():
        values["token"] = _token(environ, str(values.get("token_file", "")), origins["token_file"])
    themes = wanted.with_name("themes")
    with problems.noting():
        _check_theme(values, origins, themes)
    loaded = Loaded(_settings(values), origins, wanted, table is not None, themes)
    for check in checks:
        problems.add(*check(loaded))
    problems.check()
    return loaded


def _check_theme(values: Mapping[str, object], origins: Mapping[str, str], folder: Path) -> None:
    """Refuse a theme that is neither built in nor a file that makes sense."""
    name = str(values.get("theme", Theme.AUTO))
    if name in tuple(Theme):
        return
    if name in own_theme_names(folder):
        read_theme(folder, name)
        return
    origin = origins["theme"]
    place = origin if origin.startswith("--") else f"environment: {origin}"
    if not origin.startswith(("--", ENVIRONMENT_PREFIX)):
        place = f"{origin}: theme"
    known = ", ".join((*Theme, *own_theme_names(folder)))
    own = f"NAME for {clean(str(folder))}/NAME.toml ({ALLOWED_NAME})"
    raise ConfigError(f"{place}: {name!r} is not allowed", f"allowed: {known}, or {own}")


def _token(environ: Mapping[str, str], path: str, origin: str) -> str:
    """The token of a server, from the environment or a file; empty for none.

    Raises:
        ConfigError: If the file cannot be read or holds no token.
    """
    place, text = f"environment: {TOKEN_VARIABLE}", environ.get(TOKEN_VARIABLE, "").strip()
    if not text and path:
        place = f"{origin}: {clean(path)}"
        try:
            with Path(path).expanduser().open(encoding="ascii") as file:
                text = file.read(MAX_TOKEN + 2).strip()
        except (OSError, ValueError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no plain text"
            raise ConfigError(f"{place}: the token cannot be read: {clean(reason)}", "one line of text") from error
        if not text:
            raise ConfigError(f"{place}: there is no token in it", "one line of text")
    if len(text) > MAX_TOKEN or not all("!" <= char <= "~" for char in text):
        raise ConfigError(f"{place}: that is no token", f"up to {MAX_TOKEN} printable ASCII characters without spaces")
    return text


def _settings(values: Mapping[str, object]) -> Settings:
    assert {field.name for field in FIELDS} | {"views", "token"} == {field.name for field in fields(Settings)}
    make: Callable[..., Settings] = Settings
    return make(**values)


Given = dict[str, tuple[str, object]]
"""(origin, value) by field name."""


def _from_file(origin: str, table: Mapping[str, object], problems: Problems) -> Given:
    by_key = {field.key: field for field in FIELDS}
    given: Given = {}
    for key, raw in table.items():
        field = by_key.get(key)
        if field is None:
            hint = _nearest(key, (*by_key, "views"))
            problems.add(ConfigError(f"{origin}: unknown key {clean(key, 60)!r}", hint))
            continue
        _take(given, field, raw, origin, f"{origin}: {key}", problems)
    return given


def _from_environment(environ: Mapping[str, str], problems: Problems) -> Given:
    by_variable = {field.variable: field for field in FIELDS}
    given: Given = {}
    for variable, raw in environ.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in (CONFIG_VARIABLE, TOKEN_VARIABLE) or not raw:
            continue
        field = by_variable.get(variable)
        if field is None:
            known = (*by_variable, CONFIG_VARIABLE, TOKEN_VARIABLE)
            hint = _nearest(variable, known)
            problems.add(ConfigError(f"environment: unknown variable {clean(variable, 60)}", hint))
            continue
        _take(given, field, raw, variable, f"environment: {variable}", problems)
    return given


def _from_flags(flags: Mapping[str, object], problems: Problems) -> Given:
    given: Given = {}
    for field in FIELDS:
        raw = flags.get(field.name)
        if raw is None:
            continue
        flag = field.on_flag
        if field.off_flag and isinstance(raw, bool):
            flag = flag if raw else field.off_flag
            raw = field.switch_values[0 if raw else 1]
        _take(given, field, raw, flag, flag, problems)
    return given


def _take(given: Given, field: SettingField, raw: object, origin: str, place: str, problems: Problems) -> None:
    """Take what a setting was given, as far as it can be used."""
    try:
        given[field.name] = origin, field.parse(raw)
    except EntriesError as error:
        given[field.name] = origin, error.rest
        for name, one in error.entries.items():
            problems.add(_refused(f"{origin}: {field.key}.{clean(name, 60)}", one, error.allowed))
    except ElementsError as error:
        problems.add(*(_refused(place, one, field.allowed) for one in error.elements))
    except ValueError:
        problems.add(_refused(place, raw, field.allowed))


def _refused(place: str, raw: object, allowed: str) -> ConfigError:
    shown = clean(_CREDENTIALS.sub("//…@", _as_given(raw)), 80)
    return ConfigError(f"{place}: {shown!r} is not allowed", f"allowed: {allowed}")


def _as_given(raw: object) -> str:
    if isinstance(raw, dict):
        return ", ".join(f"{name} = {_as_given(value)}" for name, value in raw.items())
    if isinstance(raw, bool):
        return str(raw).lower()
    return raw if isinstance(raw, str) else ", ".join(raw) if isinstance(raw, tuple) else repr(raw)


def _nearest(name: str, known: tuple[str, ...]) -> str:
    """The hint for a name that nobody knows."""
    spelled = {other.lower().replace("-", "_"): other for other in known}
    near = difflib.get_close_matches(name[:60].lower().replace("-", "_"), spelled, n=1, cutoff=0.5)
    return f"did you mean {spelled[near[0]]}?" if near else f"known: {', '.join(known)}"


def _read(path: Path, *, is_required: bool) -> dict[str, object] | None:
    """The table in a file, or ``None`` if it is missing and need not be there."""
    place = clean(str(path))
    try:
        if not (path.is_file() or path == Path(os.devnull)):
            if path.is_dir():
                raise ConfigError(f"{place} is a folder", "--config takes a TOML file")
            if path.exists() or path.is_symlink():
                raise ConfigError(f"{place} is no regular file", "--config takes a TOML file")
            if is_required:
                raise ConfigError(f"{place}: there is no such file", "check --config and CRYPTO_TUI_CONFIG")
            return None
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"{place} cannot be read: {clean(reason)}", "check its permissions") from error
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{place} is too large", f"a configuration has at most {MAX_FILE_BYTES} bytes")
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{place} is not UTF-8 text, at byte {error.start}", "save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else clean(str(error))
        raise ConfigError(f"{place} is no valid TOML: {what}", "see https://toml.io") from error
