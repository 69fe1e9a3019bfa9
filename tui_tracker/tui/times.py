"""Which time zone the app shows, and instants as words."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from time import localtime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from typing_extensions import override

from tui_tracker.core.format import clock_time

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LOCALTIME: Final = Path("/etc/localtime")
RULE: Final = re.compile(r"(<[^>]+>|[A-Za-z]{3,})[+-]?\d")
"""How a ``TZ`` begins that is a rule (POSIX.1-2017, 8.3), such as ``CET-1CEST,M3.5.0,M10.5.0/3``."""


class SystemZone(tzinfo):
    """Local time as the C library knows it, for a ``TZ`` that is a rule and not a name."""

    @override
    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        return None if dt is None else self._offset(dt.replace(tzinfo=UTC).timestamp())

    @override
    def dst(self, dt: datetime | None) -> timedelta | None:
        return None

    @override
    def tzname(self, dt: datetime | None) -> str | None:
        return "local"

    @override
    def fromutc(self, dt: datetime) -> datetime:
        return dt + self._offset(dt.replace(tzinfo=UTC).timestamp())

    @staticmethod
    def _offset(timestamp: float) -> timedelta:
        return timedelta(seconds=localtime(timestamp).tm_gmtoff)


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone and the word for it."""

    tz: tzinfo
    name: str
    """``UTC`` or ``local``, or why it is UTC."""

    def offset_ms(self, instant_ms: int) -> int:
        """Local time minus UTC at an instant, in ms."""
        instant = datetime.fromtimestamp(instant_ms / 1000, UTC)
        local = instant.astimezone(self.tz).replace(tzinfo=UTC)
        return round((local - instant).total_seconds() * 1000)

    def minute(self, instant_ms: int | None) -> str:
        """``21:57``; in an hour that comes twice, with its offset: ``02:30+02``."""
        text = clock_time(instant_ms, self.tz)
        if instant_ms is None or not self.is_repeated(instant_ms):
            return text
        return text + short_offset(self.offset_ms(instant_ms))

    def day(self, instant_ms: int) -> str:
        """``24 Nov``."""
        at = datetime.fromtimestamp(instant_ms / 1000, UTC).astimezone(self.tz)
        return f"{at.day} {MONTHS[at.month - 1]}"

    def date(self, instant_ms: int) -> str:
        """``2026-11-25``."""
        return datetime.fromtimestamp(instant_ms / 1000, UTC).astimezone(self.tz).date().isoformat()

    def label(self, instant_ms: int, step: int = 1) -> str:
        """An instant of a chart with a value each ``step`` minutes: the time of day, for hours with the day."""
        return self.minute(instant_ms) if step == 1 else f"{self.day(instant_ms)} {self.minute(instant_ms)}"

    def second(self, instant_ms: int | None) -> str:
        """``21:57:57``."""
        return clock_time(instant_ms, self.tz, seconds=True)

    def is_repeated(self, instant_ms: int) -> bool:
        """Whether a clock on the wall shows this time twice on that day."""
        here = self.offset_ms(instant_ms)
        for shift_ms in (-5_400_000, -3_600_000, -1_800_000, 1_800_000, 3_600_000, 5_400_000):
            other = instant_ms + shift_ms
            if self.offset_ms(other) == here - shift_ms:
                return True
        return False


UTC_ZONE: Final = Zone(UTC, "UTC")


def short_offset(offset_ms: int) -> str:
    """``+02``, or ``+05:30`` where it isn't whole hours."""
    sign = "-" if offset_ms < 0 else "+"
    hours, minutes = divmod(abs(offset_ms) // 60_000, 60)
    return f"{sign}{hours:02}:{minutes:02}" if minutes else f"{sign}{hours:02}"


def local_zone(environ: Mapping[str, str] | None = None, localtime_file: Path = LOCALTIME) -> Zone:
    """The time zone of the person: ``TZ``, else the system's; UTC, and its name says so, where there is no data."""
    name = (os.environ if environ is None else environ).get("TZ", "").removeprefix(":")
    if name:
        return _named_zone(name)
    try:
        with localtime_file.open("rb") as file:
            return Zone(ZoneInfo.from_file(file), "local")
    except (OSError, ValueError):
        return Zone(UTC, "UTC (no local time zone data)")


def _named_zone(name: str) -> Zone:
    try:
        return Zone(ZoneInfo(name), "local")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Zone(SystemZone(), "local") if RULE.match(name) else Zone(UTC, "UTC (no local time zone data)")
