"""Live quotes over a WebSocket: what all exchanges that give them have in common."""

import asyncio
import logging
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import RateLimitedError, RejectedError, SourceError, TimedOutError, UnreachableError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import Ticker

MAX_MESSAGE_BYTES: Final = 4_000_000
OPEN_S: Final = 10.0
PING_S: Final = 10.0
TOO_MANY: Final = (418, 429)
_log = logging.getLogger(__name__)

OnTickers = Callable[[Sequence[Ticker]], None]


class SocketStream(ABC):
    """One connection that tells quotes as they change; an exchange says what is asked and how answers read.

    Args:
        url: Where it is, ``wss://…``.
        clock: Spaces messages.
    """

    title: ClassVar[str]
    silence_s: ClassVar[float]
    """A connection on which nothing was said for so long is dead."""
    pause_s: ClassVar[float] = 0.1
    """Least time between two messages of ours."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url: Final = url
        self._clock: Final = clock
        self._malformed = 0

    @abstractmethod
    def symbol(self, instrument: Instrument) -> str:
        """What the stream calls an instrument."""

    @abstractmethod
    def subscriptions(self, symbols: Sequence[str]) -> Iterable[str]:
        """The messages that ask for the quotes of all symbols."""

    @abstractmethod
    def read(self, message: str | bytes, ids: Mapping[str, str]) -> list[Ticker]:
        """The quotes in a message, none where it is of another kind.

        Args:
            message: As it came.
            ids: Of instruments, by what the stream calls them.

        Raises:
            SourceError: If it says that the stream can't go on.
            ValueError: If it can't be read.
        """

    async def run(self, instruments: Sequence[Instrument], on_tickers: OnTickers) -> None:
        """Connect, ask for all instruments, and hand over what is said, until that ends.

        Raises:
            SourceError: Why it ended; it always does.
        """
        ids = {self.symbol(one): one.id for one in instruments}
        try:
            async with connect(
                self._url,
                max_size=MAX_MESSAGE_BYTES,
                compression=None,
                open_timeout=OPEN_S,
                close_timeout=1,
                ping_interval=PING_S,
                ping_timeout=PING_S,
            ) as socket:
                await self._follow(socket, ids, on_tickers)
        except InvalidStatus as error:
            raise _refusal(self.title, error.response.status_code, error.response.headers.get("Retry-After")) from error
        except ConnectionClosed as error:
            said = "" if error.rcvd is None else f": {clean(error.rcvd.reason or str(error.rcvd.code), 80)}"
            raise UnreachableError(f"{self.title} ended the stream{said}") from error
        except ssl.SSLError as error:
            raise UnreachableError(f"no secure stream: {clean(error.reason or str(error))}") from error
        except TimeoutError as error:
            raise TimedOutError(f"the stream of {self.title} was not opened in time") from error
        except (OSError, WebSocketException) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise UnreachableError(f"no stream: {clean(reason)}") from error

    async def _follow(self, socket: ClientConnection, ids: Mapping[str, str], on_tickers: OnTickers) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(self._ask(socket, tuple(ids)))
                try:
                    await self._listen(socket, ids, on_tickers)
                finally:
                    asking.cancel()
        except* (ConnectionClosed, SourceError) as errors:
            raise _first(errors) from None

    async def _ask(self, socket: ClientConnection, symbols: Sequence[str]) -> None:
        for message in self.subscriptions(symbols):
            await socket.send(message)
            await self._clock.sleep(self.pause_s)

    async def _listen(self, socket: ClientConnection, ids: Mapping[str, str], on_tickers: OnTickers) -> None:
        while True:
            try:
                async with asyncio.timeout(self.silence_s):
                    message = await socket.recv()
            except TimeoutError:
                raise TimedOutError(f"the stream of {self.title} said nothing for {self.silence_s:g} s") from None
            try:
                tickers = self.read(message, ids)
            except (ValueError, RecursionError) as error:
                self._note_malformed(message, error)
                continue
            if tickers:
                on_tickers(tickers)

    def _note_malformed(self, message: str | bytes, error: Exception) -> None:
        """Log the first few of what can't be read, not thousands."""
        self._malformed += 1
        if self._malformed <= 20:
            start = message[:80] if isinstance(message, str) else repr(message[:80])
            _log.warning("unreadable message of %s: %s: %s", self.title, clean(str(error), 80), clean(start, 100))


def _refusal(title: str, status: int, retry_after: str | None) -> SourceError:
    text = f"{title} refused the stream: HTTP {status}"
    if status in TOO_MANY:
        seconds = float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
        return RateLimitedError(text, seconds)
    error = RejectedError(text)
    error.http_status = status
    return error


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
