import csv
import io
import json
from pathlib import Path

import pytest

from tests.support.feed import AT_MS, FakeFeed, make_pairs
from tui_tracker.core.errors import TrackerError
from tui_tracker.tui import export
from tui_tracker.tui.columns import LAST, PAIR
from tui_tracker.tui.present import Presenter
from tui_tracker.tui.view import ViewState

SCENE = Presenter(0.9, 0.0).scene(FakeFeed(make_pairs()).current, ViewState(quote=None), (), ())
TABLE = export.table_of(SCENE.table)


def test_a_csv_holds_every_row_and_column_at_full_precision() -> None:
    done: list[int] = []
    rows = list(csv.DictReader(io.StringIO(export.as_csv(TABLE, done.append))))
    assert [row["id"] for row in rows][:3] == list(SCENE.table.keys)[:3]
    assert len(rows) == len(SCENE.table.keys)
    figures = SCENE.table.places[0].row.figures_of(SCENE.ranking.metric)
    assert figures is not None
    assert float(rows[0]["stddev"]) == figures.stddev
    assert {"rank", "pair", "last", "cv", "coverage", "reason", "min", "mean"} <= set(rows[0])
    assert {"change_pct", "range_pct", "hl_range_pct", "spread_bps", "volume_usd"} <= set(rows[0])
    assert "\x1b" not in export.as_csv(TABLE)


def test_json_is_the_same() -> None:
    rows = json.loads(export.as_json(TABLE))
    assert len(rows) == len(SCENE.table.keys)
    assert rows[0]["rank"] == 1
    assert rows[-1]["rank"] is None
    assert rows[-1]["reason"]


@pytest.mark.parametrize("text", ["=1+1", "+A", "-B", "@C"])
def test_no_text_becomes_a_formula(text: str) -> None:
    assert export.guarded(text) == f"'{text}"
    assert export.tab_separated((text, -1.5, None)) == f"'{text}\t-1.5\t"


def test_what_is_copied_is_bounded() -> None:
    whole, rows = export.copied(TABLE, 10_000_000)
    assert rows == len(SCENE.table.keys)
    cut, rows = export.copied(export.table_of(SCENE.table, (PAIR, LAST)), 1_000)
    assert 0 < rows < len(SCENE.table.keys)
    assert export.clipboard_bytes(cut) <= 1_000
    assert cut.splitlines()[0] == "id\tmetric\tpair\tlast\treason"
    assert whole.count("\n") == len(SCENE.table.keys)


def test_names_sort_by_time_and_are_safe() -> None:
    assert export.file_stem(AT_MS, "../USD") == "crypto-tui-20251124-215757-usd"
    assert export.file_stem(AT_MS, "watchlist", "★") == "crypto-tui-20251124-215757-watchlist"


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    first = export.write_new(str(tmp_path), "a", "csv", "one")
    second = export.write_new(str(tmp_path), "a", "csv", "two")
    assert (first.name, first.read_text(), second.name, second.read_text()) == ("a.csv", "one", "a-2.csv", "two")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrackerError, match="cannot write in"):
        export.write_new(str(tmp_path / "gone"), "a", "csv", "one")


def test_places_are_told_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert export.shown_path("") == str(tmp_path)
    assert export.shown_path("here/a.csv") == "~/here/a.csv"
    assert export.shown_path("~/b.csv") == "~/b.csv"
    assert export.shown_path("/elsewhere/c.csv") == "/elsewhere/c.csv"
