"""A week of minutes with random faults: memory stays flat, nothing is left open, and no window loses a bit.

    python -m tests.benchmarks.soak            # all ten and MEXC by ccxt, five streamed, seven simulated days
    python -m tests.benchmarks.soak --days 1 --sources kraken,okx

The whole engine, the real sources, their HTTP layer and the WebSocket library run in simulated time over exchanges and
lines that fail, as in `tests/simulation`: every hour each window is compared with what the exchange truly answered and
said. After that, thousands of requests over real connections that hang, break and lie must leave no connection, file or
task behind.
"""

import argparse
import asyncio
import gc
import logging
import random
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Final

import psutil

from tests.simulation.loop import SimulatedClock
from tests.simulation.part import BrokenPromiseError, Part
from tests.simulation.schedule import CALLS, KINDS, STREAM_KINDS, STREAMED, Plan, Spell
from tests.simulation.trial import CCXT_ENDS_S, SETTLED_S, in_simulated_time, until_clear, until_settled
from tests.simulation.world import SHAPES
from tests.support.exchanges.server import FakeExchange
from tests.support.fake_kraken_http import HttpResponse
from tui_tracker.core.errors import SourceError
from tui_tracker.engine.clock import SystemClock
from tui_tracker.sources.budget import RequestBudget
from tui_tracker.sources.http import HttpClient, Timeouts
from tui_tracker.sources.registry import SOURCES

DAY_S: Final = 86_400.0
HOUR_S: Final = 3_600.0
WINDOW_MINUTES: Final = 1_440
SETTLED_DAYS: Final = 3
"""After so many days all windows are full, and all that this benchmark remembers of the markets is."""
MOST_GROWTH_MB: Final = 10.0
"""From the end of those days to the last: room for a single answer of the longest, which the allocator may keep."""
BROKEN: Final = ("hang", "reset", "short_body", "truncated", "gzip_bomb", "html", "http_503", "redirect_other_host")
LINE_REQUESTS: Final = 3_000


@dataclass(slots=True)
class Week:
    """What happened."""

    memory_mb: list[float] = field(default_factory=list)
    """At the end of each day."""
    requests: int = 0
    faults: int = 0
    opened: int = 0
    """WebSockets that were to be opened."""
    streamed: int = 0
    """Quotes of streams that counted."""
    polls: int = 0
    compared: int = 0
    """Windows that were compared."""
    tasks: list[int] = field(default_factory=list)


def spells_of(rng: random.Random, end_s: float) -> tuple[Spell, ...]:
    """Faults of every kind, one after the other, with good times between."""
    spells, at_s = list[Spell](), rng.uniform(60, 1_800)
    while at_s < end_s:
        length_s = rng.choice((rng.uniform(10, 120), rng.uniform(120, 900), rng.uniform(900, 5_400)))
        kinds = tuple(rng.sample(KINDS, rng.choice((1, 2, 4))))
        calls = CALLS if rng.random() < 0.7 else tuple(rng.sample(CALLS, rng.randint(1, 2)))
        spells.append(Spell(at_s, min(at_s + length_s, end_s), kinds, calls, rng.choice((1.0, 0.6, 0.3))))
        at_s += length_s + rng.uniform(300, 7_200)
    return tuple(spells)


def stream_spells_of(rng: random.Random, end_s: float) -> tuple[Spell, ...]:
    """The same of a stream."""
    spells, at_s = list[Spell](), rng.uniform(60, 1_800)
    while at_s < end_s:
        length_s = rng.uniform(20, 200)
        kinds = tuple(rng.sample(STREAM_KINDS, rng.choice((1, 2, 4))))
        spells.append(Spell(at_s, min(at_s + length_s, end_s), kinds, ("stream",), rng.choice((1.0, 0.5, 0.2))))
        at_s += length_s + rng.uniform(300, 7_200)
    return tuple(spells)


def plan_of(seed: int, sources: Sequence[str], days: int) -> Plan:
    """Faults until three hours before the end."""
    rng, end_s = random.Random(f"soak {seed}"), days * DAY_S - 3 * HOUR_S
    spells = tuple(spells_of(rng, end_s) for _ in sources)
    streams = tuple(stream_spells_of(rng, end_s) if name in STREAMED else None for name in sources)
    return Plan(seed, tuple(sources), 60, WINDOW_MINUTES, 1_234, (), spells, None, streams)


