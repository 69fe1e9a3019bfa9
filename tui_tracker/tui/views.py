"""Named views: the built-in ones, how one is taken up, and how the present one gets a name. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from typing import Final

from tui_tracker.config.views import CLASSES, MAIN, ViewSpec
from tui_tracker.core.classes import DOLLARS
from tui_tracker.core.figures import Measure
from tui_tracker.tui.column_choice import chosen_of, entries, known
from tui_tracker.tui.column_layout import default_keys
from tui_tracker.tui.columns import SORT_KEYS
from tui_tracker.tui.view import Panes, ViewState

FLOOR_USD: Final = 100_000.0

BUILT_IN: Final = (
    ViewSpec("σ of USD pairs", min_volume=FLOOR_USD, excluded=CLASSES),
    ViewSpec("Most volatile USD", measure=Measure.VOLATILITY, min_volume=FLOOR_USD, excluded=CLASSES),
    ViewSpec(
        "Calmest",
        needle="activity >= 50%",
        measure=Measure.VOLATILITY,
        reverse=True,
        min_volume=FLOOR_USD,
        excluded=("stable", "fiat"),
    ),
    ViewSpec("Stablecoins off their peg", needle=f"base in ({', '.join(DOLLARS)})", measure=Measure.CV, sort="peg"),
    ViewSpec("Widest spreads", measure=Measure.CV, sort="spread", min_volume=0.0),
    ViewSpec("Biggest movers", measure=Measure.CV, sort="move", min_volume=FLOOR_USD, excluded=CLASSES),
    ViewSpec("New listings", needle="history < 23", quote=None, measure=Measure.CV, sort="history", reverse=True),
    ViewSpec("Watchlist", watchlist_only=True, measure=Measure.CV, quote=None),
)
"""The views that everyone has; the first is what the first start opens on.

Pegs: coins that promise a dollar, by name, since a class of stable coins also holds those of other currencies. New
listings: a pair's age is how far back its samples go, and unknown until its candles were read.
"""
_SET_WHERE_GIVEN: Final = ("watchlist", "columns", "then", "layout", "window", "compared")
_SET: Final = tuple(field.name for field in fields(ViewSpec) if field.name not in _SET_WHERE_GIVEN)


def all_views(configured: Sequence[ViewSpec], saved: Sequence[ViewSpec]) -> tuple[ViewSpec, ...]:
    """Built-in views, then the configured, then the saved ones; a later one of the same name takes the place."""
    by_name = {view.name: view for view in (*BUILT_IN, *configured, *saved)}
    return tuple(by_name.values())


def named(views: Sequence[ViewSpec], name: str) -> ViewSpec | None:
    """The view of that name, or ``None``."""
    return next((view for view in views if view.name == name), None)


def following(views: Sequence[ViewSpec], name: str) -> ViewSpec:
    """The view after the one of that name, cyclically."""
    names = [view.name for view in views]
    return views[(names.index(name) + 1) % len(views)] if name in names else views[0]


def taken_up(view: ViewSpec, state: ViewState, watched: Collection[str] = ()) -> ViewState:
    """The state after choosing a view; selection, theme and time zone stay.

    Args:
        view: What is chosen.
        state: What was chosen before.
        watched: Exchanges, where there are several: a view of another one shows those of all.
    """
    chosen: dict[str, object] = {name: getattr(view, name) for name in _SET}
    chosen["source"] = view.source if view.source in watched else None
    chosen["then"] = view.then if view.then in SORT_KEYS else None
    if view.columns is not None:
        chosen["columns"] = chosen_of([entry for entry in entries(known(view.columns)) if entry.is_shown])
    if view.layout is not None and view.layout is not state.panes.preset:
        chosen["panes"] = Panes(view.layout, state.panes.list_width)
    if view.window is not None:
        chosen["window"] = view.window
    if view.compared is not None:
        chosen["compared"] = view.compared
    if view.watchlist_only:
        chosen["watchlist"] = view.watchlist
    return replace(state, frozen=None, **chosen)  # type: ignore[arg-type]


def captured(name: str, state: ViewState) -> ViewSpec:
    """The present view under a name."""
    kept = {part: getattr(state, part) for part in _SET if part != "name"}
    return ViewSpec(
        name,
        watchlist=state.watchlist if state.watchlist_only else MAIN,
        columns=state.columns or default_keys(),
        then=state.then,
        window=state.window,
        layout=state.panes.preset,
        compared=state.compared or None,
        **kept,
    )


def is_changed(views: Sequence[ViewSpec], state: ViewState, watched: Collection[str] = ()) -> bool:
    """Whether the state no longer is what the view whose name it bears says; comparing pairs leaves it what it is."""
    view = named(views, state.name)
    if view is None:
        return False
    return replace(taken_up(view, state, watched), frozen=state.frozen, compared=state.compared) != state


def label(views: Sequence[ViewSpec], state: ViewState, watched: Collection[str] = ()) -> str:
    """``Calmest``, or ``Calmest*`` once something was changed; empty without a name."""
    if named(views, state.name) is None:
        return ""
    return f"{state.name}*" if is_changed(views, state, watched) else state.name
