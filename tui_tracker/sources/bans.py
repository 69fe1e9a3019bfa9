"""Until when exchanges want to be left alone, kept in a file for whoever asks them next, in this process or another.

A ban belongs to the address of this machine, so a process that begins anew must not try it out: some exchanges lengthen
it then.
"""

import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui_tracker.sources.budget import LONGEST_BAN_S

FILE_NAME: Final = "bans.json"
MOST_KEPT: Final = 100
MOST_BYTES: Final = 100_000
_log = logging.getLogger(__name__)


class Ban:
    """What is kept of one exchange, asked at one place.

    Args:
        folder: Where the file is; it is made when there is something to keep.
        source: Name of the exchange.
        place: Where it is asked, if not at its usual place.
        now_ms: The wall clock.
    """

    def __init__(self, folder: Path, source: str, place: str, now_ms: Callable[[], int]) -> None:
        self.path: Final = folder / FILE_NAME
        self._key: Final = f"{source} {place}".rstrip()
        self._now_ms: Final = now_ms

    def left_s(self) -> float:
        """How long it is still to be left alone; 0 where nothing is known, or the file can't be read."""
        return max(0.0, (self._kept().get(self._key, 0) - self._now_ms()) / 1000)

    def note(self, seconds: float) -> None:
        """Keep that it is to be left alone for so long. Blocks; a file that can't be written is told of in the log."""
        until_ms = self._now_ms() + round(seconds * 1000)
        kept = self._kept()
        if kept.get(self._key, 0) >= until_ms:
            return
        kept[self._key] = until_ms
        newest = dict(sorted(kept.items(), key=lambda item: -item[1])[:MOST_KEPT])
        part = self.path.with_name(f".{FILE_NAME}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(newest, indent=1))
            os.replace(part, self.path)
        except OSError as error:
            _log.warning("not kept that %s wants to be left alone: %s", self._key, error)
            with suppress(OSError):
                part.unlink()

    def _kept(self) -> dict[str, int]:
        """Ends of what isn't over, ms since the epoch, by exchange and place; never more than the longest ban away."""
        try:
            with self.path.open("rb") as file:
                found = json.loads(file.read(MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(found, dict):
            return {}
        now_ms = self._now_ms()
        latest_ms = now_ms + round(LONGEST_BAN_S * 1000)
        return {key: min(at, latest_ms) for key, at in found.items() if isinstance(at, int) and at > now_ms}
