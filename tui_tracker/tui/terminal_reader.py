"""Input from a terminal, when there is some: no polling, no thread."""

import asyncio
import codecs
import logging
import os
from collections.abc import Callable, Iterator
from typing import Final

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.keys import Keys
from textual.message import Message
from typing_extensions import override

logger = logging.getLogger(__name__)

_READ_BYTES: Final = 4096
_CROWDED_S: Final = 0.02
_TAIL: Final = 40
"""Longer than any escape sequence that the parser waits for."""


class TerminalReader:
    """Turns the bytes of a terminal into Textual's messages while it is open.

    At most 4 KiB are read at a time, and none while the app is crowded. Use it in the thread of its loop only.

    Args:
        fd: Where to read; stays the caller's.
        loop: The running loop.
        on_message: Gets every key, mouse event, paste and answer of the terminal, in order.
        on_end: Called once at the end of input, which for a terminal means that it is gone.
        is_crowded: Whether the app has more input than it can handle.
        debug: Log input as Textual's parser does.
    """

    def __init__(
        self,
        fd: int,
        loop: asyncio.AbstractEventLoop,
        *,
        on_message: Callable[[Message], None],
        on_end: Callable[[], object],
        is_crowded: Callable[[], bool],
        debug: bool = False,
    ) -> None:
        self._fd = fd
        self._loop = loop
        self._on_message = on_message
        self._on_end = on_end
        self._is_crowded = is_crowded
        self._debug = debug
        self._parser = _Parser(debug)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._is_watching = False
        self._tick_timer: asyncio.TimerHandle | None = None
        self._crowded_timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to read."""
        self._crowded_timer = None
        try:
            self._loop.add_reader(self._fd, self._read)
        except PermissionError:
            # A file or /dev/null, where nobody ever types.
            self._on_end()
            return
        self._is_watching = True

    def close(self) -> None:
        """Read no more; may be called again."""
        self._stop_watching()
        for timer in (self._tick_timer, self._crowded_timer):
            if timer is not None:
                timer.cancel()
        self._tick_timer = self._crowded_timer = None

    def _stop_watching(self) -> None:
        if self._is_watching:
            self._is_watching = False
            self._loop.remove_reader(self._fd)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            logger.info("the terminal is gone: %s", error)
            data = b""
        if not data:
            self.close()
            self._on_end()
            return
        if text := self._decoder.decode(data):
            self._parse(text)
        if self._is_watching and self._is_crowded():
            self._stop_watching()
            self._crowded_timer = self._loop.call_later(_CROWDED_S, self.open)

    def _parse(self, text: str) -> None:
        parsed: list[Message] = []
        try:
            parsed.extend(self._parser.feed(text))
        except Exception:
            # The parser is a generator: after an error it would never parse anything again.
            logger.exception("dropped input that cannot be parsed")
            self._parser = _Parser(self._debug)
        for message in parsed:
            self._on_message(message)
        if self._tick_timer is not None:
            self._tick_timer.cancel()
        elif "\x1b" not in text[-_TAIL:]:
            return
        self._tick_timer = self._loop.call_later(constants.ESCAPE_DELAY + 0.01, self._tick)

    def _tick(self) -> None:
        """Let the parser tell a lone escape key from the start of a sequence."""
        self._tick_timer = None
        for message in self._parser.tick():
            self._on_message(message)


class _Parser(XTermParser):
    """Textual's parser, which would die of a key code that is no character."""

    @override
    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterator[events.Key]:
        try:
            yield from super()._sequence_to_key_events(sequence, alt)
        except (ValueError, OverflowError):
            yield events.Key(Keys.Ignore, sequence)
