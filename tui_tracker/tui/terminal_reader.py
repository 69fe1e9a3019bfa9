"""Input from a terminal, when there is some: no polling, no thread."""

import asyncio
import codecs
import logging
import os
import re
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
_REST_S: Final = 0.5
_INTRODUCER: Final = "\x1b]11;"
_BACKGROUND: Final = re.compile(r"\x1b\]11;([^\x07\x1b]{0,40})(?:\x07|\x1b\\)")
_TAIL: Final = 40
"""Longer than any escape sequence that the parser waits for."""


class TerminalReader:
    """Turns the bytes of a terminal into Textual's messages while it is open.

    At most 4 KiB are read at a time, and none while the app is crowded. Use it in the thread of its loop only.

    Args:
        fd: Where to read; stays the caller's.
        loop: The running loop.
        on_message: Gets every key, mouse event, paste and answer of the terminal, in order.
        on_background: Gets what the terminal says that its background is, as ``rgb:ffff/ffff/ffff``.
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
        on_background: Callable[[str], object] = lambda _: None,
        debug: bool = False,
    ) -> None:
        self._fd = fd
        self._loop = loop
        self._on_message = on_message
        self._on_end = on_end
        self._is_crowded = is_crowded
        self._debug = debug
        self._on_background = on_background
        self._held = ""
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
        self._held = ""
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
        if text := self._without_answer(self._decoder.decode(data)):
            self._parse(text)
        if self._is_watching and self._is_crowded():
            self._stop_watching()
            self._crowded_timer = self._loop.call_later(_CROWDED_S, self.open)

    def _without_answer(self, text: str) -> str:
        """Take the answer about the background out of the input, however late and in however many pieces it comes.

        Textual's parser would make keys of it. The start of one waits for its rest, but not for long.
        """
        text, self._held = self._held + text, ""
        if "\x1b]" not in text:
            return text
        for match in reversed(list(_BACKGROUND.finditer(text))):
            self._on_background(match[1])
            text = text[: match.start()] + text[match.end() :]
        place = text.rfind("\x1b]")
        rest = text[place:]
        if place >= 0 and len(rest) <= _TAIL and (rest.startswith(_INTRODUCER) or _INTRODUCER.startswith(rest)):
            text, self._held = text[:place], text[place:]
            self._loop.call_later(_REST_S, self._let_go, self._held)
        return text

    def _let_go(self, held: str) -> None:
        """Take for keys what was no answer after all."""
        if self._held == held:
            self._held = ""
            self._parse(held)

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
