"""What is published of a market: rows over the collected window, or over another one."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tui_tracker.core.errors import NoDataError, StorageError
from tui_tracker.core.hours import HOUR_MS, Hours
from tui_tracker.core.kept import Kept, Loaded, Rollup
from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceStatus
from tui_tracker.engine.beside import Beside
from tui_tracker.engine.hub import Hub
from tui_tracker.engine.lens import Lens
from tui_tracker.engine.market import Holding, Market
from tui_tracker.engine.rows import make_row, pair_prices
from tui_tracker.engine.turns import Turns, in_slices
from tui_tracker.stats.conversion import PairPrice, usd_rates
from tui_tracker.stats.hours import hour_of, hours_in, join_hours
from tui_tracker.stats.ohlc import Ohlc

if TYPE_CHECKING:
    from tui_tracker.engine.archive import Archive

NO_HOURS: Final = "no history is kept: longer ranges need history = true"
KEPT_UP: Final = 5
"""Windows whose figures nobody sees are kept up once in so many minutes; see ``Window.keep_up``."""
SIMULATED_HOURS: Final = "no history is kept of a simulated market"
_log = logging.getLogger(__name__)


class Board:
    """Makes rows of a market and gives them out as snapshots.

    Args:
        market: What the rows are made of; its owner changes it.
        monotonic_s: A clock that never goes back.
    """

    def __init__(self, market: Market, monotonic_s: Callable[[], float]) -> None:
        self.market = market
        self._sliding: Final = asyncio.Lock()
        """Held while windows change: candles wait for the end of a poll, and a poll for that of its rows."""
        self.hub: Final = Hub[Snapshot]()
        self._archive: Archive | None = None
        self._lens: Lens | None = None
        self._coming: Lens | None = None
        self.beside: Final = Beside(self._lens_over, self._shown_through, self._sliding, monotonic_s)
        self._changing: Final = asyncio.Lock()
        self._rebuilding: Final = asyncio.Lock()
        self._rows: dict[str, Row] = {}
        self._dirty: set[str] = set()
        self._rates: dict[str, float] = {}
        self._version = self._kept_up_minute = 0
        self._at_ms: int | None = None
        self._no_hours = NO_HOURS

    def status(self) -> SourceStatus:
        """How the source is doing at this moment."""
        raise NotImplementedError

    async def _convert(self) -> None:
        """Find what each asset is worth in dollars, in short turns."""
        prices: list[PairPrice] = []
        async for some in in_slices(tuple(self.market)):
            prices += pair_prices(some)
        await asyncio.sleep(0)
        self._rates = usd_rates(prices)
        await asyncio.sleep(0)

    async def _show_anew(self) -> None:
        """Make every row anew and publish them."""
        await self._rebuild()
        self._publish_rows()

    def series(self, instrument_id: str, metric: Metric) -> Series:
        """A copy of one window's samples, as of the newest snapshot or later.

        Raises:
            UnknownPairError: If the instrument is not listed.
        """
        shown = self.shown if self.shown.window_minutes > self.market.window_minutes else self.market
        index = METRIC_INDEX[metric]
        if shown is not self.market and shown.samples(shown.holding(instrument_id), index) is None:
            shown = self.market
        return shown.series(instrument_id, metric, self._version)

    @property
    def shown(self) -> Market:
        """The market whose figures are published."""
        return self.market if self._lens is None else self._lens

    async def set_window(self, minutes: int, metric: Metric) -> None:
        """Publish figures over another window than the one that is collected.

        Longer windows keep the price and one more metric; what is older than the collected window comes from the
        history on disk, if there is one.

        Args:
            minutes: Its length.
            metric: What is ranked by.

        Raises:
            StorageError: If the history can't be read.
        """
        async with self._changing:
            lens = None
            if minutes != self.market.window_minutes:
                lens = self._coming = self._lens_over(minutes, metric)
                try:
                    await lens.build()
                finally:
                    self._coming = None
            self._lens = lens
            if self.market.end_ms is not None:
                await self._show_anew()

    def _lens_over(self, minutes: int, metric: Metric) -> Lens:
        """Another window over the market, not built yet; see ``set_window``."""
        read = None if self._archive is None else self._archive.past
        metrics = {Metric.PRICE, metric} if minutes > self.market.window_minutes else METRICS
        return Lens(self.market, minutes, metrics, read)

    async def over(self, minutes: int, metric: Metric) -> Snapshot:
        """The newest snapshot with figures over another window; see ``Beside.over``.

        Raises:
            ServiceError: If too many others are in use.
            StorageError: If the history can't be read.
        """
        latest = self.hub.latest
        if minutes == self.shown.window_minutes and latest is not None:
            return latest
        is_longer = minutes > self.market.window_minutes
        snapshot = await self.beside.over(minutes, metric if is_longer else Metric.PRICE)
        return replace(snapshot, version=self._version, status=self.status())

    async def _shown_through(self, lens: Lens) -> Snapshot:
        """A snapshot of the market as another window shows it, up to date as far as that is."""
        return self._snapshot(tuple((await self._rows_of(lens)).values()), lens)

    async def kept(self) -> Kept:
        """What the history holds.

        Raises:
            NoDataError: If none is kept.
            StorageError: If it can't be read.
        """
        return await self._history().kept()

    async def minutes(
        self, ids: Collection[str] | None, metrics: Sequence[Metric], start_ms: int, count: int
    ) -> Loaded:
        """See ``Archive.minutes``.

        Raises:
            NoDataError: If no history is kept.
        """
        return await self._history().minutes(ids, metrics, start_ms, count)

    async def rollups(
        self, ids: Collection[str] | None, start_ms: int, end_ms: int
    ) -> Mapping[str, tuple[Rollup, ...]]:
        """See ``Archive.rollups``.

        Raises:
            NoDataError: If no history is kept.
        """
        return await self._history().rollups(ids, start_ms, end_ms)

    def _history(self) -> "Archive":
        if self._archive is None:
            raise NoDataError(SIMULATED_HOURS if self.status().is_simulated else NO_HOURS)
        return self._archive

    async def hours(self, instrument_id: str, metric: Metric, count: int) -> Hours:
        """The last ``count`` hours of one metric, from the window and from the history on disk.

        Raises:
            UnknownPairError: If the instrument is not listed.
        """
        series = self.market.series(instrument_id, metric)
        flow = self.market.series(instrument_id, Metric.FLOW) if metric is Metric.PRICE else None
        older: Mapping[int, Ohlc] = {}
        missing = SIMULATED_HOURS if self.status().is_simulated else self._no_hours
        if self._archive is not None and self.market.end_ms is not None:
            first_ms = hour_of(series.end_ms) - (count - 1) * HOUR_MS
            older, missing = await self._archive.hours(
                instrument_id, metric, first_ms, -(-series.start_ms // HOUR_MS) * HOUR_MS
            )
        return join_hours(series, count, older, hours_in(series, flow), missing)

    def _touch(self, name: str) -> None:
        for lens in (self._lens, self._coming, *self.beside.lenses):
            if lens is not None:
                lens.touch(name)

    async def _follow_lens(self, lens: Lens) -> None:
        """Bring the other window up to date; without it the collected one is shown."""
        try:
            await lens.follow()
        except StorageError as error:
            _log.warning("windows of %d minutes not read: %s", lens.window_minutes, error)
            self._lens = None

    async def _remake(self) -> None:
        """Make the rows anew whose history was loaded."""
        async with self._rebuilding:
            dirty, self._dirty = self._dirty, set()
            turns, known = Turns(), len(self._rows)
            for name in dirty:
                self._touch(name)
                self._rows[name] = self._row_of(self.shown, self.shown.holding(name), is_figured=self._is_seen(name))
                await turns.give()
            if len(self._rows) > known:
                self._rows = dict(sorted(self._rows.items()))

    def _is_seen(self, name: str) -> bool:  # noqa: ARG002  (of a board whose readers don't tell, everything is)
        """Whether somebody sees figures of other metrics than the price of a pair."""
        return True

    async def _rebuild(self) -> None:
        """Make every row anew."""
        async with self._rebuilding:
            dirty, self._dirty = self._dirty, set()
            for name in dirty:
                self._touch(name)
            if self._lens is not None:
                await self._follow_lens(self._lens)
            self._rows = await self._rows_of(self.shown)
            await self.beside.follow()

    async def _rows_of(self, shown: Market) -> dict[str, Row]:
        rows, due = dict[str, Row](), self._due_to_keep_up()
        async for some in in_slices(tuple(enumerate(shown))):
            for place, holding in some:
                name = holding.instrument.id
                is_figured = self._is_seen(name)
                rows[name] = self._row_of(shown, holding, is_figured=is_figured)
                if place % KEPT_UP in due and not is_figured:
                    self.market.keep_up(name)
        return rows

    def _due_to_keep_up(self) -> Collection[int]:
        """Which of every ``KEPT_UP`` instruments: one a minute, also of minutes in which no rows were made."""
        before, now = self._kept_up_minute, (self.market.end_ms or 0) // MINUTE_MS
        self._kept_up_minute = now
        return {minute % KEPT_UP for minute in range(max(before, now - KEPT_UP) + 1, now + 1)}

    def _row_of(self, shown: Market, holding: Holding, *, is_figured: bool) -> Row:
        """Windows that follow the market's own have their figures made with the row: they wait for nobody."""
        return make_row(shown, holding, self._rates, is_deferred=shown is self.market and not is_figured)

    def _publish_rows(self) -> None:
        self._version += 1
        self.hub.publish(self._snapshot(tuple(self._rows.values())))

    def _snapshot(self, rows: tuple[Row, ...], through: Market | None = None) -> Snapshot:
        shown = self.shown if through is None else through
        known = None
        if shown.window_minutes > self.market.window_minutes and shown.end_ms is not None:
            firsts = [figures.first_ms for row in rows if (figures := row.figures_of(Metric.PRICE)) is not None]
            first_ms = min((first for first in firsts if first is not None), default=shown.end_ms + MINUTE_MS)
            known = (shown.end_ms - first_ms) // MINUTE_MS + 1
        end_ms, minutes = self.market.end_ms, shown.window_minutes
        return Snapshot(self._version, self._at_ms, end_ms, minutes, rows, self.status(), known)
