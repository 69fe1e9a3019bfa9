"""Between Textual and the terminal, without threads: nothing here blocks the event loop or wakes it for nothing."""

import asyncio
import os
import signal
import sys
import termios
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from textual import constants, events
from textual.drivers.linux_driver import (
    KITTY_DISAMBIGUATE_ESCAPE_CODES,
    KITTY_REPORT_ALL_KEYS,
    KITTY_REPORT_ASSOCIATED_TEXT,
    LinuxDriver,
)
from textual.geometry import Size
from textual.message import Message
from typing_extensions import override

from tui_tracker.tui.foreground import Foreground
from tui_tracker.tui.messages import BackgroundTold
from tui_tracker.tui.terminal import Terminal, terminal_size
from tui_tracker.tui.terminal_reader import TerminalReader
from tui_tracker.tui.terminal_writer import TerminalWriter

if TYPE_CHECKING:
    from textual.app import App

Result = TypeVar("Result")

EXIT_HANGUP: Final = 128 + signal.SIGHUP
"""Exit code when the terminal went away."""

ASK_BACKGROUND: Final = "\x1b]11;?\x07"
"""Asks for the colour of the background (xterm's OSC 11); whoever doesn't know it says nothing."""
_ASK_NOTHING: Final = ("linux", "screen", "vt100", "")
_MESSAGES_AHEAD: Final = 500
_CONTINUE_S: Final = 0.02
_MAX_SIDE: Final = 2000

_KITTY_FLAGS: Final = KITTY_DISAMBIGUATE_ESCAPE_CODES | KITTY_REPORT_ALL_KEYS | KITTY_REPORT_ASSOCIATED_TEXT
_MOUSE_ON: Final = "\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h"
_MOUSE_OFF: Final = "\x1b[?1016l\x1b[?1006l\x1b[?1015l\x1b[?1003l\x1b[?1000l"


def end_app(app: "App[Result]", return_code: int) -> None:
    """Ask the app to end with a return code, unless it is ending already.

    While it still builds its first screen it ends right after that, since Textual refuses to mount widgets into an app
    that is ending, which would be reported as a crash.
    """
    if app.return_code is not None:
        return
    if app._dom_ready:
        app.exit(return_code=return_code)
    else:
        app.call_after_refresh(end_app, app, return_code)


