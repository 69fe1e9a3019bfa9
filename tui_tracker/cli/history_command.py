"""``crypto-tui history``: what is on disk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tui_tracker.cli.diagnostics import Exit, ProgressLine
from tui_tracker.cli.history_files import SETTINGS, history_folder, reading
from tui_tracker.cli.options import Invocation, pass_invocation, setting_flags
from tui_tracker.config.model import Settings

if TYPE_CHECKING:
    from tui_tracker.core.kept import Loaded
    from tui_tracker.storage.reader import Reader
    from tui_tracker.storage.retention import Size

MOST_GAPS: Final = 100
"""Gaps that are told of one by one, the longest."""
_SHOWN_GAPS: Final = 5
_MINUTE_MS: Final = 60_000
_WEEK_MS: Final = 7 * 86_400_000


@dataclass(slots=True)
class Gaps:
    """Stretches of a source in which no pair has a price."""

    minutes: int = 0
    """In all of them together."""
    found: list[tuple[int, int]] = field(default_factory=list)
    """(first minute in ms, minutes)"""
    first_ms: int | None = None
    """The first minute that has a price."""
    _next_ms: int | None = None

    def note(self, minute_ms: int) -> None:
        """Take a minute that has a price; minutes come in order."""
        if self._next_ms is None:
            self.first_ms = self._next_ms = minute_ms
        missing = (minute_ms - self._next_ms) // _MINUTE_MS
        if missing > 0:
            self.minutes += missing
            self.found.append((self._next_ms, missing))
        self._next_ms = minute_ms + _MINUTE_MS

    @property
    def last_ms(self) -> int | None:
        """The last minute that has a price."""
        return None if self._next_ms is None else self._next_ms - _MINUTE_MS

    def longest(self, count: int) -> list[tuple[int, int]]:
        """The longest ones, in order of time."""
        return sorted(sorted(self.found, key=lambda gap: (-gap[1], gap[0]))[:count])


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one source. Instants are ms; ``None`` where there is nothing of the kind."""

    source: str
    pairs: int
    first_ms: int | None
    last_ms: int | None
    hours_first_ms: int | None
    hours_last_ms: int | None
    gaps: Gaps


