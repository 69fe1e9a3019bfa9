"""Until when exchanges want to be left alone, kept for whoever asks them next, in this process or another.

A ban belongs to the address of this machine, so a process that begins anew must not try it out: some exchanges lengthen
it then. There is a file for each exchange and place, so that what is told at once of several is kept of each.
"""

import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from tui_tracker.sources.budget import LONGEST_BAN_S

FOLDER: Final = "bans"
MOST_BYTES: Final = 10_000
_log = logging.getLogger(__name__)


class Ban:
    """What is kept of one exchange, asked at one place.

    Args:
        folder: What the folder ``bans`` is in; both are made when there is something to keep.
        source: Name of the exchange.
        place: Where it is asked, if not at its usual place.
        now_ms: The wall clock.
    """

    def __init__(self, folder: Path, source: str, place: str, now_ms: Callable[[], int]) -> None:
        own = f"-{blake2b(place.encode(), digest_size=6).hexdigest()}" if place else ""
        self.path: Final = folder / FOLDER / f"{source.replace(':', '-')}{own}.json"
        self._told: Final = {"source": source, "place": place}
        self._now_ms: Final = now_ms

    def left_s(self) -> float:
        """How long it is still to be left alone; 0 where nothing is known, or what is kept can't be."""
        left_s = (self._until_ms() - self._now_ms()) / 1000
        return left_s if 0 < left_s <= LONGEST_BAN_S else 0.0  # more was noted by a wrong clock

    def note(self, seconds: float) -> None:
        """Keep that it is to be left alone for so long; what can't be written is told of in the log."""
        if self.left_s() >= seconds:
            return
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps({**self._told, "until_ms": self._now_ms() + round(seconds * 1000)}))
            os.replace(part, self.path)
        except OSError as error:
            _log.warning("not kept that %s wants to be left alone: %s", self._told["source"], error)
            with suppress(OSError):
                part.unlink()

    def _until_ms(self) -> int:
        try:
            with self.path.open("rb") as file:
                found = json.loads(file.read(MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            return 0
        until_ms = found.get("until_ms") if isinstance(found, dict) else None
        return until_ms if isinstance(until_ms, int) else 0
