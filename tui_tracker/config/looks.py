"""How the app writes, and which keys it obeys: as configured, with what was chosen in the app in its place."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from tui_tracker.config.choices import ChangeColors, ClockFace, Keymap, Thousands
from tui_tracker.config.model import Settings

ON: Final = "on"
OFF: Final = "off"


@dataclass(frozen=True, slots=True)
class Looks:
    """Settings of these names, see ``Settings``, that can be changed while the app runs."""

    change_colors: ChangeColors = ChangeColors.GREEN_RED
    ascii: bool = False
    keymap: Keymap = Keymap.DEFAULT
    thousands: Thousands = Thousands.COMMA
    si_suffixes: bool = True
    clock: ClockFace = ClockFace.H24
    flash: bool = True


NAMES: Final = tuple(part.name for part in fields(Looks))
_KINDS: Final[Mapping[str, type[StrEnum]]] = {
    "change_colors": ChangeColors,
    "keymap": Keymap,
    "thousands": Thousands,
    "clock": ClockFace,
}


def words_of(name: str) -> tuple[str, ...]:
    """What one of them can be, as words."""
    kind = _KINDS.get(name)
    return (OFF, ON) if kind is None else tuple(member.value for member in kind)


def word_of(looks: "Looks | Settings", name: str) -> str:
    """What one of them is, as a word."""
    value = getattr(looks, name)
    return value.value if isinstance(value, StrEnum) else ON if value else OFF


def looks_of(settings: Settings, chosen: Mapping[str, str]) -> Looks:
    """What is in force: the settings, and what was chosen in their place; words that mean nothing are passed over."""
    values: dict[str, object] = {name: getattr(settings, name) for name in NAMES}
    for name, word in known(chosen).items():
        kind = _KINDS.get(name)
        values[name] = word == ON if kind is None else kind(word)
    return Looks(**values)  # type: ignore[arg-type]


def known(chosen: Mapping[str, str]) -> dict[str, str]:
    """The part of a choice that makes sense."""
    return {name: word for name, word in chosen.items() if name in NAMES and word in words_of(name)}


def chosen_with(chosen: Mapping[str, str], name: str, word: str, settings: Settings) -> dict[str, str]:
    """A choice with one more word; what is as configured is no choice."""
    rest = {other: kept for other, kept in chosen.items() if other != name}
    return rest if word == word_of(settings, name) else {**rest, name: word}
