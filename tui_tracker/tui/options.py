"""What can be set while the app runs: a title, the words to choose from, and what choosing one does. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from tui_tracker.config.choices import Preset, TimeZone
from tui_tracker.config.looks import NAMES, chosen_with, looks_of, word_of, words_of
from tui_tracker.config.model import Settings
from tui_tracker.tui.highlights import shift_text
from tui_tracker.tui.view import SHIFTS_MINUTES, ViewState

FOLLOWS, STAYS = "follows its pair", "stays at its line"
_TITLES: Final = {
    "change_colors": ("up and down", "colors of rises and falls; a sign always stands beside them"),
    "ascii": ("ASCII only", "without characters that old terminals and fonts lack"),
    "keymap": ("keys", "which keys do what, before those of your own"),
    "thousands": ("thousands", "what stands between groups of three digits"),
    "si_suffixes": ("suffixes", "volumes as 812M, or as 812e6"),
    "clock": ("hours of the clock", "24, or 12 with am and pm"),
    "flash": ("flash", "changed values are set off for a moment"),
}


class Option(NamedTuple):
    """One thing that can be set."""

    setting: str
    """Its name in the configuration; empty if it has none."""
    title: str
    about: str
    words: tuple[str, ...]
    present: str
    choose: Callable[[str], ViewState]
    """The view with one of ``words``."""

    def stepped(self, step: int) -> ViewState:
        """The view with the word so many places further, cyclically."""
        place = self.words.index(self.present) if self.present in self.words else -1
        return self.choose(self.words[(place + step) % len(self.words)])


def options(view: ViewState, settings: Settings, themes: Sequence[str]) -> tuple[Option, ...]:
    """All that can be set, as it is now."""
    return tuple(_options(view, settings, themes))


def _options(view: ViewState, settings: Settings, themes: Sequence[str]) -> Iterator[Option]:
    def choice(setting: str, title: str, about: str, words: Sequence[str], present: str, field: str) -> Option:
        return Option(setting, title, about, tuple(words), present, lambda word: replace(view, **{field: word}))  # type: ignore[arg-type]

    def panes(word: str) -> ViewState:
        return replace(view, panes=replace(view.panes, preset=Preset(word), chart_pct=None))

    def zone(word: str) -> ViewState:
        return replace(view, time_zone=TimeZone(word))

    yield choice("theme", "theme", "colors; auto follows the terminal", themes, view.theme, "theme")
    presets = tuple(preset.value for preset in Preset)
    yield Option("layout", "layout", "which pane most room goes to", presets, view.panes.preset.value, panes)
    zones = tuple(zone.value for zone in TimeZone)
    yield Option("time_zone", "time zone", "of the times on the screen", zones, view.time_zone.value, zone)
    looks = looks_of(settings, view.looks)
    for name in NAMES:
        title, about = _TITLES[name]
        yield Option(
            name, title, about, words_of(name), word_of(looks, name), partial(_with_look, view, settings, name)
        )
    spans = {shift_text(minutes): minutes for minutes in SHIFTS_MINUTES}
    yield Option(
        "",
        "rank change",
        "ranks are compared with those of so long ago",
        tuple(spans),
        shift_text(view.shift_minutes),
        lambda word: replace(view, shift_minutes=spans[word]),
    )
    yield Option(
        "",
        "cursor",
        "what it does when rows move",
        (FOLLOWS, STAYS),
        STAYS if view.keeps_line else FOLLOWS,
        lambda word: replace(view, keeps_line=word == STAYS),
    )


def _with_look(view: ViewState, settings: Settings, name: str, word: str) -> ViewState:
    return replace(view, looks=chosen_with(view.looks, name, word, settings))
