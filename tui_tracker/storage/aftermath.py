"""What is known beside the windows once minutes were brought in: where they end, and who traded when."""

from collections.abc import Collection
from typing import Final

from tui_tracker.core.kept import Stretch
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.activity import BUCKET_MINUTES, Activity
from tui_tracker.storage.model import LastSeen, Latest
from tui_tracker.storage.reader import Reader

WINDOW_MINUTES: Final = 1_440
_TELLING: Final = (Metric.PRICE, Metric.FLOW, Metric.TRADES, Metric.VOLUME)


def latest_after(reader: Reader, source: str, last: int, brought: Collection[str]) -> Latest:
    """Return what ``Archive`` takes up: that of before, up to the later of its minute and ``last`` (since the epoch).

    Of instruments that were brought in, trades are told from their samples; quotes are told by the next poll.
    """
    before = reader.latest(source)
    end = last if before is None else max(last, before.minute_ms // MINUTE_MS)
    first = end - WINDOW_MINUTES + 1
    loaded = reader.load(source, _TELLING, first * MINUTE_MS, WINDOW_MINUTES)
    seen = {} if before is None else {each.instrument_id: each for each in before.instruments}
    for name in brought:
        found = loaded.get(name)
        if found is not None:
            seen[name] = _told(seen.get(name) or LastSeen(name), found, first)
    instruments = tuple(seen[name] for name in sorted(seen))
    return Latest(end * MINUTE_MS, instruments, None if before is None else before.polled_ms)


def _told(seen: LastSeen, found: dict[Metric, Stretch], first: int) -> LastSeen:
    """Add what samples of a window from ``first`` on tell of trades."""
    activity = Activity(WINDOW_MINUTES)
    activity.restore(seen.activity_newest, seen.activity_known, seen.activity_active)
    flows: dict[int, list[float]] = {}
    traded = -1
    if (series := found.get(Metric.FLOW)) is not None:
        for minute, flow in enumerate(series.values, first):
            if flow == flow:
                flows.setdefault(minute // BUCKET_MINUTES, []).append(flow)
                traded = minute if flow > 0 else traded
    for bucket, each in flows.items():
        if any(each) or len(each) == BUCKET_MINUTES:
            activity.note(bucket * BUCKET_MINUTES, any(each))
    traded = max(traded, _moved(found.get(Metric.PRICE), first))
    if traded < 0 and any(map(_ends_above_zero, (found.get(Metric.TRADES), found.get(Metric.VOLUME)))):
        traded = first  # some time in the window
    newest, known, active = activity.state
    last_trade_ms = max(seen.last_trade_ms or -1, traded * MINUTE_MS)
    return seen._replace(
        last_trade_ms=last_trade_ms if last_trade_ms >= 0 else None,
        activity_newest=newest,
        activity_known=known,
        activity_active=active,
    )


def _moved(prices: Stretch | None, first: int) -> int:
    """The last minute whose price differs from the one before: a trade made it; -1 if there is none."""
    moved, before = -1, None
    for minute, price in enumerate(prices.values, first) if prices is not None else ():
        if price == price:
            if before is not None and price != before:
                moved = minute
            before = price
    return moved


def _ends_above_zero(series: Stretch | None) -> bool:
    known = [] if series is None else [value for value in series.values if value == value]
    return bool(known) and known[-1] > 0
