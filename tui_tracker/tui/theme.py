"""The themes: one accent, two meanings, three greys."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Final

from textual.theme import Theme as TextualTheme

from tui_tracker.config.choices import ChangeColors, Theme
from tui_tracker.config.themes import OwnTheme

DARK: Final = {
    "text": "#d7d7d7",
    "muted": "#9e9e9e",
    "faint": "#808080",
    "line": "#444444",
    "up": "#5fd787",
    "down": "#ff8787",
    "cursor": "#22303f",
}
"""Most of them are among the 256 that have short names in a terminal: fewer bytes on the line."""
LIGHT: Final = {
    "text": "#1f2328",
    "muted": "#4d565f",
    "faint": "#757e87",
    "line": "#c3c9cf",
    "up": "#17722f",
    "down": "#b9202f",
    "cursor": "#dbe8f6",
}
TERMINAL: Final = {
    "text": "ansi_default",
    "muted": "ansi_default",
    "faint": "ansi_default",
    "line": "ansi_bright_black",
    "up": "ansi_green",
    "down": "ansi_red",
    "cursor": "ansi_default",
}
HIGH_CONTRAST: Final = {
    "text": "#ffffff",
    "muted": "#e4e4e4",
    "faint": "#bdbdbd",
    "line": "#8a8a8a",
    "up": "#4dff88",
    "down": "#ff8f8f",
    "cursor": "#00306b",
}
ACCENTS: Final = {
    Theme.DARK: "#5fafff",
    Theme.LIGHT: "#0a5ba8",
    Theme.TERMINAL: "ansi_cyan",
    Theme.HIGH_CONTRAST: "#ffe04d",
}
BACKGROUNDS: Final = {
    Theme.DARK: "#121212",
    Theme.LIGHT: "#fbfbfa",
    Theme.TERMINAL: "ansi_default",
    Theme.HIGH_CONTRAST: "#000000",
}
VARIABLES: Final = {
    Theme.DARK: DARK,
    Theme.LIGHT: LIGHT,
    Theme.TERMINAL: TERMINAL,
    Theme.HIGH_CONTRAST: HIGH_CONTRAST,
}
BLUE_ORANGE: Final = {
    Theme.DARK: ("#5aa2ff", "#f0a03c"),
    Theme.LIGHT: ("#0b57c2", "#9a4a00"),
    Theme.TERMINAL: ("ansi_bright_blue", "ansi_yellow"),
    Theme.HIGH_CONTRAST: ("#7db8ff", "#ffb052"),
}
"""Up and down that stay apart whichever of the three kinds of cone is missing: they differ in blue and in lightness."""
TRACES: Final = {
    Theme.DARK: ("#e69f00", "#56c596", "#f0e442", "#d98cc3", "#e8704a", "#b9a7ff"),
    Theme.LIGHT: ("#9a5b00", "#00714f", "#7a6a00", "#a0347f", "#b3401a", "#5a3fc0"),
    Theme.TERMINAL: ("ansi_yellow", "ansi_green", "ansi_magenta", "ansi_blue", "ansi_red", "ansi_default"),
    Theme.HIGH_CONTRAST: ("#ffb000", "#4dff88", "#ffffff", "#ff9de1", "#ff8f5f", "#c9b8ff"),
}
"""Lines of compared pairs: hues far apart, also for those who see fewer, after Okabe and Ito, "Color universal design",
2008. Letters on the lines tell them apart as well."""
_ANSWER: Final = re.compile(r"rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})(?:/[0-9a-fA-F]{1,4})?")


def theme_name(theme: str, is_light: bool = False) -> str:
    """The name under which a theme is registered; what ``auto`` is depends on the background of the terminal."""
    if theme == Theme.AUTO:
        theme = Theme.LIGHT if is_light else Theme.DARK
    return f"tracker-{theme}"


def textual_themes(own: Sequence[OwnTheme], changes: ChangeColors) -> list[TextualTheme]:
    """Every theme in Textual's terms, with the chosen colours of up and down where a theme of one's own has none."""
    built_in = [OwnTheme(theme.value, theme) for theme in VARIABLES]
    return [_made(theme, changes) for theme in (*built_in, *own)]


def textual_theme(theme: Theme, changes: ChangeColors = ChangeColors.GREEN_RED) -> TextualTheme:
    """A built-in theme in Textual's terms."""
    return _made(OwnTheme(theme.value, theme), changes)


def _made(theme: OwnTheme, changes: ChangeColors) -> TextualTheme:
    palette = _palette(theme, changes)
    accent, background = palette.pop("accent"), palette.pop("background")
    is_ansi = background == "ansi_default"
    variables = {f"tracker-{name}": color for name, color in palette.items()} | _traces(theme.base)
    variables |= {
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "border": accent,
        "border-blurred": palette["line"],
        "block-cursor-background": "ansi_cyan" if is_ansi else accent,
        "block-cursor-foreground": "ansi_black" if is_ansi else background,
        "input-cursor-background": "ansi_white" if is_ansi else palette["text"],
        "input-cursor-foreground": "ansi_black" if is_ansi else background,
        "input-cursor-text-style": "reverse" if is_ansi else "none",
    }
    return TextualTheme(
        name=theme_name(theme.name),
        primary=accent,
        secondary=accent,
        accent=accent,
        warning=accent,
        error=palette["down"],
        success=palette["up"],
        foreground=palette["text"],
        background=background,
        surface=background,
        panel=background,
        boost=background,
        dark=theme.base is not Theme.LIGHT,
        variables=variables,
        ansi=is_ansi,
    )


def _traces(base: Theme) -> dict[str, str]:
    return {f"tracker-trace{place}": color for place, color in enumerate(TRACES[base], 1)}


def _palette(theme: OwnTheme, changes: ChangeColors) -> dict[str, str]:
    base = theme.base
    palette = VARIABLES[base] | {"accent": ACCENTS[base], "background": BACKGROUNDS[base]}
    if changes is ChangeColors.BLUE_ORANGE:
        palette["up"], palette["down"] = BLUE_ORANGE[base]
    elif changes is ChangeColors.NONE:
        palette["up"] = palette["down"] = (theme.colors or {}).get("text", palette["text"])
        return palette | {name: color for name, color in (theme.colors or {}).items() if name not in ("up", "down")}
    return palette | dict(theme.colors or {})


def is_light_by_environment(environ: Mapping[str, str]) -> bool | None:
    """What ``COLORFGBG`` (``0;15``: foreground and background of the 16 colours) says; ``None`` if nothing."""
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    if not background.isascii() or not background.isdecimal():
        return None
    return int(background) in (7, 15)


def is_light_by_answer(answer: str) -> bool | None:
    """What a terminal says that its background is (``rgb:ffff/ffff/ffff``); ``None`` if it makes no sense."""
    match = _ANSWER.fullmatch(answer)
    if match is None:
        return None
    red, green, blue = (int(part, 16) / float(int("f" * len(part), 16)) for part in match.groups())
    return 0.299 * red + 0.587 * green + 0.114 * blue > 0.5


def default_variables() -> dict[str, str]:
    """What our style variables are under a theme that isn't ours."""
    return {f"tracker-{name}": color for name, color in DARK.items()} | _traces(Theme.DARK)


def has_no_color(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the person asked for no colour (https://no-color.org: set and not empty)."""
    return bool((os.environ if environ is None else environ).get("NO_COLOR"))
