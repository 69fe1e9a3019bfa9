"""The app in browsers: each has a process of its own, which watches this server as any other client does."""

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

OWN: Final = ("page.css", "page.js")
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".ttf": "font/ttf",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WebOptions:
    """How the app is offered to browsers."""

    sessions: int = 8
    """Browsers at a time; each takes a process."""


class Browsers:
    """Counts browsers, and knows what is run for each.

    Args:
        url: At which the server is to be watched from this machine.
        token: That it wants; empty for none.
        options: How many.
    """

    def __init__(self, url: str, token: str, options: WebOptions) -> None:
        self.token: Final = token
        self.most: Final = options.sessions
        self.count = 0
        """Open ones."""
        self.command: Final = (sys.executable, "-m", "tui_tracker", "--connect", url)
        self._assets = _assets()

    def environ(self) -> dict[str, str]:
        """The environment of an app: the token is in here, where other users can't read it."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("CRYPTO_TUI_")}
        ours = {name: os.environ[name] for name in ("CRYPTO_TUI_CONFIG",) if name in os.environ}
        kept.pop("NO_COLOR", None)
        if self.token:
            ours["CRYPTO_TUI_TOKEN"] = self.token
        return {**kept, **ours, **_TERMINAL}

    def asset(self, name: str) -> tuple[bytes, str] | None:
        """A file of the page and its media type; ``None`` where there is none."""
        found = self._assets.get(name)
        return None if found is None else (found.read_bytes(), _TYPES[os.path.splitext(name)[1]])

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """While inside one more browser is open; whether there was room for it."""
        if self.count >= self.most:
            yield False
            return
        self.count += 1
        _log.info("a browser came, %d of %d", self.count, self.most)
        try:
            yield True
        finally:
            self.count -= 1
            _log.info("a browser went, %d left", self.count)


_TERMINAL: Final[Mapping[str, str]] = {
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "LANG": "C.UTF-8",
    "CRYPTO_TUI_DEMO": "false",
}


def page(name: str) -> bytes:
    """A page of ours."""
    return _own().joinpath(name).read_bytes()


def _own() -> Traversable:
    return files("tui_tracker.api.web") / "static"


def _assets() -> dict[str, Traversable]:
    """Everything that a page may ask for, so that no name leads elsewhere: ours, and the terminal of textual-serve."""
    theirs = files("textual_serve") / "static"
    found = {name: _own() / name for name in OWN}
    for folder in ("css", "js", "fonts"):
        found |= {f"{folder}/{each.name}": each for each in (theirs / folder).iterdir()}
    return {name: file for name, file in found.items() if name.endswith(tuple(_TYPES))}
