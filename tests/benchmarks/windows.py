"""Sliding windows: ours beside a textbook deque of floats, river, the standard library and numpy."""

import random
import statistics
import sys
from array import array
from collections import deque
from collections.abc import Callable
from math import sqrt
from time import perf_counter
from typing import Any

import numpy
from river import stats, utils

from tests.benchmarks.timing import ratio, rounds, seconds, verdict
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceState, SourceStatus
from tui_tracker.stats.ranking import rank, shared_ranks
from tui_tracker.stats.window import Window

DAY = 1_440
MINUTE = 60_000
PUSHES = 20_000
PAIRS = 3_000


class FloatDeque:
    """The textbook way: a deque and running float sums. It drifts; shown for its speed only."""

    def __init__(self) -> None:
        self.values: deque[float] = deque()
        self.sum = self.squares = 0.0

    def push(self, value: float) -> float:
        if len(self.values) == DAY:
            old = self.values.popleft()
            self.sum -= old
            self.squares -= old * old
        self.values.append(value)
        self.sum += value
        self.squares += value * value
        n = len(self.values)
        return sqrt(max(0.0, self.squares / n - (self.sum / n) ** 2))


def walk(count: int, seed: int = 1) -> list[float]:
    """A random walk of prices with one decimal."""
    source = random.Random(seed)
    price, prices = 84_000.0, []
    for _ in range(count):
        price = round(price * (1 + source.gauss(0, 5e-4)), 1)
        prices.append(price)
    return prices


def pushes() -> None:
    """One more sample into a full window, and a figure of it."""
    prices = walk(DAY + PUSHES)

    def ours(read: Callable[[Window], object]) -> Callable[[], float]:
        def run() -> float:
            window = Window()
            for minute in range(DAY):
                window.push(minute * MINUTE, prices[minute])
            start = perf_counter()
            for minute in range(DAY, DAY + PUSHES):
                window.push(minute * MINUTE, prices[minute])
                read(window)
            return (perf_counter() - start) / PUSHES * 1e6

        return run

    def river() -> float:
        rolling: Any = utils.Rolling(stats.Var, window_size=DAY, ddof=0)
        for price in prices[:DAY]:
            rolling.update(price)
        start = perf_counter()
        for price in prices[DAY:]:
            rolling.update(price)
            sqrt(rolling.get())
        return (perf_counter() - start) / PUSHES * 1e6

    def textbook() -> float:
        window = FloatDeque()
        for price in prices[:DAY]:
            window.push(price)
        return seconds(lambda: [window.push(price) for price in prices[DAY:]]) / PUSHES * 1e6

    def pstdev() -> float:
        window = prices[:DAY]
        return seconds(lambda: [statistics.pstdev(window) for _ in range(10)]) / 10 * 1e6

    def numpy_std() -> float:
        window = deque(prices[:DAY], maxlen=DAY)
        return seconds(lambda: [numpy.std(numpy.array(window)) for _ in range(200)]) / 200 * 1e6

    figures = rounds(
        {
            "river Rolling(Var) + σ": river,
            "float deque + σ (drifts)": textbook,
            "statistics.pstdev": pstdev,
            "numpy.std of a deque": numpy_std,
            "ours, push": ours(lambda window: None),
            "ours, push + float σ": ours(lambda window: sqrt(window.variance or 0.0)),
            "ours, push + exact σ": ours(lambda window: window.stddev),
            "ours, push + all figures": ours(lambda window: window.figures()),
        }
    )
    print("One sample into a full window of 1,440 (µs, median of 7 rounds)")
    for name, values in figures.items():
        print(f"        {name:<58} {statistics.median(values):>9.2f} µs")
    rival = "river Rolling(Var) + σ"
    verdict("push + float σ, of river's time", ratio(figures, "ours, push + float σ", rival), 0.6)
    verdict("push + exact σ, of river's time", ratio(figures, "ours, push + exact σ", rival), 1.1)
    verdict("push + all figures, of river's time", ratio(figures, "ours, push + all figures", rival), 2.5)
    faster = ratio(figures, "statistics.pstdev", "ours, push + exact σ")
    verdict("push + exact σ, faster than pstdev", faster, 250, at_least=True)


