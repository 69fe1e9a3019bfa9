"""Windows that begin full: what a minute costs once a program has run for a whole day."""

import random
from array import array

from typing_extensions import override

from tui_tracker.core.candle import Provenance
from tui_tracker.core.metric import METRICS
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.engine.market import Market
from tui_tracker.stats.window import Window

_CHANCE = random.Random(1)
_NOISE = tuple(1 + _CHANCE.uniform(-1e-3, 1e-3) for _ in range(4_096))


class _FullFromTheFirst(Window):
    """Takes a day of samples near its first one before that, and is an ordinary window from then on."""

    __slots__ = ()

    @override
    def push(self, minute_ms: int, value: float, provenance: Provenance = Provenance.POLL) -> bool:
        start = hash((minute_ms, value)) % (len(_NOISE) - self.length)
        before = array("d", [value * noise for noise in _NOISE[start : start + self.length]])
        has_returns = self._returns is not None
        full = Window.restore(minute_ms - MINUTE_MS, before, length=self.length, has_returns=has_returns)
        for name in Window.__slots__:
            setattr(self, name, getattr(full, name))
        self.__class__ = Window  # type: ignore[assignment]
        return self.push(minute_ms, value, provenance)


def begin_full() -> None:
    """Let every window of the program be full from its first sample on."""

    def new_window(market: Market, index: int) -> Window:
        return _FullFromTheFirst(market.window_minutes, has_returns=METRICS[index].has_returns)

    Market._new_window = new_window  # type: ignore[assignment,method-assign]
