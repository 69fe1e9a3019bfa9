"""What can be configured, with its defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tui_tracker.config.views import ViewSpec
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric


class Theme(StrEnum):
    """How the app is coloured."""

    DARK = "dark"
    LIGHT = "light"
    TERMINAL = "terminal"
    """The 16 colours and the background of the terminal itself."""


class TimeZone(StrEnum):
    """Which clock the app shows."""

    UTC = "utc"
    LOCAL = "local"


class ChartStyle(StrEnum):
    """How the chart draws one pair."""

    LINE = "line"
    AREA = "area"
    CANDLES = "candles"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything in force, from flags, environment, file and defaults."""

    source: str = "kraken"
    """The exchange to watch."""
    base_urls: Mapping[str, str] = field(default_factory=dict)
    """Other places to find a source at, by source name; for proxies and tests."""
    interval: int = 60
    """Seconds between polls, 5 to 3600; quotes of all pairs come in one request."""
    quote: str | None = "USD"
    """Quote currency that the app opens on; ``None`` (``all`` in text) for every pair."""
    metric: Metric = Metric.PRICE
    """Metric that the app opens on."""
    by: Measure = Measure.STDDEV
    """Measure that pairs are ranked by."""
    min_coverage: float = 0.9
    """Observed share of the window, a fraction, from which on a pair is ranked."""
    min_volume: float = 0.0
    """Floor of the 24 h volume in USD for pairs to be in scope; 0 for none."""
    window: int = 1440
    """Minutes that the statistics cover, 10 to 1440."""
    theme: Theme = Theme.DARK
    """Colours of the app."""
    chart_style: ChartStyle = ChartStyle.LINE
    """How the chart draws one pair."""
    time_zone: TimeZone = TimeZone.UTC
    """Time zone of the times on the screen."""
    mouse: bool = True
    """Whether the app takes the mouse; off leaves text selection to the terminal."""
    demo: bool = False
    """Watch a simulated market instead of an exchange."""
    seed: int = 1
    """Which simulated market, 0 or more."""
    reference: str = "BTC"
    """Asset whose pair of the same quote currency a pair is compared with."""
    debug: bool = False
    """Log each request, and show tracebacks."""
    views: tuple[ViewSpec, ...] = ()
    """Named views of the file's ``[views.NAME]`` tables; no flag or variable makes them."""
