"""A time limit for sending, at the cost of one timer for all who are sent something."""

import asyncio
from types import TracebackType
from typing import Final

EVERY: Final = 4
"""So many times in its time limit it is looked whether something takes longer."""


class Patience:
    """Ends what takes too long, up to a quarter too late; a timer for each would cost a tenth of a frame."""

    def __init__(self) -> None:
        self._waiting: dict[_Watch, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watched(self, most_s: float) -> "_Watch":
        """While inside a ``with``, raise ``TimeoutError`` there after ``most_s``."""
        return _Watch(self, most_s)

    def _begin(self, watch: "_Watch") -> None:
        loop = asyncio.get_running_loop()
        self._waiting[watch] = loop.time() + watch.most_s
        if self._timer is None:
            self._timer = loop.call_later(watch.most_s / EVERY, self._look, watch.most_s / EVERY)

    def _end(self, watch: "_Watch") -> None:
        del self._waiting[watch]

    def _look(self, every_s: float) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for watch, due_s in self._waiting.items():
            if now_s >= due_s:
                watch.give_up()
        self._timer = loop.call_later(every_s, self._look, every_s) if self._waiting else None


class _Watch:
    """One stretch that is watched."""

    __slots__ = ("_is_late", "_patience", "_task", "most_s")

    def __init__(self, patience: Patience, most_s: float) -> None:
        self._patience, self.most_s = patience, most_s
        self._task: asyncio.Task[object] | None = None
        self._is_late = False

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._patience._begin(self)

    def give_up(self) -> None:
        """End it."""
        if self._task is not None and not self._is_late:
            self._is_late = True
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._patience._end(self)
        if self._is_late and self._task is not None and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from error
