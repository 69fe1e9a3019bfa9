"""The settings that are one of a few words."""

from enum import StrEnum


class Theme(StrEnum):
    """How the app is coloured, unless by a theme of one's own."""

    AUTO = "auto"
    """Light where the terminal says that its background is, else dark."""
    DARK = "dark"
    LIGHT = "light"
    TERMINAL = "terminal"
    """The 16 colours and the background of the terminal itself."""
    HIGH_CONTRAST = "high-contrast"


class ChangeColors(StrEnum):
    """The colours of up and down; a sign always stands beside them."""

    GREEN_RED = "green-red"
    BLUE_ORANGE = "blue-orange"
    """Told apart by people who can't tell green from red."""
    NONE = "none"


class Keymap(StrEnum):
    """Which keys do what, before those of one's own."""

    DEFAULT = "default"
    VIM = "vim"
    CLASSIC = "classic"
    """As in htop and top: function keys, space."""


class Preset(StrEnum):
    """Which pane the room goes to."""

    BALANCED = "balanced"
    CHART = "chart"
    TABLE = "table"


class Thousands(StrEnum):
    """What stands between groups of three digits."""

    COMMA = "comma"
    UNDERSCORE = "underscore"
    SPACE = "space"
    NONE = "none"


class ClockFace(StrEnum):
    """How many hours a clock counts to."""

    H24 = "24"
    H12 = "12"


class TimeZone(StrEnum):
    """Which clock the app shows."""

    UTC = "utc"
    LOCAL = "local"


class ChartStyle(StrEnum):
    """How the chart draws one pair."""

    LINE = "line"
    AREA = "area"
    CANDLES = "candles"
