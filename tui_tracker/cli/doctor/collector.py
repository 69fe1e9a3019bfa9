"""Who collects into the history."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui_tracker.cli.doctor.findings import Finding, note, ok, problem
from tui_tracker.core.errors import StorageError

if TYPE_CHECKING:
    from tui_tracker.core.status import SourceReport


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that collects a source."""

    who: str
    """``pid 1234 by ada``."""
    silent_s: float
    """Seconds since its last sign of life."""
    epoch: int = 0
    """The number that others must have a newer one of to write; the instant of taking over, ms, or little more."""
    report: "SourceReport | None" = None
    """What it told last."""


def holder_of(folder: Path, source: str) -> Holder | None:
    """Who holds a source of a folder, without waiting and without taking its place; ``None`` where nobody does."""
    from tui_tracker.storage import lease
    from tui_tracker.storage.connection import FILE_NAME, open_for_reading
    from tui_tracker.storage.lock import CollectorLock
    from tui_tracker.storage.looking import Looker

    lock = CollectorLock(folder, source)
    try:
        silent_s = max(0.0, time.time() - lock.path.stat().st_mtime)
    except OSError:
        return None
    if lock.is_free():
        return None
    who = lock.sign().holder or "a process that doesn't say which"
    try:
        database = open_for_reading(folder / FILE_NAME)
    except StorageError:
        return Holder(who, silent_s)  # that it can't be read is a finding of its own
    try:
        with database.reading("read") as connection:
            epoch = lease.epoch_of(connection, source)
        return Holder(who, silent_s, epoch, Looker(database).report(source))
    except StorageError:
        return Holder(who, silent_s)
    finally:
        database.close()


def collector(holder: Holder | None, source: str, now_ms: int) -> Iterator[Finding]:
    """Whether a process holds the history, since when, and whether it lives and polls."""
    from tui_tracker.core.format import rfc3339
    from tui_tracker.storage.lock import LEASE_S

    if holder is None:
        yield note("collector", f"no process collects {source}", "the next session will")
        return
    since = f" since {rfc3339(holder.epoch)[:19]}Z, epoch {holder.epoch}" if holder.epoch else ""
    if holder.silent_s >= LEASE_S:
        yield problem(
            "collector",
            f"{holder.who} holds {source}{since}, but gave no sign of life for {holder.silent_s:.0f} s",
            "let it go on (fg, or kill -CONT and its pid) or end it; another session takes over meanwhile",
        )
        return
    yield ok("collector", f"{holder.who} collects {source}{since}")
    report = holder.report
    if report is None or report.status.last_good_ms is None:
        yield note("collector", f"it has not polled {source} yet", "wait a moment, or see what its log says")
        return
    age_s = max(0, now_ms - report.status.last_good_ms) // 1000
    live = ", while quotes of all pairs come live" if report.status.is_streamed else ""
    text = f"its last good poll was {age_s} s ago{live}"
    if report.interval_s and age_s > 2.5 * report.interval_s:
        why = f": {report.status.error}" if report.status.error else ""
        yield problem(
            "collector", f"{text}, although it polls every {report.interval_s} s{why}", "see what its log says"
        )
    else:
        yield ok("collector", text)
