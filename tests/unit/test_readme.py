"""The README tells of everything that can be typed; its tables are made from the code.

``python -m tests.unit.test_readme`` writes them anew.
"""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest

from tests.support.clock import FakeClock
from tests.support.readme_commands import README, command
from tui_tracker.cli.commands import COMMANDS
from tui_tracker.cli.diagnostics import Exit
from tui_tracker.cli.main import cli
from tui_tracker.cli.rank_report import RankReport
from tui_tracker.config import views
from tui_tracker.config.fields import CONFIG_VARIABLE, FIELDS, SettingField
from tui_tracker.config.load import load
from tui_tracker.config.model import Settings
from tui_tracker.config.themes import COLORS, read_theme
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.instrument import Instrument, InstrumentClass
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceState, SourceStatus
from tui_tracker.filters import columns as filter_columns
from tui_tracker.filters.columns import NumberColumn, Unit
from tui_tracker.filters.language import compile_filter
from tui_tracker.sources.budget import RequestBudget
from tui_tracker.sources.http import HttpClient
from tui_tracker.sources.registry import SOURCES
from tui_tracker.sources.rest import RestSource
from tui_tracker.stats.ranking import rank
from tui_tracker.tui.bindings import CHART_COMMANDS, KEY_COMMANDS
from tui_tracker.tui.column_choice import unknown
from tui_tracker.tui.columns import COLUMNS
from tui_tracker.tui.keys import key_book, label
from tui_tracker.tui.views import BUILT_IN


def table(headings: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def keys_table() -> str:
    picks = [command.id for command in KEY_COMMANDS if command.id.startswith("view.") and command.keys.isdecimal()]

    def rows() -> Iterator[tuple[str, ...]]:
        for group, commands in groupby((*KEY_COMMANDS, *CHART_COMMANDS), key=lambda command: command.group):
            yield f"**{group}**", "", ""
            for one in commands:
                if one.id == picks[0]:
                    yield "`1` … `9`", "saved view 1 to 9", f"`{picks[0]}` … `{picks[-1]}`"
                elif one.id not in picks:
                    keys = " ".join(f"`{label(key)}`" for key in one.keys.split(","))
                    yield keys, one.help, f"`{one.id}`"

    return table(("Key", "What it does", "Id"), rows())


UNITS = {Unit.PLAIN: "", Unit.FRACTION: "percent", Unit.PERCENT: "percent", Unit.BPS: "basis points"}


def filter_columns_table() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for one in filter_columns.COLUMNS:
            unit = UNITS[one.unit] if isinstance(one, NumberColumn) else "text"
            yield " ".join(f"`{name}`" for name in (one.name, *one.aliases)), one.help, unit

    return table(("Name", "What it is", "Compared with"), rows())


def columns_table() -> str:
    return table(("Name", "Heading", "What it shows"), ((f"`{one.key}`", one.title, one.about) for one in COLUMNS))


def settings_table() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for field in FIELDS:
            yield f"`{field.key}`", flags(field), f"`{field.variable}`", field.allowed, default(field), meaning(field)

    return table(("Key in the file", "Flag", "Variable", "Takes", "Default", "Meaning"), rows())


def flags(field: SettingField) -> str:
    if field.off_flag:
        return f"`{field.on_flag}` `{field.off_flag}`"
    return f"`{field.on_flag} {field.metavar}`"


def default(field: SettingField) -> str:
    value = field.written(getattr(Settings(), field.name))
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return f"`{value}`" if value not in ({}, "") else "none"


def meaning(field: SettingField) -> str:
    return re.sub(r"\s+", " ", field.help)


def sources_table() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for info in SOURCES.values():
            clock = FakeClock()
            source = info.connect(HttpClient(info.base_url, clock, RequestBudget(clock, 0), idle_s=1))
            assert isinstance(source, RestSource)
            weight = source.quotes.weight
            candles = ", ".join(f"{step.rows:,} of {step.minutes} min" for step in source.history)
            poll = f"1, of weight {weight}" if weight > 1 else "1"
            most = f"{60 / info.spacing_s:,.0f}"
            yield f"`{info.name}`", info.title, urlsplit(info.base_url).netloc, poll, candles, most, info.allows

    return table(("Source", "Exchange", "Host", "Requests a poll", "Candles a pair", "A minute", "It allows"), rows())


def streams_table() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for info in SOURCES.values():
            if info.stream is not None:
                kind = info.dialogue()
                most, dead = f"{kind.most_pairs:,}", f"{kind.silence_s:g} s"
                yield f"`{info.name}`", urlsplit(info.stream.url).netloc, info.stream.allows, most, dead

    return table(("Source", "Host", "It allows", "Pairs a connection", "Dead after a silence of"), rows())


TABLES = {
    "keys": keys_table,
    "filter columns": filter_columns_table,
    "columns": columns_table,
    "settings": settings_table,
    "sources": sources_table,
    "streams": streams_table,
}


def with_tables(readme: str) -> str:
    """The README, each marked table written anew."""
    for name, made in TABLES.items():
        marked = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- end of table -->)", re.DOTALL)
        assert marked.search(readme), f"README.md has no table marked {name!r}"
        text = made().replace("\\", r"\\")
        readme = marked.sub(rf"\1\n{text}\n\n\2", readme)
    return readme


