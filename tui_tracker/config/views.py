"""Views that have a name: what a view chooses, and how that is written in the configuration and in the state.

Both use the same table of plain values; in the file::

    [views.Alts]
    filter = "volatility > 50% and base not in (BTC, ETH)"
    quote = "USD"
    sort = "-change"
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from tui_tracker.config import parse
from tui_tracker.config.choices import Preset
from tui_tracker.config.parse import span_text as written_span
from tui_tracker.config.problems import Problems
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.figures import Measure
from tui_tracker.core.instrument import CONSOLIDATED, InstrumentClass
from tui_tracker.core.metric import Metric
from tui_tracker.core.text import clean
from tui_tracker.filters.columns import BY_NAME
from tui_tracker.filters.errors import FilterError
from tui_tracker.filters.language import compile_filter

MAX_NAME: Final = 40
MAX_VIEWS: Final = 100
RANGES_H: Final = (1, 6, 24, 7 * 24, 30 * 24, 365 * 24)
"""Hours that the chart can show."""
CLASSES: Final = tuple(kind.value for kind in InstrumentClass)
"""Classes of instruments that a view can leave out."""
MAIN: Final = "main"
"""The watchlist that everyone has."""
MOST_COMPARED: Final = 6
"""Pairs in one chart."""
_PAIR_ID: Final = re.compile(r"[\w:]{1,30}:[\w.]{1,30}-[\w.]{1,30}", re.ASCII)
_EXCHANGES: Final = {"all": None, "across": CONSOLIDATED}
"""What stands for no single exchange."""
_SORTS_BESIDE_COLUMNS: Final = ("rank", "pair", "stddev")


@dataclass(frozen=True, slots=True)
class ViewSpec:
    """One named view. Fields are called as those of the app's state that they set."""

    name: str
    needle: str = ""
    """Filter."""
    quote: str | None = "USD"
    source: str | None = None
    """Exchange, or what is made of all, where several are watched; ``None`` for pairs of all."""
    watchlist_only: bool = False
    watchlist: str = MAIN
    """Which watchlist, where ``watchlist_only``."""
    metric: Metric = Metric.PRICE
    measure: Measure = Measure.STDDEV
    window: int | None = None
    """Minutes that figures and ranks are over; ``None`` for the present ones."""
    range_hours: int = 24
    sort: str | None = None
    reverse: bool = False
    then: str | None = None
    """Second column to sort by."""
    min_volume: float | None = None
    """Floor of the 24 h volume in USD; ``None`` for that of the settings."""
    excluded: tuple[str, ...] = ()
    unique_base: bool = False
    columns: tuple[str, ...] | None = None
    """Columns of the table; ``None`` for the present ones."""
    layout: Preset | None = None
    """Preset of the panes; ``None`` for the present one."""
    compared: tuple[str, ...] | None = None
    """Ids of the pairs that the chart compares; ``None`` for the present ones."""


