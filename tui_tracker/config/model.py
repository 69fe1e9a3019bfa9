"""What can be configured, with its defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui_tracker.config.choices import ChangeColors, ChartStyle, ClockFace, Keymap, Preset, Theme, Thousands, TimeZone
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric

if TYPE_CHECKING:
    from tui_tracker.config.views import ViewSpec


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything in force, from flags, environment, file and defaults."""

    source: str = "kraken"
    """The exchange to watch, or several with commas between."""
    base_urls: Mapping[str, str] = field(default_factory=dict)
    """Other places to find a source at, by source name; for proxies and tests."""
    stream: bool | tuple[str, ...] = False
    """Whether quotes are read live where an exchange has them, beside the polls; or of which sources."""
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
    theme: str = Theme.AUTO
    """Colours of the app: a ``Theme``, or the name of a file of one's own."""
    change_colors: ChangeColors = ChangeColors.GREEN_RED
    """Colours of up and down in the app."""
    ascii: bool = False
    """Whether the app writes no character above 0x7e; for terminals and fonts without line drawing."""
    layout: Preset = Preset.BALANCED
    """Which pane the room goes to when the app opens."""
    keymap: Keymap = Keymap.DEFAULT
    """The set of keys that ``keys`` changes."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys by action, in place of those of the set; none to unbind."""
    thousands: Thousands = Thousands.COMMA
    """Separator of thousands in the app."""
    si_suffixes: bool = True
    """Whether volumes in the app read ``812M``; ``812e6`` if not."""
    clock: ClockFace = ClockFace.H24
    """How the app writes times of the day."""
    chart_style: ChartStyle = ChartStyle.LINE
    """How the chart draws one pair."""
    time_zone: TimeZone = TimeZone.UTC
    """Time zone of the times on the screen."""
    columns: tuple[str, ...] = ()
    """Columns of the table from left to right, ``name`` or ``name:width``; empty for the usual ones."""
    flash: bool = True
    """Whether values that a poll has changed are set off for a moment."""
    export_dir: str = ""
    """Folder that files are written to; empty for the current one."""
    history: bool = True
    """Whether minutes are kept on disk and taken up at the start; never of a simulated market."""
    data_dir: str = ""
    """Folder of the history; empty for the platform's."""
    raw_days: int = 14
    """Days that single minutes are kept."""
    rollup_days: int = 730
    """Days that hourly sums are kept."""
    max_disk: int = 2 * 10**9
    """Bytes of the history above which the oldest minutes go."""
    mouse: bool = True
    """Whether the app takes the mouse; off leaves text selection to the terminal."""
    demo: bool = False
    """Watch a simulated market instead of an exchange."""
    seed: int = 1
    """Which simulated market, 0 or more."""
    demo_pairs: int = 300
    """How many pairs it lists, 1 to 10,000."""
    reference: str = "BTC"
    """Asset whose pair of the same quote currency a pair is compared with."""
    connect: str = ""
    """URL of a server to watch instead of collecting here; empty to collect."""
    token_file: str = ""
    """File that holds the token that a server wants, or that this one is to want."""
    ca_file: str = ""
    """File with certificates of authorities that a server's may come from, beside those of the system."""
    debug: bool = False
    """Log each request, and show tracebacks."""
    views: "tuple[ViewSpec, ...]" = ()
    """Named views of the file's ``[views.NAME]`` tables; no flag or variable makes them."""
    token: str = field(default="", repr=False)
    """What ``CRYPTO_TUI_TOKEN`` or the token file holds; never shown, and no flag makes it: others could read that."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The exchanges to watch, each alone."""
        return tuple(self.source.split(","))

    @property
    def is_streamed(self) -> bool:
        """Whether quotes of the source are read live where it has them; of one source alone."""
        return self.stream if isinstance(self.stream, bool) else self.source in self.stream

    @property
    def market(self) -> str:
        """What the ids of the watched pairs begin with; with commas between where there are several sources."""
        return "simulated" if self.demo else ",".join(name.rpartition(":")[2] for name in self.sources)
