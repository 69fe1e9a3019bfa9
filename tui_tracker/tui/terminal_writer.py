"""Output to a terminal that may stop being read at any moment."""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import Final

from tui_tracker.tui.shown import ShownScreen

LIMIT: Final = 128 * 1024
"""Bytes that may wait for the terminal before frames are dropped: a first paint and the small frames after it."""


class TerminalWriter:
    """Writes frames whole or not at all, of each only what the terminal doesn't show yet; never waits for the reader.

    What the kernel doesn't take waits here, at most ``limit`` bytes (or a single larger frame). When a frame finds no
    room, it and the frames that wait are dropped, but for the one that is half written; from then on the writer is
    *behind* and drops every frame, until the terminal has taken all that waits. Then ``on_caught_up`` is called, once,
    to have the whole screen drawn again. Use it in the thread of its loop only.

    Args:
        fd: A non-blocking descriptor; stays the caller's.
        loop: The running loop.
        on_caught_up: Called when the terminal is read again after frames were dropped.
        on_gone: Called once, when the terminal cannot be written to any more.
        encoding: Of the terminal; what it cannot encode is written as ``?``.
        limit: See above.
    """

    def __init__(
        self,
        fd: int,
        loop: asyncio.AbstractEventLoop,
        *,
        on_caught_up: Callable[[], object],
        on_gone: Callable[[], object],
        encoding: str = "utf-8",
        limit: int = LIMIT,
    ) -> None:
        self._fd = fd
        self._loop = loop
        self._on_caught_up = on_caught_up
        self._on_gone = on_gone
        self._encoding = encoding
        self._limit = limit
        self._frame: list[str] = []
        self._flush_soon: asyncio.Handle | None = None
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._waiting_bytes = 0
        self._written_of_first = 0
        self._is_watching = False
        self._is_behind = False
        self._is_closed = False
        self._shown = ShownScreen()

    @property
    def is_behind(self) -> bool:
        """Whether frames were dropped that have not been made up for."""
        return self._is_behind

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait for the terminal."""
        return self._waiting_bytes

    def add(self, text: str) -> None:
        """Add to the frame that is being built; it ends at ``flush``, or else when the loop's current step ends."""
        if self._is_closed:
            return
        self._frame.append(text)
        if self._flush_soon is None:
            self._flush_soon = self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """End the frame and write it, or as much as the kernel takes at once."""
        if self._flush_soon is not None:
            self._flush_soon.cancel()
            self._flush_soon = None
        if self._frame:
            frame = "".join(self._frame)
            self._frame.clear()
            if self._is_behind:
                return
            if text := self._shown.difference(frame):
                self._submit(text, may_drop=True)

    def put_modes(self, sequence: str) -> None:
        """Write a sequence that is never dropped, after all frames before it; what the screen shows then is unknown."""
        self.flush()
        self.forget_screen()
        self._submit(sequence, may_drop=False)

    def forget_screen(self) -> None:
        """Write the next frame whole: something else may have changed the screen."""
        self._shown.forget()

    def resize(self, columns: int, lines: int) -> None:
        """The terminal has this size now, and may show anything."""
        self._shown.resize(columns, lines)

    def close(self) -> bool:
        """Forget what waits; later calls do nothing.

        Returns:
            Whether something was left half written.
        """
        is_cut = self._written_of_first > 0
        self._is_closed = True
        if self._flush_soon is not None:
            self._flush_soon.cancel()
            self._flush_soon = None
        self._frame.clear()
        self._waiting.clear()
        self._waiting_bytes = self._written_of_first = 0
        self._watch(False)
        return is_cut

    def _submit(self, text: str, *, may_drop: bool) -> None:
        if self._is_closed:
            return
        data = text.encode(self._encoding, "replace")
        if may_drop and (self._is_behind or (self._waiting and self._waiting_bytes + len(data) > self._limit)):
            self._fall_behind()
            return
        self._waiting.append((data, may_drop))
        self._waiting_bytes += len(data)
        if not self._is_watching:
            self._write()

    def _fall_behind(self) -> None:
        if self._is_behind:
            return
        self._is_behind = True
        self._shown.forget()
        kept = [
            (data, may_drop)
            for index, (data, may_drop) in enumerate(self._waiting)
            if not may_drop or (index == 0 and self._written_of_first)
        ]
        self._waiting = deque(kept)
        self._waiting_bytes = sum(len(data) for data, _ in kept) - self._written_of_first

    def _write(self) -> None:
        try:
            while self._waiting:
                data, _ = self._waiting[0]
                written = os.write(self._fd, memoryview(data)[self._written_of_first :])
                self._waiting_bytes -= written
                self._written_of_first += written
                if self._written_of_first == len(data):
                    self._waiting.popleft()
                    self._written_of_first = 0
        except BlockingIOError:
            self._watch(True)
            return
        except OSError:
            self.close()
            self._on_gone()
            return
        self._watch(False)
        if self._is_behind:
            self._is_behind = False
            self._on_caught_up()

    def _watch(self, wanted: bool) -> None:
        if wanted == self._is_watching:
            return
        self._is_watching = wanted
        if wanted:
            self._loop.add_writer(self._fd, self._write)
        else:
            self._loop.remove_writer(self._fd)
