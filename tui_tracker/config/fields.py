"""The one list of settings: what each is called in a file, in the environment and as a flag, and what it takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tui_tracker.config import parse
from tui_tracker.config.choices import ChangeColors, ChartStyle, ClockFace, Keymap, Preset, Theme, Thousands, TimeZone
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric

ENVIRONMENT_PREFIX: Final = "CRYPTO_TUI_"
CONFIG_VARIABLE: Final = "CRYPTO_TUI_CONFIG"
"""Names another configuration file; not a setting itself."""
TOKEN_VARIABLE: Final = "CRYPTO_TUI_TOKEN"
"""Holds a server's token; not a setting, so that nothing shows it."""


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting as people meet it."""

    name: str
    """Field of ``Settings``."""
    parse: Callable[[object], object]
    """Makes its value of a text or a TOML value; ``ValueError`` if it can't."""
    allowed: str
    """What it takes, for people."""
    help: str
    """What it does, as the end of a sentence; the flag's help."""
    metavar: str = ""
    """What stands for the value in the help of a flag that takes one."""
    flag: str = ""
    """``--interval``, made of the name unless given."""
    off_flag: str = ""
    """For a switch without a value: the flag that says the opposite."""
    switch_values: tuple[str, str] = ("true", "false")
    """What a switch's two flags stand for."""
    repeatable: bool = False
    write: Callable[[object], object] = lambda value: value
    """Makes what ``parse`` takes of its value, where that isn't the value itself."""

    def written(self, value: object) -> object:
        """A value as one would write it in the file: text, number, truth value or table."""
        if value is None:
            return "all"
        if isinstance(value, StrEnum):
            return value.value
        written = self.write(value)
        return dict(written) if isinstance(written, Mapping) else written

    @property
    def key(self) -> str:
        """Its key in the TOML file: ``min-coverage``."""
        return self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Its environment variable: ``CRYPTO_TUI_MIN_COVERAGE``."""
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def on_flag(self) -> str:
        """The flag that sets it."""
        return self.flag or f"--{self.key}"


def _one_of(kind: type[StrEnum]) -> str:
    return ", ".join(member.value for member in kind)


_SWITCH: Final = "true or false"

FIELDS: Final[tuple[SettingField, ...]] = (
    SettingField(
        "source",
        parse.source_names,
        "names of sources with commas between, or all (crypto-tui sources lists them)",
        "The exchange to watch; several with commas between, or all.",
        "NAME,NAME…",
    ),
    SettingField(
        "base_urls",
        parse.base_urls,
        "NAME=URL with http or https, a host, and no user, query or fragment",
        "Find a source elsewhere, as kraken=http://127.0.0.1:8080. Repeatable; replaces what the file says.",
        "NAME=URL",
        flag="--base-url",
        repeatable=True,
    ),
    SettingField(
        "stream",
        parse.streamed,
        "true, false, or names of sources with commas between",
        "Read quotes live, over WebSockets, beside the polls (kraken, binance, bybit, coinbase, okx).",
        off_flag="--no-stream",
        write=parse.streamed_text,
    ),
    SettingField(
        "interval",
        parse.whole(5, 3600),
        "whole seconds from 5 to 3600",
        "Seconds between polls, 5 to 3600.",
        "SECONDS",
    ),
    SettingField(
        "quote",
        parse.quote,
        "a quote currency such as USD, or all",
        "Only pairs priced in this currency; all for every pair.",
        "CURRENCY",
    ),
    SettingField(
        "metric",
        parse.choice(Metric),
        _one_of(Metric),
        f"The number to rank and chart: {_one_of(Metric)}.",
        "METRIC",
    ),
    SettingField(
        "by",
        parse.choice(Measure),
        _one_of(Measure),
        f"The measure that pairs are ranked by: {_one_of(Measure)}.",
        "MEASURE",
    ),
    SettingField(
        "min_coverage",
        parse.fraction,
        "a fraction from 0 to 1, or a percentage such as 90%",
        "Share of the window, as 0.9 or 90%, that must be observed for a pair to be ranked.",
        "SHARE",
    ),
    SettingField(
        "min_volume",
        parse.amount,
        "US dollars, 0 or more, such as 250000, 1e6, 100k or 1.5M",
        "Only pairs that traded at least this much in 24 h, in US dollars (100k, 1.5M).",
        "USD",
        write=parse.amount_text,
    ),
    SettingField(
        "window",
        parse.minutes(10, 43_200),
        "10m to 30d, or minutes from 10 to 43200",
        "Span of the statistics, 10m to 24h; in the app and rank up to 30d, from the history.",
        "SPAN",
        write=parse.span_text,
    ),
    SettingField(
        "theme",
        parse.theme,
        f"{_one_of(Theme)}, or the name of a file in the folder themes",
        f"Colours of the app: {_one_of(Theme)}, or a theme of your own.",
        "THEME",
    ),
    SettingField(
        "change_colors",
        parse.spelled_choice(ChangeColors),
        _one_of(ChangeColors),
        f"Colours of up and down: {_one_of(ChangeColors)}.",
        "COLOURS",
    ),
    SettingField(
        "ascii",
        parse.boolean,
        _SWITCH,
        "Write plain ASCII only, for terminals and fonts without line drawing.",
        off_flag="--no-ascii",
    ),
    SettingField(
        "layout",
        parse.spelled_choice(Preset),
        _one_of(Preset),
        f"What the app gives its room to: {_one_of(Preset)}.",
        "LAYOUT",
    ),
    SettingField(
        "keymap",
        parse.spelled_choice(Keymap),
        _one_of(Keymap),
        f"The set of keys: {_one_of(Keymap)}.",
        "NAME",
    ),
    SettingField(
        "keys",
        parse.keys,
        'ACTION=KEY, several keys with spaces between, or none; in the file a table such as sort.next = ["s", "f6"]',
        "Keys of an action, as sort.next=s or demo=none. Repeatable; replaces what the file says.",
        "ACTION=KEY",
        flag="--key",
        repeatable=True,
        write=parse.keys_text,
    ),
    SettingField(
        "thousands",
        parse.spelled_choice(Thousands),
        _one_of(Thousands),
        f"What separates thousands in the app: {_one_of(Thousands)}.",
        "SEPARATOR",
    ),
    SettingField(
        "si_suffixes",
        parse.boolean,
        _SWITCH,
        "Write volumes in the app as 812M, or as 812e6.",
        off_flag="--no-si-suffixes",
    ),
    SettingField(
        "clock",
        parse.spelled_choice(ClockFace),
        _one_of(ClockFace),
        "Write times in the app with 24 or 12 hours.",
        "HOURS",
    ),
    SettingField(
        "chart_style",
        parse.choice(ChartStyle),
        _one_of(ChartStyle),
        f"How the chart draws a pair: {_one_of(ChartStyle)}.",
        "STYLE",
    ),
    SettingField(
        "time_zone",
        parse.choice(TimeZone),
        _one_of(TimeZone),
        "Show times in UTC or in the local time zone.",
        flag="--utc",
        off_flag="--local",
        switch_values=("utc", "local"),
    ),
    SettingField(
        "columns",
        parse.columns,
        "names of columns with commas between, each alone or as name:width (3 to 40)",
        "Columns of the table from left to right, as rank,pair,last,stddev:12.",
        "NAME,NAME…",
        write=parse.columns_text,
    ),
    SettingField(
        "flash",
        parse.boolean,
        _SWITCH,
        "Set off values that a poll has changed for a moment.",
        off_flag="--no-flash",
    ),
    SettingField(
        "export_dir",
        parse.folder,
        "a folder, ~ for home",
        "Folder for files that the app writes; the current one by default.",
        "FOLDER",
    ),
    SettingField(
        "history",
        parse.boolean,
        _SWITCH,
        "Keep minutes on disk and go on from there at the next start.",
        off_flag="--no-history",
    ),
    SettingField(
        "data_dir",
        parse.folder,
        "a folder of this machine, ~ for home",
        "Folder of the history; the platform's by default.",
        "FOLDER",
    ),
    SettingField(
        "raw_days",
        parse.whole(1, 3_650),
        "whole days from 1 to 3650",
        "Days that single minutes are kept.",
        "DAYS",
    ),
    SettingField(
        "rollup_days",
        parse.whole(1, 36_500),
        "whole days from 1 to 36500",
        "Days that hourly sums are kept.",
        "DAYS",
    ),
    SettingField(
        "max_disk",
        parse.size,
        "20MB or more, such as 500MB or 2GB",
        "Size of the history above which the oldest minutes go.",
        "SIZE",
        write=parse.size_text,
    ),
    SettingField(
        "mouse",
        parse.boolean,
        _SWITCH,
        "Take the mouse, or leave it to the terminal (to select text).",
        off_flag="--no-mouse",
    ),
    SettingField(
        "demo",
        parse.boolean,
        _SWITCH,
        "Watch a simulated market; no network.",
        off_flag="--no-demo",
    ),
    SettingField(
        "seed", parse.whole(0, 2**63 - 1), "a whole number, 0 or more", "Which simulated market, a number.", "N"
    ),
    SettingField(
        "demo_pairs",
        parse.whole(1, 10_000),
        "a whole number from 1 to 10000",
        "How many pairs the simulated market lists, 1 to 10000.",
        "N",
        flag="--pairs",
    ),
    SettingField(
        "reference",
        parse.asset,
        "an asset such as BTC",
        "The asset that each pair is compared with, in the same quote currency.",
        "ASSET",
    ),
    SettingField(
        "connect",
        parse.server_url,
        "http or https, a host, and no user, query or fragment",
        "Watch what a crypto-tui serve collects, at http://host:8080, instead of asking the exchange.",
        "URL",
    ),
    SettingField(
        "token_file",
        parse.folder,
        "a file, ~ for home",
        "File with the token of the server; CRYPTO_TUI_TOKEN holds it instead.",
        "PATH",
    ),
    SettingField(
        "ca_file",
        parse.folder,
        "a file, ~ for home",
        "File with certificates (PEM) of authorities that are trusted beside those of the system.",
        "PATH",
    ),
    SettingField(
        "debug",
        parse.boolean,
        _SWITCH,
        "Log each request, and show tracebacks.",
        off_flag="--no-debug",
    ),
)


def field_named(name: str) -> SettingField:
    """Return the setting with this field name.

    Raises:
        KeyError: If there is none.
    """
    for field in FIELDS:
        if field.name == name:
            return field
    raise KeyError(name)
