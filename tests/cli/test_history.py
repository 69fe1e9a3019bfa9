"""``crypto-tui history``, over a real one."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Outcome
from tests.cli.histories import LAST, PAIRS, make_history
from tests.storage.made import MINUTE_MS, SOURCE
from tui_tracker.core.format import rfc3339

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
