"""Instants as people and files write them."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from tui_tracker.core.ago import ago_ms
from tui_tracker.core.format import rfc3339

FIRST_MS: Final = 946_684_800_000
"""2000-01-01: no exchange is older."""
LAST_MS: Final = 4_102_444_800_000
"""2100-01-01."""
_NUMBER: Final = re.compile(r"\d{1,15}", re.ASCII)


class Times(StrEnum):
    """How instants are written."""

    RFC3339 = "rfc3339"
    MS = "ms"


def written(ms: int, times: Times) -> str:
    """Return an instant as text, without needless milliseconds."""
    return str(ms) if times is Times.MS else rfc3339(ms).replace(".000Z", "Z")


def read_ms(given: object) -> int:
    """Return the instant that a number of ms, a text with one, or RFC 3339 means; without an offset it is UTC.

    Raises:
        ValueError: If it is none, or none of this century.
    """
    if isinstance(given, datetime):
        return _within(round(_utc(given).timestamp() * 1000))
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise ValueError("no time")
    text = str(given).strip()
    if _NUMBER.fullmatch(text):
        return _within(int(text))
    try:
        return _within(round(_utc(datetime.fromisoformat(text[:40])).timestamp() * 1000))
    except (ValueError, OverflowError) as error:
        raise ValueError("no time (RFC 3339, or ms since the epoch)") from error


def read_moment(text: str, now_ms: int) -> int:
    """Return what ``--from`` and ``--to`` mean: an instant, or ``36h`` and ``7d`` for so long ago.

    Raises:
        ValueError: If it is neither.
    """
    ago = ago_ms(text.strip())
    return read_ms(text) if ago is None else now_ms - ago


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def _within(ms: int) -> int:
    if not FIRST_MS <= ms < LAST_MS:
        raise ValueError("a time of no exchange (ms since the epoch have 12 or 13 digits)")
    return ms
