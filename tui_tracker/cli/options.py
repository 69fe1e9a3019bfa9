"""Flags, made of the one list of settings, and what a command line says before anything is run."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import click

from tui_tracker.cli.diagnostics import say
from tui_tracker.config.fields import FIELDS, SettingField, field_named
from tui_tracker.config.load import Check, Loaded, load
from tui_tracker.config.model import Settings
from tui_tracker.config.parse import ALL_SOURCES
from tui_tracker.config.paths import Paths, default_paths
from tui_tracker.core.errors import ConfigError, StateError
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.text import clean
from tui_tracker.feed.base import Feed

if TYPE_CHECKING:
    from tui_tracker.api.server import ServeOptions, Serving
    from tui_tracker.cli.replay_spec import ReplaySpec
    from tui_tracker.config.state import State, StateStore
    from tui_tracker.filters.language import Filter

EVERY_SETTING: Final = tuple(setting.name for setting in FIELDS)
COLLECTING: Final = (
    *("source", "base_urls", "connect", "token_file", "ca_file", "quote", "demo", "seed"),
    *("data_dir", "history", "debug"),
)
"""Settings that matter to every command that asks a source."""
DEFAULTS: Final[Mapping[str, str]] = {"quote": "all", "metric": "price"}
"""What those commands take where no flag says otherwise: what the app opens on is not for them."""
FILTER_HELP: Final = "Only print pairs that match, as in the app: words, /pattern/, 'cv > 2% and quote = USD'."
F = TypeVar("F", bound=Callable[..., Any])


class Composition(Protocol):
    """What puts a feed or the app together; ``tui_tracker.cli.compose`` is one."""

    def collect_once(
        self, settings: Settings, window: int, *, across: bool = False, metrics: Collection[Metric] = METRICS
    ) -> AbstractAsyncContextManager[Feed]:
        """A feed that polls once, and loads history only of instruments that are prioritised.

        ``across`` says whether consolidated pairs are made of several sources; of what a history on disk knows
        ``metrics`` are taken up, and the price.
        """
        ...

    def collect_live(self, settings: Settings) -> AbstractAsyncContextManager[Feed]:
        """A feed that polls on and on, and loads all history, that of prioritised instruments first."""
        ...

    def run_app(
        self, settings: Settings, state: "State", store: "StateStore", replay: "ReplaySpec | None" = None
    ) -> int:
        """Run the app until it ends, from a past moment on if one is given; return its exit code."""
        ...

    def serve(self, settings: Settings, options: "ServeOptions") -> AbstractAsyncContextManager["Serving"]:
        """Collect, and serve what is collected, while inside."""
        ...


@dataclass(slots=True)
class Invocation:
    """One command line: filled while it is read, then asked by the command."""

    composition: Composition | None = None
    """What to run instead of the real thing (tests)."""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    flags: dict[str, object] = field(default_factory=dict)
    """What was given, by field of ``Settings``; a flag after the command wins over one before it."""
    config: Path | None = None
    loaded: Loaded | None = None

    @property
    def is_debug(self) -> bool:
        """Whether tracebacks are wanted, as far as is known yet."""
        return self.loaded.settings.debug if self.loaded else bool(self.flags.get("debug"))

    def paths(self) -> Paths:
        """The places of this user."""
        return default_paths()

    def load(self, *checks: Check) -> Loaded:
        """Return the settings in force.

        Args:
            checks: What finds more that is wrong, for a command that looks for all of it.

        Raises:
            ConfigError: If something that was given cannot be used; its parts are all that can't.
        """
        checks = (_source_problems, _flag_problems, _column_problems, *checks)
        loaded = load(self.flags, self.environ, self.paths().config_file, self.config, checks)
        self.loaded = _with_all_sources(loaded)
        return self.loaded

    def start_logging(self) -> None:
        """Log to a file; where that cannot be, say so and go on."""
        from tui_tracker.cli.logs import start_logging

        try:
            start_logging(self.paths().log_folder, debug=self.is_debug)
        except StateError as error:
            say(f"note: {error.message}")

    def compose(self) -> Composition:
        """What puts the parts together; the real one is imported here, since it brings everything along."""
        if self.composition is not None:
            return self.composition
        from tui_tracker.cli import compose

        return compose


pass_invocation = click.make_pass_decorator(Invocation)


def setting_flags(*names: str, defaults: Mapping[str, str] | None = None) -> Callable[[F], F]:
    """Give a command the flags of these settings, and ``--config``; what is given goes to its ``Invocation``.

    Args:
        names: Fields of ``Settings``.
        defaults: What the help calls the default of some, where it isn't that of ``Settings``.
    """

    def decorated(command: F) -> F:
        for name in reversed(names):
            command = _option(field_named(name), (defaults or {}).get(name))(command)
        return click.option(
            "--config",
            metavar="PATH",
            expose_value=False,
            callback=_keep_config,
            help="Read this configuration file instead of the usual one.",
        )(command)

    return decorated


def _option(setting: SettingField, default: str | None) -> Callable[[F], F]:
    default = _default_text(setting) if default is None else default
    told = f"{setting.help}  [default: {default}]" if default else setting.help
    if setting.off_flag:
        return click.option(
            f"{setting.on_flag}/{setting.off_flag}",
            setting.name,
            default=None,
            expose_value=False,
            callback=_keep,
            help=told,
        )
    return click.option(
        setting.on_flag,
        setting.name,
        metavar=setting.metavar,
        multiple=setting.repeatable,
        expose_value=False,
        callback=_keep,
        help=told,
    )


def _default_text(setting: SettingField) -> str:
    default = setting.written(getattr(Settings(), setting.name))
    if isinstance(default, bool):
        return setting.on_flag[2:] if default else ""
    return str(default or "")


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None and value != ():
        _invocation(context).flags[str(parameter.name)] = value


def _keep_config(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        _invocation(context).config = Path(value)


def flagged_filter(text: str) -> "Filter":
    """The filter of ``--filter``.

    Raises:
        ConfigError: Naming the flag, what is wrong, and where.
    """
    from tui_tracker.cli.diagnostics import say
    from tui_tracker.filters.errors import FilterError
    from tui_tracker.filters.language import compile_filter

    try:
        found = compile_filter(text)
    except FilterError as error:
        raise error.at("--filter") from error
    if found.understood:
        say(f"note: --filter: {found.understood}")
    return found


def _invocation(context: click.Context) -> Invocation:
    return context.ensure_object(Invocation)


def _flag_problems(loaded: Loaded) -> Iterator[ConfigError]:
    """Flags that exclude each other."""
    if all(loaded.is_flag(name) and getattr(loaded.settings, name) for name in ("connect", "demo")):
        yield ConfigError("--connect and --demo are two markets", "leave out one of them")
    if loaded.settings.connect and loaded.is_flag("source") and not loaded.settings.demo:
        yield ConfigError("--source: with --connect the server decides what is watched", "leave it out")


def _column_problems(loaded: Loaded) -> Iterator[ConfigError]:
    """Columns that the table doesn't have, and where they were given."""
    file = clean(str(loaded.path))
    chosen = {_place(loaded, "columns"): loaded.settings.columns} if loaded.settings.columns else {}
    chosen |= {f"{file}: views.{view.name}: columns": view.columns for view in loaded.settings.views if view.columns}
    if not chosen:
        return
    from tui_tracker.tui.column_choice import unknown
    from tui_tracker.tui.columns import COLUMN_KEYS

    for place, columns in chosen.items():
        for name in unknown(columns):
            yield ConfigError(f"{place}: there is no column {name!r}", f"known: {', '.join(COLUMN_KEYS)}")