@click.command(short_help="Say what the history on disk holds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@setting_flags(*SETTINGS, "raw_days", "rollup_days", "max_disk")
@pass_invocation
def history(invocation: Invocation, as_json: bool) -> int:
    """Say what the history on disk holds: size, span, pairs and gaps of each source, and how long it is kept.

    A gap is a minute in which no pair has a price. Every hour is looked through, which takes some 0.5 s a day of 1,100
    pairs; nothing is changed.
    """
    from tui_tracker.cli.output import show_json, write
    from tui_tracker.storage.connection import FILE_NAME
    from tui_tracker.storage.inspection import find_damage
    from tui_tracker.storage.reader import Reader
    from tui_tracker.storage.retention import size_of

    settings = invocation.load().settings
    folder = history_folder(settings, invocation.paths())
    with reading(folder) as database:
        reader, size = Reader(database), size_of(database)
        kept = [_kept(reader, source) for source in reader.sources()]
        damaged = find_damage(database).rows
    path = folder / FILE_NAME
    if as_json:
        show_json(_document(path, size, kept, settings, damaged))
    else:
        write("".join(f"{line}\n" for line in _text(path, size, kept, settings, damaged)))
    return Exit.OK


def _kept(reader: "Reader", source: str) -> Kept:
    span, ids = reader.span(source), reader.instrument_ids(source)
    gaps = Gaps() if span is None else _gaps(reader, source, span.first_ms, span.last_ms)
    first_ms, last_ms = _hours(reader, source, ids)
    return Kept(source, len(ids), gaps.first_ms, gaps.last_ms, first_ms, last_ms, gaps)


def _hours(reader: "Reader", source: str, ids: Sequence[str]) -> tuple[int | None, int | None]:
    """The first and the last hour that sums are kept of, looked for in the first and the last week of them."""
    weeks = reader.rollup_span(source)
    if weeks is None:
        return None, None
    ends = (weeks.first_ms, weeks.first_ms + _WEEK_MS), (weeks.last_ms - _WEEK_MS, weeks.last_ms + _MINUTE_MS)
    found = [
        one.hour_ms
        for start_ms, end_ms in ends
        for some in reader.rollups_of(source, ids, start_ms, end_ms).values()
        for one in some
    ]
    return min(found, default=None), max(found, default=None)


def _gaps(reader: "Reader", source: str, first_ms: int, last_ms: int) -> Gaps:
    """Look at every hour, one at a time."""
    from tui_tracker.core.metric import Metric

    gaps, progress = Gaps(), ProgressLine()
    try:
        for start_ms, loaded in reader.hours(source, (Metric.PRICE,), first_ms, last_ms + _MINUTE_MS):
            progress.show(f"{source}: {(start_ms - first_ms) / max(1, last_ms - first_ms):.0%} looked through")
            for at in _observed(loaded):
                gaps.note(start_ms + at * _MINUTE_MS)
    finally:
        progress.clear()
    return gaps


def _observed(loaded: "Loaded") -> Iterator[int]:
    """Minutes of an hour in which any pair has a price."""
    seen = 0
    for found in loaded.values():
        for series in found.values():
            seen |= int.from_bytes(series.provenance, "little")
    return (at for at in range(-(-seen.bit_length() // 8)) if seen >> 8 * at & 0xFF)


def _document(path: Path, size: "Size", kept: list[Kept], settings: Settings, damaged: int) -> dict[str, object]:
    return {
        "path": str(path),
        "bytes": {"used": size.used, "free": size.free, "log": size.log},
        "retention": {
            "raw_days": settings.raw_days,
            "rollup_days": settings.rollup_days,
            "max_disk": settings.max_disk,
        },
        "damaged_rows": damaged,
        "sources": [_source(each) for each in kept],
    }


def _source(kept: Kept) -> dict[str, object]:
    from tui_tracker.core.format import rfc3339

    def instant(ms: int | None) -> str | None:
        return None if ms is None else rfc3339(ms)

    return {
        "source": kept.source,
        "pairs": kept.pairs,
        "minutes": {"first": instant(kept.first_ms), "last": instant(kept.last_ms)},
        "hours": {"first": instant(kept.hours_first_ms), "last": instant(kept.hours_last_ms)},
        "gap_minutes": kept.gaps.minutes,
        "gaps": [{"from": rfc3339(ms), "minutes": minutes} for ms, minutes in kept.gaps.longest(MOST_GAPS)],
    }


def _text(path: Path, size: "Size", kept: list[Kept], settings: Settings, damaged: int) -> Iterator[str]:
    from tui_tracker.core.text import clean

    log = f", {_megabytes(size.log)} log" if size.log else ""
    yield f"{clean(str(path))}: {_megabytes(size.used + size.free)}, of which {_megabytes(size.free)} free{log}"
    yield (
        f"kept: single minutes {settings.raw_days} days, hourly sums {settings.rollup_days} days,"
        f" at most {_megabytes(settings.max_disk)}"
    )
    if damaged:
        yield f"damaged rows that were left out: {damaged}"
    for each in kept:
        yield f"{each.source}: {each.pairs:,} pairs"
        if each.first_ms is not None:
            yield f"  minutes {_day(each.first_ms)} to {_day(each.last_ms)}"
        if each.hours_first_ms is not None:
            yield f"  hourly sums of {_day(each.hours_first_ms)} to {_day(each.hours_last_ms)}"
        longest = each.gaps.longest(_SHOWN_GAPS)
        gaps = "; ".join(f"{_day(ms)} for {minutes:,} min" for ms, minutes in longest)
        more = f", the longest {gaps}" if longest else ""
        yield f"  {each.gaps.minutes:,} minutes missing in {len(each.gaps.found):,} gaps{more}"
    if not kept:
        yield "nothing is kept yet"


def _day(ms: int | None) -> str:
    from tui_tracker.core.format import rfc3339

    return rfc3339(ms)[:16].replace("T", " ") + " UTC"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
