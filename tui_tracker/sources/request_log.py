"""What is remembered of requests: how many left lately, and how long answers took."""

from collections import deque
from math import ceil
from typing import Final

from tui_tracker.core.clock import Clock
from tui_tracker.core.status import RequestReport

MEASURED: Final = 256
"""Quantiles are exact over so many answers, the last ones."""
_MINUTE_S: Final = 60.0
_MOST_SENT: Final = 4_096


class RequestLog:
    """A bounded memory of the requests to one server; each note is O(1) amortised.

    Args:
        clock: Gives the monotonic time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spacing_s = 0.0
        self._sent: deque[tuple[float, int]] = deque(maxlen=_MOST_SENT)
        self._took_ms: deque[int] = deque(maxlen=MEASURED)
        self._answered = self._failed = self._waiting = 0

    def note_pace(self, spacing_s: float) -> None:
        """The budget lets a request of weight 1 through in so many seconds; 0 for no limit."""
        self._spacing_s = spacing_s

    def note_waiting(self, waiting: int) -> None:
        """So many requests wait for the budget."""
        self._waiting = waiting

    def note_slot(self, weight: int = 1) -> None:
        """A request may leave now, which counts as so many."""
        self._sent.append((self._clock.monotonic_s(), weight))
        self._forget()

    def note_answer(self, took_ms: int) -> None:
        """A whole answer came; a clock that was set back meanwhile counts as no time."""
        self._answered += 1
        self._took_ms.append(max(0, took_ms))

    def note_failure(self) -> None:
        """No whole answer came."""
        self._failed += 1

    def report(self) -> RequestReport:
        """All of it at this moment. O(n log n) of the measured answers."""
        self._forget()
        took_ms = sorted(self._took_ms)
        return RequestReport(
            answered=self._answered,
            failed=self._failed,
            measured=len(took_ms),
            p50_ms=quantile(took_ms, 0.5),
            p95_ms=quantile(took_ms, 0.95),
            last_minute=sum(weight for _, weight in self._sent),
            most_a_minute=ceil(_MINUTE_S / self._spacing_s) if self._spacing_s > 0 else None,
            waiting=self._waiting,
        )

    def _forget(self) -> None:
        since_s = self._clock.monotonic_s() - _MINUTE_S
        while self._sent and self._sent[0][0] <= since_s:
            self._sent.popleft()


def quantile(ordered: list[int], fraction: float) -> int | None:
    """The smallest value that at least ``fraction`` of all don't exceed; ``None`` of nothing."""
    return ordered[max(0, ceil(fraction * len(ordered)) - 1)] if ordered else None
