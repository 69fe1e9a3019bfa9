import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.cli.output import Column, Table, plain_text, show_json, show_table, write
from tui_tracker.core.errors import TrackerError
from tui_tracker.core.text import clean

COLUMNS = (Column("name"), Column("n", is_number=True))


def test_columns_are_aligned_also_with_wide_characters() -> None:
    table = Table("", COLUMNS, (("ab", "1"), ("柴犬", "22"), ("e\u0301", "333")))
    assert plain_text(table) == "name    n\nab      1\n柴犬   22\ne\u0301     333\n"


def test_a_table_without_rows_is_its_header() -> None:
    assert plain_text(Table("title", COLUMNS, ())) == "name  n\n"


def test_a_dumb_terminal_gets_plain_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TERM", "dumb")
    show_table(Table("title", COLUMNS, (("a", "1"),)))
    assert capsys.readouterr().out == "name  n\na     1\n"


def test_json_is_ascii_and_exact(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"σ": 0.1 + 0.2, "none": None})
    text = capsys.readouterr().out
    assert text.isascii()
    assert json.loads(text) == {"σ": 0.1 + 0.2, "none": None}


def test_json_has_no_number_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        show_json({"x": float("nan")})
    assert capsys.readouterr().out == ""


def test_what_an_encoding_lacks_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    write("σ – x\n")
    assert raw.getvalue() == b"? ? x\n"


def test_a_closed_stdout_is_an_expected_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(TrackerError, match="stdout is closed"):
        write("x")


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=5))
def test_any_cell_stays_in_its_line(rows: list[tuple[str, str]]) -> None:
    lines = plain_text(Table("", COLUMNS, tuple(rows))).split("\n")
    assert len(lines) == len(rows) + 2
    assert all(clean(line) == line for line in lines)