@pytest.fixture
def readme() -> str:
    return README.read_text(encoding="utf-8")


def test_its_tables_are_those_of_the_code(readme: str) -> None:
    assert with_tables(readme) == readme, "run: python -m tests.unit.test_readme"


def test_every_command_and_flag_is_in_it(readme: str) -> None:
    context = click.Context(cli)
    commands = {name: one for name in COMMANDS if (one := cli.get_command(context, name)) is not None}
    assert commands.keys() == COMMANDS.keys()
    for name, one in {"": cli, **commands}.items():
        assert f"`{f'crypto-tui {name}'.strip()}" in readme, name
        with click.Context(one, help_option_names=["-h", "--help"]) as context:
            options = [option for parameter in one.get_params(context) for option in parameter.opts]
        for option in options:
            assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", readme), f"{name} {option}"


def test_every_variable_is_in_it(readme: str) -> None:
    for name in (CONFIG_VARIABLE, "NO_COLOR", "TZ", "HTTPS_PROXY", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        assert f"`{name}`" in readme


def test_every_exit_code_is_in_it(readme: str) -> None:
    for code in Exit:
        assert re.search(rf"^\| `{int(code)}`", readme, re.MULTILINE), code


def test_every_metric_and_measure_is_explained(readme: str) -> None:
    for name in (*Metric, *Measure):
        assert re.search(rf"^\| `{name.value}` \|", readme, re.MULTILINE), name


def test_every_field_of_the_json_is_in_it(readme: str) -> None:
    figures = Figures(1440, 1440, 1.0, 0.5, 0.0, 2.0, 1.0, 0, 1.0, 0, 0.5)
    instrument = Instrument("fake:BTC-USD", "BTC", "USD", "BTCUSD", (), 2)
    row = Row(instrument, 1.0, 1.0, 1.0, 1e6, True, "", None, (figures,) * len(METRICS))
    snapshot = Snapshot(1, 0, 0, 1440, (row,), SourceStatus("fake", SourceState.LIVE))
    document = RankReport(snapshot, rank(snapshot, Metric.PRICE, Measure.STDDEV), 1, "USD").document()
    pairs = document["pairs"]
    assert isinstance(pairs, list)
    provenance = pairs[0]["provenance"]
    for name in (*document, *pairs[0], *provenance):
        assert f"`{name}`" in readme, name


def toml_examples(readme: str) -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)


def test_its_examples_of_a_configuration_are_accepted(readme: str, tmp_path: Path) -> None:
    themes = [text for text in toml_examples(readme) if text.startswith("base ")]
    assert len(themes) == 1
    (tmp_path / "night.toml").write_text(themes[0], encoding="utf-8")
    assert set(read_theme(tmp_path, "night").colors or ()) == {"background", "text", "accent", "up"}
    for text in toml_examples(readme):
        if text not in themes:
            file = tmp_path / "config.toml"
            file.write_text(text, encoding="utf-8")
            settings = load({}, {}, file).settings
            assert key_book(settings.keymap, settings.keys).problems == ()
            assert not unknown([column for view in settings.views for column in view.columns or ()])


def test_every_key_of_a_view_colour_and_class_is_in_it(readme: str) -> None:
    for key in views._PARTS:
        assert re.search(rf"\b{key} = ", readme), key
    for word in (*COLORS, *(kind.value for kind in InstrumentClass)):
        assert re.search(rf"\b{word}\b", readme), word


def test_every_view_is_named(readme: str) -> None:
    flat = " ".join(readme.split())
    assert ", ".join(view.name for view in BUILT_IN) in flat


def test_its_filters_are_understood(readme: str) -> None:
    _, _, examples = readme.partition("| Typed | Shown |")
    rows = re.findall(r"^\| (`.*?`) \|", examples.partition("\n\n")[0], re.MULTILINE)
    filters = [text.replace("\\|", "|") for row in rows for text in re.findall(r"`(.*?)`", row)]
    assert len(filters) > 5
    for text in (*filters, *re.findall(r"--filter '(.*?)'", readme)):
        assert compile_filter(text).text == text


def test_its_two_commands_are_one_line_each(readme: str) -> None:
    run, test = command("run", readme), command("test", readme)
    assert run.endswith("crypto-tui")
    assert "pytest" in test
    assert not any("\n" in line for line in (run, test))


def test_what_it_points_to_is_there(readme: str) -> None:
    root = README.parent
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", readme)
    modules = re.findall(r"python -m ((?:tests|screenshots)[\w.]*)", readme)
    assert links
    assert modules
    for path in links:
        assert (root / path).exists(), path
    for module in modules:
        assert find_spec(f"{module}.__main__" if (root / module.replace(".", "/")).is_dir() else module), module


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
