"""Parameters and answers as the OpenAPI document tells them."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from tui_tracker.core.figures import Measure
from tui_tracker.core.instrument import InstrumentClass
from tui_tracker.core.metric import Metric

MAX_LIMIT = 5_000
Name = Annotated[
    str,
    Path(description="A pair in any usual spelling: `BTC-USD`, `BTC/USD`, `btcusd`, or an id.", examples=["BTC-USD"]),
]
Number = float | None


class Parameters(BaseModel):
    """Query parameters; unknown ones are refused.

    The docs page fills in the first of the ``examples``: a call with all of them has a good answer on any server.
    """

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class NoParameters(Parameters):
    """A call that takes none."""


class NamesQuery(Parameters):
    """Which pairs."""

    pairs: str | None = Field(None, max_length=8_000)
    """Names with commas between, such as `BTC/USD,ETH/USD`."""


class PairsQuery(Parameters):
    """Which pairs to list."""

    source: str | None = Field(None, max_length=40)
    """Only pairs of this source, such as `kraken`."""
    quote: str | None = Field(None, max_length=20, examples=["USD"])
    """Only pairs priced in this currency, in any case; `all` for all."""
    text: str | None = Field(None, max_length=64)
    """Only pairs whose id, name or symbol holds this text, such as `btc`, in any case."""
    limit: int = Field(100, ge=1, le=MAX_LIMIT, examples=[10])
    """Pairs a page."""
    offset: int = Field(0, ge=0, le=1_000_000)
    """Pairs before the page."""


class MetricQuery(Parameters):
    """What is asked about."""

    metric: Metric = Metric.PRICE
    """The number that is sampled each minute."""


class PairQuery(MetricQuery):
    """What to say of a pair."""

    quote: str | None = Field(None, max_length=20, examples=["USD"])
    """Rank among pairs priced in this currency, in any case; among all by default."""


class HistoryQuery(MetricQuery):
    """Which samples of a pair."""

    since: str | None = Field(None, alias="from", max_length=40)
    """First instant, RFC 3339 (`2026-11-24T00:00:00Z`), ms since the epoch, or so long ago (`6h`); by default the
    window's start, earlier as far as it is kept."""
    to: str | None = Field(None, max_length=40)
    """Last instant, likewise."""
    every: str = Field("1m", pattern=r"^(\d{1,4}m|\d{1,2}h)$", examples=["1h"])
    """One point each so many minutes (`5m`) or hours (`1h`), up to 24 h: the last sample of that time."""
    format: Literal["json", "csv"] = "json"


