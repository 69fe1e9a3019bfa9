"""What the app remembers from one run to the next: the watchlists, the saved views and the view it was left in."""

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from tui_tracker.config.choices import ChartStyle, Preset, TimeZone
from tui_tracker.config.looks import known as known_looks
from tui_tracker.config.views import (
    CLASSES,
    MAIN,
    MAX_NAME,
    MAX_VIEWS,
    RANGES_H,
    ViewSpec,
    check_name,
    view_of,
    written,
)
from tui_tracker.core.errors import ConfigError, StateError
from tui_tracker.core.figures import Measure
from tui_tracker.core.instrument import CONSOLIDATED
from tui_tracker.core.metric import Metric
from tui_tracker.core.text import clean
from tui_tracker.filters.language import MAX_LENGTH, problem_of

FORMAT: Final = 2
"""1 had a single watchlist, which is read as the one called main."""
MAX_FAVOURITES: Final = 1_000
MAX_WATCHLISTS: Final = 50
MAX_FILE_BYTES: Final = 1_000_000
MAX_TEXT: Final = 80
MAX_COLUMNS: Final = 64
LOCK_WAIT_S: Final = 0.5
_RETRY_S: Final = 0.02
MAX_COMPARED: Final = 6
_KINDS: Final[dict[str, type[StrEnum]]] = {
    "metric": Metric,
    "measure": Measure,
    "time_zone": TimeZone,
    "chart_style": ChartStyle,
    "layout": Preset,
}
_SPANS: Final = {"list_width": (1, 1_000), "chart_pct": (1, 99), "window": (10, 43_200)}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class View:
    """How the app was left; ``None`` or empty where it was never chosen, so that the settings decide."""

    selected: str | None = None
    """Id of the selected instrument."""
    quote: str | None = None
    """Quote scope: a currency, or ``all``."""
    watchlist_only: bool = False
    metric: str | None = None
    measure: str | None = None
    range_hours: int = 24
    """Range of the chart: 1, 6 or 24."""
    window: int | None = None
    """Minutes that figures and ranks are over."""
    sort: str | None = None
    """Column that the table is sorted by; ``None`` for the rank."""
    reverse: bool = False
    theme: str | None = None
    time_zone: str | None = None
    chart_style: str | None = None
    band_minutes: int = 0
    """Span of the chart's band; 0 for none."""
    compared: tuple[str, ...] = ()
    """Ids of the pairs that the chart compares."""
    name: str = ""
    """The named view that this one began as; empty for none."""
    filter: str = ""
    """Only remembered with a name."""
    watchlist: str = MAIN
    """The watchlist in use."""
    min_volume: float | None = None
    """Floor of the 24 h volume in USD."""
    excluded: tuple[str, ...] = ()
    unique_base: bool = False
    layout: str | None = None
    list_width: int | None = None
    """Cells of the pair list, where it was resized."""
    chart_pct: int | None = None
    """Share of the chart in the height of the panes, where it was resized."""
    columns: tuple[str, ...] = ()
    """Chosen columns of the table, ``key`` or ``key:width``."""
    then: str | None = None
    """Second column that the table is sorted by."""
    shift_minutes: int = 60
    """How long ago the ranks were that a change of rank is told against."""
    keeps_line: bool = False
    looks: Mapping[str, str] = field(default_factory=dict)
    """What was chosen in place of settings, see ``config.looks``."""
    source: str | None = None
    """The exchange of the scope where several were watched, ``None`` for all."""


