"""Flags win for one run: what they choose takes the place of what is remembered, and is not remembered itself."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from typing_extensions import override

from tui_tracker.config.load import Loaded
from tui_tracker.config.state import State, StateStore, View

CHOSEN_BY: Final[dict[str, tuple[str, ...]]] = {
    "quote": ("quote", "watchlist_only"),
    "metric": ("metric",),
    "by": ("measure",),
    "min_volume": ("min_volume",),
    "theme": ("theme",),
    "time_zone": ("time_zone",),
    "chart_style": ("chart_style",),
    "columns": ("columns",),
    "layout": ("layout",),
    "window": ("window",),
}
"""What of the remembered view a setting chooses."""


def without_flagged(state: State, loaded: Loaded) -> State:
    """What is remembered, less the choices that a flag makes this time."""
    plain, view = View(), state.view
    parts = [part for name, parts in CHOSEN_BY.items() if loaded.is_flag(name) for part in parts]
    looks = {name: word for name, word in view.looks.items() if not loaded.is_flag(name)}
    return replace(state, view=replace(view, looks=looks, **{part: getattr(plain, part) for part in parts}))


class FlaggedStore(StateStore):
    """Remembers, in the place of what a flag chose and nobody changed since, what was remembered before.

    Args:
        folder: As for ``StateStore``.
        loaded: The settings, and which of them are flags.
        before: What was remembered.
        opened: How the app opens.
    """

    def __init__(self, folder: Path, loaded: Loaded, before: View, opened: View) -> None:
        super().__init__(folder)
        self._flagged: Final = [parts for name, parts in CHOSEN_BY.items() if loaded.is_flag(name)]
        self._opened: Final = opened
        self._before: Final = before
        self._looks: Final = {name: word for name, word in before.looks.items() if loaded.is_flag(name)}

    @override
    def save_view(self, view: View) -> None:
        """See ``StateStore.save_view``."""
        kept = {
            part: getattr(self._before, part)
            for parts in self._flagged
            if all(getattr(view, part) == getattr(self._opened, part) for part in parts)
            for part in parts
        }
        super().save_view(replace(view, looks={**self._looks, **view.looks}, **kept))
