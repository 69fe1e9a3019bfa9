"""What waits to be written, in order: minutes, what candles told, and what other sessions are told."""

import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_tracker.core.errors import StorageError, StorageFault
from tui_tracker.storage.events import Event, Loaded
from tui_tracker.storage.model import Fill
from tui_tracker.storage.promises import fail, resolve
from tui_tracker.storage.standing import Patience
from tui_tracker.storage.writer import Writer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Write:
    """A closed minute, or a list of instruments, in the order in which they came."""

    run: Callable[[Writer, list[Fill]], None]
    """Writes it, with the fills that wait, and resolves its future."""
    fail: Callable[[Exception], None]
    minute_ms: int | None = None


class Waiting:
    """Bounded: of too much, the oldest is let go (``Patience``). On the store's thread.

    Args:
        path: Of the history.
        patience: How long and how much is waited.
        on_stored: Told of each minute that is on disk.
    """

    def __init__(self, path: Path, patience: Patience, on_stored: Callable[[int], None]) -> None:
        self._path: Final = path
        self._patience: Final = patience
        self._on_stored: Final = on_stored
        self._writes: Final[deque[Write]] = deque()
        self._fills: Final[deque[tuple[Fill, Future[None]]]] = deque()
        self._news: Final[deque[Event]] = deque()
        self._lost_news = False
        self._due_s = 0.0
        self.dropped = 0
        """Minutes and fills that were let go since the start."""

    @property
    def minutes(self) -> int:
        """How many minutes wait."""
        return len(self._writes)

    @property
    def has_samples(self) -> bool:
        """Whether anything waits that a reader would miss."""
        return bool(self._writes or self._fills)

    @property
    def due_s(self) -> float | None:
        """When what doesn't go with a minute is due, monotonic; ``None`` where there is none of it."""
        return self._due_s if self._fills or self._news else None

    def add(self, write: Write) -> None:
        """Take a minute, to be written at once."""
        self._writes.append(write)
        if len(self._writes) > self._patience.most_minutes:
            self._writes.popleft().fail(self._let_go("minute"))

    def add_fill(self, filled: Fill, future: "Future[None]") -> None:
        """Take what candles told."""
        self._set_due()
        self._fills.append((filled, future))
        if len(self._fills) > self._patience.most_fills:
            fail(self._fills.popleft()[1], self._let_go("fill"))

    def add_event(self, event: Event) -> bool:
        """Take what other sessions are to be told; whether that is to be written at once."""
        self._set_due()
        self._news.append(event)
        if len(self._news) > self._patience.most_news:
            self._news.popleft()
            self._lost_news = True
        return not isinstance(event, Loaded)

    def _set_due(self) -> None:
        if self.due_s is None:
            self._due_s = time.monotonic() + self._patience.fill_pause_s

    def _let_go(self, what: str) -> StorageError:
        self.dropped += 1
        return StorageError(f"a {what} was let go unwritten", StorageFault.OVERFLOW, str(self._path))

    def write(self, writer: Writer, source: str | None) -> None:
        """Write all that waits; ``source`` is that of which others are told.

        Raises:
            StorageError: If that failed; what was not written goes on waiting.
        """
        if source is not None:
            self._tell(writer, source)
        while self._writes:
            write, fills = self._writes[0], tuple(self._fills)
            try:
                write.run(writer, [filled for filled, _ in fills])
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - what can never be written must not block the rest
                _log.exception("a minute of the history was unusable")
                self._writes.popleft().fail(error)
                continue
            self._writes.popleft()
            self._settle(fills)
            if write.minute_ms is not None:
                self._on_stored(write.minute_ms)
        if fills := tuple(self._fills):
            writer.add_fills([filled for filled, _ in fills])
            self._settle(fills)

    def _tell(self, writer: Writer, source: str) -> None:
        if not self._news:
            return
        fills, events = tuple(self._fills), tuple(self._news)
        try:
            writer.tell(source, events, [filled for filled, _ in fills], is_complete=not self._lost_news)
        except StorageError:
            raise
        except Exception:  # noqa: BLE001 - what can never be told must not block the rest
            _log.exception("other sessions can't be told")
            self._lost_news = True
            self._news.clear()
            return
        self._lost_news = False
        self._news.clear()
        self._settle(fills)

    def _settle(self, fills: "tuple[tuple[Fill, Future[None]], ...]") -> None:
        for _, future in fills:
            self._fills.popleft()
            resolve(future, None)

    def fail(self, error: StorageError) -> None:
        """Give everything up."""
        for write in self._writes:
            write.fail(error)
        for _, future in self._fills:
            fail(future, error)
        self._writes.clear()
        self._fills.clear()
        self._lost_news = self._lost_news or bool(self._news)
        self._news.clear()
