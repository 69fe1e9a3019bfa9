"""A feed from an engine in the same process."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from tui_tracker.core.hours import Hours
from tui_tracker.core.kept import Kept, Loaded, Rollup
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import Series
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import SourceReport, SourceStatus

if TYPE_CHECKING:
    from tui_tracker.engine.engine import Engine
    from tui_tracker.engine.replay import Replay


class LocalFeed:
    """``DeepFeed`` over an ``Engine`` that runs on this event loop."""

    def __init__(self, engine: "Engine | Replay") -> None:
        self._engine = engine

    def updates(self) -> AsyncIterator[Snapshot]:
        """See ``Feed.updates``."""
        return self._engine.hub.subscribe()

    async def series(self, instrument_id: str, metric: Metric) -> Series:
        """See ``Feed.series``."""
        return self._engine.series(instrument_id, metric)

    async def hours(self, instrument_id: str, metric: Metric, count: int) -> Hours:
        """See ``Feed.hours``."""
        return await self._engine.hours(instrument_id, metric, count)

    async def set_window(self, minutes: int, metric: Metric) -> None:
        """See ``Feed.set_window``."""
        await self._engine.set_window(minutes, metric)

    def status(self) -> SourceStatus:
        """See ``Feed.status``."""
        return self._engine.status()

    def health(self) -> SourceReport:
        """See ``Feed.health``."""
        return self._engine.report()

    def request_poll(self) -> int:
        """See ``Feed.request_poll``."""
        return self._engine.request_poll()

    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """See ``Feed.prioritise``."""
        self._engine.prioritise(instrument_ids)

    async def kept(self) -> Kept:
        """See ``History.kept``."""
        return await self._engine.kept()

    async def minutes(
        self, ids: Collection[str] | None, metrics: Sequence[Metric], start_ms: int, count: int
    ) -> Loaded:
        """See ``History.minutes``."""
        return await self._engine.minutes(ids, metrics, start_ms, count)

    async def rollups(
        self, ids: Collection[str] | None, start_ms: int, end_ms: int
    ) -> Mapping[str, tuple[Rollup, ...]]:
        """See ``History.rollups``."""
        return await self._engine.rollups(ids, start_ms, end_ms)

    async def over(self, minutes: int, metric: Metric) -> Snapshot:
        """See ``DeepFeed.over``."""
        return await self._engine.over(minutes, metric)
