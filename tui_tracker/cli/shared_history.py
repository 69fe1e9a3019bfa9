"""Opens the history that sessions share."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_tracker.cli.diagnostics import say
from tui_tracker.config.model import Settings
from tui_tracker.config.paths import default_paths
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import NoDataError, StorageError, StorageFault
from tui_tracker.engine.clock import SystemClock
from tui_tracker.engine.sharing import Sharing
from tui_tracker.engine.together import Together
from tui_tracker.sources.bans import Ban
from tui_tracker.storage.connection import FILE_NAME
from tui_tracker.storage.faults import is_there
from tui_tracker.storage.lock import CollectorLock
from tui_tracker.storage.retention import Limits
from tui_tracker.storage.standing import StoreStatus
from tui_tracker.storage.store import Store

if TYPE_CHECKING:
    from tui_tracker.cli.replay_spec import ReplaySpec

CLOSE_S: Final = 0.8
"""Longest that the end waits for a disk that doesn't answer; what was told to be stored is stored by then."""


@asynccontextmanager
async def opened_history(
    settings: Settings,
    clock: Clock,
    source: str,
    *,
    may_begin: bool,
    together: Together | None = None,
    tends: bool = True,
) -> AsyncIterator[tuple[Store | None, Sharing | None]]:
    """The history on disk, if it is wanted, and who collects into it.

    Args:
        settings: What is in force.
        clock: The market's.
        source: Name of the source.
        may_begin: Whether a history that isn't there is begun. Where not, what is learned is only kept as long as
            nobody collects.
        together: Where several sources are collected, what they have in common.
        tends: Whether this one merges and lets go what is old, of all sources.
    """
    folder = folder_of(settings)
    if not (may_begin or _is_begun(folder)):
        yield None, None
        return
    lock = CollectorLock(folder, source)
    is_reader = _is_reader(folder, lock)
    store = Store(
        folder,
        clock.now_ms,
        limits=Limits(settings.raw_days, settings.rollup_days, settings.max_disk),
        is_reader=is_reader,
        may_recover=lambda: lock.is_held or lock.is_free(),
        turn=None if together is None else together.turn,
        tends=tends,
    )
    if not may_begin:
        if lock.is_free():
            store.visit(source)
        else:
            store.follow()
    may_share = lock.may_take or is_reader
    sharing = Sharing(store, source, lock, SystemClock(), is_reader=is_reader, together=together) if may_share else None
    try:
        yield store, sharing
    finally:
        if sharing is not None:
            await asyncio.to_thread(sharing.release)
        await asyncio.to_thread(store.close, CLOSE_S)
        lock.release()
        _tell_lost(source, store.status)
        error = store.status.error
        if not may_begin and error is not None and error.fault is not StorageFault.READ_ONLY:
            say(f"note: the history was not used: {error.told}")


def _tell_lost(source: str, status: StoreStatus) -> None:
    """Say at the end that minutes are lost: until then they waited for the disk."""
    if status.lost:
        why = "" if status.error is None else f": {status.error.message}"
        minutes = "1 minute" if status.lost == 1 else f"{status.lost} minutes"
        say(f"note: {minutes} of {source} could not be stored{why}")


@asynccontextmanager
async def past_history(settings: Settings, replay: "ReplaySpec | None") -> AsyncIterator[tuple[Store, Clock]]:
    """(a history to read, the clock), with a thread of its own: what collects doesn't wait for it.

    Raises:
        NoDataError: If there is none.
        StorageError: If one may not look.
    """
    folder = folder_of(settings) if replay is None else replay.folder
    if not is_there(folder / FILE_NAME):
        raise NoDataError("there is no history yet", "it begins with the first minute that is over")
    clock = SystemClock()
    store = Store(folder, clock.now_ms, is_reader=True)
    try:
        yield store, clock
    finally:
        await asyncio.to_thread(store.close, CLOSE_S)


def ban_of(settings: Settings, source: str, clock: Clock) -> Ban:
    """What is remembered of a source's bans, beside the history."""
    return Ban(folder_of(settings), source, settings.base_urls.get(source, ""), clock.now_ms)


def folder_of(settings: Settings) -> Path:
    """The folder of the history."""
    return Path(settings.data_dir or default_paths().data_folder).expanduser()


def _is_begun(folder: Path) -> bool:
    """Whether there is a history; one that may not be looked at is told of and done without."""
    try:
        return is_there(folder / FILE_NAME)
    except StorageError as error:
        say(f"note: {error}")
        return False


def _is_reader(folder: Path, lock: CollectorLock) -> bool:
    """Whether there is a history that this user may only read."""
    path = folder / FILE_NAME
    return os.path.exists(path) and not (lock.may_take and os.access(path, os.W_OK))
