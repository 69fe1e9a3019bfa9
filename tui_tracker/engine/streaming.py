"""Keeping a live stream open, and handing over what it says: of each pair the newest, a few times a second."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tui_tracker.core.clock import Clock
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.status import NOT_OPEN, STREAMING
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.line import Host, Line
from tui_tracker.engine.together import next_beat_s
from tui_tracker.sources.base import Stream

FLUSH_S: Final = 0.25
"""Least time between two deliveries, unless set otherwise: nobody reads faster."""
TO_THE_END_MS: Final = 300
"""So long before the end of a minute every message is read at once: its last one is the minute's sample."""
TRUSTED_MS: Final = 2_000
"""What the exchange says of when a quote is from is believed if it is no further from now."""
GRACE_MS: Final = 500
"""So long after the end of a minute something may still come that was said in it."""


class Streaming:
    """Spreads pairs over as many connections as the exchange asks for, each of which comes and goes by itself.

    Implements ``Hearer``.

    Args:
        stream: What is opened.
        clock: Where all time comes from.
        now_ms: The exchange's clock.
        host: Whom it is done for.
    """

    def __init__(self, stream: Stream, clock: Clock, now_ms: Callable[[], int], host: Host) -> None:
        self._stream: Final = stream
        self._clock: Final = clock
        self._now_ms: Final = now_ms
        self.host: Final = host
        self.pace_s = FLUSH_S
        """Least time between two deliveries."""
        self._instruments: dict[str, Instrument] = {}
        self._lines: list[Line] = []
        self._listed = asyncio.Event()
        self._arrived = asyncio.Event()
        self._newest: dict[int, dict[str, Ticker]] = {}
        """By the minute in which they were said."""
        self._delivering: Final = asyncio.Lock()

    @property
    def state(self) -> str:
        """``live``, or why it is not, or not all of it."""
        lines = [line for line in self._lines if line.instruments]
        reasons = [line.reason for line in lines if not line.is_up]
        if not lines:
            return NOT_OPEN
        if not reasons:
            return STREAMING
        up = len(lines) - len(reasons)
        return f"{up} of {len(lines)} connections: {reasons[0]}" if up else reasons[0]

    def want(self, instruments: Iterable[Instrument]) -> None:
        """Follow these: new ones on a new connection, those that are gone until theirs ends."""
        self._instruments = {one.id: one for one in instruments}
        self._listed.set()

    async def run(self) -> None:
        """Stream for ever, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._flush())
                while True:
                    await self._listed.wait()
                    self._listed.clear()
                    for line in self._spread():
                        group.create_task(line.run(lambda: self._instruments.keys()))
        finally:
            self._lines = []
            self._newest.clear()

    def _spread(self) -> list[Line]:
        """Give what nobody follows to the last line that has room, and to new ones, which are returned."""
        followed = {name for line in self._lines for name in line.instruments}
        new = [one for name, one in self._instruments.items() if name not in followed]
        begun: list[Line] = []
        while new:
            line = next((line for line in self._lines if line.room > 0), None)
            if line is None:
                line = Line(self._stream, self._clock, self._now_ms, self)
                self._lines.append(line)
                begun.append(line)
            room = line.room
            line.add(new[:room])
            del new[:room]
        return begun

    def take(self, tickers: Sequence[Ticker], said_ms: int | None = None) -> None:
        """See ``Hearer``."""
        now_ms = self._now_ms()
        at_ms = said_ms if said_ms is not None and abs(said_ms - now_ms) <= TRUSTED_MS else now_ms
        newest = self._newest.setdefault(at_ms // MINUTE_MS, {})
        for ticker in tickers:
            before = newest.get(ticker.instrument_id)
            newest[ticker.instrument_id] = ticker if before is None else ticker.completed_by(before)
        self._arrived.set()

    def rest_s(self) -> float:
        """See ``Hearer``."""
        into_ms = self._now_ms() % MINUTE_MS
        if into_ms < GRACE_MS:  # what is still on its way belongs to the minute before
            return 0.0
        return min(self.pace_s, (MINUTE_MS - into_ms - TO_THE_END_MS) / 1000)

    async def _flush(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            await self._let_late_ones_come()
            await self.drain()
            await self._clock.sleep(next_beat_s(self._clock.monotonic_s(), self.pace_s))

    async def _let_late_ones_come(self) -> None:
        """Deliver nothing of a minute before the last of the one before it has come."""
        into_ms = self._now_ms() - max(self._newest, default=0) * MINUTE_MS
        if into_ms < GRACE_MS:
            await self._clock.sleep((GRACE_MS - max(into_ms, -GRACE_MS)) / 1000)

    async def drain(self, before_ms: int | None = None) -> None:
        """Deliver at once what came so far, each minute's by itself; only that of before an instant if one is given."""
        async with self._delivering:
            for minute in sorted(self._newest):
                start_ms = minute * MINUTE_MS
                if before_ms is not None and start_ms >= before_ms:
                    break
                newest = self._newest.pop(minute, {})
                at_ms = max(start_ms, min(self._now_ms(), start_ms + MINUTE_MS - 1))
                await self.host.take_streamed(tuple(newest.values()), at_ms)
