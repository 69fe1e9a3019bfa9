"""Whether this process collects a source, or another one with the same history does."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from typing import Final

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import StorageError
from tui_tracker.core.status import OURS
from tui_tracker.engine.together import Together, next_beat_s
from tui_tracker.storage.lease import Wish
from tui_tracker.storage.lock import BEAT_S, LEASE_S, CollectorLock, Sign
from tui_tracker.storage.store import Store

TICK_S: Final = 0.2
"""Those who don't collect look this often."""
ALONE_S: Final = 10.0
"""One that may not write, and sees nobody collect for so long, polls for itself until somebody does."""
REST_S: Final = 0.3
"""Longest that a process which is about to be stopped waits for its last write."""
_log = logging.getLogger(__name__)


class Sharing:
    """The office of the collector, as one process sees it.

    It is ours while we hold the lock. One who holds it and gives no sign of life for ``LEASE_S`` is taken for stopped:
    his office is taken over in a transaction of the history, after which he can write nothing there.

    Args:
        store: The history of the folder.
        source: Name of the source.
        lock: Of both.
        clock: Real time, whatever the market's is.
        is_reader: Whether this process may only read the history.
        alone_s: How long nobody collects until one that may only read polls for itself.
        together: Where several sources are collected, what they have in common.
    """

    def __init__(
        self,
        store: Store,
        source: str,
        lock: CollectorLock,
        clock: Clock,
        *,
        is_reader: bool = False,
        alone_s: float = ALONE_S,
        together: Together | None = None,
    ) -> None:
        self._store: Final = store
        self._source: Final = source
        self._lock: Final = lock
        self._clock: Final = clock
        self._is_reader: Final = is_reader
        self._alone_s: Final = alone_s
        self._together: Final = together or Together()
        self._sign = Sign("")
        self._seen_s = clock.monotonic_s()
        self._beaten_s = 0.0
        self._beaten = asyncio.Event()
        self._superseded = 0
        self.is_leading = False
        """Whether this process collects."""
        self.has_looked = False
        """Whether it is known who does."""
        self.was_beside = False
        """Whether another one was seen collecting since this one last did."""

    @property
    def source(self) -> str:
        """Name of the source."""
        return self._source

    @property
    def may_lead(self) -> bool:
        """Whether this process may write to the folder."""
        return not self._is_reader and self._lock.may_take

    @property
    def is_led(self) -> bool:
        """Whether anybody collects."""
        return self.is_leading or self._is_led_by_another

    @property
    def _is_led_by_another(self) -> bool:
        return bool(self._sign.holder) and self._clock.monotonic_s() - self._seen_s < LEASE_S

    @property
    def collector(self) -> str:
        """``this session`` or ``pid 1234 by ada``; empty where nobody is known to collect."""
        return OURS if self.is_leading else self._sign.holder if self.is_led else ""

    async def try_lead(self) -> bool:
        """Take the office if nobody has it, or who has it is stopped; return whether it is ours."""
        if self._store.status.is_stopped:  # whatever others do, it can't be followed
            self._begin()
            return True
        if not self.may_lead:
            await self.observe()
            if self._is_alone():
                self._begin()
            return self.is_leading
        try:
            is_free = await asyncio.to_thread(self._lock.take)
        except StorageError as error:
            _log.warning("%s", error)
            await self.observe()
            is_free = not self.is_led  # a full disk: go on, in memory
        if is_free:
            self._begin()
            try:
                await asyncio.wrap_future(self._store.take_lead(self._source))
            except StorageError as error:
                _log.warning("collecting, although %s", error)
            return True
        await self.observe()
        return self._clock.monotonic_s() - self._seen_s >= LEASE_S and await self._seize()

    def _is_alone(self) -> bool:
        """Whether one that may not collect for others is to poll for itself: nobody collected for long."""
        return self._is_reader and self._clock.monotonic_s() - self._seen_s >= LEASE_S + self._alone_s

    async def observe(self) -> None:
        """Look who collects."""
        sign = await asyncio.to_thread(self._lock.sign)
        self.has_looked = True
        if sign != self._sign:
            self._sign, self._seen_s = sign, self._clock.monotonic_s()
            self.was_beside = self.was_beside or bool(sign.holder)

    async def _seize(self) -> bool:
        """Take over from a process that is stopped."""
        stale = self._sign

        def seize() -> bool:
            if self._lock.sign() != stale:
                return False
            self._lock.seize()
            return True

        try:
            await asyncio.wrap_future(self._store.take_lead(self._source, seize))
        except StorageError as error:
            if not self._lock.is_ours():
                _log.info("not taken over from %s: %s", stale.holder, error)
                self._store.follow()
                return False
        _log.warning("%s gave no sign of life: this session collects", stale.holder or "the collector")
        self._begin()
        return True

    def _begin(self) -> None:
        self.is_leading = True
        self._beaten_s = self._clock.monotonic_s()
        self._superseded = self._store.status.superseded
        _log.info("this session collects %s", self._source)

    async def beat_until_lost(self, on_beat: Callable[[], None]) -> None:
        """Give signs of life, each followed by ``on_beat``; return when another process collects."""
        while await self._is_still_ours():
            self._beaten_s = self._clock.monotonic_s()
            self._beaten.set()
            self._beaten = asyncio.Event()
            on_beat()
            await self._clock.sleep(next_beat_s(self._clock.monotonic_s(), BEAT_S))
        _log.warning("another session collects %s", self._source)
        self.is_leading = False
        self.was_beside = True
        self._lock.release()

    async def _is_still_ours(self) -> bool:
        if self._store.status.is_stopped:  # of no use to others, whose program may be newer: collect for this one alone
            self._lock.release()
            return True
        if self._is_reader:
            await self.observe()
            return not self._is_led_by_another
        if self._store.status.superseded != self._superseded:
            return False
        if await self._together.in_thread(self._lock.beat):
            return True
        if self._lock.is_held:
            return False
        try:
            return await asyncio.to_thread(self._lock.take)  # one that could not be made before
        except StorageError:
            return True

    async def wishes(self) -> tuple[Wish, ...]:
        """What other sessions ask of the collector, the newest first.

        Raises:
            StorageError: If that can't be read.
        """
        return await self._together.wishes(self._store, self._source)

    async def gate(self) -> None:
        """Return at once while the office is surely ours; after a stop, only once that was looked at."""
        while self.is_leading and self._clock.monotonic_s() - self._beaten_s >= LEASE_S:
            await self._beaten.wait()

    def release(self) -> None:
        """Let another process collect, before this one is stopped or ends: what waits to be written is written."""
        if self.is_leading:
            with suppress(StorageError, NotInTime):
                self._store.rest().result(REST_S)
            self._lock.release()
            self._beaten_s = 0.0
