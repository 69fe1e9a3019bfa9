"""Figures over other windows than the published one, for whoever asks a server for them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tui_tracker.core.errors import ServiceError, StorageError
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.engine.lens import Lens

MOST_KEPT: Final = 3
"""Windows at a time."""
MOST_BYTES: Final = 1_000_000_000
"""Of all of them: one of 30 days takes 350 kB a pair and metric."""
IDLE_S: Final = 300.0
"""A window that nobody asked for in so long makes room."""
Key = tuple[int, Metric]
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    lens: Lens
    snapshot: Snapshot
    used_s: float


class Beside:
    """Windows that are made when they are asked for, and follow the market as long as they are.

    Args:
        make: Makes a window that is not built yet.
        show: Makes a snapshot of what a window shows.
        sliding: Held while windows change.
        monotonic_s: A clock that never goes back.
    """

    def __init__(
        self,
        make: Callable[[int, Metric], Lens],
        show: Callable[[Lens], Awaitable[Snapshot]],
        sliding: asyncio.Lock,
        monotonic_s: Callable[[], float],
    ) -> None:
        self._make_lens, self._show, self._sliding, self._monotonic_s = make, show, sliding, monotonic_s
        self._kept: dict[Key, _Kept] = {}
        self._coming: Lens | None = None
        self._making: Final = asyncio.Lock()

    @property
    def lenses(self) -> list[Lens]:
        """All of them, also the one that is being made."""
        coming = [] if self._coming is None else [self._coming]
        return [*(kept.lens for kept in self._kept.values()), *coming]

    async def over(self, minutes: int, metric: Metric) -> Snapshot:
        """The newest snapshot with figures over another window; beyond a day of price and ``metric`` alone.

        The first time it is made, for which all its minutes are read; then it follows.

        Raises:
            ServiceError: If too many others are in use.
            StorageError: If the history can't be read.
        """
        key = minutes, metric
        kept = self._kept.get(key)
        if kept is None:
            async with self._making:
                kept = self._kept.get(key) or await self._make(key)
        kept.used_s = self._monotonic_s()
        return kept.snapshot

    async def _make(self, key: Key) -> _Kept:
        minutes, metric = key
        lens = self._make_lens(minutes, metric)
        self._make_room(lens)
        self._coming = lens
        try:
            await lens.build()
            async with self._sliding:
                await lens.follow()
                snapshot = await self._show(lens)
            self._kept[key] = made = _Kept(lens, snapshot, self._monotonic_s())
        finally:
            self._coming = None
        return made

    def _make_room(self, lens: Lens) -> None:
        self._let_go_of_idle()
        hint = f"ask for one of those in use, or again in {IDLE_S / 60:g} minutes"
        if len(self._kept) >= MOST_KEPT:
            raise ServiceError(f"{MOST_KEPT} other windows are in use", hint, IDLE_S)
        taken = sum(kept.lens.size for kept in self._kept.values())
        if lens.size > MOST_BYTES - taken:
            told = f"{lens.size / 1e6:,.0f} MB of {(MOST_BYTES - taken) / 1e6:,.0f} MB that are left"
            if not taken:
                raise ServiceError(f"such a window takes {told}", "ask for a shorter one")
            raise ServiceError(f"such a window takes {told}", hint, IDLE_S)

    def _let_go_of_idle(self) -> None:
        since_s = self._monotonic_s() - IDLE_S
        self._kept = {key: kept for key, kept in self._kept.items() if kept.used_s >= since_s}

    async def follow(self) -> None:
        """Bring all that are in use up to date; one whose history can't be read is let go of."""
        self._let_go_of_idle()
        for key, kept in tuple(self._kept.items()):
            try:
                await kept.lens.follow()
            except StorageError as error:
                _log.warning("windows of %d minutes not read: %s", key[0], error)
                self._kept.pop(key, None)
                continue
            kept.snapshot = await self._show(kept.lens)

    def forget(self) -> None:
        """Make all anew at the next occasion: the market began anew."""
        for lens in self.lenses:
            lens.forget()