def _with_all_sources(loaded: Loaded) -> Loaded:
    """The same, with the sources that ``all`` stands for."""
    if loaded.settings.source != ALL_SOURCES:
        return loaded
    from tui_tracker.sources.registry import all_names

    return replace(loaded, settings=replace(loaded.settings, source=",".join(all_names())))


def _source_problems(loaded: Loaded) -> Iterator[ConfigError]:
    """Names of sources that don't exist and URLs that they can't use, and where they were given."""
    from tui_tracker.sources.registry import check_name, check_stream, checked_base_url

    settings = _with_all_sources(loaded).settings
    streamed = settings.stream if isinstance(settings.stream, tuple) else ()
    urls = _place(loaded, "base_urls")
    checks: list[tuple[str, Callable[[str], object], str]] = [
        *((_place(loaded, "source"), check_name, name) for name in settings.sources),
        *((urls, check_name, name) for name in settings.base_urls),
        *((_place(loaded, "stream"), check_stream, name) for name in streamed),
        *((f"{urls}: {name}", checked_base_url, url) for name, url in settings.base_urls.items()),
    ]
    for place, check, given in checks:
        try:
            check(given)
        except ConfigError as error:
            yield ConfigError(f"{place}: {error.message}", error.hint)


def _place(loaded: Loaded, name: str) -> str:
    """Where a setting was given: flag, variable, or file and key."""
    origin = loaded.origins[name]
    return f"{origin}: {field_named(name).key}" if origin == str(loaded.path) else origin
