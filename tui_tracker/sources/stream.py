"""Live quotes over WebSockets: what is the same for all exchanges that give them."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import (
    ConfigError,
    MalformedDataError,
    RateLimitedError,
    RejectedError,
    SourceError,
    TimedOutError,
    UnreachableError,
)
from tui_tracker.core.foreground import QUIET
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import Ticker
from tui_tracker.core.trust import trusting
from tui_tracker.sources.answer import read_retry_after, reason
from tui_tracker.sources.base import Listener
from tui_tracker.sources.budget import FIRST_PAUSE_S, LONGEST_BAN_S, LONGEST_PAUSE_S, RequestBudget
from tui_tracker.sources.dialogue import MOST_LOGGED, Dialogue
from tui_tracker.sources.proxies import NEXT_ADDRESS_S, proxy_of

MAX_MESSAGE_BYTES: Final = 4_000_000
OPEN_S: Final = 10.0
PING_S: Final = 10.0
BETWEEN_S: Final = 1.0
"""Least time between two openings of connections: every exchange allows more."""
TURN_S: Final = 0.001
"""Messages that are there are read for so long before everything else gets its turn."""
AWAKE_S: Final = 0.02
"""A connection is read for at least so long …"""
FEW: Final = 20
"""… and then rested from if no more messages than these came, which is a thousand a second."""
TOO_MANY: Final = (418, 429)
_NO_MESSAGE: Final = (CloseCode.PROTOCOL_ERROR, CloseCode.INVALID_DATA, CloseCode.MESSAGE_TOO_BIG)
_log = logging.getLogger(__name__)


class _Opening(connect):
    """A connection to the place that was asked for: a redirect would lead to another one."""

    @override
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class SocketStream:
    """Opens connections to one exchange; see ``Stream``.

    Args:
        url: Where they lead, ``wss://…``.
        clock: Spaces connections and messages.
        dialogue: What is said on them.
        budget: Of the requests to the exchange: connections and requests are refused to the same address.
        ca_file: Certificates of authorities that are trusted beside those of the system; empty for none.
        bans: HTTP statuses that shut an address out, and for how many seconds at least.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        dialogue: type[Dialogue],
        budget: RequestBudget,
        ca_file: str = "",
        bans: Mapping[int, float] = MappingProxyType({}),
    ) -> None:
        self._url: Final = url
        self._budget: Final = budget
        self._bans: Final = bans
        self._clock: Final = clock
        self._kind: Final = dialogue
        self._ca_file: Final = ca_file
        self._tls: ssl.SSLContext | None = None
        self._title: Final = dialogue.title
        self._turn: Final = asyncio.Lock()
        self._free_s = 0.0
        self._malformed = 0

    @property
    def most_pairs(self) -> int:
        """See ``Stream.most_pairs``."""
        return self._kind.most_pairs

    async def run(self, instruments: Sequence[Instrument], listener: Listener) -> None:
        """See ``Stream.run``."""
        dialogue = self._kind({self._kind.symbol(one): one.id for one in instruments})
        await self._while_open(lambda socket: self._follow(socket, dialogue, listener))

    async def try_open(self) -> None:
        """See ``Stream.try_open``."""
        await self._while_open(lambda _: asyncio.sleep(0))

    async def _while_open(self, use: Callable[[ClientConnection], Awaitable[None]]) -> None:
        """Open one connection when it is time to, and close it after use.

        Raises:
            SourceError: Why it can't be opened, or ended.
        """
        await self._wait_for_turn()
        try:
            async with _Opening(
                self._url,
                ssl=self._secured(),
                proxy=proxy_of(self._url),
                happy_eyeballs_delay=NEXT_ADDRESS_S,
                max_size=MAX_MESSAGE_BYTES,
                compression=None,
                open_timeout=OPEN_S,
                close_timeout=1,
                ping_interval=PING_S,
                ping_timeout=PING_S,
            ) as socket:
                await use(socket)
        except InvalidStatus as error:
            raise self._refusal(error.response.status_code, error.response.headers.get("Retry-After")) from error
        except RateLimitedError as error:
            raise self._limited(error.message, error.retry_after_s, error.http_status) from error
        except ConnectionClosed as error:
            raise self._ended(error) from error
        except TimeoutError as error:
            raise TimedOutError(f"the stream of {self._title} was not opened in time") from error
        except (OSError, WebSocketException, ConfigError) as error:
            raise UnreachableError(f"no stream: {reason(error)}") from error

    def _ended(self, error: ConnectionClosed) -> SourceError:
        """Who closed the connection, and why."""
        received, sent = error.rcvd, error.sent
        if _is_unanswered(error):
            return TimedOutError(f"the stream of {self._title} said nothing for {2 * PING_S:.0f} s")
        if sent is not None and sent.code in _NO_MESSAGE and not error.rcvd_then_sent:
            what = clean(sent.reason or CloseCode(sent.code).name, 80)
            return MalformedDataError(f"the stream of {self._title} sent what is no message: {what}")
        said = "" if received is None else f": {clean(received.reason or str(received.code), 80)}"
        return UnreachableError(f"{self._title} ended the stream{said}")

    def _refusal(self, status: int, retry_after: str | None) -> SourceError:
        text = f"{self._title} refused the stream: HTTP {status}"
        if status in TOO_MANY or status in self._bans:
            longest_s = LONGEST_BAN_S if status in self._bans else LONGEST_PAUSE_S
            return self._limited(text, read_retry_after(retry_after, self._clock.now_ms(), longest_s), status)
        error = RejectedError(text)
        error.http_status = status
        return error

    def _limited(self, text: str, asked_s: float | None, status: int | None) -> RateLimitedError:
        """Open nothing while the address is shut out, and let requests wait: as long, where they would be refused too.

        Where only the stream is too much they go on after a moment, since they are all that is known meanwhile.
        """
        if (least_s := self._bans.get(status or 0)) is not None:
            asked_s = min(max(least_s, asked_s or 0.0), LONGEST_BAN_S)
            if status == self._kind.ban_status:
                text += f"; nothing is asked for {asked_s / 60:.0f} min"
                self._budget.pause(asked_s, LONGEST_BAN_S)
        if asked_s is not None:  # for all connections: it is the address that came too often
            self._free_s = max(self._free_s, self._clock.monotonic_s() + asked_s)
        self._budget.pause(FIRST_PAUSE_S)
        error = RateLimitedError(text, asked_s)
        error.http_status = status
        return error

    def _secured(self) -> ssl.SSLContext | None:
        if self._tls is None and self._url.startswith("wss"):
            self._tls = trusting(self._ca_file)
        return self._tls

    async def _wait_for_turn(self) -> None:
        async with self._turn:
            while (wait_s := self._turn_s() - self._clock.monotonic_s()) > 0:  # a ban may come meanwhile
                await self._clock.sleep(wait_s)
            self._free_s = self._clock.monotonic_s() + BETWEEN_S

    def _turn_s(self) -> float:
        return max(self._free_s, self._budget.limited_until_s or 0.0)

    async def _follow(self, socket: ClientConnection, dialogue: Dialogue, listener: Listener) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                speaking = group.create_task(self._speak(socket, dialogue))
                try:
                    await self._listen(socket, dialogue, listener)
                finally:
                    speaking.cancel()
        except* (ConnectionClosed, SourceError) as errors:
            first = _first(errors)
            is_slow = asyncio.get_running_loop().time() - dialogue.heard_s < PING_S
            if is_slow and isinstance(first, ConnectionClosed) and _is_unanswered(first):
                text = f"the stream of {self._title} tells quotes and answers no ping: this machine may be too busy"
                raise TimedOutError(text) from None
            raise first from None

    async def _speak(self, socket: ClientConnection, dialogue: Dialogue) -> None:
        while True:
            while dialogue.unsaid:
                await socket.send(dialogue.unsaid.popleft())
                await self._clock.sleep(dialogue.pause_s)
            await self._clock.sleep(dialogue.ping_s)
            if dialogue.ping:
                await socket.send(dialogue.ping)

    async def _listen(self, socket: ClientConnection, dialogue: Dialogue, listener: Listener) -> None:
        try:
            async with asyncio.timeout(dialogue.silence_s) as patience:
                await self._hear(socket, dialogue, listener, patience)
        except TimeoutError:
            raise TimedOutError(f"the stream of {self._title} said nothing for {dialogue.silence_s:g} s") from None

    async def _hear(
        self, socket: ClientConnection, dialogue: Dialogue, listener: Listener, patience: asyncio.Timeout
    ) -> None:
        told_s, gaps, was_answered = self._clock.monotonic_s(), 0, False
        awake_s, heard = told_s, 0
        turn_s, loop = told_s, asyncio.get_running_loop()
        while True:
            message = await socket.recv()
            tickers = self._read(dialogue, message)
            if dialogue.is_answered and not was_answered:
                was_answered = True
                listener.opened()
            if dialogue.gaps > gaps:
                gaps = dialogue.gaps
                listener.missed()
            if tickers:
                told_s = self._clock.monotonic_s()
                listener.told(tickers, dialogue.said_ms)
            else:
                self._check(dialogue, self._clock.monotonic_s() - told_s)
            heard += 1
            now_s = self._clock.monotonic_s()
            if now_s - turn_s >= TURN_S:
                await asyncio.sleep(0)
                await QUIET.get()()
                turn_s = now_s = self._clock.monotonic_s()
            if now_s - awake_s >= AWAKE_S:
                if heard <= FEW and was_answered:
                    await self._rest(socket, listener.rest_s())
                awake_s, heard = self._clock.monotonic_s(), 0
                dialogue.heard_s = loop.time()
                patience.reschedule(dialogue.heard_s + dialogue.silence_s)

    async def _rest(self, socket: ClientConnection, rest_s: float) -> None:
        """Leave messages to the kernel for a while: to wake up for each by itself costs more than to read it."""
        if rest_s > 0:
            socket.transport.pause_reading()
            try:
                await self._clock.sleep(rest_s)
            finally:
                socket.transport.resume_reading()

    def _read(self, dialogue: Dialogue, message: str | bytes) -> list[Ticker]:
        try:
            return dialogue.read(message)
        except (ValueError, RecursionError) as error:
            self._note_malformed(message, error)
            return []

    def _check(self, dialogue: Dialogue, quoteless_s: float) -> None:
        """A connection that speaks, but of nothing that was asked for, is dead too.

        Raises:
            TimedOutError: If it doesn't for too long.
        """
        why = f" ({dialogue.refusal})" if dialogue.refusal else ""
        if not dialogue.is_answered and quoteless_s > dialogue.silence_s:
            raise TimedOutError(f"the stream of {self._title} did not answer for {dialogue.silence_s:g} s{why}")
        if quoteless_s > dialogue.quoteless_s:
            raise TimedOutError(f"the stream of {self._title} told no quote for {dialogue.quoteless_s:g} s{why}")

    def _note_malformed(self, message: str | bytes, error: Exception) -> None:
        """Log the first few of what can't be read, not thousands."""
        self._malformed += 1
        if self._malformed <= MOST_LOGGED:
            start = message[:80] if isinstance(message, str) else repr(message[:80])
            _log.warning("unreadable message of %s: %s: %s", self._title, clean(str(error), 80), clean(start, 100))


def _is_unanswered(error: ConnectionClosed) -> bool:
    """Whether we closed the connection since no answer to a ping was read."""
    return error.rcvd is None and error.sent is not None and error.sent.code == CloseCode.INTERNAL_ERROR


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
