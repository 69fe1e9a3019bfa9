"""A session without a screen over a made-up exchange, for ``kills``: tells what is stored, and whether it collects.

``python -m tests.benchmarks.kills_session FOLDER START_S PAIRS RATE``.
"""

import logging
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path

from typing_extensions import override

from tests.support.session import FastClock
from tui_tracker.cli.headless import run_headless
from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.clock import Clock
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.status import OURS
from tui_tracker.core.ticker import Ticker, TickerBatch
from tui_tracker.engine.clock import SystemClock
from tui_tracker.engine.engine import Engine
from tui_tracker.engine.shared import SharedEngine
from tui_tracker.engine.sharing import Sharing
from tui_tracker.sources.base import HistoryStep, InstrumentBatch, ServerTime
from tui_tracker.storage.lock import CollectorLock
from tui_tracker.storage.model import Minute
from tui_tracker.storage.retention import Limits
from tui_tracker.storage.standing import Patience
from tui_tracker.storage.store import Store

SOURCE = "made"
START_MS = 1_795_653_160_000
HISTORY_MINUTES = 180
LIMITS = Limits(most_bytes=3 * 2**20)
PATIENCE = Patience(fill_rest_s=2.0, upkeep_s=0.2)
"""Merging and retention at nearly every moment."""


@lru_cache(maxsize=1)
def instruments(pairs: int) -> tuple[Instrument, ...]:
    """What is listed."""
    names = [f"A{at:04}" for at in range(pairs)]
    return tuple(Instrument(f"{SOURCE}:{each}-USD", each, "USD", f"{each}USD", (f"{each}/USD",), 2) for each in names)


@lru_cache(maxsize=1)
def ids(pairs: int) -> tuple[str, ...]:
    """Their ids."""
    return tuple(each.id for each in instruments(pairs))


def quote(minute: int, place: int, name: str) -> Ticker:
    """What is answered of one pair in a minute, at any instant of it: the same for the same minute."""
    ticks = 10_000 + 37 * place + (minute * (place % 89 + 3)) % 211 + (minute // 7 * place) % 53
    volume = 50.0 + (minute * 7 + place * 13) % 977 / 8
    trades = 3 + (minute + place) % 40
    today = minute % 1_440 + 1
    price = ticks / 100
    return Ticker(
        name, price, price - 0.01, price + 0.02, volume, volume * price, trades, None, None, today / 4, 3 * today
    )


@lru_cache(maxsize=2_000)
def expected(minute: int, pairs: int) -> tuple[tuple[float | None, ...], ...]:
    """The samples of a minute, in the order of ``METRICS``."""
    return tuple(quote(minute, place, each).values() for place, each in enumerate(ids(pairs)))


class MadeSource:
    """Implements ``Source``: cheap to ask, so that a process collects soon after its start."""

    name = SOURCE
    is_simulated = False
    history = (HistoryStep(1, HISTORY_MINUTES),)

    def __init__(self, clock: Clock, pairs: int) -> None:
        self._clock, self._pairs = clock, pairs
        self._place = {each: place for place, each in enumerate(ids(pairs))}

    async def instruments(self) -> InstrumentBatch:
        """See ``Source``."""
        return InstrumentBatch(instruments(self._pairs))

    def recall(self, instruments: Sequence[Instrument]) -> None:
        """See ``Source``."""

    async def tickers(self) -> TickerBatch:
        """See ``Source``."""
        sent_ms = self._clock.now_ms()
        quotes = tuple(quote(sent_ms // 60_000, place, each) for place, each in enumerate(ids(self._pairs)))
        return TickerBatch(quotes, sent_ms=sent_ms)

    async def candles(self, instrument: Instrument, step_minutes: int) -> CandleBatch:
        """See ``Source``; a second of the market each."""
        await self._clock.sleep(1.0)
        end, place = self._clock.now_ms() // 60_000, self._place[instrument.id]
        closes = ((minute, quote(minute, place, "").last or 0.0) for minute in range(end - HISTORY_MINUTES, end))
        return CandleBatch(step_minutes, tuple(Candle(minute * 60_000, close, 0.5, 2) for minute, close in closes))

    async def server_time(self) -> ServerTime:
        """See ``Source``."""
        now_ms = self._clock.now_ms()
        return ServerTime(now_ms, now_ms, now_ms)

    def next_slot_s(self) -> float:
        """See ``Source``."""
        return 0.0

    async def aclose(self) -> None:
        """See ``Source``."""


def tell(what: str, number: int) -> None:
    """Write a line at once: several threads tell, and one may be killed while it does."""
    os.write(sys.stdout.fileno(), f"{what} {number}\n".encode())


class TellingStore(Store):
    """Tells of each minute that is on disk."""

    @override
    def append(self, minute: Minute) -> "Future[bool]":
        future = super().append(minute)

        def acknowledge(stored: "Future[bool]") -> None:
            if not stored.cancelled() and stored.exception() is None and stored.result():
                tell("stored", minute.minute)

        future.add_done_callback(acknowledge)
        return future


async def run(folder: Path, start_s: float, pairs: int, rate: float) -> None:
    """Collect or follow until killed or told to end; a minute of the market takes 60 s / ``rate``."""
    clock = FastClock(START_MS, start_s, rate)
    lock = CollectorLock(folder, SOURCE)
    store = TellingStore(
        folder, clock.now_ms, limits=LIMITS, patience=PATIENCE, may_recover=lambda: lock.is_held or lock.is_free()
    )
    sharing = Sharing(store, SOURCE, lock, SystemClock())
    try:
        async with SharedEngine(MadeSource(clock, pairs), clock, store, sharing).running() as engine:
            await report(engine)
    finally:
        sharing.release()


async def report(engine: Engine) -> None:
    """Tell who collects, and that there is something to show."""
    was_leading: bool | None = None
    is_ready = False
    async for snapshot in engine.hub.subscribe():
        is_leading = snapshot.status.collector == OURS
        if is_leading is not was_leading:
            was_leading = is_leading
            tell("leads", int(is_leading))
        if snapshot.rows and not is_ready:
            is_ready = True
            tell("ready", int(time.monotonic()))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s: %(message)s")
    run_headless(lambda: run(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
