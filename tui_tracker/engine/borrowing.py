"""What a collector of this host has, shown once: so a command asks nothing of the exchange."""

from collections.abc import Collection, Coroutine, Sequence
from dataclasses import replace
from typing import Final

from typing_extensions import override

from tui_tracker.core.clock import Clock
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.status import BackfillProgress, SourceReport, SourceStatus
from tui_tracker.engine.shared import SharedEngine
from tui_tracker.engine.sharing import Sharing
from tui_tracker.sources.base import Source
from tui_tracker.storage.store import Store

FRESH_INTERVALS: Final = 1.5
"""A poll of a collector that is older than so many of its intervals is not gone by."""


def is_fresh(report: SourceReport | None, place: str, now_ms: int) -> bool:
    """Whether what a collector told last may stand for a poll of our own at a place, "" for the usual one."""
    if report is None or report.place != place or report.status.last_good_ms is None:
        return False
    return abs(now_ms - report.status.last_good_ms) <= FRESH_INTERVALS * report.interval_s * 1000


class BorrowingEngine(SharedEngine):
    """An ``Engine`` that publishes the market once, as it is after the collector's last poll.

    Args:
        source: The exchange; it is not asked.
        clock: Where all time comes from.
        store: The history that the collector writes.
        sharing: Who collects.
        window_minutes: Length of the windows.
        metrics: What is taken up from the history, beside the price.
    """

    def __init__(
        self,
        source: Source,
        clock: Clock,
        store: Store,
        sharing: Sharing,
        window_minutes: int,
        metrics: Collection[Metric] = METRICS,
    ) -> None:
        super().__init__(source, clock, store, sharing, window_minutes=window_minutes, metrics=metrics)
        self._asked = 0
        self._is_ready = False

    @override
    def _jobs(self) -> list[Coroutine[None, None, None]]:
        return [self._show()]

    async def _show(self) -> None:
        self._store.follow()
        await self._sharing.observe()
        await self._catch_up()
        self._is_ready, self.is_reading = True, False
        self._publish_rows()

    @override
    def _publish_rows(self) -> None:
        if self._is_ready:
            super()._publish_rows()

    @override
    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """See ``Engine.prioritise``; what there is of their history is there."""
        self._asked = len(instrument_ids)
        self._publish_status()

    @override
    def status(self) -> SourceStatus:
        """See ``SharedEngine.status``."""
        return replace(super().status(), backfill=BackfillProgress(self._asked, self._asked))
