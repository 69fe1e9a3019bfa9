"""A clock that only moves when a test says so."""

import asyncio
import heapq
import itertools


class FakeClock:
    """Wall and monotonic clock under the test's control; ``sleep`` waits for ``advance``.

    ``advance`` moves both clocks; ``jump_wall`` moves the wall clock alone, as an NTP step or a suspend does.
    """

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self._now_ms = now_ms
        self._mono_ms = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._mono_ms / 1000

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._mono_ms + round(seconds * 1000), next(self._order), future))
        await future

    def jump_wall(self, seconds: float) -> None:
        """Step the wall clock alone."""
        self._now_ms += round(seconds * 1000)

    def stall(self, seconds: float) -> None:
        """Let time pass without waking anybody, as a machine that is busy with something else does."""
        self._mono_ms += round(seconds * 1000)
        self._now_ms += round(seconds * 1000)

    async def settle(self, rounds: int = 50) -> None:
        """Let every task that can run do so."""
        for _ in range(rounds):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Move time forward, waking each sleeper at its own instant."""
        await self.settle()
        target = self._mono_ms + round(seconds * 1000)
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, future = heapq.heappop(self._sleepers)
            step = max(0, due - self._mono_ms)
            self._mono_ms += step
            self._now_ms += step
            if not future.done():
                future.set_result(None)
            await self.settle()
        self._now_ms += target - self._mono_ms
        self._mono_ms = target
        await self.settle()
