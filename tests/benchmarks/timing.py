"""Fair timing: contenders in turn, round after round, medians and the ratio of each round."""

import gc
import statistics
from collections.abc import Callable, Mapping
from time import perf_counter


def rounds(contenders: Mapping[str, Callable[[], float]], count: int = 7) -> dict[str, list[float]]:
    """Run every contender once a round, in turn; each returns its own figure (say, seconds an operation)."""
    figures: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(count):
        for name, run in contenders.items():
            gc.collect()
            figures[name].append(run())
    return figures


def ratio(figures: Mapping[str, list[float]], one: str, other: str) -> float:
    """Median over the rounds of one contender's figure over the other's in the same round."""
    return statistics.median(a / b for a, b in zip(figures[one], figures[other], strict=True))


def seconds(run: Callable[[], object]) -> float:
    """How long one call takes."""
    start = perf_counter()
    run()
    return perf_counter() - start


def verdict(what: str, measured: float, goal: float, unit: str = "×", *, at_least: bool = False) -> None:
    """Print one figure beside its goal, met or not."""
    met = measured >= goal if at_least else measured <= goal
    sign = "≥" if at_least else "≤"
    print(f"  {'met ' if met else 'MISS'}  {what:<58} {measured:>9.2f} {unit:<3} (goal {sign} {goal:g})")
