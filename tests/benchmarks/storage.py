"""The history beside a plain table of rows: size, time to write a poll, to load a day, and until windows are warm.

``python -m tests.benchmarks.storage [pairs]``; simulating the market takes a minute or two first.
"""

import os
import sqlite3
import statistics
import sys
import tempfile
from array import array
from collections.abc import Callable, Sequence
from math import nan
from pathlib import Path
from time import perf_counter, process_time

from tests.benchmarks.storage_market import Day, market_day
from tests.benchmarks.timing import verdict
from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.core.ticker import Ticker
from tui_tracker.stats.window import Window
from tui_tracker.storage.connection import FILE_NAME, open_for_reading, open_for_writing
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.model import LastSeen, Latest, Minute
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.retention import Limits, empty_log, retain, size_of
from tui_tracker.storage.writer import Writer

SOURCE = "simulated"
DAY = 1_440
MINUTE_MS = 60_000
PRICE = METRIC_INDEX[Metric.PRICE]
Timed = tuple[list[float], list[float]]
"""(wall, processor) seconds of each poll."""


def timed(calls: Sequence[Callable[[], object]]) -> Timed:
    wall, cpu = [], []
    for call in calls:
        start, start_cpu = perf_counter(), process_time()
        call()
        wall.append(perf_counter() - start)
        cpu.append(process_time() - start_cpu)
    return wall, cpu


class PlainTable:
    """One row a sample, found by pair and minute: what one writes first."""

    def __init__(self, path: Path, metrics: Sequence[int]) -> None:
        self.path, self.metrics = path, metrics
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute(
            "CREATE TABLE sample(pair INTEGER, minute INTEGER, value REAL, PRIMARY KEY(pair, minute)) WITHOUT ROWID"
        )

    def append(self, minute: int, values: Sequence["array[float]"]) -> None:
        rows = (
            (pair * 8 + metric, minute, value)
            for metric in self.metrics
            for pair, value in enumerate(values[metric])
            if value == value
        )
        self.connection.execute("BEGIN")
        self.connection.executemany("INSERT INTO sample VALUES (?, ?, ?)", rows)
        self.connection.execute("COMMIT")

    def load(self, first: int, minutes: int) -> dict[int, "array[float]"]:
        unknown = array("d", [nan]) * minutes
        found: dict[int, array[float]] = {}
        query = "SELECT pair, minute, value FROM sample WHERE minute >= ? AND minute < ? ORDER BY pair, minute"
        for pair, minute, value in self.connection.execute(query, (first, first + minutes)):
            if pair not in found:
                found[pair] = unknown[:]
            found[pair][minute - first] = value
        return found

    def bytes(self) -> int:
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self.path.stat().st_size


def only(day: Day, index: int) -> Day:
    """The same day, of one metric alone."""
    unknown = array("d", [nan]) * len(day.instruments)
    kept = [tuple(each if at == index else unknown for at, each in enumerate(row)) for row in day.minutes]
    return Day(day.instruments, day.first, kept)


def latest_of(day: Day, at: int) -> Latest:
    """The state beside the windows."""
    seen = []
    for place, instrument in enumerate(day.instruments):
        row = [None if (value := field[place]) != value else value for field in day.minutes[at]]
        trades, today = (None if value is None else int(value) for value in (row[5], row[9]))
        ticker = Ticker(instrument.id, row[0], row[1], row[1], row[2], row[3], trades, row[0], row[0], row[8], today)
        bits = (1 << 289) - 1
        seen.append(
            LastSeen(instrument.id, ticker, at * MINUTE_MS, activity_known=bits, activity_active=bits >> place % 99)
        )
    return Latest((day.first + at) * MINUTE_MS, tuple(seen))


def write_ours(path: Path, day: Day, with_latest: bool) -> Timed:
    database = open_for_writing(path)
    writer = Writer(database)
    writer.put_instruments(SOURCE, day.instruments, 0)
    ids = tuple(instrument.id for instrument in day.instruments)
    made = [
        Minute(
            SOURCE,
            (day.first + at) * MINUTE_MS,
            ids,
            row[: len(METRICS)],
            None,
            row[-2],
            row[-1],
            latest_of(day, at) if with_latest and at % 60 == 0 else None,
        )
        for at, row in enumerate(day.minutes)
    ]
    found = timed([lambda minute=minute: writer.append(minute) for minute in made])  # type: ignore[misc]
    database.close()
    return found


def write_plain(path: Path, day: Day, metrics: Sequence[int]) -> Timed:
    table = PlainTable(path, metrics)
    found = timed(
        [lambda at=at, row=row: table.append(day.first + at, row) for at, row in enumerate(day.minutes)]  # type: ignore[misc]
    )
    table.connection.close()
    return found


def merge(path: Path) -> tuple[float, float]:
    """Merge a whole day; (processor seconds an hour of it, longest step)."""
    database = open_for_writing(path)
    merger, longest, start = Merger(database), 0.0, process_time()
    more = True
    while more:
        began = process_time()
        more = merger.step()
        longest = max(longest, process_time() - began)
    took = process_time() - start
    while retain(database, Limits(), 0):
        pass
    empty_log(database)
    database.close()
    return took / 24, longest


