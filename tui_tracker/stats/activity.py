"""In which 5-minute intervals an instrument is known to have traded."""

from typing import Final

BUCKET_MINUTES: Final = 5


class Activity:
    """Two bits for each UTC 5-minute interval: whether anything is known of it, and whether something traded.

    Minutes count from the epoch. Everything is O(1), and an instrument costs some 200 bytes a day.
    """

    __slots__ = ("_active", "_known", "_newest", "_size")

    def __init__(self, window_minutes: int) -> None:
        """Know nothing of a window of this length."""
        self._size = window_minutes // BUCKET_MINUTES + 2
        self._newest = -1
        self._known = self._active = 0

    @property
    def state(self) -> tuple[int, int, int]:
        """(newest interval since the epoch, or -1; known and active intervals as bits, the newest lowest)."""
        return self._newest, self._known, self._active

    def restore(self, newest: int, known: int, active: int) -> None:
        """Take up a state that was kept."""
        kept = (1 << self._size) - 1
        self._newest, self._known, self._active = newest, known & kept, active & known & kept

    def note(self, minute: int, has_traded: bool) -> None:
        """Take what is known of one minute; a trade makes its whole interval active."""
        bucket = minute // BUCKET_MINUTES
        if bucket > self._newest:
            self._slide(bucket)
        depth = self._newest - bucket
        if depth < self._size:
            self._known |= 1 << depth
            if has_traded:
                self._active |= 1 << depth

    def _slide(self, bucket: int) -> None:
        step = min(bucket - self._newest, self._size)
        kept = (1 << self._size) - 1
        self._known = self._known << step & kept
        self._active = self._active << step & kept
        self._newest = bucket

    def drop_after(self, minute: int) -> None:
        """Forget the intervals after the one of this minute."""
        late = self._newest - minute // BUCKET_MINUTES
        if late > 0:
            self._known >>= late
            self._active >>= late
            self._newest -= late

    def share(self, start: int, end: int) -> float | None:
        """Active share of the known intervals that begin in the minutes ``start`` … ``end``; ``None`` if none is known.

        The interval of ``end``, which is still open, counts only once something traded in it.
        """
        first = -(-start // BUCKET_MINUTES)
        inside = (1 << max(0, self._newest - first + 1)) - 1
        active = self._active & inside
        known = self._known & inside
        if self._newest == end // BUCKET_MINUTES:
            known = known & ~1 | active & 1
        observed = known.bit_count()
        return active.bit_count() / observed if observed else None
