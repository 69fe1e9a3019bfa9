"""One seeded trial: a whole engine, the real sources and their HTTP layer, over an exchange and a line that fail."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from unittest import mock

from tests.simulation.loop import SimulatedClock, SimulatedLoop
from tests.simulation.part import BrokenPromiseError, Part, promise
from tests.simulation.schedule import Plan
from tests.simulation.world import SHAPES
from tests.support.mishaps import Mishaps
from tui_tracker.engine.backfill import AGAIN_S
from tui_tracker.engine.timekeeper import STEP_S
from tui_tracker.engine.turns import Turns
from tui_tracker.feed.local import LocalFeed
from tui_tracker.feed.merged import MergedFeed
from tui_tracker.sources.registry import SOURCES

T = TypeVar("T")
A_MESSAGE: Final = {
    "kraken": "SYMBOLS_A_MESSAGE",
    "binance": "STREAMS_A_MESSAGE",
    "coinbase": "PRODUCTS_A_MESSAGE",
    "okx": "ARGUMENTS_A_MESSAGE",
    "bybit": "TOPICS_A_MESSAGE",
}
SETTLED_S: Final = 2.5
CCXT_ENDS_S: Final = 30.0
"""Within this time ccxt lets go of who waited for a turn and gave up."""
RELIST_S: Final = 900.0
LOADED_S: Final = 30
"""So long loading may take after a poll."""
"""Lists are read again this often, so that it happens within a trial."""


@dataclass(slots=True)
class Outcome:
    """What a trial did; the same for the same seed."""

    minutes: float = 0.0
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often what went wrong at which source."""
    trace: list[tuple[float, str]] = field(default_factory=list)
    """Every request: when, and what."""
    streamed: int = 0
    """Quotes of streams that counted."""
    opened: int = 0
    """WebSockets that were to be opened."""


def run(seed: int) -> Outcome:
    """Run one trial.

    Raises:
        BrokenPromiseError: If something did not hold.
    """
    return in_simulated_time(Plan.of(seed, tuple(SHAPES)), _trial)


def in_simulated_time(plan: Plan, work: Callable[[Plan], Coroutine[None, None, T]]) -> T:
    """Do some work of a plan on a loop of its own.

    Raises:
        BrokenPromiseError: If something did not hold.
    """
    complaints: list[dict[str, Any]] = []
    loop = SimulatedLoop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    mishaps = Mishaps()
    logging.getLogger().addHandler(mishaps)
    try:
        with asyncio.Runner(loop_factory=lambda: loop) as runner, _seeded(plan):
            outcome = runner.run(work(plan))
    except Exception as error:
        raise BrokenPromiseError(repr(_first(error))) from error
    finally:
        logging.getLogger().removeHandler(mishaps)
    promise(not complaints, f"left behind: {complaints}")
    promise(not mishaps.found, f"errors of the program's own: {mishaps.found[:3]}")
    return outcome