def check_name(name: str) -> str:
    """Return a name for a view or a watchlist, without blanks around it.

    Raises:
        ConfigError: If it is none.
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME or clean(name) != name or name.endswith("*"):
        raise ConfigError(f"{clean(name, MAX_NAME)!r} is no name", f"1 to {MAX_NAME} characters, no * at the end")
    return name


def view_of(name: str, table: object, place: str) -> ViewSpec:
    """Return the view that a table describes; what it leaves out is as in ``ViewSpec``.

    Args:
        name: What it is called.
        table: What the TOML file or the state holds.
        place: Where it stands, for the error: ``config.toml: views.Alts``.

    Raises:
        ConfigError: If keys or values are none; it names place, key and what is allowed.
    """
    problems = Problems()
    view = _read(check_name(name), table, place, problems)
    problems.check()
    return view


def _read(name: str, table: object, place: str, problems: Problems) -> ViewSpec:
    """The view that the usable part of a table describes."""
    if not isinstance(table, Mapping):
        problems.add(ConfigError(f"{place} is no table", f"begin it with [views.{clean(name, MAX_NAME)}]"))
        return ViewSpec(name)
    chosen: dict[str, object] = {}
    for key, raw in table.items():
        with problems.noting():
            chosen |= _chosen(str(key), raw, place)
    make: Callable[..., ViewSpec] = ViewSpec
    return make(name, **chosen)


def _chosen(key: str, raw: object, place: str) -> dict[str, object]:
    """What one key of a view's table sets."""
    part = _PARTS.get(key)
    if part is None:
        near = difflib.get_close_matches(key[:60], _PARTS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(_PARTS)}"
        raise ConfigError(f"{place}: unknown key {clean(key, 60)!r}", hint)
    try:
        return part.parse(raw)
    except FilterError as error:
        raise error.at(f"{place}: {key}") from error
    except ConfigError as error:
        raise ConfigError(f"{place}: {key}: {error.message}", error.hint) from error
    except ValueError as error:
        wrong = error.elements if isinstance(error, parse.ElementsError) else (raw,)
        what = [f"{place}: {key}: {clean(str(one), 80)!r} is not allowed" for one in wrong]
        hint = f"allowed: {part.allowed}"
        raise ConfigError(what[0], hint, tuple(ConfigError(one, hint) for one in what)) from error


def views_of(table: object, place: str, problems: Problems) -> tuple[ViewSpec, ...]:
    """Return the views of a table of tables, in its order; what can't be used of it becomes a problem."""
    if not isinstance(table, Mapping):
        problems.add(ConfigError(f"{place}: views is no table", "name each one: [views.NAME]"))
        return ()
    if len(table) > MAX_VIEWS:
        problems.add(ConfigError(f"{place}: {len(table)} views", f"at most {MAX_VIEWS}"))
    views: list[ViewSpec] = []
    for name, view in table.items():
        try:
            checked = check_name(str(name))
        except ConfigError as error:
            problems.add(ConfigError(f"{place}: views: {error.message}", error.hint))
            checked = clean(str(name), MAX_NAME)
        views.append(_read(checked, view, f"{place}: views.{checked}", problems))
    return tuple(views)


def written(view: ViewSpec) -> dict[str, object]:
    """A view as the table that ``view_of`` takes, without what is as in a view that says nothing."""
    plain = ViewSpec(view.name)
    differing = {field.name for field in fields(ViewSpec) if getattr(view, field.name) != getattr(plain, field.name)}
    table: dict[str, object] = {}
    for key, part in _PARTS.items():
        if differing & set(part.fields):
            table[key] = part.write(view)
    return table


@dataclass(frozen=True, slots=True)
class _Part:
    """One key of the table."""

    fields: tuple[str, ...]
    parse: Callable[[object], dict[str, object]]
    """The fields that it sets; ``ValueError`` or ``FilterError`` if it can't."""
    allowed: str
    write: Callable[[ViewSpec], object]


def _part(name: str, parse: Callable[[object], object], allowed: str) -> _Part:
    def write(view: ViewSpec) -> object:
        value = getattr(view, name)
        if isinstance(value, tuple):
            return list(value)
        if name in ("range_hours", "window"):
            return written_span(int(value) * (60 if name == "range_hours" else 1))
        return value.value if isinstance(value, StrEnum) else value

    return _Part((name,), lambda raw: {name: parse(raw)}, allowed, write)


