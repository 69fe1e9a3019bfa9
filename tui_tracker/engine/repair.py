"""Which minutes that no quote told are to be filled from candles."""

import logging
from collections.abc import Collection
from typing import Final

from tui_tracker.core.series import MINUTE_MS
from tui_tracker.engine.backfill import Backfill
from tui_tracker.engine.market import Market

LONG_GAP_MS: Final = 5 * MINUTE_MS
"""An outage of at least this is repaired at once."""
MISSED: Final = 1
"""So many minutes at the end are not worth asking for: the one in which a session ended and the next began."""
PAUSE_MS: Final = 3_600_000
"""Minutes that are missed now and then are repaired at most this often."""
_log = logging.getLogger(__name__)


class Repair:
    """Compares what the market knows with what it should, and has the backfill load the rest.

    Args:
        market: What is known.
        backfill: Loads what isn't.
        interval_ms: Between two polls.
        is_streamed: Whether a stream may have told what no poll did.
    """

    def __init__(self, market: Market, backfill: Backfill, interval_ms: int, *, is_streamed: bool) -> None:
        self._market: Final = market
        self._backfill: Final = backfill
        self._interval_ms: Final = interval_ms
        self._is_streamed: Final = is_streamed
        self._repaired_ms = 0
        self._missed_ms: int | None = None
        """The last polled minute before those that are still to be repaired."""

    def take_up(self, now_ms: int) -> None:
        """Tell the backfill what of the history that was kept needn't be loaded again."""
        steps = self._backfill.steps
        finest, fine_minutes = len(steps) - 1, steps[-1].span_minutes if steps else 0
        away_minutes = (now_ms - (self._market.end_ms or 0)) // MINUTE_MS
        needs: dict[int, list[str]] = {}
        for holding in self._market:
            hole, is_coarse = self._market.missing(holding, fine_minutes)
            back = hole + away_minutes
            if back <= MISSED:
                back = 0
            if back < fine_minutes:
                needs.setdefault(finest if back or is_coarse else finest + 1, []).append(holding.instrument.id)
        for first, names in needs.items():
            self._backfill.take_up(names, first)

    def note_poll(self, at_ms: int) -> None:
        """Have filled what was missed before a poll that the market has just taken, and hasn't closed yet."""
        self._note_gap(at_ms)
        if returned := self._market.take_returned():
            _log.info("back after a while: %s", ", ".join(sorted(returned)[:20]))
            self._backfill.repair(max(returned.values()), returned)

    def _note_gap(self, at_ms: int) -> None:
        """Few minutes that no poll saw are filled only once other history is loaded.

        So a machine that misses a minute now and then doesn't begin all histories anew each time.
        """
        polled_ms = self._market.polled_ms
        if polled_ms is None:
            return
        missing = (at_ms - polled_ms) // MINUTE_MS - 1
        is_outage = missing * MINUTE_MS >= self._interval_ms
        if missing > 0 and (is_outage or at_ms - self._repaired_ms >= PAUSE_MS):
            self._missed_ms = self._missed_ms or polled_ms
        if self._missed_ms is None:
            return
        if missing * MINUTE_MS >= LONG_GAP_MS or not self._backfill.progress().is_running:
            names = self._market.unobserved(self._missed_ms, at_ms) if self._is_streamed else None
            self._backfill.repair((at_ms - self._missed_ms) // MINUTE_MS, names)
            self._repaired_ms, self._missed_ms = at_ms, None

    def note_stream_back(self, instrument_ids: Collection[str], since_ms: int, now_ms: int) -> None:
        """Have the minutes filled that no poll saw while a stream was down."""
        minutes = (now_ms - since_ms) // MINUTE_MS
        if minutes and self._interval_ms > MINUTE_MS:
            self._backfill.repair(minutes + 1, instrument_ids)
