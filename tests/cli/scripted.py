"""A composition for commands in tests: a feed whose snapshots are written down beforehand."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from io import StringIO

from tui_tracker.api.server import ServeOptions, Serving
from tui_tracker.cli.replay_spec import ReplaySpec
from tui_tracker.config.model import Settings
from tui_tracker.config.state import State, StateStore
from tui_tracker.core.errors import ServiceError, SourceError
from tui_tracker.core.figures import Figures
from tui_tracker.core.hours import Hours
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import Series
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import BackfillProgress, SourceReport, SourceState, SourceStatus
from tui_tracker.feed.base import Feed

AT_MS = 1_709_330_277_123


def make_row(
    base: str,
    quote: str = "USD",
    stddev: float = 2.0,
    samples: int = 1440,
    volume_usd: float | None = 1e6,
    halted: str = "",
    digits: int = 2,
) -> Row:
    """A row whose price has a mean of 100."""
    figures = Figures(1440, samples, 100.0, stddev, 95.0, 105.0, 99.0, AT_MS, 101.5, AT_MS, 0.5)
    instrument = Instrument(f"kraken:{base}-{quote}", base, quote, f"{base}{quote}", (), digits)
    others = (None,) * (len(METRICS) - 1)
    return Row(
        instrument,
        101.5,
        101.0,
        102.0,
        volume_usd,
        True,
        halted,
        None,
        (figures, *others),
        (1, samples - 4, 0, 3),
        high=105.0,
        low=95.0,
        activity=0.5,
    )


class Terminal(StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


class ScriptedFeed:
    """Yields an empty snapshot, then the polled rows, then progress of what was asked, then the rows with history."""

    def __init__(
        self,
        rows: Sequence[Row],
        failed: Sequence[str] = (),
        error: SourceError | None = None,
        state: SourceState = SourceState.LIVE,
        reason: str = "",
    ) -> None:
        self.state, self.reason = state, reason
        self.rows = tuple(rows)
        self.failed = tuple(failed)
        self.error = error
        self.asked: list[str] = []
        self.longer: tuple[int, Metric] | None = None

    def _snapshot(self, version: int, rows: Sequence[Row], backfill: BackfillProgress) -> Snapshot:
        status = SourceStatus("kraken", self.state, error=self.reason, backfill=backfill)
        at_ms = AT_MS if rows else None
        return Snapshot(version, at_ms, at_ms, 1440, tuple(rows), status)

    async def updates(self) -> AsyncIterator[Snapshot]:
        yield self._snapshot(0, (), BackfillProgress())
        if self.error is not None:
            raise self.error
        bare = [row._replace(figures=(None,) * len(METRICS)) for row in self.rows]
        yield self._snapshot(1, bare, BackfillProgress())
        yield self._snapshot(1, bare, BackfillProgress())
        total = len(self.asked)
        for done in range(total):
            yield self._snapshot(2, bare, BackfillProgress(done, total, (), 2.0 * (total - done)))
        failed = tuple(name for name in self.failed if name in self.asked)
        kept = [row if row.id in self.asked and row.id not in failed else bare[n] for n, row in enumerate(self.rows)]
        yield self._snapshot(3, kept, BackfillProgress(total, total, failed))
        if self.longer is not None:
            yield replace(self._snapshot(4, kept, BackfillProgress()), window_minutes=self.longer[0])

    async def series(self, instrument_id: str, metric: Metric) -> Series:
        raise NotImplementedError

    async def hours(self, instrument_id: str, metric: Metric, count: int) -> Hours:
        raise NotImplementedError

    async def set_window(self, minutes: int, metric: Metric) -> None:
        self.longer = (minutes, metric)

    def status(self) -> SourceStatus:
        raise NotImplementedError

    def health(self) -> SourceReport:
        raise NotImplementedError

    def request_poll(self) -> int:
        raise NotImplementedError

    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        self.asked = list(instrument_ids)


class ScriptedComposition:
    """Hands out one feed, and remembers what it was asked for."""

    def __init__(self, feed: ScriptedFeed | None = None, app_code: int = 0) -> None:
        self.feed = feed if feed is not None else ScriptedFeed([])
        self.app_code = app_code
        self.settings: Settings | None = None
        self.window: int | None = None
        self.across = False
        self.metrics: Collection[Metric] = ()
        self.options: ServeOptions | None = None
        self.server: Serving | None = None
        self.state = State()
        self.store: StateStore | None = None
        self.is_closed = False
        self.replay: ReplaySpec | None = None

    def collect_once(
        self, settings: Settings, window: int, *, across: bool = False, metrics: Collection[Metric] = METRICS
    ) -> AbstractAsyncContextManager[Feed]:
        self.settings, self.window, self.across, self.metrics = settings, window, across, metrics
        return self._collect()

    def collect_live(self, settings: Settings) -> AbstractAsyncContextManager[Feed]:
        self.settings = settings
        return self._collect()

    @asynccontextmanager
    async def _collect(self) -> AsyncIterator[Feed]:
        try:
            yield self.feed
        finally:
            self.is_closed = True

    def serve(self, settings: Settings, options: ServeOptions) -> AbstractAsyncContextManager[Serving]:
        self.settings, self.options = settings, options
        return self._served()

    @asynccontextmanager
    async def _served(self) -> AsyncIterator[Serving]:
        if self.server is None:
            raise ServiceError("cannot listen", "choose another --port")
        yield self.server

    def run_app(self, settings: Settings, state: State, store: StateStore, replay: ReplaySpec | None = None) -> int:
        self.replay = replay
        self.settings, self.state, self.store = settings, state, store
        return self.app_code
