"""Commands over a history on disk, as installed: what they ask of the exchange, and what they cost."""

import csv
import json
import time
from io import StringIO
from pathlib import Path

import pytest

from tests.e2e import commands
from tests.support.fake_kraken import FakeKrakenThread

MINUTE_MS = 60_000


def this_minute() -> int:
    return time.time_ns() // 1_000_000 // MINUTE_MS


def candles(minutes: int) -> str:
    """Candles up to the minute that was over last."""
    end = this_minute()
    rows = (f"{(end - at) * MINUTE_MS},{100 + at % 7},9,1\n" for at in range(minutes, 0, -1))
    return "time_ms,close,open,volume\n" + "".join(rows)


def warmed(home: Path) -> None:
    """Import a day of two pairs."""
    home.mkdir()
    file = home / "day.csv"
    file.write_text(candles(1_445))
    for pair in ("BTC/USD", "ETH/USD"):
        done = commands.run(home, "import", "--pair", pair, str(file))
        assert (done.code, done.out) == (0, ""), done.err


def test_a_rank_over_a_warm_history_polls_once_and_loads_nothing(tmp_path: Path) -> None:
    for attempt in range(4):
        home, began = tmp_path / str(attempt), this_minute()
        warmed(home)
        with FakeKrakenThread(pairs=20) as exchange:
            asked = "rank", *commands.at(exchange.url), "--pairs", "btc/usd,eth/usd"
            done, table = (commands.run(home, *asked, how) for how in ("--json", "--csv"))
            paths = exchange.paths()
        if this_minute() == began:  # else a minute is missing meanwhile, and rightly loaded
            break
    else:
        pytest.skip("this machine is too slow: each attempt took more than what was left of a minute")
    assert paths.count("Ticker") == 2, "one of each rank"
    assert "OHLC" not in paths
    document = json.loads(done.out)
    assert document["ranked"] == 2
    assert [pair["coverage"] for pair in document["pairs"]] == [1.0, 1.0]
    rows = list(csv.DictReader(StringIO(table.out)))
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert {row["pair"] for row in rows} == {"BTC/USD", "ETH/USD"}
    assert float(rows[0]["stddev"]) > 1
