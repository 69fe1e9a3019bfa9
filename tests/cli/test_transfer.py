"""Export and import: what goes out comes in again, bit for bit, and nothing else does."""

import asyncio
import csv
import importlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest

from tests.cli.conftest import Outcome
from tests.cli.histories import LAST, PAIRS, make_history, ranks, restored, windows
from tests.storage.made import MINUTE_MS, SOURCE, made_minute
from tests.support.clock import FakeClock
from tests.support.recorded import recorded
from tests.support.source import FakeSource
from tui_tracker.api.server import ServeOptions, serving
from tui_tracker.cli.history_files import writing
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.engine.engine import Engine
from tui_tracker.feed.local import LocalFeed
from tui_tracker.storage.bringing import Bringer
from tui_tracker.storage.connection import FILE_NAME, open_for_reading
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.retention import Limits, retain
from tui_tracker.storage.store import Store
from tui_tracker.storage.writer import Writer

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


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server over a history, in a thread; and its URL."""
    url: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        clock, leave = FakeClock((LAST + 1) * MINUTE_MS), asyncio.Event()
        source = FakeSource(clock, name=SOURCE)
        store = Store(folder, clock.now_ms, is_reader=True)
        async with Engine(source, clock, store=store).running() as engine:
            feed = LocalFeed(engine)
            await clock.advance(1)
            async with serving(feed, clock, ServeOptions(port=0, min_frame_s=0.0), feed) as server:
                url.set_result((server.url, asyncio.get_running_loop(), leave))
                await leave.wait()
        store.close()

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    place, loop, leave = url.result(timeout=20)
    yield place
    loop.call_soon_threadsafe(leave.set)
    thread.join()


def test_the_history_of_a_server_is_exported_as_if_it_were_here(history: Path, run: Run) -> None:
    with served(history) as url:
        for more in (
            ["--provenance"],
            ["--pairs", "a1/usd", "--metric", "price,flow", "--every", "5m"],
            ["--every", "1h", "--metric", "price,spread"],
        ):
            here = run("export", "--data-dir", str(history), "--source", SOURCE, *more)
            there = run("export", "--connect", url, *more)
            assert (there.code, there.err) == (0, here.err)
            assert there.out.splitlines()[:3] == here.out.splitlines()[:3]
            is_same = there.out == here.out
            assert is_same
            assert len(there.out) > 1_000
        other = run("export", "--connect", url, "--source", "kraken")
        assert (other.code, other.out) == (3, "")
        assert f"it has {SOURCE}" in other.err
    gone = run("export", "--connect", url)
    assert (gone.code, gone.out) == (3, "")
    assert "out of reach" in gone.err


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_export_into_an_empty_folder_gives_bit_equal_windows_and_ranks(
    kind: str, history: Path, tmp_path: Path, run: Run
) -> None:
    if kind == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow belongs to the extra parquet")
    file, folder = tmp_path / f"out.{kind}", tmp_path / "other"
    done = run("export", "--data-dir", str(history), "--source", SOURCE, "--provenance", "-o", str(file))
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


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def exported(run: Run, history: Path, *arguments: str) -> list[dict[str, str]]:
    done = run("export", "--data-dir", str(history), "--source", SOURCE, *arguments)
    assert done.code == 0, done.err
    return rows_of(done.out)


def test_pairs_metrics_and_times_are_chosen(history: Path, run: Run) -> None:
    span = "--from", str((LAST - 9) * MINUTE_MS), "--to", str((LAST - 4) * MINUTE_MS)
    rows = exported(run, history, "--pairs", "a1/usd", "--metric", "flow,price", "--times", "ms", *span)
    assert list(rows[0]) == ["time_ms", "id", "price", "flow"]
    assert {row["id"] for row in rows} == {f"{SOURCE}:A1-USD"}
    assert all(LAST - 9 <= int(row["time_ms"]) // MINUTE_MS < LAST - 4 for row in rows)


@pytest.mark.parametrize(
    ("flags", "code", "text"),
    [
        (("--from", "1h", "--to", "2h"), 2, "--from is not before --to"),
        (("--from", "2099-01-01"), 3, "no minute"),
        (("--to", "2020-01-01"), 3, "no minute"),
        (("-o", "rows.xls"), 2, ".xls"),
    ],
)
def test_what_can_give_no_rows_is_said(
    flags: tuple[str, ...],
    code: int,
    text: str,
    history: Path,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("export", "--source", SOURCE, "--data-dir", str(history), *flags)
    assert (done.code, done.out) == (code, "")
    assert text in done.err
    assert not (tmp_path / "rows.xls").exists()


def test_longer_rows_are_made_of_the_minutes(history: Path, run: Run) -> None:
    chosen = "--pairs", "a0/usd", "--metric", "price,volume,flow", "--times", "ms"
    minutes, fives = exported(run, history, *chosen), exported(run, history, *chosen, "--every", "5m")
    assert list(fives[0]) == ["time_ms", "id", "minutes", "open", "high", "low", "close", "volume", "flow"]
    for row in fives:
        start = int(row["time_ms"])
        inside = [each for each in minutes if start <= int(each["time_ms"]) < start + 5 * MINUTE_MS]
        prices = [float(each["price"]) for each in inside if each["price"]]
        assert [float(row[name]) for name in ("open", "high", "low", "close")] == [
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
        ]
        assert row["volume"] == [each["volume"] for each in inside if each["volume"]][-1]
        assert float(row["flow"]) == pytest.approx(sum(float(each["flow"]) for each in inside if each["flow"]))
    assert len(fives) == 1_440 // 5 + 1


def test_hours_without_minutes_come_from_hourly_sums(history: Path, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "older"
    make_history(folder)
    chosen = "--metric", "price,mid,flow", "--every", "1h"
    whole = exported(run, folder, *chosen)
    database = importlib.import_module("tui_tracker.storage.connection").open_for_writing(folder / FILE_NAME)
    database.connection.execute("DELETE FROM hour")
    database.close()
    summed = exported(run, folder, *chosen)
    assert len(whole) == len(summed) == 25 * PAIRS
    for full, rolled in zip(whole, summed, strict=True):
        assert [rolled[name] for name in ("time", "id", "open", "high", "low", "close", "flow")] == [
            full[name] for name in ("time", "id", "open", "high", "low", "close", "flow")
        ]
    assert {row["mid"] for row in summed[:PAIRS]} == {""}


def test_a_file_is_not_replaced_unless_told(history: Path, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "out.csv"
    file.write_text("mine")
    told = "--data-dir", str(history), "--source", SOURCE, "--from", str(LAST * MINUTE_MS), "-o", str(file)
    refused = run("export", *told)
    assert refused.code == 2
    assert "--force" in refused.err
    assert file.read_text() == "mine"
    assert run("export", *told, "--force").code == 0
    assert file.read_text().startswith("time,id,price,")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.csv"]


def test_a_failed_export_leaves_nothing(history: Path, tmp_path: Path, run: Run) -> None:
    done = run(
        "export", "--data-dir", str(history), "--source", SOURCE, "--pairs", "nope", "-o", str(tmp_path / "x.csv")
    )
    assert done.code == 2
    assert not list(tmp_path.glob("*.csv*"))
    assert run("export", "--data-dir", str(tmp_path / "none")).code == 3
    assert run("export", "--data-dir", str(history)).code == 3, "nothing of kraken"
    assert run("export", "--data-dir", str(history), "--from", "soon", "--source", SOURCE).code == 2
    assert run("export", "--data-dir", str(history), "--metric", "luck").code == 2
    assert run("export", "--data-dir", str(history), "--source", "A B").code == 2


def test_json_is_one_array_and_a_line_a_row(history: Path, run: Run) -> None:
    told = "--data-dir", str(history), "--source", SOURCE, "--from", str((LAST - 3) * MINUTE_MS), "--format", "json"
    out = run("export", *told).out
    rows = json.loads(out)
    assert len(out.splitlines()) == len(rows) + 2
    assert set(rows[0]) <= {"time", "id", *METRICS}


def test_parquet_without_its_library_says_what_to_install(
    history: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(importlib.import_module("sys").modules, "pyarrow", None)
    done = run("export", "--data-dir", str(history), "--source", SOURCE, "-o", str(tmp_path / "x.parquet"))
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "pip install 'crypto-tui[parquet]'" in done.err
    (tmp_path / "in.parquet").write_bytes(b"PAR1 and so on")
    assert run("import", str(tmp_path / "in.parquet")).code == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1762777080000,5,6,4\n", "4 cells instead of 6"),
        ("soon,5,6,4,5,2\n", "no time"),
        ("1762777081000,5,6,4,5,2\n", "not the beginning of a minute"),
        ("1762777,5,6,4,5,2\n", "a time of no exchange"),
        ("4102444740000,5,6,4,5,2\n", "in the future"),
        ("1762777080000,5,6,4,nan,2\n", "no number"),
        ("1762777080000,5,6,4,1_0,2\n", "no number"),
        ("1762777080000,5,6,4,0,2\n", "no price"),
        ("1762777080000,5,6,4,1e99,2\n", "no price"),
        ("1762777080000,5,6,4,7,2\n", "not between low and high"),
        ("1762777080000,5,6,4,5,-2\n", "negative"),
        ("1762777080000,5,6,4,,2\n", "no close"),
        ("1762777080000,5,6,4,5," + "9" * 70_000 + "\n", "longer than"),
        ('1762777080000,5,6,"4,5,2\n', "cells instead of 6"),
    ],
)
def test_lines_that_cannot_be_are_refused_and_the_others_taken(
    line: str, reason: str, tmp_path: Path, run: Run
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(HEAD + CANDLE + line + CANDLE.replace("1762777020000", "1762777140000"))
    done = run("import", "--json", "--pair", "BTC/USD", str(file))
    report = json.loads(done.out)["files"][0]
    assert done.code == 1
    assert (report["rows"], report["samples_taken"], report["refused"]) == (3, 4, 1)
    assert report["refusals"][0]["line"] == 3
    assert reason in report["refusals"][0]["reason"]
    assert max(map(len, done.err.splitlines())) < 300


def test_refusals_are_told_of_a_few_and_counted(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "in.csv"
    file.write_text(HEAD + CANDLE + "x,1,1,1,1,1\x1b[31m\n" * 500)
    done = run("import", "--pair", "BTC/USD", str(file))
    assert done.code == 1
    assert "and 480 more refused" in done.err
    assert len(done.err.splitlines()) < 25
    assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "no heading"),
        ("nonsense\n", "no heading"),
        ("time_ms,time_ms\n", "different columns"),
        ("open,close\n1,2\n", "no column time"),
        ("time,price\n", "which pair"),
        ("time,id,colour\n", "no column that could be imported"),
        ("time,pair,close\n2026-01-01,BTC/USD,1\n2026-01-01T04:00:00Z,BTC/USD,1\n", "candles of 240 minutes"),
        (
            "time,pair,close\n"
            + "".join(f"2026-01-0{n // 100 + 1}T{n // 6 % 16:02}:{n % 6}0Z,BTC/USD,1\n" for n in range(40)),
            "candles of 10 minutes",
        ),
        (
            "time,pair,close\n" + "".join(f"2026-01-01T{n // 20:02}:{n % 20 * 3:02}Z,BTC/USD,1\n" for n in range(40)),
            "candles of 3 minutes",
        ),
        (
            "time,pair,close\n" + "".join(f"2026-01-01T00:{n * 3:02}Z,BTC/USD,1\n" for n in range(3)),
            "candles of 3 minutes",
        ),
        ("PAR1 nothing of the kind", "Parquet"),
    ],
)
def test_files_that_mean_nothing_are_refused_whole(text: str, hint: str, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "in.csv"
    file.write_text(text)
    done = run("import", str(file))
    assert done.code == 2
    assert hint in done.err
    assert done.err.count("\n") == 1
    assert run("import", str(tmp_path / "none.csv")).code == 2
    assert run("import", str(tmp_path)).code in (1, 2)


def test_the_pair_of_the_command_line_is_for_rows_that_name_none(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "in.csv"
    file.write_text(
        "time_ms,pair,close\n1762777020000,ETH/USD,1\n1762777020000,,2\n1762777080000,BTC/USD,3\n1762777020000,SOL/USD,4\n"
    )
    done = run("import", "--json", "--pair", "ADA/USD", str(file), "--data-dir", str(tmp_path / "to"))
    assert (done.code, json.loads(done.out)["files"][0]["samples_taken"]) == (0, 4)
    exported = run("export", "--metric", "price", "--data-dir", str(tmp_path / "to")).out
    rows = {(row["id"], float(row["price"])) for row in csv.DictReader(StringIO(exported)) if row["price"]}
    assert rows == {("kraken:ETH-USD", 1.0), ("kraken:ADA-USD", 2.0), ("kraken:BTC-USD", 3.0), ("kraken:SOL-USD", 4.0)}


def test_what_is_known_better_stays(tmp_path: Path, run: Run) -> None:
    at = "2026-01-14T00:00:00Z"
    file = tmp_path / "in.csv"

    def bring(text: str) -> dict[str, int]:
        file.write_text("time,id,price,price_from\n" + text)
        report: dict[str, int] = json.loads(run("import", "--json", str(file)).out)["files"][0]
        return report

    assert bring(f"{at},kraken:BTC-USD,5,poll\n")["samples_taken"] == 1
    assert bring(f"{at},kraken:BTC-USD,6,poll\n")["samples_known"] == 1
    assert bring(f"{at},kraken:BTC-USD,6,candle_5m\n")["samples_taken"] == 0
    assert bring(f"{at},kraken:BTC-USD,7,candle_1m\n")["samples_taken"] == 1
    assert bring(f"{at},kraken:BTC-USD,7,guess\n")["refused"] == 1
    assert [row["price"] for row in rows_of(run("export").out)] == ["7.0"]


def test_coarse_exports_come_in_as_candles_of_five_minutes_but_not_of_an_hour(
    history: Path, tmp_path: Path, run: Run
) -> None:
    for every, code in (("5m", 0), ("1h", 1)):
        file = tmp_path / f"{every}.csv"
        told = "--data-dir", str(history), "--source", SOURCE, "--every", every, "-o", str(file)
        assert run("export", *told).code == 0
        assert run("import", "--data-dir", str(tmp_path / every), str(file)).code == code
    rows = exported(run, tmp_path / "5m", "--metric", "price", "--provenance")
    assert {row["price_from"] for row in rows} == {"candle_5m"}
    assert len(rows) > PAIRS * 1_400


def test_recorded_candles_come_in_and_keep_every_digit(tmp_path: Path, run: Run) -> None:
    file = recorded("candles/kraken_XBTUSDT_1m.csv")
    assert run("import", "--pair", "XBT/USDT", str(file)).code == 0
    rows = rows_of(run("export", "--pairs", "btc/usdt", "--times", "ms", "--metric", "price,flow").out)
    given = rows_of(file.read_text())
    assert [(row["time_ms"], float(row["price"]), float(row["flow"])) for row in rows] == [
        (row["time_ms"], float(row["close"]), float(row["volume"])) for row in given
    ]


@pytest.mark.parametrize("name", ["freqtrade_XRP_ETH_1m", "freqtrade_ADA_BTC_5m", "bitstamp_btcusd_1m"])
def test_each_kind_of_recorded_candles_comes_in_once(name: str, tmp_path: Path, run: Run) -> None:
    file = recorded(f"candles/{name}.csv")
    told = "--json", "--source", "elsewhere", "--pair", "ADA/BTC", str(file)
    first, second = (json.loads(run("import", *told).out)["files"][0] for _ in range(2))
    assert (first["refused"], second["refused"]) == (0, 0)
    assert (first["samples_known"], second["samples_taken"]) == (0, 0)
    assert first["samples_taken"] == second["samples_known"] > first["rows"]


def test_stdin_and_lines_of_json_come_in(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "in.json"
    file.write_text('{"time":"2026-01-14T00:00:00Z","pair":"ETH/USD","close":5,"volume":1}\n{"time":7}\nnull\n')
    done = run("import", "--json", str(file))
    assert json.loads(done.out)["files"][0]["samples_taken"] == 2
    assert json.loads(done.out)["files"][0]["refused"] == 2
    with file.open("rb") as stream:
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": stream})())
        assert json.loads(run("import", "--json", "-").out)["files"][0]["samples_known"] == 2


def test_minutes_are_taken_up_beside_those_that_were_collected(tmp_path: Path, run: Run) -> None:
    make_history(tmp_path / "a", 60, merged=False)
    file = tmp_path / "in.csv"
    rows = "".join(f"{(LAST - at) * MINUTE_MS},{SOURCE}:A9-USD,{5 + at % 3}\n" for at in range(30))
    file.write_text("time_ms,id,price\n" + rows)
    assert run("import", "--data-dir", str(tmp_path / "a"), str(file)).code == 0
    market = asyncio.run(restored(tmp_path / "a"))
    assert len(windows(market)) == PAIRS + 1
    assert market.has_traded(market.holding(f"{SOURCE}:A9-USD"))
    database = open_for_reading(tmp_path / "a" / FILE_NAME)
    assert Reader(database).span(SOURCE) is not None
    database.close()


def test_two_imports_at_once_are_refused(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "in.csv"
    file.write_text(HEAD + CANDLE)
    told = "--data-dir", str(tmp_path / "here"), "--pair", "BTC/USD", str(file)
    with writing(tmp_path / "here"):
        done = run("import", *told)
        assert done.code == 1
        assert "another import" in done.err
    assert run("import", *told).code == 0


def test_merging_is_left_to_a_collector_that_runs(tmp_path: Path) -> None:
    for collects in (False, True):
        with writing(tmp_path / str(collects)) as database:
            if collects:
                Writer(database).append(made_minute(LAST, PAIRS))
            bringer = Bringer(database, SOURCE, (LAST + 2) * MINUTE_MS)
            for at in range(600, 700):
                bringer.add(f"{SOURCE}:A0-USD", LAST - at, [(0, 5.0, 4)])
            bringer.finish()
            assert bringer.taken == 100
        assert (bytes_of(tmp_path / str(collects))["hour"] == 0) is collects
        assert (bytes_of(tmp_path / str(collects))["fill"] == 0) is not collects


def test_minutes_older_than_kept_leave_their_hourly_sums(tmp_path: Path, run: Run) -> None:
    with writing(tmp_path) as database:
        bringer = Bringer(database, SOURCE, (LAST + 30 * 1_440) * MINUTE_MS)
        for at in range(300):
            bringer.add(f"{SOURCE}:A0-USD", LAST - at, [(0, 5.0 + at % 7, 4), (6, 0.5, 4)])
        bringer.finish()
        while Merger(database).step() or retain(database, Limits(), (LAST + 30 * 1_440) * MINUTE_MS):
            pass
    assert bytes_of(tmp_path)["hour"] <= 2 * len(METRICS), "the hour of the newest minute stays"
    hours = exported(run, tmp_path, "--every", "1h", "--metric", "price,flow")
    assert len(hours) == 6
    assert sum(float(row["flow"]) for row in hours) == 150


def test_a_parquet_file_of_another_program_comes_in(tmp_path: Path, run: Run) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow belongs to the extra parquet")
    parquet = importlib.import_module("pyarrow.parquet")
    table = pyarrow.table(
        {
            "time": pyarrow.array([1_762_777_020_000 + 60_000 * at for at in range(3)], pyarrow.timestamp("ms")),
            "close": [5.5, float("nan"), 6.5],
            "volume": [1, None, 2],
        }
    )
    file = tmp_path / "in.parquet"
    parquet.write_table(table, file)
    report = json.loads(run("import", "--json", "--pair", "BTC/USD", str(file)).out)["files"][0]
    assert (report["samples_taken"], report["refusals"]) == (4, [{"row": 2, "reason": "no close"}])
    data = bytearray(file.read_bytes())
    data[4:120] = bytes(116)
    file.write_bytes(data)
    done = run("import", "--pair", "BTC/USD", str(file))
    assert done.code in (1, 2)
    assert "unexpected" not in done.err
    file.write_bytes(data[:-200])
    assert run("import", "--pair", "BTC/USD", str(file)).code == 2
