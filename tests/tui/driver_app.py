"""A small app on the quiet driver for the tests of that driver: draws what it is told, reports what happens to it.

Reports are lines written to the pipe whose descriptor is the first argument. With ``churn`` as second argument it
changes the whole screen 100 times a second and reports its ticks, until SIGUSR1.
"""

import asyncio
import os
import signal
import sys
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Key, Paste, Resize
from textual.widgets import Static

from tui_tracker.tui.driver import QuietDriver, install_signal_handlers


def screen_text(version: int, columns: int, rows: int) -> str:
    """What fills the screen at a version."""
    lines = (f"{version:06}:{row:02}:" + chr(ord("a") + (version * 7 + row) % 26) * columns for row in range(rows))
    return "\n".join(line[:columns] for line in lines)


class DriverApp(App[None]):
    CSS = "Static { width: 100%; height: 100%; } Screen { overflow: hidden; }"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("ctrl+z", "suspend_process", "Stop"),
        Binding("x", "crash", "Crash"),
        Binding("s", "step_aside", "Step aside"),
    ]

    def __init__(self, report_fd: int, features: set[str]) -> None:
        super().__init__(driver_class=QuietDriver)
        self.report_fd = report_fd
        self.churns = "churn" in features
        self.version = 0

    def report(self, line: str) -> None:
        os.write(self.report_fd, f"{line}\n".encode())

    def compose(self) -> ComposeResult:
        yield Static()

    def on_mount(self) -> None:
        install_signal_handlers(self)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.freeze)
        self.app_resume_signal.subscribe(self, lambda _: self.report("resumed"))
        self.call_after_refresh(self.report, "ready")
        if self.churns:
            self.set_interval(0.01, self.change)
            self.set_interval(0.05, lambda: self.report(f"tick {self.version} {self.is_behind}"))

    def change(self) -> None:
        if self.churns:
            self.version += 1
            self.draw()

    def draw(self) -> None:
        self.query_one(Static).update(Content(screen_text(self.version, *self.size)), layout=False)

    @property
    def is_behind(self) -> bool:
        assert isinstance(self._driver, QuietDriver)
        return self._driver.is_behind

    def freeze(self) -> None:
        self.churns = False
        self.report(f"frozen {self.version} {self.is_behind}")

    def on_resize(self, event: Resize) -> None:
        self.report(f"size {event.size.width} {event.size.height}")
        self.draw()

    def on_key(self, event: Key) -> None:
        self.report(f"key {event.key}")

    def on_paste(self, event: Paste) -> None:
        self.report(f"paste {len(event.text)} {sum(map(ord, event.text))}")

    def on_unmount(self) -> None:
        self.report("unmount")

    def action_step_aside(self) -> None:
        with self.suspend():
            print("somebody else's screen", flush=True)
            self.report("aside")

    def action_crash(self) -> None:
        raise RuntimeError("crashed as told")


if __name__ == "__main__":
    app = DriverApp(int(sys.argv[1]), set(sys.argv[2:]))
    app.run()
    sys.exit(app.return_code)
