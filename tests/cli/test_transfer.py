"""Export and import: what goes out comes in again, bit for bit, and nothing else does."""

import asyncio
import csv
import importlib
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome
from tests.cli.histories import FIRST, LAST, MINUTE_MS, PAIRS, SOURCE, make_history, ranks, restored, windows
from tests.support.recorded import recorded
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.storage.connection import FILE_NAME, open_for_reading
from tui_tracker.storage.reader import Reader

Run = Callable[..., Outcome]
HEAD = "time_ms,open,high,low,close,volume\n"
CANDLE = "1762777020000,5,6,4,5.5,2\n"


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history")
    make_history(folder)
    return folder


def bytes_of(folder: Path) -> dict[str, int]:
    database = open_for_reading(folder / FILE_NAME)
    rows = {
        table: database.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("minute", "hour", "fill", "rollup_hour", "rollup_week", "instrument", "roster")
    }
    database.close()
    return rows


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_export_into_an_empty_folder_gives_bit_equal_windows_and_ranks(
    kind: str, history: Path, tmp_path: Path, run: Run
) -> None:
    if kind == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow belongs to the extra parquet")
    file, folder = tmp_path / f"out.{kind}", tmp_path / "other"
    told = ("--data-dir", str(history), "--source", "kraken")
    assert run("export", *told).code == 3, "nothing of that source"
    done = run("export", "--data-dir", str(history), "--of", SOURCE, "--provenance", "-o", str(file))
    assert (done.code, done.out) == (0, ""), done.err
    assert run("import", "--data-dir", str(folder), str(file)).code == 0
    before, after = asyncio.run(restored(history)), asyncio.run(restored(folder))
    assert windows(after) == windows(before)
    assert ranks(after) == ranks(before)
    assert all(each[1] for each in ranks(after)[Metric.SPREAD, Measure.STDDEV])
    rows = bytes_of(folder)
    again = run("import", "--json", "--data-dir", str(folder), str(file))
    report = json.loads(again.out)["files"][0]
    assert (report["samples_taken"], report["refused"]) == (0, 0)
    assert report["samples_known"] > PAIRS * 1_000
    assert bytes_of(folder) == rows