class CandlesQuery(Parameters):
    """Which candles of a pair."""

    since: str | None = Field(None, alias="from", max_length=40)
    """First instant, RFC 3339 (`2026-11-24T00:00:00Z`), ms since the epoch, or so long ago (`6h`); by default the
    window's start, earlier as far as it is kept."""
    to: str | None = Field(None, max_length=40)
    """Last instant, likewise."""
    every: Literal["1m", "2m", "5m", "10m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "24h"] = "5m"
    """Length of a candle."""
    metric: Literal["price", "mid"] = "price"
    """What it is made of."""


class ChartQuery(MetricQuery):
    """How to draw the last 24 h of a pair."""

    width: int = Field(800, ge=200, le=4_000)
    """Pixels."""
    height: int = Field(300, ge=100, le=2_000)
    """Pixels."""


class ScopeQuery(MetricQuery):
    """What is ranked, and by what."""

    by: Measure = Measure.STDDEV
    """The measure that pairs are ranked by; the largest is rank 1."""
    source: str | None = Field(None, max_length=40)
    """Only pairs of this source, such as `kraken`."""
    quote: str | None = Field(None, max_length=20, examples=["USD"])
    """Only pairs priced in this currency, in any case; `all` for all."""
    pairs: str | None = Field(None, max_length=8_000)
    """Rank these pairs among themselves: names with commas between, such as `BTC/USD,ETH/USD`."""
    floor: float = Field(0.0, ge=0, le=1e18, allow_inf_nan=False)
    """Only pairs that traded at least this much in 24 h, in US dollars, such as `1e6`."""
    window: str | None = Field(None, max_length=8)
    """Span of the statistics, `10m` to `30d`; the published one by default, see `status`."""
    exclude: str | None = Field(None, max_length=200)
    """Leave out pairs whose base is one of these: stable, fiat, wrapped, leveraged, tokenised, second_venue; commas
    between."""
    unique_base: bool = False
    """One pair an asset: of those that meet all else the one that trades most in US dollars."""


class RankingQuery(ScopeQuery):
    """Which page of a ranking."""

    limit: int = Field(100, ge=1, le=MAX_LIMIT, examples=[10])
    """Places a page."""
    offset: int = Field(0, ge=0, le=1_000_000)
    """Places before the page."""


class StatisticQuery(ScopeQuery):
    """One pair's place in a ranking."""

    pair: str = Field(max_length=64, examples=["BTC/USD"])
    """The pair, in any usual spelling."""


class PairlistQuery(ScopeQuery):
    """Which pairs a bot trades."""

    by: Measure = Measure.VOLATILITY
    quote: str | None = Field("USD", max_length=20, examples=["USD"])
    limit: int = Field(30, ge=1, le=MAX_LIMIT)
    """At most so many pairs."""


class Answer(BaseModel):
    """An answer; later versions may add fields."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)


class PairBrief(Answer):
    """A pair in few words; prices in the quote currency."""

    id: str
    pair: str
    base: str
    quote: str
    source: str
    symbol: str
    digits: int
    trading: str
    """`online`, or why it is not."""
    classes: list[InstrumentClass]
    last: Number
    volume_usd: Number


class Pairs(Answer):
    """A page of pairs."""

    total: int
    """Pairs that match, on all pages."""
    offset: int
    pairs: list[PairBrief]


class Figures(Answer):
    """Statistics of one metric over the window, in its unit; null where undefined.

    `cv`, `coverage`, `volatility` and `bipower` (both a year's) are fractions, `*_pct` percent.
    """

    samples: int
    coverage: float
    stddev: Number
    mean: Number
    min: Number
    max: Number
    first: Number
    first_at: str | None
    last: Number
    last_at: str | None
    change_pct: Number
    cv: Number
    volatility: Number
    range_pct: Number
    bipower: Number


class Rank(Answer):
    """A place in a ranking; the largest value is rank 1."""

    rank: int | None
    ranked: int
    """How many have a rank: the N of k/N."""
    value: Number
    reason: str | None
    """Why it has no rank."""


class Pair(PairBrief):
    """Everything that is known of a pair."""

    at: str
    window_s: int
    bid: Number
    ask: Number
    mid: Number
    high: Number
    low: Number
    halted_since: str | None
    activity: Number
    is_suspect: bool
    provenance: dict[str, int]
    statistics: dict[Metric, Figures]
    """By metric; those that the source gives."""
    ranks: dict[Measure, Rank]
    """By measure, of the metric that was asked for."""


class History(Answer):
    """Samples of one metric, oldest first."""

    id: str
    pair: str
    metric: Metric
    every_s: int
    points: list[tuple[int, Number]]
    """(start of the interval, ms since the epoch; value, or null where nothing was observed)."""
    missing: str | None
    """Why nothing earlier was looked up; null where it was, or wasn't asked for."""


class Candle(Answer):
    """Open, high, low and close of an interval, in the quote currency."""

    start_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    """Base volume, as far as minutes of it are known."""


class Candles(Answer):
    """Candles, oldest first."""

    id: str
    pair: str
    metric: Metric
    every_s: int
    candles: list[Candle]
    missing: str | None
    """Why nothing earlier was looked up; null where it was, or wasn't asked for."""


class RankedPair(Answer):
    """A row of a ranking; figures as in `Figures`."""

    id: str
    pair: str
    base: str
    quote: str
    rank: int | None
    reason: str | None
    value: Number
    stddev: Number
    mean: Number
    min: Number
    max: Number
    first: Number
    last: Number
    change_pct: Number
    cv: Number
    volatility: Number
    range_pct: Number
    bipower: Number
    hl_range_pct: Number
    parkinson: Number
    volume_usd: Number
    samples: int
    coverage: float


class Ranking(Answer):
    """A page of a ranking."""

    source: str
    metric: Metric
    by: Measure
    window_s: int
    at: str
    version: int
    known_s: int
    """So much of the window the history tells of; less than all of it where it began later."""
    scope_pairs: int
    ranked: int
    mixed_units: bool
    """Whether values in different currencies are compared as if they were one."""
    offset: int
    pairs: list[RankedPair]


class Statistic(Answer):
    """A rank as `k/N`, and the last 24 h: (minute, ms since the epoch; value or null)."""

    id: str
    pair: str
    metric: Metric
    by: Measure
    value: Number
    rank: str | None = Field(examples=["1/3"])
    reason: str | None
    at: str
    history: list[tuple[int, Number]]


class MetricInfo(Answer):
    """A number that is sampled each minute."""

    name: Metric
    label: str
    unit: str


class MeasureInfo(Answer):
    """A figure that pairs are ranked by."""

    name: Measure
    label: str


class Metrics(Answer):
    """What can be asked about."""

    metrics: list[MetricInfo]
    measures: list[MeasureInfo]


class Source(Answer):
    """An exchange, and how it does."""

    name: str
    state: Literal["live", "stale", "offline"]
    is_simulated: bool
    instruments: int


class Sources(Answer):
    """The exchanges that are watched."""

    sources: list[Source]


class Status(Answer):
    """How the server and its sources do; instants in RFC 3339."""

    server: str
    epoch: str
    now: str
    version: int
    at: str | None
    window_s: int
    interval_s: int
    age_s: Number
    """Seconds since all pairs were last quoted, by a poll or by a stream of all of them."""
    clients: int
    """Open streams."""
    source: dict[str, object]


class Pairlist(BaseModel):
    """What freqtrade's RemotePairList reads."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    pairs: list[str]
    refresh_period: int
    """Seconds."""


class Health(Answer):
    """Whether the process lives, or has data."""

    status: str


class Problem(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str
