"""The README tells of everything that can be typed; its tables are made from the code.

``python -m tests.unit.test_readme`` writes them anew.
"""

import re
from collections.abc import Iterator
from itertools import groupby

import click
import pytest

from tests.support.readme_commands import README, command
from tui_tracker.cli.diagnostics import Exit
from tui_tracker.cli.main import cli
from tui_tracker.cli.rank_report import RankReport
from tui_tracker.config.fields import CONFIG_VARIABLE, FIELDS, SettingField
from tui_tracker.config.model import Settings
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceState, SourceStatus
from tui_tracker.stats.ranking import rank
from tui_tracker.tui.bindings import KEY_COMMANDS
from tui_tracker.tui.keys import label


def table(headings: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def keys_table() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for group, commands in groupby(KEY_COMMANDS, key=lambda command: command.group):
            yield f"**{group}**", ""
            for one in commands:
                yield " ".join(f"`{label(key)}`" for key in one.keys.split(",")), one.help

    return table(("Key", "What it does"), rows())


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


TABLES = {"keys": keys_table, "settings": settings_table}


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
    for name, one in (("", cli), *cli.commands.items()):
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


def test_its_two_commands_are_one_line_each(readme: str) -> None:
    run, test = command("run", readme), command("test", readme)
    assert run.endswith("crypto-tui")
    assert test.endswith("pytest")
    assert not any("\n" in line for line in (run, test))


def test_what_it_points_to_is_there(readme: str) -> None:
    root = README.parent
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", readme)
    modules = re.findall(r"python -m ((?:tests|screenshots)[\w.]*)", readme)
    assert links
    assert modules
    for path in (*links, *(f"{module.replace('.', '/')}.py" for module in modules)):
        assert (root / path).exists(), path


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