def _filter(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError
    return compile_filter(raw).text


def _sort(raw: object) -> dict[str, object]:
    text = _word(raw)
    key = _column(text.removeprefix("-"))
    return {"sort": None if key == "rank" else key, "reverse": text.startswith("-")}


def _column(word: str) -> str:
    known = word if word in _SORTS_BESIDE_COLUMNS else BY_NAME[word].name if word in BY_NAME else None
    if known is None:
        raise ValueError
    return {"sigma": "stddev"}.get(known, known)


def _written_sort(view: ViewSpec) -> str:
    return f"{'-' if view.reverse else ''}{view.sort or 'rank'}"


def _watchlist(raw: object) -> dict[str, object]:
    if isinstance(raw, bool):
        return {"watchlist_only": raw}
    name = check_name(raw) if isinstance(raw, str) else ""
    if not name:
        raise ValueError
    return {"watchlist_only": True, "watchlist": name}


def _range(raw: object) -> int:
    minutes = parse.minutes(60, RANGES_H[-1] * 60)(raw)
    if minutes not in (hours * 60 for hours in RANGES_H):
        raise ValueError
    return minutes // 60


def _word(raw: object) -> str:
    if not isinstance(raw, str) or not 0 < len(raw.strip()) <= MAX_NAME:
        raise ValueError
    return raw.strip().lower()


def _words(raw: object) -> tuple[str, ...]:
    if isinstance(raw, str):
        raw = raw.split(",")
    if not isinstance(raw, list | tuple) or len(raw) > MAX_VIEWS:
        raise ValueError
    return tuple(dict.fromkeys(_word(word) for word in raw))


def _pair_ids(raw: object) -> tuple[str, ...]:
    given = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(given, list | tuple) or len(given) > MOST_COMPARED:
        raise ValueError
    ids = tuple(dict.fromkeys(str(one).strip() for one in given))
    if wrong := [one for one in ids if not _PAIR_ID.fullmatch(one)]:
        raise parse.ElementsError(wrong)
    return ids


def _classes(raw: object) -> tuple[str, ...]:
    words = _words(raw) if raw else ()
    if wrong := [word for word in words if word not in CLASSES]:
        raise parse.ElementsError(wrong)
    return words


def _one_of(kind: type[StrEnum]) -> str:
    return ", ".join(member.value for member in kind)


_PARTS: Final[dict[str, _Part]] = {
    "filter": _part("needle", _filter, "a filter, as typed behind /"),
    "quote": _Part(
        ("quote",), lambda raw: {"quote": parse.quote(raw)}, "a quote currency such as USD, or all",
        lambda view: view.quote or "all",
    ),
    "exchange": _Part(
        ("source",), lambda raw: {"source": _EXCHANGES.get(word := _word(raw), word)},
        "one exchange such as kraken, all, or across for what is made of them all",
        lambda view: {source: word for word, source in _EXCHANGES.items()}.get(view.source, view.source),
    ),
    "watchlist": _Part(
        ("watchlist_only", "watchlist"), _watchlist, "true, false or the name of a watchlist",
        lambda view: view.watchlist if view.watchlist_only else False,
    ),
    "metric": _part("metric", parse.choice(Metric), _one_of(Metric)),
    "by": _part("measure", parse.choice(Measure), _one_of(Measure)),
    "window": _part("window", parse.minutes(10, 30 * 24 * 60), "10m to 30d: what figures and ranks are over"),
    "range": _part("range_hours", _range, "1h, 6h, 24h, 7d, 30d or 365d"),
    "sort": _Part(
        ("sort", "reverse"), _sort, f"a column, with - in front to reverse it: {', '.join(BY_NAME)}", _written_sort
    ),
    "then": _part("then", lambda raw: _column(_word(raw)), "a second column to sort by"),
    "min-volume": _part("min_volume", parse.amount, "US dollars, 0 or more, such as 100k"),
    "exclude": _part("excluded", _classes, f"classes of pairs: {', '.join(CLASSES)}"),
    "unique-base": _part("unique_base", parse.boolean, "true or false"),
    "columns": _part("columns", parse.columns, "names of columns, each alone or as name:width"),
    "layout": _part("layout", parse.choice(Preset), _one_of(Preset)),
    "compare": _part("compared", _pair_ids, f"at most {MOST_COMPARED} pairs of exchanges, such as kraken:BTC-USD"),
}  # fmt: skip
