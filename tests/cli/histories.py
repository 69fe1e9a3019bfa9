"""Histories on disk for tests of commands."""

from pathlib import Path

from tests.storage.made import FIRST, MINUTE_MS, SOURCE, instruments, made_fill, made_minute
from tui_tracker.core.candle import Provenance
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import SourceState, SourceStatus
from tui_tracker.engine.archive import Archive
from tui_tracker.engine.market import Market
from tui_tracker.engine.rows import make_row
from tui_tracker.stats.ranking import rank
from tui_tracker.storage.connection import FILE_NAME, open_for_writing
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.model import LastSeen, Latest
from tui_tracker.storage.store import Store
from tui_tracker.storage.writer import Writer

PAIRS = 4
LAST = FIRST + 1_500


def make_history(folder: Path, minutes: int = 1_440, *, merged: bool = True) -> None:
    """Minutes of a few pairs up to ``LAST``, with candles of one of them, a gap, and what is known at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    database = open_for_writing(folder / FILE_NAME)
    database.connection.execute("PRAGMA synchronous = OFF")
    writer = Writer(database)
    writer.put_instruments(SOURCE, instruments(PAIRS), 1)
    first = LAST - minutes + 1
    for minute in range(first, LAST + 1):
        if minute % 100 not in (7, 8, 9):
            writer.append(made_minute(minute, PAIRS, with_latest=False))
    writer.add_fills([made_fill(1, first, 40), made_fill(2, first + 3, 20, Provenance.CANDLE_5M)])
    seen = tuple(LastSeen(each.id, last_trade_ms=LAST * MINUTE_MS) for each in instruments(PAIRS))
    writer.put_latest(SOURCE, Latest(LAST * MINUTE_MS, seen))
    merger = Merger(database)
    while merged and merger.step():
        pass
    database.close()


async def restored(folder: Path) -> Market:
    """What an engine takes up from a history."""
    market = Market()
    store = Store(folder, lambda: LAST * MINUTE_MS)
    archive = Archive(store, SOURCE, market, lambda: None)

    try:
        end_ms = await archive.restore((LAST + 1) * MINUTE_MS)
        assert end_ms is not None
        assert await archive.restore_others(end_ms)
    finally:
        store.close()
    return market


def windows(market: Market) -> dict[str, object]:
    """Values of all windows, bit for bit, and where they came from."""
    return {
        holding.instrument.id: [
            None if window is None else (window.values().tobytes(), window.origins(), window.figures())
            for window in holding.windows
        ]
        for holding in market
    }


def ranks(market: Market) -> dict[tuple[Metric, Measure], list[tuple[str, int | None, float | None, str]]]:
    """Ranks and figures by every metric and measure."""
    rows = tuple(make_row(market, holding, {}) for holding in market)
    snapshot = Snapshot(1, LAST * MINUTE_MS, market.end_ms, 1_440, rows, SourceStatus(SOURCE, SourceState.LIVE))
    return {
        (metric, measure): [
            (place.row.id, place.rank, place.value, place.reason)
            for place in rank(snapshot, metric, measure, min_coverage=0.5).places
        ]
        for metric in METRICS
        for measure in Measure
    }