async def collect(plan: Plan, days: int) -> Week:
    """Run the days, and look every hour."""
    loop, week = asyncio.get_running_loop(), Week()
    clock = SimulatedClock(loop, plan.ahead_ms)
    parts = [Part(plan, place, clock) for place in range(len(plan.sources))]
    async with AsyncExitStack() as stack:
        for part in parts:
            await stack.enter_async_context(part.running())
        for hour in range(1, 24 * days + 1):
            await until_settled(parts, hour * HOUR_S)
            for part in parts:
                part.check_shown()
                part.check_windows()
                part.hush(is_hushed=False)
                week.compared += len(part.world.pairs)
            if hour % 24 == 0:
                _close_day(week, parts)
        clear = await until_clear(plan, parts)
        await until_settled(parts, loop.time() + SETTLED_S)
        for part in parts:
            part.check_all(clear[part.name])
    await asyncio.sleep(CCXT_ENDS_S)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left or any(part.ledger.open_streams or (part.stream and part.stream.open_ends) for part in parts):
        raise BrokenPromiseError(f"left open: {left}")
    return week


def _close_day(week: Week, parts: Sequence[Part]) -> None:
    """Check the requests of a day, let go of what only this benchmark remembers, and note the memory."""
    for part in parts:
        part.check_requests()
        part.check_sockets()
        week.opened += len(part.ledger.opened_s)
        week.streamed += part.model.streamed
        part.model.streamed = 0
        week.requests += len(part.ledger.asked)
        week.polls += part.watch.polls
        part.watch.polls = 0
        week.faults += part.ledger.faults.total()
        part.forget_before((part.end or 0) - WINDOW_MINUTES)
    gc.collect()
    week.memory_mb.append(psutil.Process().memory_info().rss / 1e6)
    week.tasks.append(len(asyncio.all_tasks()))
    took = f"{time.process_time():,.0f} s of a core"
    print(f"day {len(week.memory_mb)}: {week.memory_mb[-1]:.1f} MB, {week.tasks[-1]} tasks, {took}", flush=True)


async def break_lines() -> tuple[int, int, int]:
    """Ask over real connections that break; (requests, open files more than before, tasks more than before)."""
    rng, clock = random.Random("lines"), SystemClock()
    async with FakeExchange("okx", pairs=9) as exchange:
        http = HttpClient(
            exchange.url, clock, RequestBudget(clock, 0), idle_s=150, timeouts=Timeouts(2, read_s=0.02, total_s=0.05)
        )
        source = SOURCES["okx"].connect(http)
        files, tasks = await _open_now(exchange)
        for _ in range(LINE_REQUESTS):
            fault = rng.choice((None, "status", *BROKEN))
            if fault == "status":
                exchange.queue.append(HttpResponse(b"{}", rng.choice((403, 500, 502))))
            elif fault is not None:
                exchange.faults.set(fault, count=1)
            with suppress(SourceError):
                await source.tickers()
            exchange.faults.clear()
            exchange.queue.clear()
        await source.aclose()
        files_now, tasks_now = await _open_now(exchange)
        return len(exchange.requests), files_now - files, tasks_now - tasks


async def _open_now(exchange: FakeExchange) -> tuple[int, int]:
    """Open files and tasks of this process once the exchange let go of its connections."""
    await exchange.drop_connections()
    await asyncio.sleep(0.1)
    gc.collect()
    return psutil.Process().num_fds(), len(asyncio.all_tasks())


def main() -> int:
    """Return 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__.split("\n")[0])
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sources", default=",".join(SHAPES))
    options = parser.parse_args()
    logging.getLogger("tui_tracker").setLevel(logging.CRITICAL)
    plan = plan_of(options.seed, options.sources.split(","), options.days)
    began_s = time.process_time()
    week = in_simulated_time(plan, lambda plan: collect(plan, options.days))
    took_s = time.process_time() - began_s
    growth_mb = week.memory_mb[-1] - week.memory_mb[min(SETTLED_DAYS, len(week.memory_mb)) - 1]
    requests, files, tasks = asyncio.run(break_lines())
    print(
        f"{options.days} days of {len(plan.sources)} sources: {week.polls:,} polls, {week.requests:,} requests, "
        f"{week.opened:,} WebSockets with {week.streamed:,} quotes, {week.faults:,} faults; "
        f"{week.compared:,} windows compared bit for bit; {took_s:,.0f} s of a core\n"
        f"memory from the end of day {SETTLED_DAYS} to the last: {growth_mb:+.1f} MB; "
        f"tasks: {min(week.tasks)} to {max(week.tasks)}\n"
        f"after {requests:,} requests over real connections: {files:+d} open files, {tasks:+d} tasks"
    )
    return int(growth_mb > MOST_GROWTH_MB or files > 0 or tasks > 0)


if __name__ == "__main__":
    sys.exit(main())
