"""The pace of requests."""

import asyncio
from random import Random

import pytest

from tests.support.clock import FakeClock
from tui_tracker.sources.budget import LONGEST_BAN_S, LONGEST_PAUSE_S, Priority, RequestBudget


class Queue:
    """Waiters that note when they went."""

    def __init__(self, budget: RequestBudget, clock: FakeClock) -> None:
        self.went: list[tuple[str, float]] = []
        self._budget = budget
        self._clock = clock
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def wait(self, name: str, priority: Priority) -> None:
        self.tasks[name] = asyncio.ensure_future(self._go(name, priority))

    async def _go(self, name: str, priority: Priority) -> None:
        await self._budget.acquire(priority)
        self.went.append((name, self._clock.monotonic_s()))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_one_request_a_second_in_order_of_arrival(clock: FakeClock) -> None:
    queue = Queue(RequestBudget(clock, 1.0), clock)
    for name in "abc":
        queue.wait(name, Priority.BACKFILL)
    await clock.advance(5)
    assert queue.went == [("a", 0.0), ("b", 1.0), ("c", 2.0)]


async def test_a_poll_passes_those_who_wait(clock: FakeClock) -> None:
    queue = Queue(RequestBudget(clock, 1.0), clock)
    for name in ("b1", "b2", "b3"):
        queue.wait(name, Priority.BACKFILL)
    await clock.advance(0.5)
    queue.wait("control", Priority.CONTROL)
    await clock.advance(0.1)
    queue.wait("poll", Priority.POLL)
    await clock.advance(9)
    assert [name for name, _ in queue.went] == ["b1", "poll", "control", "b2", "b3"]
    assert [at for _, at in queue.went] == [0, 1, 2, 3, 4]


async def test_a_cancelled_waiter_holds_nobody_up(clock: FakeClock) -> None:
    queue = Queue(RequestBudget(clock, 1.0), clock)
    for name in "abcd":
        queue.wait(name, Priority.BACKFILL)
    await clock.advance(0.5)
    queue.tasks["b"].cancel()
    queue.tasks["c"].cancel()
    await clock.advance(5)
    assert queue.went == [("a", 0.0), ("d", 1.0)]
    assert queue.tasks["b"].cancelled()


async def test_nobody_goes_in_a_pause(clock: FakeClock) -> None:
    budget = RequestBudget(clock, 1.0)
    queue = Queue(budget, clock)
    queue.wait("first", Priority.BACKFILL)
    queue.wait("second", Priority.BACKFILL)
    await clock.advance(0.5)
    budget.pause(10)
    budget.pause(3)
    assert (budget.limited_until_s, budget.next_slot_s()) == (10.5, 10)
    queue.wait("poll", Priority.POLL)
    await clock.advance(20)
    assert queue.went == [("first", 0.0), ("poll", 10.5), ("second", 11.5)]
    assert (budget.limited_until_s, budget.next_slot_s()) == (None, 0)


async def test_without_spacing_only_a_pause_holds(clock: FakeClock) -> None:
    budget = RequestBudget(clock, 0)
    queue = Queue(budget, clock)
    queue.wait("a", Priority.BACKFILL)
    queue.wait("b", Priority.BACKFILL)
    await clock.settle()
    assert queue.went == [("a", 0.0), ("b", 0.0)]
    budget.pause(2)
    queue.wait("c", Priority.POLL)
    await clock.advance(3)
    assert queue.went[-1] == ("c", 2.0)


async def test_the_pace_counts_from_the_sending(clock: FakeClock) -> None:
    budget = RequestBudget(clock, 1.0)
    await budget.acquire(Priority.POLL)
    await clock.advance(0.4)
    budget.note_sent()
    assert budget.next_slot_s() == pytest.approx(1.0)


async def test_refusals_in_a_row_pause_longer_and_calm_forgets_them(clock: FakeClock) -> None:
    budget = RequestBudget(clock, 1.0)
    pauses = []
    for _ in range(8):
        budget.refused(None)
        pauses.append(budget.next_slot_s())
        await clock.advance(pauses[-1])
    assert pauses == [5, 10, 20, 40, 60, 60, 60, 60]
    await clock.advance(61)
    budget.refused(None)
    assert budget.next_slot_s() == pytest.approx(5)


async def test_a_stated_wait_is_kept_but_no_longer_than_an_hour(clock: FakeClock) -> None:
    budget = RequestBudget(clock, 1.0)
    budget.refused(42.0)
    assert budget.next_slot_s() == 42
    budget.refused(1e9)
    assert budget.next_slot_s() == 3600


async def test_whoever_follows_a_heavy_request_waits_for_its_weight(clock: FakeClock) -> None:
    budget = RequestBudget(clock, 0.5)
    await budget.acquire(Priority.POLL, 80)
    assert budget.next_slot_s() == 40
    await clock.advance(40)
    await budget.acquire(Priority.BACKFILL)
    assert budget.next_slot_s() == 0.5
    budget.note_sent(4)
    assert budget.next_slot_s() == 2
    assert budget.log.report().last_minute == 81


async def test_no_minute_holds_more_than_its_share_whatever_the_weights(clock: FakeClock) -> None:
    """The last request of a span may reach beyond it by its weight, and nothing else can."""
    budget = RequestBudget(clock, 60 / 3_000)
    chance = Random(7)
    went: list[tuple[float, int]] = []

    async def ask(weight: int) -> None:
        await budget.acquire(chance.choice(tuple(Priority)), weight)
        went.append((clock.monotonic_s(), weight))

    tasks = [asyncio.ensure_future(ask(chance.choice((1, 2, 20, 80)))) for _ in range(300)]
    while not all(task.done() for task in tasks):
        await clock.advance(10)
    for start, (instant, _) in enumerate(went):
        within = [weight for at, weight in went[start:] if at < instant + 60]
        assert sum(within) <= 3_000 + max(within)


async def test_a_ban_may_last_longer_than_a_pause(clock: FakeClock) -> None:
    budget = RequestBudget(clock, 0)
    budget.pause(10**9)
    assert budget.next_slot_s() == LONGEST_PAUSE_S
    budget.pause(10**9, LONGEST_BAN_S)
    assert budget.next_slot_s() == LONGEST_BAN_S