def size_of(window: Window) -> int:
    """Bytes of a window and of everything that only it holds."""
    seen: set[int] = set()
    waiting: list[object] = [window]
    total = 0
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or thing is None:
            continue
        seen.add(id(thing))
        total += sys.getsizeof(thing)
        if isinstance(thing, array | bytearray | int | float):
            continue
        for kind in type(thing).__mro__:
            waiting += [getattr(thing, slot, None) for slot in getattr(kind, "__slots__", ())]
    return total


def memory() -> None:
    """Bytes a sample, with all figures asked for."""
    print("Memory of a full window")
    for name, prices, goal in (
        ("random walk", walk(3 * DAY), 14),
        ("monotone series", [float(n) for n in range(3 * DAY)], 48),
    ):
        window = Window()
        for minute, price in enumerate(prices):
            window.push(minute * MINUTE, price)
            window.figures()
        verdict(f"bytes a sample, {name}", size_of(window) / DAY, goal, "B")


def poll() -> None:
    """A poll of 3,000 pairs into windows, σ and ranks, beside numpy's full recompute."""
    matrix = numpy.array([walk(DAY, seed) for seed in range(50)] * (PAIRS // 50))
    windows = []
    for prices in matrix.tolist():
        window = Window()
        for minute, price in enumerate(prices):
            window.push(minute * MINUTE, price)
        windows.append(window)
    fresh = [window.value((DAY - 1) * MINUTE) or 1.0 for window in windows]
    clock = iter(range(DAY, 10**9))

    def ours() -> float:
        at_ms = next(clock) * MINUTE

        def run() -> None:
            values = []
            for window, price in zip(windows, fresh, strict=True):
                window.push(at_ms, price)
                values.append(window.stddev or 0.0)
            values.sort(reverse=True)
            shared_ranks(values)

        return seconds(run) * 1e3

    figures = rounds({"ours": ours, "numpy": lambda: seconds(lambda: matrix.std(axis=1)) * 1e3}, 15)
    print("A poll of 3,000 pairs (ms, median of 15 rounds)")
    for name, values in figures.items():
        print(f"        {name:<58} {statistics.median(values):>9.2f} ms")
    verdict("poll into windows, exact σ and ranks, of numpy's time", ratio(figures, "ours", "numpy"), 1.0)


def ranking() -> None:
    """Ranks of 3,000 values, and a whole ranking of 3,000 rows."""
    values = sorted((random.Random(1).random() for _ in range(PAIRS)), reverse=True)
    shuffled = random.Random(2).sample(values, PAIRS)
    rows = []
    for number, value in enumerate(shuffled):
        instrument = Instrument(f"x:A{number:05}-USD", f"A{number}", "USD", "", (), 2)
        figures = Figures(DAY, DAY, 1.0, value, 0.0, 2.0, 1.0, 0, 1.0, 0, 0.5)
        rows.append(Row(instrument, 1.0, 1.0, 1.0, 1e6, True, "", None, (figures,) * len(METRICS)))
    snapshot = Snapshot(1, 0, 0, DAY, tuple(rows), SourceStatus("x", SourceState.LIVE))

    def sort_and_rank() -> None:
        shared_ranks(sorted(shuffled, reverse=True))

    figures_ = rounds(
        {
            "values": lambda: seconds(sort_and_rank) * 1e3,
            "rows": lambda: seconds(lambda: rank(snapshot, Metric.PRICE, Measure.STDDEV)) * 1e3,
        },
        15,
    )
    print("Ranking")
    verdict("rank of 3,000 values", statistics.median(figures_["values"]), 1.0, "ms")
    verdict("whole ranking of 3,000 rows (places, reasons, index)", statistics.median(figures_["rows"]), 10.0, "ms")


def main() -> None:
    """Run all."""
    pushes()
    memory()
    poll()
    ranking()


if __name__ == "__main__":
    main()
