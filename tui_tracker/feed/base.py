"""The seam: everything that a person or a program sees comes through a ``Feed``."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Protocol

from tui_tracker.core.hours import Hours
from tui_tracker.core.kept import Kept, Loaded, Rollup
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import Series
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import SourceReport, SourceStatus


class Feed(Protocol):
    """A live market, wherever it is collected."""

    def updates(self) -> AsyncIterator[Snapshot]:
        """Yield the newest snapshot now, then each newer one; a slow reader skips versions, never sees one twice.

        A snapshot is yielded when rows or status change. The iterator ends when the feed closes.

        Raises:
            TrackerError: If the feed has failed for good (only feeds that collect once do).
        """
        ...

    async def series(self, instrument_id: str, metric: Metric) -> Series:
        """Return the samples of one window, a copy.

        Raises:
            UnknownPairError: If there is no such instrument.
        """
        ...

    async def hours(self, instrument_id: str, metric: Metric, count: int) -> Hours:
        """Return the last ``count`` hours (``MOST_HOURS`` at most) of one metric, as far as they are kept.

        Raises:
            UnknownPairError: If there is no such instrument.
        """
        ...

    async def set_window(self, minutes: int, metric: Metric) -> None:
        """Show figures and ranks over another window, exactly, from the next snapshot on.

        Beyond a day only the price and ``metric`` are kept; the snapshot tells how much of the window is known.

        Raises:
            TrackerError: If that can't be done here.
        """
        ...

    def status(self) -> SourceStatus:
        """Return how the source is doing at this moment."""
        ...

    def health(self) -> SourceReport:
        """Return everything that is known of how the source is doing; made for a person who looks, not for each row."""
        ...

    def request_poll(self) -> int:
        """Ask for a poll as soon as the request budget allows; return that instant (corrected clock, ms)."""
        ...

    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """Load history of these first, in this order; replaces the earlier list."""
        ...


class PastFeed(Feed, Protocol):
    """A market at a past moment, which every status tells (``SourceStatus.moment``)."""

    async def go(self, minute_ms: int, metric: Metric) -> None:
        """Show a minute, or the nearest that the history has: price and ``metric`` first, all else when it is read.

        Raises:
            TrackerError: If there is no history, or it can't be read.
        """
        ...

    def play(self, is_playing: bool) -> None:
        """Let time go on from here, a minute a second, or stand."""
        ...

    def earlier(self, first_ms: int, minutes: int, metric: Metric) -> AsyncIterator[Snapshot]:
        """Yield the market of so many minutes from one on, to rank it by price or a metric. Needs no ``go`` before.

        Raises:
            TrackerError: If it can't be read.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class History(Protocol):
    """What is kept of a market, wherever it is."""

    async def kept(self) -> Kept:
        """Return what there is.

        Raises:
            TrackerError: If no history is kept, or it can't be read.
        """
        ...

    async def minutes(
        self, ids: Collection[str] | None, metrics: Sequence[Metric], start_ms: int, count: int
    ) -> Loaded:
        """Return ``count`` single minutes (a day at most) of some instruments, ``None`` for all, as far as kept.

        Raises:
            TrackerError: If no history is kept, or it can't be read.
        """
        ...

    async def rollups(
        self, ids: Collection[str] | None, start_ms: int, end_ms: int
    ) -> Mapping[str, tuple[Rollup, ...]]:
        """Return the hourly sums of some instruments that begin from ``start_ms`` to before ``end_ms``, oldest first.

        Raises:
            TrackerError: If no history is kept, or it can't be read.
        """
        ...


class DeepFeed(Feed, History, Protocol):
    """A live market where it is collected: with its history, and over any window for each who asks."""

    async def over(self, minutes: int, metric: Metric) -> Snapshot:
        """Return the newest snapshot with figures over another window, exactly; what is published stays as it is.

        Beyond a day it has the figures of price and ``metric`` alone. The first time it is made, which takes a while.

        Raises:
            TrackerError: If too many others are in use, or the history can't be read.
        """
        ...