@dataclass(frozen=True, slots=True)
class State:
    """What was remembered."""

    view: View = View()
    watchlist: tuple[str, ...] = ()
    """Ids of favourites of the watchlist ``main``, in the order in which they were added."""
    warning: str = ""
    """Why something could not be read, in one line, or empty."""
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The other watchlists by name."""
    views: tuple[ViewSpec, ...] = ()
    """Saved views, in the order in which they were saved."""
    is_new: bool = False
    """Whether nothing was ever remembered: the first start."""
    is_lasting: bool = True
    """Whether what changes can be remembered."""

    @property
    def watchlists(self) -> dict[str, tuple[str, ...]]:
        """All watchlists by name, ``main`` first."""
        return {MAIN: self.watchlist, **self.others}


def of_source(state: State, source: str) -> State:
    """The state without pairs of other sources: they are kept in the file, but there is nothing to show of them.

    Args:
        state: What was remembered.
        source: What the ids of the watched pairs begin with; several with commas between.
    """
    watched = source.split(",")
    names = {*watched, CONSOLIDATED} if len(watched) > 1 else {source}

    def kept(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(key for key in ids if key.partition(":")[0] in names)

    view, lists = state.view, {name: kept(ids) for name, ids in state.watchlists.items()}
    has_nothing_left = bool(state.watchlists.get(view.watchlist)) and not lists.get(view.watchlist)
    view = replace(
        view,
        selected=view.selected if view.selected is not None and kept((view.selected,)) else None,
        compared=kept(view.compared),
        watchlist_only=view.watchlist_only and not has_nothing_left,
    )
    return replace(state, view=view, watchlist=lists.pop(MAIN, ()), others=lists)


class _Document(msgspec.Struct, frozen=True):
    """The file ``state.json``."""

    version: int = FORMAT
    view: View = View()
    watchlists: dict[str, tuple[str, ...]] = {}
    views: dict[str, dict[str, Any]] = {}
    """Saved views by name, each as a table of the configuration; one that this version can't read is kept."""
    watchlist: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """The only watchlist of format 1."""


class _UnusableError(Exception):
    """The file holds nothing that could be used."""


