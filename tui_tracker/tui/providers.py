"""What the command palette offers: pairs to go to, and everything that can be chosen or done."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple, Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from typing_extensions import override

from tui_tracker.config.choices import ChartStyle
from tui_tracker.config.views import MAIN, RANGES_H
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.core.text import clean
from tui_tracker.filters.columns import BY_NAME, NumberColumn
from tui_tracker.tui.bindings import Command
from tui_tracker.tui.columns import COLUMNS, SORT_KEYS
from tui_tracker.tui.desk import BEGINS, Desk, distance
from tui_tracker.tui.loose import loose_fit
from tui_tracker.tui.options import options
from tui_tracker.tui.titles import pair_name, range_text, scope_text, source_text, window_text
from tui_tracker.tui.view import BANDS, WINDOWS, ViewState

MOST_PAIRS: Final = 30
_KEY: Final = re.compile(r"  \([^()]*\)$")


class Host(Protocol):
    """What the palette needs of the app."""

    @property
    def desk(self) -> Desk:
        """What is shown and chosen."""
        ...

    @property
    def undo(self) -> tuple[str, Callable[[], None]] | None:
        """What was removed last, and what brings it back."""
        ...

    @property
    def theme_choices(self) -> Sequence[str]:
        """Names of the themes."""
        ...

    def choose(self, view: ViewState) -> None:
        """Look at things in another way."""
        ...

    def go_to(self, key: str) -> None:
        """Select a pair."""
        ...

    def take_view(self, name: str) -> None:
        """Take up a named view."""
        ...

    def remove_view(self, name: str) -> None:
        """Forget a saved view."""
        ...

    def take_watchlist(self, name: str) -> None:
        """Rank one watchlist."""
        ...

    def remove_watchlist(self, name: str) -> None:
        """Forget a watchlist."""
        ...

    def add_favourite(self, key: str) -> None:
        """Put a pair on the watchlist in use."""
        ...

    def active_commands(self) -> list[Command]:
        """What can be done now."""
        ...

    def call_later(self, callback: Callable[..., object], *args: object) -> bool:
        """Do something after the palette has closed."""
        ...

    async def run_action(self, action: str) -> bool:
        """Do what a key does."""
        ...


class Offer(NamedTuple):
    """One entry of the palette."""

    title: str
    run: Callable[[], object]
    also: str = ""
    """Other words that it is found by."""

    def score(self, query: str) -> float:
        """How well it fits what was typed: in so many words, else by letters of them in order."""
        fit = max(score(self.title, query), score(f"{self.title} {self.also}", query) - 0.2 if self.also else 0.0)
        if fit > 0:
            return fit
        query = query.lower()
        return LOOSE_SCORE * max(loose_fit(_plain(self.title), query), 0.9 * loose_fit(self.also.lower(), query))


_WATCHLIST_OFFERS: Final = (
    ("new watchlist …", "new_watchlist", ""),
    ("rename the watchlist …", "rename_watchlist", ""),
    ("write the watchlist to a file", "write_watchlist", "export save"),
    ("add the pairs of a file to the watchlist …", "read_watchlist", "import read"),
)
_ALSO_OF_SETTINGS: Final = {
    "theme": "colors colours dark light",
    "change_colors": "colors colours colorblind colourblind color-blind colour-blind red green",
    "ascii": "plain characters",
    "thousands": "numbers digits separator",
    "si_suffixes": "numbers digits",
    "clock": "time 12 24 am pm",
}
"""What else people call the settings."""
_SORTS_OF_FILTERS: Final = tuple(
    name
    for name, column in BY_NAME.items()
    if name == column.name != "sigma" and name not in SORT_KEYS and isinstance(column, NumberColumn)
)
"""Columns of filters that have no place in the table until it is sorted by them."""
LOOSE_SCORE: Final = 0.15
"""The best of what has only letters of the query in order; all that has its words comes before."""
LOOSE_PAIR_SCORE: Final = 0.09
PAIR_SCORE: Final = 0.85
"""A pair whose name the query is somewhere in; commands that say it in so many words come before it."""


def score(title: str, query: str) -> float:
    """How well a title fits what was typed, 0 to 1; 0 if it doesn't.

    In this order: the title itself, its beginning, the query at the beginning of a word, the query anywhere, all its
    words at beginnings of words, all its words anywhere.
    """
    title, query = _plain(title), _plain(query)
    words = query.split()
    if not words or not all(word in title for word in words):
        return 0.0
    padded = f" {title}"
    steps = (
        title == query,
        f"{padded} ".startswith(f" {query} "),
        title.startswith(query),
        f" {query} " in f"{padded} ",
        f" {query}" in padded,
        query in title,
        all(f" {word} " in f"{padded} " for word in words),
        all(f" {word}" in padded for word in words),
    )
    whole = sum(f" {word} " in f"{padded} " for word in words) / len(words)
    return 0.94 - 0.06 * next((place for place, holds in enumerate(steps) if holds), len(steps)) + whole / 20


def _plain(text: str) -> str:
    """Words in lower case, without the key behind a title and without signs between words."""
    text = _KEY.sub("", text.lower())
    return " ".join(text.replace(":", " ").replace("…", " ").replace(",", " ").replace(";", " ").split())


def offers(host: Host) -> Iterator[Offer]:
    """Everything that can be chosen or done now."""

    def choice(title: str, **changes: object) -> Offer:
        return Offer(title, lambda: host.choose(replace(host.desk.view, frozen=None, **changes)))  # type: ignore[arg-type]

    for command in host.active_commands():
        if command.in_palette:
            yield Offer(
                f"{command.help}  ({command.display})" if command.display else command.help,
                partial(host.call_later, host.run_action, command.action),
                f"{command.hint} {command.id.replace('.', ' ').replace('_', ' ')}",
            )
    for metric in Metric:
        yield choice(f"metric: {metric.label}", metric=metric)
    for measure in Measure:
        yield choice(f"rank by: {measure.label}", measure=measure, sort=None, reverse=False)
    for quote in (None, *host.desk.quotes()):
        yield choice(f"scope: {scope_text(ViewState(quote=quote))}", quote=quote, watchlist_only=False)
    sources = host.desk.sources()
    for source in (None, *sources) if sources else ():
        title = "every exchange" if source is None else source_text(source)
        yield choice(f"scope: {title}", source=source, watchlist_only=False)
    yield from _kept(host)
    yield from _sorts(host)
    for hours in RANGES_H:
        yield choice(f"range: {range_text(hours)} of the chart", range_hours=hours, span=None)
    for minutes in WINDOWS:
        yield choice(f"window: {window_text(minutes)} of all figures", window=minutes, frozen=None)
    yield choice("chart: rank history", shows_ranks=True, span=None)
    for style in ChartStyle:
        yield choice(f"chart: {style.value}", chart_style=style, shows_ranks=False)
    for minutes in BANDS:
        title = f"mean ± 2σ of {minutes // 60} h" if minutes else "no band"
        yield choice(f"chart: {title}", band_minutes=minutes, shows_ranks=False)
    for option in options(host.desk.view, host.desk.settings, host.theme_choices):
        for word in option.words:
            also = f"{option.setting} {_ALSO_OF_SETTINGS.get(option.setting, '')}"
            yield Offer(f"{option.title}: {word}", partial(_set, host, option.title, word), also)


def _set(host: Host, title: str, word: str) -> None:
    """Set something; the view may have changed since it was offered."""
    for option in options(host.desk.view, host.desk.settings, host.theme_choices):
        if option.title == title:
            host.choose(option.choose(word))


def _sorts(host: Host) -> Iterator[Offer]:
    """Each column, as a click on its heading."""
    for column in COLUMNS:
        if column.is_sortable:
            title = f"sort by: {column.key}" + (f", {column.about}" if column.about else "")
            yield Offer(title, partial(_sort, host, column.key))
    for name in _SORTS_OF_FILTERS:
        yield Offer(f"sort by: {name}, {BY_NAME[name].help}", partial(_sort, host, name))


def _sort(host: Host, column: str) -> None:
    host.choose(host.desk.view.with_sort(column))


def _kept(host: Host) -> Iterator[Offer]:
    """Named views and watchlists."""
    if host.undo is not None:
        what, restore = host.undo
        yield Offer(f"bring back: {clean(what, 60)}", restore, "undo restore removed")
    for number, view in enumerate(host.desk.views, 1):
        key = f"  ({number})" if number < 10 else ""
        yield Offer(f"view: {clean(view.name, 40)}{key}", partial(host.take_view, view.name))
    for view in host.desk.saved_views:
        yield Offer(f"remove view: {clean(view.name, 40)}", partial(host.remove_view, view.name), "delete")
    for name, ids in host.desk.watchlists.items():
        scope = scope_text(ViewState(watchlist_only=True, watchlist=name))
        yield Offer(f"scope: {scope} ({len(ids)})", partial(host.take_watchlist, name))
    for name, ids in host.desk.watchlists.items():
        if name != MAIN or ids:
            title = f"remove watchlist: {clean(name, 40)} ({len(ids)})"
            yield Offer(title, partial(host.remove_watchlist, name), "delete empty")
    for title, action, also in _WATCHLIST_OFFERS:
        yield Offer(title, partial(host.call_later, host.run_action, action), also)


def _pairs(desk: Desk, query: str) -> Iterator[tuple[float, Row]]:
    """Pairs that fit, and how well; by letters in order only where none has what was typed."""
    found = desk.search(query, MOST_PAIRS)
    for place, row in enumerate(found):
        yield (1.0 if distance(row, query) <= BEGINS else PAIR_SCORE) - place / 1000, row
    if not found:
        for place, row in enumerate(desk.search_loosely(query, MOST_PAIRS)):
            yield LOOSE_PAIR_SCORE - place / 1000, row


class PairProvider(Provider):
    """Go to a pair."""

    @override
    async def search(self, query: str) -> Hits:
        host = cast(Host, self.app)
        for fit, row in _pairs(host.desk, query):
            title = pair_name(row.instrument, 40, is_several=host.desk.is_several)
            yield Hit(fit, Content(title), partial(host.go_to, row.id), text=title)


class WatchlistProvider(Provider):
    """Add a pair to the watchlist."""

    @override
    async def search(self, query: str) -> Hits:
        host = cast(Host, self.app)
        for fit, row in _pairs(host.desk, query):
            mark = "★ " if row.id in host.desk.watchlist else ""
            title = f"{mark}{pair_name(row.instrument, 40, is_several=host.desk.is_several)}"
            yield Hit(fit, Content(title), partial(host.add_favourite, row.id), text=title)


class CommandProvider(Provider):
    """Metrics, measures, scopes, ranges, themes and what the keys do."""

    @override
    async def discover(self) -> Hits:
        for offer in offers(cast(Host, self.app)):
            yield DiscoveryHit(Content(offer.title), offer.run, text=offer.title)

    @override
    async def search(self, query: str) -> Hits:
        for place, offer in enumerate(offers(cast(Host, self.app))):
            fit = offer.score(query)
            if fit:
                yield Hit(fit - place / 10_000, Content(offer.title), offer.run, text=offer.title)