def load_ours(path: Path, day: Day, metrics: Sequence[Metric]) -> tuple[float, Reader]:
    database = open_for_reading(path)
    reader = Reader(database)
    start = process_time()
    loaded = reader.load(SOURCE, metrics, day.first * MINUTE_MS, DAY)
    took = process_time() - start
    for place, instrument in enumerate(day.instruments):
        series = loaded.get(instrument.id, {}).get(metrics[0])
        expected = array("d", [row[METRIC_INDEX[metrics[0]]][place] for row in day.minutes])
        assert series is None or series.values.tobytes() == expected.tobytes()
    return took, reader


def report_size_and_polls(name: str, folder: Path, day: Day, metrics: Sequence[int], ours: Path) -> Path:
    plain = folder / f"plain-{name}.sqlite"
    wall, cpu = write_ours(ours, day, with_latest=len(metrics) > 1)
    plain_wall, plain_cpu = write_plain(plain, day, metrics)
    merged, longest = merge(ours)
    samples = sum(value == value for row in day.minutes for metric in metrics for value in row[metric])
    size = os.stat(ours).st_size
    print(f"{name}: {samples:,} samples; ours {size / 1e6:.2f} MB, plain {plain.stat().st_size / 1e6:.2f} MB")
    verdict("smaller than a plain table", plain.stat().st_size / size, 12, at_least=True)
    verdict("bytes a sample", size / samples, 1.8, "B")
    for what, one, other in (("time", wall, plain_wall), ("processor time", cpu, plain_cpu)):
        a, b = statistics.median(one) * 1e3, statistics.median(other) * 1e3
        print(f"        {what} to write a poll: {a:.2f} ms, plain {b:.2f} ms")
        verdict(f"less {what} to write a poll", b / a, 20, at_least=True)
    print(f"        merging: {merged:.2f} s of processor time an hour of the market, longest step {longest:.2f} s")
    return plain


def report_loading(day: Day, ours: Path, plain: Path) -> None:
    table = PlainTable.__new__(PlainTable)
    table.connection = sqlite3.connect(plain)
    times: dict[str, list[float]] = {"ours": [], "plain": [], "warm": [], "figures": []}
    for _ in range(5):
        took, _ = load_ours(ours, day, [Metric.PRICE])
        times["ours"].append(took)
        start = process_time()
        table.load(day.first, DAY)
        times["plain"].append(process_time() - start)
        start = process_time()
        database = open_for_reading(ours)
        loaded = Reader(database).load(SOURCE, [Metric.PRICE], day.first * MINUTE_MS, DAY)
        end_ms = (day.first + DAY - 1) * MINUTE_MS
        windows = [
            Window.restore(end_ms, each[Metric.PRICE].values, each[Metric.PRICE].provenance) for each in loaded.values()
        ]
        times["warm"].append(process_time() - start)
        for window in windows:
            window.figures()
        times["figures"].append(process_time() - start)
        database.close()
    table.connection.close()
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"Loading 24 h of the price of all pairs: {middle['ours']:.3f} s, plain {middle['plain']:.3f} s")
    verdict(
        "less time to load",
        statistics.median(b / a for a, b in zip(times["ours"], times["plain"], strict=True)),
        2,
        at_least=True,
    )
    verdict("exact windows of the price warm, from the file", middle["warm"], 2.0, "s")
    verdict("… and all figures of them computed once", middle["figures"], 2.0, "s")


def report_restoring(day: Day) -> None:
    columns = [array("d", [row[PRICE][place] for row in day.minutes]) for place in range(0, len(day.instruments), 11)]
    end_ms = (day.first + DAY - 1) * MINUTE_MS
    times = []
    for _ in range(5):
        start = process_time()
        for column in columns:
            Window.restore(end_ms, column)
        times.append((process_time() - start) / len(columns) / DAY * 1e6)
    verdict("µs a sample to restore a window", statistics.median(times), 0.35, "µs")


def main() -> None:
    """Run all."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_100
    day = market_day(pairs, DAY)
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_DIR")) as name:
        folder = Path(name)
        price = folder / "price" / FILE_NAME
        every = folder / "every" / FILE_NAME
        print(f"{pairs} pairs × 24 h, one transaction a minute, synchronous=FULL on {folder}")
        plain = report_size_and_polls("price alone", folder, only(day, PRICE), [PRICE], price)
        report_loading(only(day, PRICE), price, plain)
        report_restoring(day)
        report_size_and_polls("all metrics", folder, day, list(range(len(METRICS))), every)
        for metrics in ([Metric.PRICE], [Metric.MID, Metric.SPREAD], [Metric.FLOW, Metric.TRADES_MIN], list(METRICS)):
            took, _ = load_ours(every, day, metrics)
            print(f"        load 24 h of {', '.join(metrics)}: {took:.2f} s of processor time")
        print(f"        {size_of(open_for_reading(every))}")


if __name__ == "__main__":
    main()
