"""Commands over a history on disk, as installed: what they ask of the exchange, and what they cost."""

import csv
import json
import time
from io import StringIO
from pathlib import Path

from tests.e2e import commands
from tests.support.fake_kraken import FakeKrakenThread

MINUTE_MS = 60_000


def candles(minutes: int) -> str:
    """Candles up to the minute that was over last."""
    end = time.time_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS
    rows = (f"{end - at * MINUTE_MS},{100 + at % 7},9,1\n" for at in range(minutes, 0, -1))
    return "time_ms,close,open,volume\n" + "".join(rows)


def test_a_rank_over_a_warm_history_polls_once_and_loads_nothing(tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    file.write_text(candles(1_445))
    for pair in ("BTC/USD", "ETH/USD"):
        done = commands.run(tmp_path, "import", "--pair", pair, str(file))
        assert (done.code, done.out) == (0, ""), done.err
    with FakeKrakenThread(pairs=20) as exchange:
        asked = "rank", *commands.at(exchange.url), "--pairs", "btc/usd,eth/usd"
        done = commands.run(tmp_path, *asked, "--json")
        assert exchange.paths().count("Ticker") == 1
        assert "OHLC" not in exchange.paths()
        document = json.loads(done.out)
        assert document["ranked"] == 2
        assert [pair["samples"] >= 1_430 for pair in document["pairs"]] == [True, True]
        table = commands.run(tmp_path, *asked, "--csv")
        assert "OHLC" not in exchange.paths()
    rows = list(csv.DictReader(StringIO(table.out)))
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert {row["pair"] for row in rows} == {"BTC/USD", "ETH/USD"}
    assert float(rows[0]["stddev"]) > 1
