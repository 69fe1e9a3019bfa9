"""The three themes: one accent, two meanings, three greys."""

import os
from collections.abc import Mapping
from typing import Final

from textual.theme import Theme as TextualTheme

from tui_tracker.config.model import Theme

DARK: Final = {
    "text": "#d3d7db",
    "muted": "#98a1aa",
    "faint": "#747e88",
    "line": "#3a424b",
    "up": "#5fbf77",
    "down": "#f2777a",
    "cursor": "#22303f",
}
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
ACCENTS: Final = {Theme.DARK: "#6cb2f0", Theme.LIGHT: "#0a5ba8", Theme.TERMINAL: "ansi_cyan"}
BACKGROUNDS: Final = {Theme.DARK: "#101417", Theme.LIGHT: "#fbfbfa", Theme.TERMINAL: "ansi_default"}
VARIABLES: Final = {Theme.DARK: DARK, Theme.LIGHT: LIGHT, Theme.TERMINAL: TERMINAL}


def theme_name(theme: Theme) -> str:
    """The name under which a theme is registered."""
    return f"tracker-{theme.value}"


def textual_theme(theme: Theme) -> TextualTheme:
    """A theme in Textual's terms."""
    palette, accent, background = VARIABLES[theme], ACCENTS[theme], BACKGROUNDS[theme]
    is_ansi = theme is Theme.TERMINAL
    variables = {f"tracker-{name}": color for name, color in palette.items()}
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
        name=theme_name(theme),
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
        dark=theme is not Theme.LIGHT,
        variables=variables,
        ansi=is_ansi,
    )


def default_variables() -> dict[str, str]:
    """What our style variables are under a theme that isn't ours."""
    return {f"tracker-{name}": color for name, color in DARK.items()}


def has_no_color(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the person asked for no colour (https://no-color.org: set and not empty)."""
    return bool((os.environ if environ is None else environ).get("NO_COLOR"))
