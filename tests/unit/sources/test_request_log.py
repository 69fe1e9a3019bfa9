"""What is remembered of requests."""

import asyncio
import random

import pytest

from tests.support.clock import FakeClock
from tui_tracker.core.status import RequestReport
from tui_tracker.sources.budget import Priority, RequestBudget
from tui_tracker.sources.request_log import MEASURED, RequestLog, quantile


def test_quantiles_are_exact_over_the_last_answers() -> None:
    log = RequestLog(FakeClock())
    assert log.report() == RequestReport()
    for _ in range(50):
        log.note_answer(90_000)
    took = list(range(1, MEASURED + 1))
    random.Random(1).shuffle(took)
    for ms in took:
        log.note_answer(ms)
    report = log.report()
    assert (report.answered, report.measured) == (50 + MEASURED, MEASURED)
    assert (report.p50_ms, report.p95_ms) == (128, 244)


@pytest.mark.parametrize(("ordered", "fraction", "wanted"), [([], 0.5, None), ([7], 0.95, 7), ([1, 2], 0.5, 1)])
def test_a_quantile_is_one_of_the_values(ordered: list[int], fraction: float, wanted: int | None) -> None:
    assert quantile(ordered, fraction) == wanted


async def test_the_budget_tells_of_slots_and_of_who_waits() -> None:
    clock = FakeClock()
    budget = RequestBudget(clock, 20.0)
    waiting = [asyncio.ensure_future(budget.acquire(Priority.POLL)) for _ in range(3)]
    await clock.settle()
    report = budget.log.report()
    assert (report.last_minute, report.most_a_minute, report.waiting) == (1, 3, 2)
    await clock.advance(40)
    assert budget.log.report().last_minute == 3
    assert budget.log.report().waiting == 0
    await clock.advance(20.1)
    assert budget.log.report().last_minute == 2
    assert all(task.done() for task in waiting)


def test_no_limit_and_a_clock_that_was_set_back() -> None:
    log = RequestLog(FakeClock())
    log.note_pace(0.0)
    log.note_answer(-5)
    log.note_failure()
    report = log.report()
    assert (report.most_a_minute, report.p50_ms, report.failed) == (None, 0, 1)
