"""The market over another window than the one that is collected: a market of its own, which follows."""

import asyncio
from array import array
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from typing_extensions import override

from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.engine.market import Holding, Market
from tui_tracker.engine.turns import Turns
from tui_tracker.stats.samples import Samples
from tui_tracker.stats.window import Window

Minutes = dict[Metric, tuple["array[float]", bytearray]]
"""Values and provenance of one instrument, all of one length."""
Past = dict[str, Minutes]
"""Minutes before the collected window, by instrument."""
ReadPast = Callable[[Sequence[Metric], int, int], Awaitable[Past]]
"""Reads the minutes of some metrics from a start (ms) to before an end."""
MOST_STEPS: Final = 60
"""Minutes that windows are moved by one by one; beyond, they are made anew."""


class Lens(Market):
    """Windows of another length, up to the end of the market that collects.

    Shorter ones are the last minutes of that market's. Longer ones should keep few metrics, since each takes 8 bytes a
    minute and pair; their older minutes come from the history.

    Args:
        main: The market that collects.
        minutes: Length of the windows.
        metrics: What is kept of each pair.
        read: Reads the older minutes; ``None`` where there is no history.
    """

    def __init__(self, main: Market, minutes: int, metrics: Collection[Metric], read: ReadPast | None) -> None:
        super().__init__(minutes)
        self.is_longer: Final = minutes > main.window_minutes
        self._kept: Final = sorted({METRIC_INDEX[metric] for metric in metrics})
        self._main: Final = main
        self._read: Final = read
        self._stale: set[str] = set()

    @property
    def size(self) -> int:
        """Bytes that its samples take where all are known."""
        return 8 * self.window_minutes * len(self._kept) * len(self._main)

    async def build(self) -> None:
        """Make every window anew.

        Raises:
            StorageError: If the history can't be read.
        """
        past, main, start_ms = Past(), self._main, 0
        if self.is_longer and self._read is not None and main.end_ms is not None:
            start_ms = main.end_ms - (self.window_minutes - 1) * MINUTE_MS
            metrics = [METRICS[index] for index in self._kept]
            past = await self._read(metrics, start_ms, main.start_ms + MOST_STEPS * MINUTE_MS)
        self._holdings.clear()
        self._stale.clear()
        self._take_ends()
        turns = Turns()
        for holding in tuple(main):
            await self._make(holding, start_ms, past.pop(holding.instrument.id, {}))
            await turns.give()

    async def _make(self, holding: Holding, start_ms: int, past: Minutes) -> None:
        """Make the windows of one instrument; long ones in a thread.

        Args:
            holding: As the other market has it.
            start_ms: First minute of ``past``.
            past: Its minutes in the history, up to some that the other market has too.
        """
        own = self._shown(holding)
        for index in self._kept:
            window, older = self._main.samples(holding, index), past.get(METRICS[index])
            if window is None and older is None:
                continue
            if older is None:
                assert window is not None
                values, origins = window.values(), window.origins()
            else:
                recent = window or self._empty()
                before = (self._main.start_ms - start_ms) // MINUTE_MS
                values, origins = older[0][:before] + recent.values(), bytes(older[1][:before]) + recent.origins()
                window = recent
            if self.is_longer:
                made = await asyncio.to_thread(self._made, index, window.end_ms or 0, values, origins)
            else:
                made = self._made(index, window.end_ms or 0, values, origins)
            own.windows[index] = _broken_alike(made, window)

    def _empty(self) -> Window:
        window = Window(self._main.window_minutes)
        window.advance(self._end_ms or 0)
        return window

    def _made(self, index: int, end_ms: int, values: "array[float]", origins: bytes) -> Window:
        window = Window.restore(end_ms, values, origins, self.window_minutes, has_returns=METRICS[index].has_returns)
        if self.is_longer:
            window.figures()  # builds what the next figures are brought up to date from
        return window

    @override
    def has_traded(self, holding: Holding) -> bool:
        if super().has_traded(holding):
            return True
        if self.window_minutes < self._main.window_minutes:
            return False
        return self._main.has_traded(self._main.holding(holding.instrument.id))  # it may know more than quotes tell

    def forget(self) -> None:
        """Make everything anew at the next occasion: the other market began anew."""
        self._end_ms = None

    def touch(self, instrument_id: str) -> None:
        """Say that history of an instrument was loaded; what else of it comes is taken with the next minute."""
        self._stale.add(instrument_id)
        if self.is_longer:
            return
        holding = self._main.holding(instrument_id)
        own = self._shown(holding)
        for index in self._kept:
            window = self._main.samples(holding, index)
            if window is not None:
                made = self._made(index, window.end_ms or 0, window.values(), window.origins())
                own.windows[index] = _broken_alike(made, window)

    async def follow(self) -> None:
        """Bring everything up to the end of the market that collects.

        Raises:
            StorageError: If windows had to be made anew and the history couldn't be read.
        """
        end_ms, before_ms = self._main.end_ms, self._end_ms
        if end_ms is None:
            return
        if before_ms is None or not 0 <= end_ms - before_ms <= MOST_STEPS * MINUTE_MS:
            await self.build()
            return
        self._take_ends()
        turns = Turns()
        for holding in self._main:
            own = self._shown(holding)
            for index in self._kept:
                self._move(own, index, self._main.samples(holding, index), before_ms)
            await turns.give()
        stale, self._stale = self._stale, set()
        for name in stale & set(self._holdings):
            self._correct(name)
            await asyncio.sleep(0)

    @override
    def active_share(self, instrument_id: str, start: int, end: int) -> float | None:
        return self._main.active_share(instrument_id, start, end)

    def _take_ends(self) -> None:
        main = self._main
        self._end_ms, self._polled_ms = main.end_ms, main.polled_ms
        listed = {holding.instrument.id for holding in main}
        self._holdings = {name: self._holdings[name] for name in sorted(listed & set(self._holdings))}

    def _shown(self, holding: Holding) -> Holding:
        """An instrument as the other market knows it, but for its windows."""
        own = self._holdings.get(holding.instrument.id)
        if own is None:
            own = self._holdings[holding.instrument.id] = Holding(holding.instrument, holding.activity)
        own.instrument, own.activity = holding.instrument, holding.activity
        own.ticker, own.is_suspect, own.quoted_ms = holding.ticker, holding.is_suspect, holding.quoted_ms
        own.mid_ms, own.members = holding.mid_ms, holding.members
        own.halted, own.halted_since_ms = holding.halted, holding.halted_since_ms
        own.last_trade_ms = holding.last_trade_ms
        return own

    def _move(self, own: Holding, index: int, main: Samples | None, before_ms: int) -> None:
        """Slide a window, and take what is new from the newest minute on that it had."""
        window, end_ms = own.windows[index], self._end_ms or 0
        if main is None:
            if window is not None:
                window.advance(end_ms)
            return
        if window is None:
            own.windows[index] = _broken_alike(self._made(index, main.end_ms or 0, main.values(), main.origins()), main)
            return
        window.advance(end_ms)
        for minute_ms in range(before_ms, end_ms + 1, MINUTE_MS):
            _copy(window, main, minute_ms)
        _broken_alike(window, main)

    def _correct(self, name: str) -> None:
        """Take what was loaded into minutes that both have."""
        holding, own = self._main.holding(name), self._holdings[name]
        for index in self._kept:
            main, window = self._main.samples(holding, index), own.windows[index]
            if main is not None and window is not None:
                for minute_ms in range(max(self.start_ms, self._main.start_ms), (self._end_ms or 0) + 1, MINUTE_MS):
                    _copy(window, main, minute_ms)
                _broken_alike(window, main)


def _broken_alike(window: Window, main: Samples) -> Window:
    """The window, with the breaks of another one."""
    for minute_ms in main.breaks_ms:
        window.break_returns(minute_ms)
    return window


def _copy(window: Window, main: Samples, minute_ms: int) -> None:
    """Take one minute, where it differs."""
    found = main.sample(minute_ms)
    if found[1] and window.sample(minute_ms) != found:
        window.replace(minute_ms, *found)