class StateStore:
    """The state in one folder, shared by all instances of the app.

    Each change reads, changes and writes the file under a lock, so that no instance loses what another one wrote, and
    replaces the file in one step, so that a reader never sees half of it. Calls wait at most ``LOCK_WAIT_S`` for the
    lock and then sync the disk: call them in a thread. The folder is made at the first change.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._file = folder / "state.json"
        self._sleep = sleep
        self._monotonic = monotonic

    def load(self) -> State:
        """Return what was remembered; never fails.

        A file that makes no sense is moved aside to ``state.json.bad``, and the state says so in ``warning``.
        """
        try:
            document = self._read()
        except OSError as error:
            return State(warning=f"the saved state cannot be read: {_reason(error)}")
        except StateError as error:
            return State(warning=error.message)
        except _UnusableError as error:
            return State(warning=self._move_aside(str(error)))
        views, warning = _readable(document.views)
        watchlists = {name: _ids(ids) for name, ids in document.watchlists.items() if _is_name(name)}
        state = State(
            _usable(document.view),
            watchlists.pop(MAIN, ()),
            warning,
            watchlists,
            views,
            is_new=not self._file.exists(),
        )
        if _may_write(self._folder):
            return state
        warning = f"{clean(str(self._folder))} cannot be written: watchlist and view last until the app ends"
        return replace(state, warning=warning, is_lasting=False)

    def save_view(self, view: View) -> None:
        """Remember how the app was left.

        Raises:
            StateError: If it could not be written.
        """
        self._change(lambda document: msgspec.structs.replace(document, view=_usable(view)))

    def save_named_view(self, view: ViewSpec) -> None:
        """Save a view under its name, in the place of one that has it.

        Raises:
            StateError: If it could not be written, or there are too many.
        """

        def added(document: _Document) -> _Document:
            if view.name not in document.views and len(document.views) >= MAX_VIEWS:
                raise StateError(f"there are {MAX_VIEWS} saved views", "remove some")
            return msgspec.structs.replace(document, views={**document.views, view.name: written(view)})

        self._change(added)

    def remove_named_view(self, name: str) -> None:
        """Forget a saved view, if there is one of that name.

        Raises:
            StateError: If it could not be written.
        """
        self._change(
            lambda document: msgspec.structs.replace(
                document, views={other: view for other, view in document.views.items() if other != name}
            )
        )

    def add_favourite(self, instrument_id: str, watchlist: str = MAIN) -> None:
        """Put an instrument at the end of a watchlist, unless it is in it.

        Raises:
            StateError: If it could not be written, the watchlist is full, or this is no id.
        """
        self.add_favourites((instrument_id,), watchlist)

    def add_favourites(self, instrument_ids: tuple[str, ...], watchlist: str = MAIN) -> None:
        """Put instruments at the end of a watchlist, which is made if it isn't there; all of them or none.

        Raises:
            StateError: If it could not be written, the watchlist is full, there are too many, or one is no id.
        """
        for instrument_id in instrument_ids:
            if not _is_id(instrument_id):
                raise StateError(f"{clean(instrument_id, MAX_TEXT)!r} is no id of a pair")
        if not _is_name(watchlist):
            raise StateError(f"{clean(watchlist, MAX_NAME)!r} is no name", f"1 to {MAX_NAME} characters")

        def added(document: _Document) -> _Document:
            lists = document.watchlists
            if watchlist not in lists and len(lists) >= MAX_WATCHLISTS:
                raise StateError(f"there are {MAX_WATCHLISTS} watchlists", "use one of them")
            ids = tuple(dict.fromkeys((*lists.get(watchlist, ()), *instrument_ids)))
            if len(ids) > MAX_FAVOURITES:
                raise StateError(f"the watchlist is full: {MAX_FAVOURITES} pairs", "remove some with f")
            return msgspec.structs.replace(document, watchlists={**lists, watchlist: ids})

        self._change(added)

    def remove_favourite(self, instrument_id: str, watchlist: str = MAIN) -> None:
        """Take an instrument out of a watchlist, if it is in it.

        Raises:
            StateError: If it could not be written.
        """

        def removed(document: _Document) -> _Document:
            lists = document.watchlists
            ids = tuple(other for other in lists.get(watchlist, ()) if other != instrument_id)
            return msgspec.structs.replace(document, watchlists={**lists, watchlist: ids})

        self._change(removed)

    def remove_watchlist(self, name: str) -> None:
        """Forget a watchlist, if there is one of that name; the one called main is emptied.

        Raises:
            StateError: If it could not be written.
        """

        def removed(document: _Document) -> _Document:
            lists = {other: ids for other, ids in document.watchlists.items() if other != name}
            return msgspec.structs.replace(document, watchlists=lists)

        self._change(removed)

    def rename_watchlist(self, name: str, new_name: str) -> None:
        """Call a watchlist something else, at its place among the others; nothing happens if it isn't there.

        Raises:
            StateError: If it could not be written, the new name is none, or another watchlist has it.
        """
        if not _is_name(new_name):
            raise StateError(f"{clean(new_name, MAX_NAME)!r} is no name", f"1 to {MAX_NAME} characters")

        def renamed(document: _Document) -> _Document:
            if name in document.watchlists and new_name in document.watchlists:
                raise StateError(f"there is a watchlist {new_name} already")
            lists = {new_name if other == name else other: ids for other, ids in document.watchlists.items()}
            return msgspec.structs.replace(document, watchlists=lists)

        self._change(renamed)

    def _change(self, changed: Callable[[_Document], _Document]) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock():
                try:
                    before = self._read()
                except _UnusableError as error:
                    _log.warning("%s", self._set_aside(str(error)))
                    before = _Document()
                after = changed(before)
                if after != before or not self._file.exists():
                    self._write(after)
        except OSError as error:
            raise StateError(
                f"state cannot be saved in {clean(str(self._folder))}: {_reason(error)}",
                "watchlist and view last until the app ends",
            ) from error

    @contextmanager
    def _lock(self) -> Iterator[None]:
        lock = os.open(self._folder / "state.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            deadline = self._monotonic() + LOCK_WAIT_S
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if self._monotonic() >= deadline:
                        raise StateError("state cannot be saved: another instance holds it", "try again") from error
                self._sleep(_RETRY_S)
            yield
        finally:
            os.close(lock)

    def _read(self) -> _Document:
        try:
            with self._file.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            return _Document()
        if len(data) > MAX_FILE_BYTES:
            raise _UnusableError("it is too large")
        try:
            version = msgspec.json.decode(data, type=_Version).version
            if version > FORMAT:
                raise StateError("the saved state is of a newer version of crypto-tui", "update crypto-tui")
            return _in_this_format(msgspec.json.decode(data, type=_Document))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _UnusableError(clean(str(error), 100)) from error

    def _write(self, document: _Document) -> None:
        new = self._folder / "state.json.new"
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._file)
        folder = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _move_aside(self, problem: str) -> str:
        """Move a bad file out of the way, if it still is bad once no other instance can change it."""
        try:
            with self._lock():
                try:
                    self._read()
                except _UnusableError:
                    return self._set_aside(problem)
        except (OSError, StateError) as error:
            _log.info("bad state left in its place: %s", error)
        return f"the saved state was ignored: {problem}"

    def _set_aside(self, problem: str) -> str:
        aside = self._file.with_name("state.json.bad")
        try:
            self._file.replace(aside)
        except OSError as error:
            return f"the saved state was ignored: {problem}; it cannot be moved aside: {_reason(error)}"
        return f"the saved state was moved to {clean(str(aside))}: {problem}"


class _Version(msgspec.Struct):
    """What every version of the file has."""

    version: int = FORMAT


def _in_this_format(document: _Document) -> _Document:
    """A document of an older version as this one would have written it."""
    lists = dict(document.watchlists)
    if document.watchlist is not msgspec.UNSET:
        lists[MAIN] = tuple(dict.fromkeys((*lists.get(MAIN, ()), *document.watchlist)))
    return msgspec.structs.replace(document, version=FORMAT, watchlists=lists, watchlist=msgspec.UNSET)


def _readable(tables: Mapping[str, dict[str, Any]]) -> tuple[tuple[ViewSpec, ...], str]:
    """The saved views that make sense, and what is wrong with the last that doesn't."""
    views: list[ViewSpec] = []
    warning = ""
    for name, table in tables.items():
        try:
            views.append(view_of(name, table, f"saved view {clean(name, MAX_NAME)}"))
        except ConfigError as error:
            warning = error.message
            _log.warning("%s", warning)
    return tuple(views[:MAX_VIEWS]), warning


