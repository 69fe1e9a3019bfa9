"""When the next request may leave: one pace over all endpoints of an exchange, the urgent ones first."""

import asyncio
import heapq
import itertools
from enum import IntEnum
from typing import Final, Protocol

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import RateLimitedError
from tui_tracker.core.format import age
from tui_tracker.sources.request_log import RequestLog

FIRST_PAUSE_S: Final = 5.0
"""Pause after a refusal that names no time; doubled while refusals go on."""
LONGEST_PAUSE_S: Final = 3600.0
LONGEST_BAN_S: Final = 72 * 3600.0
"""Binance bans an address for three days at most."""
LASTING_S: Final = 60.0
"""A pause of more is remembered beyond the end of the process."""
_LONGEST_GUESS_S: Final = 60.0
"""The usual interval: work goes on within one after a storm of refusals that name no time."""
_CALM_S: Final = 60.0
_EARLY_S: Final = 1e-6


class Priority(IntEnum):
    """Who goes first where several wait."""

    POLL = 0
    CONTROL = 1
    """Lists of instruments, the exchange's clock."""
    BACKFILL = 2


class Memory(Protocol):
    """Remembers for other processes how long the exchange wants to be left alone."""

    def left_s(self) -> float:
        """How long it still does; 0 where it doesn't."""
        ...

    def note(self, seconds: float) -> None:
        """Remember that it does for so long."""
        ...


class RequestBudget:
    """Lets requests through one by one, by priority, then in order of arrival, ``spacing_s`` apart a unit of weight.

    There are no bursts, so that no span of time ever holds more than its share of what an exchange allows.

    Args:
        clock: Gives the monotonic time.
        spacing_s: Time that a request of weight 1 takes of the budget; 0 for no limit (a pause still holds).
        memory: Of long pauses; ``None`` to forget them with the process.
    """

    def __init__(self, clock: Clock, spacing_s: float, memory: Memory | None = None) -> None:
        self.log: Final = RequestLog(clock)
        """How requests went."""
        self.log.note_pace(spacing_s)
        self._clock = clock
        self._spacing_s = spacing_s
        self._free_s = 0.0
        self._paused_until_s = 0.0
        self._refusals = 0
        self._tickets = itertools.count()
        self._waiting: list[tuple[Priority, int, asyncio.Event]] = []
        self._memory: Final = memory
        self.recall()

    async def acquire(self, priority: Priority, weight: int = 1) -> None:
        """Wait for the next slot and take it. A cancelled waiter leaves the others as they were.

        Args:
            priority: The place in the queue.
            weight: How many requests it counts as; whoever comes next waits so much longer.
        """
        first = asyncio.Event()
        ticket = (priority, next(self._tickets), first)
        heapq.heappush(self._waiting, ticket)
        self.log.note_waiting(len(self._waiting))
        try:
            while True:
                if self._waiting[0] is not ticket:
                    first.clear()
                    await first.wait()
                elif (wait_s := self.next_slot_s()) > 0:
                    await self._clock.sleep(wait_s)
                else:
                    self._free_s = self._clock.monotonic_s() + weight * self._spacing_s
                    self.log.note_slot(weight)
                    return
        finally:
            self._waiting.remove(ticket)
            self.log.note_waiting(len(self._waiting))
            heapq.heapify(self._waiting)
            if self._waiting:
                self._waiting[0][2].set()

    def note_sent(self, weight: int = 1) -> None:
        """Count the spacing from now on: a connection had to be made before the last request could be sent."""
        self._free_s = max(self._free_s, self._clock.monotonic_s() + weight * self._spacing_s)

    def pause(self, seconds: float, longest_s: float = LONGEST_PAUSE_S) -> None:
        """Let nobody go for this long, an hour at most unless told otherwise; never shortens a pause."""
        seconds = min(max(seconds, 0.0), longest_s)
        is_longer = self._pause(seconds)
        if self._memory is not None and is_longer and seconds > LASTING_S:
            self._memory.note(seconds)

    def recall(self) -> None:
        """Pause for as long as is remembered: by a process before, or by one that asked until now."""
        if self._memory is not None:
            self._pause(self._memory.left_s())

    def _pause(self, seconds: float) -> bool:
        """Let nobody go for this long; return whether that is longer than before."""
        until_s = self._clock.monotonic_s() + seconds
        if until_s <= self._paused_until_s:
            return False
        self._paused_until_s = until_s
        return True

    def refused(self, retry_after_s: float | None) -> None:
        """Pause as the exchange asked to, or, where it named no time, longer with each refusal in a row."""
        if self._clock.monotonic_s() > self._paused_until_s + _CALM_S:
            self._refusals = 0
        guess_s = min(FIRST_PAUSE_S * 2.0 ** min(self._refusals, 16), _LONGEST_GUESS_S)
        self._refusals += 1
        self.pause(guess_s if retry_after_s is None else retry_after_s)

    def next_slot_s(self) -> float:
        """Seconds until a request of the highest priority can leave; 0 for now."""
        wait_s = max(self._free_s, self._paused_until_s) - self._clock.monotonic_s()
        return wait_s if wait_s > _EARLY_S else 0.0

    @property
    def limited_until_s(self) -> float | None:
        """Monotonic end of the pause in force, or ``None``."""
        return self._paused_until_s if self._paused_until_s > self._clock.monotonic_s() else None


class LeftAloneError(RateLimitedError):
    """An exchange was not asked, since it wanted to be left alone for so long when it was asked last."""

    def __init__(self, source: str, seconds: float) -> None:
        text = f"{source} wants to be left alone for {age(round(seconds * 1000))}, so it was not asked"
        hint = "wait, or watch another exchange; from another address remove the folder bans in the data folder"
        super().__init__(text, seconds, hint)