def install_signal_handlers(app: "App[Result]") -> None:
    """Let SIGTERM and SIGHUP end the app like its own quit does, with 143 and 129 as return codes.

    Call it in the running loop, in the main thread, once the app runs (``on_mount``).
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end_app, app, 128 + number)


class QuietDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, on the event loop instead of two threads.

    Give it to the app as ``driver_class``. Output that nobody reads is dropped frame by frame and made up for by one
    full repaint; input arrives by readiness, not by polling; the terminal is handed back within a second whatever
    state it is in.
    """

    @override
    def __init__(
        self,
        app: "App[Result]",
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        may_stop = signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert sys.__stderr__ is not None, "Textual draws on stderr"
        self._output_fd = sys.__stderr__.fileno()
        self._encoding = sys.__stderr__.encoding or "utf-8"
        # The base class has installed handlers that act in the middle of whatever is running.
        signal.signal(signal.SIGTSTP, signal.SIG_DFL if may_stop else signal.SIG_IGN)
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        self._may_stop = may_stop
        self._terminal: Terminal | None = None
        self._writer: TerminalWriter | None = None
        self._reader: TerminalReader | None = None
        self._continue_timer: asyncio.TimerHandle | None = None
        self._pointer_changed = False
        self._foreground: Foreground = getattr(app, "foreground", None) or Foreground()
        if self._size is None:
            self._size = self._get_terminal_size()

    def on_hangup(self) -> None:
        """Called once input has ended or the terminal is gone; by default the app ends with return code 129."""
        end_app(self._app, EXIT_HANGUP)

    @property
    @override
    def can_suspend(self) -> bool:
        """Whether the process may be stopped by ctrl+z; not where whoever started us ignores SIGTSTP."""
        return self._may_stop

    @property
    def is_behind(self) -> bool:
        """Whether the terminal isn't read fast enough and shows an old state."""
        return self._writer is not None and self._writer.is_behind

    @override
    def _get_terminal_size(self) -> tuple[int, int]:
        return terminal_size(self._output_fd) if self._terminal is None else self._terminal.size()

    @override
    def send_message(self, message: Message) -> None:
        self._app.post_message(message)

    @override
    def write(self, data: str) -> None:
        """Add to the current frame; dropped while not in application mode."""
        if self._writer is not None:
            self._pointer_changed = self._pointer_changed or data.startswith("\x1b]22;")
            self._writer.add(data)

    @override
    def flush(self) -> None:
        """End the current frame and write it as far as that is possible without waiting."""
        if self._writer is not None:
            self._writer.flush()
        self._foreground.painted()

    @override
    def start_application_mode(self) -> None:
        """Take over the terminal; in the background, the process is stopped in here until it is in the foreground."""
        if self._writer is not None:
            return
        if self._terminal is None:
            self._terminal = Terminal.open(self._output_fd, self.fileno)
        terminal = self._terminal
        if not self._make_raw(terminal):
            return
        self._writer = TerminalWriter(
            terminal.output,
            self._loop,
            on_caught_up=self._app.refresh,
            on_gone=self._end_input,
            encoding=self._encoding,
        )
        self._enter(self._writer)
        self._reader = TerminalReader(
            terminal.input,
            self._loop,
            on_message=self.process_message,
            on_background=lambda answer: self.send_message(BackgroundTold(answer)),
            on_end=self._end_input,
            is_crowded=lambda: self._app.message_queue_size > _MESSAGES_AHEAD,
            debug=self._debug,
        )
        self._reader.open()
        self._handle_signals()

    @override
    def disable_input(self) -> None:
        """Read no more."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    @override
    def stop_application_mode(self) -> None:
        """Hand the terminal back as it was found, within 0.6 s even if nobody reads it."""
        if self._continue_timer is not None:
            self._continue_timer.cancel()
            self._continue_timer = None
        writer, terminal = self._writer, self._terminal
        if writer is None or terminal is None:
            return
        self.disable_input()
        for number in self._handlers():
            self._loop.remove_signal_handler(number)
        self._writer = None
        is_cut = writer.close()
        terminal.hand_back(self._modes_off().encode("ascii"), is_cut=is_cut, swallow=self._mouse)

    @override
    def close(self) -> None:
        """Give up the descriptors; application mode can be started anew."""
        self.stop_application_mode()
        if self._terminal is not None:
            self._terminal.close()
            self._terminal = None

    @override
    def resume_application_mode(self) -> None:
        """Take the terminal over again and draw the whole screen."""
        self.start_application_mode()
        self._app.refresh()

    def _make_raw(self, terminal: Terminal) -> bool:
        try:
            terminal.make_raw(self._patch_lflag, self._patch_iflag)
        except (OSError, termios.error):
            self._end_input()
            return False
        return True

    def _enter(self, writer: TerminalWriter) -> None:
        self._in_band_window_resize = self._mouse_pixels = False
        writer.put_modes(self._modes_on())
        writer.resize(*self._get_terminal_size())
        if self._get_terminal_size() != tuple(self._app.size):
            self._send_size()

    def _modes_on(self) -> str:
        """The sequences of the base class, in its order."""
        mouse = _MOUSE_ON if self._mouse else ""
        kitty = "" if constants.DISABLE_KITTY_KEY else f"\x1b[>{_KITTY_FLAGS}u"
        # Apple's Terminal prints a letter of this query.
        asks_sync = self.input_tty and os.environ.get("TERM_PROGRAM") != "Apple_Terminal"
        queries = ("\x1b[?2026$p" if asks_sync else "") + "\x1b[?2048$p"
        # The mouse twice, since iTerm 3.5 wants it at the end.
        return f"\x1b[?1049h{mouse}\x1b[?25l\x1b[?1004h{kitty}{queries}{self._asks()}\x1b[?2004h\x1b[?7l{mouse}"

    def _asks(self) -> str:
        """The question for the background, where the app wants to know it; asked once."""
        if not getattr(self._app, "wants_background", False) or os.environ.get("TERM", "") in _ASK_NOTHING:
            return ""
        return ASK_BACKGROUND

    def _modes_off(self) -> str:
        """Everything off that may be on, in any state; the keyboard's before the alternate screen, which owns it."""
        mouse = _MOUSE_OFF if self._mouse else ""
        pointer = "\x1b]22;default\x07" if self._pointer_changed else ""
        kitty = "" if constants.DISABLE_KITTY_KEY else "\x1b[<u"
        return f"\x1b[?2026l{mouse}{pointer}\x1b[?2004l\x1b[?1004l\x1b[?2048l\x1b[?7h\x1b[0m{kitty}\x1b[?1049l\x1b[?25h"

    @override
    def _enable_in_band_window_resize(self) -> None:
        if self._writer is not None:
            self._writer.put_modes("\x1b[?2048h")

    @override
    def _enable_mouse_pixels(self) -> None:
        if self._mouse and self._writer is not None:
            self._writer.put_modes("\x1b[?1016h")
            self._mouse_pixels = True

    @override
    def process_message(self, message: Message) -> None:
        """Hand input to the app, but for sizes that no terminal has."""
        if isinstance(message, events.Resize):
            if not all(0 < side <= _MAX_SIDE for side in message.size):
                return
            self._note_size(message.size)
        if isinstance(message, events.Key):
            self._foreground.key_came()
        super().process_message(message)

    def redraw(self) -> None:
        """Draw the whole screen, whatever the terminal shows."""
        if self._writer is not None:
            self._writer.forget_screen()
        self._app.refresh()

    def _note_size(self, size: tuple[int, int]) -> None:
        if self._writer is not None:
            self._writer.resize(*size)

    def _send_size(self) -> None:
        size = Size(*self._get_terminal_size())
        self._note_size(size)
        self.send_message(events.Resize(size, size))

    def _end_input(self) -> None:
        self.disable_input()
        self.on_hangup()

    def _handlers(self) -> dict[signal.Signals, Callable[[], None]]:
        handlers = {signal.SIGWINCH: self._on_resized, signal.SIGCONT: self._on_continued}
        if self._may_stop:
            handlers[signal.SIGTSTP] = self._on_stop_wanted
        return handlers

    def _handle_signals(self) -> None:
        for number, handler in self._handlers().items():
            self._loop.add_signal_handler(number, handler)

    def _on_resized(self) -> None:
        if not self._in_band_window_resize:
            self._send_size()

    def _on_stop_wanted(self) -> None:
        """Stop the whole job as the shell expects it; where nobody could continue us, the kernel doesn't stop us."""
        self.suspend_application_mode()
        for release in getattr(self._app, "before_stop", ()):
            release()
        os.kill(0, signal.SIGTSTP)
        # Continued. A signal that ends us may have come along: let the loop see it before we touch the terminal, as in
        # the background that would stop us again. Where we got no processor until the timer was due, the signal is only
        # seen in the same turn: hence one more.
        self._continue_timer = self._loop.call_later(_CONTINUE_S, self._loop.call_soon, self._resume_process)

    def _resume_process(self) -> None:
        self._continue_timer = None
        if self._app.return_code is None:
            self.resume_application_mode()
            self.send_message(self.SignalResume())

    def _on_continued(self) -> None:
        """Continued after a SIGSTOP that we didn't see: others may have changed modes and screen."""
        if self._continue_timer is None:
            self._continue_timer = self._loop.call_later(_CONTINUE_S, self._loop.call_soon, self._enter_again)

    def _enter_again(self) -> None:
        self._continue_timer = None
        if self._app.return_code is not None or self._terminal is None or self._writer is None:
            return
        if self._make_raw(self._terminal):
            self._writer.put_modes("\x1b[<u")
            self._enter(self._writer)
            self._app.refresh()
