"""Questions to a server, and their answers."""

import asyncio
from collections.abc import Callable
from typing import Final

from tui_tracker.core.errors import FeedError, TrackerError
from tui_tracker.core.text import clean
from tui_tracker.feed import messages

ANSWER_S: Final = 120.0
"""For a window of 30 days the server reads every minute of all pairs."""


class Questions:
    """Numbers questions and hands answers to who asked; asks again after the line broke.

    Args:
        send: Sends a question, if there is a line.
    """

    def __init__(self, send: Callable[[messages.Ask], None]) -> None:
        self._send = send
        self._number = 0
        self._failed: TrackerError | None = None
        self._open: dict[int, tuple[messages.Ask, asyncio.Future[messages.Answer]]] = {}

    async def ask(
        self,
        what: str,
        *,
        ids: tuple[str, ...] | None = None,
        metrics: tuple[str, ...] = (),
        start_ms: int = 0,
        count: int = 0,
    ) -> messages.Answer:
        """Ask, and wait for the answer; the parameters are those of ``messages.Ask``.

        Raises:
            FeedError: If the server can't answer, or doesn't.
        """
        if self._failed is not None:
            raise self._failed
        self._number += 1
        ask = messages.Ask(self._number, what, ids, metrics, start_ms, count)
        future: asyncio.Future[messages.Answer] = asyncio.get_running_loop().create_future()
        self._open[ask.number] = ask, future
        self._send(ask)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await future
        except TimeoutError as error:
            raise FeedError(f"the server did not answer within {ANSWER_S:g} s", "try again") from error
        finally:
            del self._open[ask.number]

    def again(self) -> None:
        """Send all that are open to a server that doesn't know them."""
        for ask, _ in self._open.values():
            self._send(ask)

    def take(self, event: messages.Event) -> None:
        """Take an event: the answer to one of them, or why there is none, or anything else."""
        if not isinstance(event, messages.Answer | messages.Trouble):
            return
        _, future = self._open.get(event.number or 0, (None, None))
        if future is None or future.done():
            return
        if isinstance(event, messages.Answer):
            future.set_result(event)
        else:
            future.set_exception(FeedError(clean(event.detail or event.title)))

    def fail(self, error: TrackerError) -> None:
        """No answer will come any more."""
        self._failed = error
        for _, future in self._open.values():
            if not future.done():
                future.set_exception(error)
