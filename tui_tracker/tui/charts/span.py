"""Which part of the window a chart shows. Pure."""

from dataclasses import dataclass
from typing import Final

MINUTE_MS: Final = 60_000
LEAST_MINUTES: Final = 10


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a window; it follows the newest minute or stays where it was put."""

    minutes: int
    end_ms: int | None = None
    """Its last minute; ``None`` follows the newest one."""

    def bounds(self, start_ms: int, count: int, step: int = 1) -> tuple[int, int]:
        """Indices ``[start, stop)`` into ``count`` values from ``start_ms`` on, ``step`` minutes apart.

        As long as it is, and within them.
        """
        length = min(-(-self.minutes // step), count)
        if self.end_ms is None:
            return count - length, count
        stop = (self.end_ms - start_ms) // (step * MINUTE_MS) + 1
        stop = max(length, min(stop, count))
        return stop - length, stop

    def zoomed(self, is_in: bool, around_ms: int | None, start_ms: int, count: int, step: int = 1) -> "Span":
        """Half or twice as long; ``around_ms`` keeps its place on the screen, else the right edge does."""
        start, stop = self.bounds(start_ms, count, step)
        length = max(min(LEAST_MINUTES, count), (stop - start) // 2) if is_in else min(count, 2 * (stop - start))
        at = stop - 1 if around_ms is None else max(start, min((around_ms - start_ms) // (step * MINUTE_MS), stop - 1))
        share = (at - start + 1) / max(1, stop - start)
        return _ending(round(at + 1 + (1 - share) * length), length, start_ms, count, step)

    def panned(self, direction: int, start_ms: int, count: int, step: int = 1) -> "Span":
        """A quarter of its length later (``direction`` 1) or earlier (−1), within the window."""
        start, stop = self.bounds(start_ms, count, step)
        length = stop - start
        return _ending(stop + direction * max(1, length // 4), length, start_ms, count, step)


def _ending(stop: int, length: int, start_ms: int, count: int, step: int) -> Span:
    stop = max(length, min(stop, count))
    return Span(length * step, None if stop == count else start_ms + (stop - 1) * step * MINUTE_MS)
