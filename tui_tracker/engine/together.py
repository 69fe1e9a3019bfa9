"""What the sources of one process, which keep one history, do in turn, or once for all of them."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from tui_tracker.storage.lease import Wish
    from tui_tracker.storage.store import Store

_T = TypeVar("_T")


class Together:
    """Shared by the sources: a thread is woken once for what all of them do in the same turn of the event loop."""

    def __init__(self) -> None:
        self.turn: Final = threading.Lock()
        """What their stores take turns by."""
        self._asked: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._looking: asyncio.Future[Mapping[str, tuple[Wish, ...]] | None] | None = None
        self._wishes: Mapping[str, tuple[Wish, ...]] = {}

    async def in_thread(self, call: Callable[[], _T]) -> _T:
        """Run something that may wait for a disk. See ``asyncio.to_thread``."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_T] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._start)
        self._asked.append((call, answer))
        return await answer

    def _start(self) -> None:
        asked, self._asked = self._asked, []
        hop = asyncio.get_running_loop().run_in_executor(None, _outcomes, [call for call, _ in asked])
        hop.add_done_callback(lambda hop: _tell([answer for _, answer in asked], hop.result()))

    async def wishes(self, store: "Store", source: str) -> "tuple[Wish, ...]":
        """What other sessions ask of a source's collector, the newest first; read for all sources at once.

        Raises:
            StorageError: If that can't be read.
        """
        if self._looking is None:
            self._looking = asyncio.wrap_future(store.wishes())
            self._looking.add_done_callback(self._note)
        await asyncio.shield(self._looking)
        return self._wishes.get(source, ())

    def _note(self, looked: "asyncio.Future[Mapping[str, tuple[Wish, ...]] | None]") -> None:
        self._looking = None
        if not looked.cancelled() and looked.exception() is None:
            found = looked.result()
            self._wishes = self._wishes if found is None else found


def next_beat_s(now_s: float, period_s: float) -> float:
    """Time until the next multiple of a period, at which all who do something so often do it."""
    return period_s - now_s % period_s


def _outcomes(calls: list[Callable[[], Any]]) -> list[tuple[Any, Exception | None]]:
    return [_outcome(call) for call in calls]


def _outcome(call: Callable[[], _T]) -> tuple[_T | None, Exception | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001 - who asked for it gets it
        return None, error


def _tell(answers: "list[asyncio.Future[Any]]", outcomes: list[tuple[Any, Exception | None]]) -> None:
    for answer, (value, error) in zip(answers, outcomes, strict=True):
        if answer.done():  # nobody waits any more
            continue
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)
