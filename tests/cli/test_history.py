"""``crypto-tui history``, over a real one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome
from tests.cli.histories import LAST, PAIRS, make_history
from tests.storage.made import FIRST, MINUTE_MS, SOURCE, made_minute
from tui_tracker.cli.shared_history import opened_history
from tui_tracker.config.model import Settings
from tui_tracker.core.format import rfc3339
from tui_tracker.engine.clock import SystemClock

Run = Callable[..., Outcome]


def test_it_tells_size_span_pairs_gaps_and_retention(tmp_path: Path, run: Run) -> None:
    make_history(tmp_path, 300)
    told = "--data-dir", str(tmp_path), "--raw-days", "3"
    document = json.loads(run("history", "--json", *told).out)
    assert document["retention"] == {"raw_days": 3, "rollup_days": 730, "max_disk": 2 * 10**9}
    assert document["bytes"]["used"] > 10_000
    assert document["damaged_rows"] == 0
    (source,) = document["sources"]
    assert (source["source"], source["pairs"]) == (SOURCE, PAIRS)
    assert source["minutes"]["last"] == rfc3339(LAST * MINUTE_MS)
    assert source["gap_minutes"] == 6, "candles told of one of three gaps"
    assert [gap["minutes"] for gap in source["gaps"]] == [3, 3]
    text = run("history", *told)
    assert text.code == 0
    assert "6 minutes missing in 2 gaps" in text.out
    assert "single minutes 3 days" in text.out


def test_no_history_is_no_data(tmp_path: Path, run: Run) -> None:
    done = run("history", "--data-dir", str(tmp_path))
    assert (done.code, done.out) == (3, "")
    assert "crypto-tui import" in done.err
    assert not list(tmp_path.glob("history*"))


def test_config_tells_where_values_come_from_and_where_the_history_is(tmp_path: Path, run: Run) -> None:
    done = run("config", "--show-origin", "--json", "--data-dir", str(tmp_path / "here"))
    document = json.loads(done.out)
    assert document["data_folder"] == str(tmp_path / "here")
    assert document["settings"]["data-dir"]["origin"] == "--data-dir"
    assert run("config", "--show-origin").out == run("config").out


async def test_minutes_that_are_lost_at_the_end_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("no folder")
    settings = Settings(data_dir=str(tmp_path / "file"))
    async with opened_history(settings, SystemClock(), SOURCE, may_begin=True) as (store, _):
        assert store is not None
        store.append(made_minute(FIRST))
    assert f"note: 1 minute of {SOURCE} could not be stored: " in capsys.readouterr().err
