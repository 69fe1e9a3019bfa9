"""Moments as a person types them. Pure."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from tui_tracker.core.errors import ConfigError
from tui_tracker.core.text import clean
from tui_tracker.tui.times import Zone

MINUTE_MS: Final = 60_000
EXAMPLES: Final = "-2h, 09:30 or 2026-11-25 09:30"
_AGO: Final = re.compile(r"-? ?(\d{1,5}) ?([mhdw])", re.ASCII)
_UNITS: Final = {"m": 1, "h": 60, "d": 1_440, "w": 10_080}
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)


def moment_of(text: str, now_ms: int, zone: Zone) -> int:
    """Return the minute that is meant: so long ago, the last time that it was so late, or a date with a time.

    Args:
        text: What was typed.
        now_ms: The present.
        zone: In which times are meant.

    Raises:
        ConfigError: If it is nothing of these, or still to come.
    """
    typed = text.strip()
    try:
        at_ms = _read(typed, now_ms, zone)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{clean(typed, 24)!r} is no moment", f"for example {EXAMPLES}") from error
    if at_ms > now_ms:
        raise ConfigError(f"{clean(typed, 24)!r} is still to come", f"for example {EXAMPLES}")
    return at_ms - at_ms % MINUTE_MS


def _read(text: str, now_ms: int, zone: Zone) -> int:
    ago = _AGO.fullmatch(text.lower())
    if ago is not None:
        return now_ms - int(ago[1]) * _UNITS[ago[2]] * MINUTE_MS
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        typed = datetime.fromisoformat(text[:40])
        instant = typed if typed.tzinfo is not None else typed.replace(tzinfo=zone.tz)
        return round(instant.timestamp() * 1000)
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone.tz)
    at = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
    return round((at if at <= now else at - timedelta(days=1)).timestamp() * 1000)