def _first(error: BaseException) -> BaseException:
    """What went wrong first in a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@contextmanager
def _seeded(plan: Plan) -> Iterator[None]:
    """Let chance be the seed's, also that of who goes on when; lists are read again soon.

    Where the clock isn't set, nobody looks every few seconds whether it was.
    """
    state = random.getstate()
    random.seed(plan.seed)
    rng = random.Random(f"turns {plan.seed}")
    step_s = STEP_S if plan.jumps else 60.0

    async def give(_: Turns) -> None:
        if rng.random() < 0.05:
            await asyncio.sleep(0)

    with (
        _narrow(plan.most_pairs),
        _paced("mexc" in plan.sources),
        mock.patch.object(Turns, "give", give),
        mock.patch("tui_tracker.engine.engine.RELIST_S", RELIST_S),
        mock.patch("tui_tracker.engine.repair.PAUSE_MS", round(RELIST_S * 1_000)),
        mock.patch("tui_tracker.engine.timekeeper.STEP_S", step_s),
    ):
        try:
            yield
        finally:
            random.setstate(state)


@contextmanager
def _narrow(most_pairs: int | None) -> Iterator[None]:
    """Let few pairs fit on a connection, and one in a message."""
    with ExitStack() as stack:
        for name, constant in A_MESSAGE.items() if most_pairs is not None else ():
            stack.enter_context(mock.patch.object(SOURCES[name].dialogue(), "most_pairs", most_pairs))
            stack.enter_context(mock.patch(f"tui_tracker.sources.{name}_stream.{constant}", 1))
        yield


@contextmanager
def _paced(is_by_ccxt: bool) -> Iterator[None]:
    """Let ccxt keep its pace by the time of the loop, at which it looks less often than each millisecond."""
    if not is_by_ccxt:
        yield
        return
    from ccxt.async_support.base import throttler  # takes a second

    def time_s() -> float:
        return asyncio.get_running_loop().time()

    init = throttler.Throttler.__init__

    def init_coarse(self: throttler.Throttler, config: dict[str, object], loop: object = None) -> None:
        init(self, {**config, "delay": 0.05}, loop)

    with (
        mock.patch.object(throttler, "time", time_s),
        mock.patch.object(throttler.Throttler, "__init__", init_coarse),
    ):
        yield


async def _trial(plan: Plan) -> Outcome:
    loop = asyncio.get_running_loop()
    clock = SimulatedClock(loop, plan.ahead_ms)
    parts = [Part(plan, place, clock) for place in range(len(plan.sources))]
    async with AsyncExitStack() as stack:
        for part in parts:
            await stack.enter_async_context(part.running())
        feed = MergedFeed("all", {part.name: LocalFeed(part.engine) for part in parts}, clock.sleep)
        if len(parts) > 1:
            await stack.enter_async_context(feed.running())
        for at_s, jump_ms in _moments(plan):
            await until_settled(parts, at_s)
            clock.ahead_ms += jump_ms
            for part in parts:
                part.check_shown()
                part.check_windows()
                part.hush(is_hushed=False)
        clear = await until_clear(plan, parts)
        await until_loaded(parts)
        for part in parts:
            part.check_all(clear[part.name])
        if len(parts) > 1:
            seen = {row.instrument.source for row in (await anext(aiter(feed.updates()))).rows}
            promise(seen == set(plan.sources), f"rows of {seen}")
    if "mexc" in plan.sources:
        await asyncio.sleep(CCXT_ENDS_S)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    promise(not tasks, f"tasks left: {tasks}")
    for part in parts:
        promise(part.ledger.open_streams == 0 and part.watch.is_closed, f"{part.name}: connections left")
        promise(part.stream is None or not part.stream.open_ends, f"{part.name}: WebSockets left")
    return Outcome(
        loop.time() / 60,
        Counter({(part.name, kind): n for part in parts for kind, n in part.ledger.faults.items()}),
        [(round(asked.at_s, 6), f"{part.name} {asked.call}") for part in parts for asked in part.ledger.asked],
        sum(part.model.streamed for part in parts),
        sum(len(part.ledger.opened_s) for part in parts),
    )


async def until_loaded(parts: Sequence[Part]) -> None:
    """Wait until nothing is on its way, nor any history that was asked for just now."""
    loop = asyncio.get_running_loop()
    latest_s = loop.time() + LOADED_S
    while True:
        await until_settled(parts, loop.time() + SETTLED_S)
        if loop.time() > latest_s or not any(part.engine.backfill.progress().is_running for part in parts):
            return


async def until_settled(parts: Sequence[Part], at_s: float) -> None:
    """Wait until an instant, before which streams say nothing for a moment, so that nothing is on its way."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(at_s - SETTLED_S - loop.time())
    for part in parts:
        part.hush(is_hushed=True)
    await asyncio.sleep(at_s - loop.time())


def _moments(plan: Plan) -> list[tuple[float, int]]:
    """When to look, and by how much the clock is set then: during and after each spell."""
    looks = {at_s for spells in plan.spells for spell in spells for at_s in (spell.end_s - 0.5, spell.end_s + 20)}
    return sorted([*((at_s, 0) for at_s in looks), *plan.jumps])


async def until_clear(plan: Plan, parts: Sequence[Part]) -> dict[str, float]:
    """Wait until all should be well again; from when on nothing stood in the way, by source."""
    loop = asyncio.get_running_loop()
    while True:
        clear = {part.name: max(part.clear_s(), *(at_s for at_s, _ in plan.jumps), 0.0) for part in parts}
        if plan.away_s is not None and loop.time() < plan.away_s[1] + 2 * RELIST_S:
            await asyncio.sleep(plan.away_s[1] + 2 * RELIST_S - loop.time())
            continue
        due_s = (max(clear[p.name] + 2 * plan.interval_s + p.slack_s(), p.stream_clear_s()) for p in parts)
        left_s = max(due_s) - loop.time()
        if left_s <= 0:
            break
        await asyncio.sleep(left_s)
    latest_s = loop.time() + AGAIN_S[1] + 2 * plan.interval_s
    while loop.time() < latest_s and any(part.lacks_history for part in parts):
        await parts[0].clock.sleep(plan.interval_s)
    return clear