def _ids(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(_is_id, ids))[:MAX_FAVOURITES]


def _is_name(text: str) -> bool:
    try:
        return check_name(text) == text
    except ConfigError:
        return False


def _may_write(folder: Path) -> bool:
    """Whether files could be made in a folder, which need not be there yet."""
    while not os.path.exists(folder) and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)


def _is_id(text: str) -> bool:
    source, colon, rest = text.partition(":")
    return bool(source and colon and rest) and _is_plain(text)


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= MAX_TEXT and " " not in text and clean(text, MAX_TEXT) == text


def _usable(view: View) -> View:
    """A view whose every part makes sense; what doesn't is as if never chosen."""
    parts: dict[str, Any] = {}
    for part in fields(View):
        value = getattr(view, part.name)
        if isinstance(value, str) and part.name in _WRITTEN:
            value = value if _WRITTEN[part.name](value) else part.default
        elif isinstance(value, str) and not _is_plain(value):
            value = None
        parts[part.name] = value
    for name, kind in _KINDS.items():
        if parts[name] not in tuple(kind):
            parts[name] = None
    parts["excluded"] = tuple(name for name in view.excluded if name in CLASSES)
    if view.min_volume is not None and not 0 <= view.min_volume <= 1e18:
        parts["min_volume"] = None
    for name, (least, most) in _SPANS.items():
        if parts[name] is not None and not least <= parts[name] <= most:
            parts[name] = None
    parts["columns"] = tuple(filter(_is_plain, view.columns))[:MAX_COLUMNS]
    if parts["range_hours"] not in RANGES_H:
        parts["range_hours"] = 24
    parts["compared"] = tuple(dict.fromkeys(filter(_is_id, view.compared)))[:MAX_COMPARED]
    parts["looks"] = known_looks(view.looks)
    return View(**parts)


def _is_filter(text: str) -> bool:
    return clean(text, MAX_LENGTH) == text and problem_of(text) is None


_WRITTEN: Final[dict[str, Callable[[str], bool]]] = {
    "name": lambda text: not text or _is_name(text),
    "filter": _is_filter,
    "watchlist": _is_name,
}
"""Parts of a view that are written by a person, and what makes sense of them."""


def _reason(error: OSError) -> str:
    return clean(error.strerror or str(error))
