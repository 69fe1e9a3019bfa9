"""What a server and its clients say to each other, as it is on the wire.

Changes are additive: a field is added at the end and with a default, never removed, renamed or given another meaning.
Readers skip fields and kinds of messages that they don't know, so old and new programs understand each other.
"""

from typing import Final

import msgspec

PROTOCOL: Final = 1
"""Raised only by a change that old programs could not live with."""
SUBPROTOCOL: Final = "crypto-tui.v1"
"""What a browser names when it opens the stream; a program may leave it out."""


class InstrumentWire(msgspec.Struct, frozen=True, array_like=True):
    """See ``Instrument``."""

    id: str
    base: str
    quote: str
    symbol: str
    aliases: tuple[str, ...]
    digits: int
    trading: str
    classes: tuple[str, ...] = ()


class FiguresWire(msgspec.Struct, frozen=True, array_like=True):
    """See ``Figures``, whose fields come in the same order."""

    length: int
    samples: int
    mean: float | None
    stddev: float | None
    minimum: float | None
    maximum: float | None
    first: float | None
    first_ms: int | None
    last: float | None
    last_ms: int | None
    volatility: float | None
    bipower: float | None = None


class RowWire(msgspec.Struct, frozen=True, array_like=True):
    """See ``Row``; figures are in the order of the ``metrics`` of the message."""

    instrument: InstrumentWire
    last: float | None
    bid: float | None
    ask: float | None
    volume_usd: float | None
    traded: bool
    halted: str
    halted_since_ms: int | None
    figures: tuple[FiguresWire | None, ...]
    provenance: tuple[int, ...] = ()
    high: float | None = None
    low: float | None = None
    activity: float | None = None
    is_suspect: bool = False
    mid_ms: int | None = None
    members: tuple[str, ...] = ()


class Event(msgspec.Struct, frozen=True, tag_field="type", tag=str.lower, kw_only=True):
    """Something that the server tells."""


class Hello(Event, frozen=True, kw_only=True):
    """The first thing that a client hears."""

    protocol: int
    server: str
    """Version of the program."""
    epoch: str
    """Another one after each start of the server: sequence numbers mean nothing across epochs."""
    source: str
    is_simulated: bool = False
    clock_rate: float = 1.0
    """Milliseconds of the market's clock in one of real time; other than 1 only in a simulation."""
    min_frame_ms: int = 200
    max_subscriptions: int = 0
    window_minutes: int = 0
    """What figures are over where nothing else is asked for; 0 before the first snapshot."""
    longest_minutes: int = 0
    """The longest window that may be asked for; 0 where there is that one alone."""
    has_history: bool = False
    """Whether questions about the history are answered."""
    max_rankings: int = 0
    """So many rankings may be followed at a time; 0 where only ``max_subscriptions`` bounds them."""


class Rows(Event, frozen=True, kw_only=True):
    """The rows of a snapshot: all of them, or those that differ from version ``base``."""

    version: int
    at_ms: int | None
    end_ms: int | None
    window_minutes: int
    metrics: tuple[str, ...]
    rows: tuple[RowWire, ...]
    base: int | None = None
    """The version that these rows are a change of, ``None`` where they are all."""
    known_minutes: int | None = None
    """Minutes of the window of which anything is known, where that is told."""


class Backfill(msgspec.Struct, frozen=True):
    """See ``BackfillProgress``."""

    done: int = 0
    total: int = 0
    failed: tuple[str, ...] = ()
    remaining_s: float | None = None
    step_minutes: int | None = None


class History(msgspec.Struct, frozen=True):
    """See ``HistoryStatus``."""

    stored_ms: int | None = None
    error: str = ""
    hint: str = ""
    held: int = 0
    is_stopped: bool = False
    notice: str = ""


class Status(msgspec.Struct, frozen=True):
    """See ``SourceStatus``."""

    source: str
    state: str
    is_simulated: bool = False
    last_good_ms: int | None = None
    last_attempt_ms: int | None = None
    next_poll_ms: int | None = None
    error: str = ""
    limited_until_ms: int | None = None
    skew_ms: int | None = None
    instruments: int = 0
    malformed: int = 0
    unknown: int = 0
    refused: int = 0
    backfill: Backfill = Backfill()
    history: History | None = None
    collector: str = ""
    parts: "tuple[Status, ...] | msgspec.UnsetType" = msgspec.UNSET
    """Each source, where there are several."""
    stream: str | msgspec.UnsetType = msgspec.UNSET
    streamed_ms: int | msgspec.UnsetType = msgspec.UNSET


class Requests(msgspec.Struct, frozen=True):
    """See ``RequestReport``."""

    answered: int = 0
    failed: int = 0
    measured: int = 0
    p50_ms: int | None = None
    p95_ms: int | None = None
    last_minute: int = 0
    most_a_minute: int | None = None
    waiting: int = 0


class Tally(msgspec.Struct, frozen=True):
    """See ``ErrorTally``."""

    kind: str
    count: int
    last_ms: int
    message: str


class SourceWire(msgspec.Struct, frozen=True):
    """How one of several sources is doing; its status is among the parts of that of all."""

    source: str
    requests: Requests | None = None
    errors: tuple[Tally, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


class Report(Event, frozen=True, kw_only=True):
    """How the source is doing: see ``SourceReport``."""

    status: Status
    requests: Requests | None = None
    errors: tuple[Tally, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    parts: tuple[SourceWire, ...] | msgspec.UnsetType = msgspec.UNSET
    """Each source, where there are several."""


class SeriesWire(Event, frozen=True, kw_only=True, tag="series"):
    """All samples of a window; replaces what the client has of it."""

    id: str
    metric: str
    start_ms: int
    """Start of the first minute."""
    values: tuple[float | None, ...]
    """One a minute; ``None`` where nothing was observed."""


class Samples(Event, frozen=True, kw_only=True):
    """Samples of a window that are new or differ, and the minutes that it now covers."""

    id: str
    metric: str
    start_ms: int
    length: int
    """Minutes that the window covers from ``start_ms`` on; those that are neither known nor here are gaps."""
    samples: tuple[tuple[int, float | None], ...]
    """(start of the minute in ms, value), oldest first."""


class Statistics(Event, frozen=True, kw_only=True):
    """What the window of one pair says, and its ranks among all pairs that are watched."""

    id: str
    metric: str
    stddev: float | None
    mean: float | None
    min: float | None
    max: float | None
    first: float | None
    last: float | None
    change_pct: float | None
    cv: float | None
    volatility: float | None
    range_pct: float | None
    bipower: float | None
    coverage: float
    ranks: dict[str, str | None]
    """``"3/418"`` by measure; ``None`` where it has no rank."""
    reason: str = ""
    """Why it has none; empty where it has."""


class PlaceWire(msgspec.Struct, frozen=True):
    """Where one pair stands."""

    id: str
    pair: str
    rank: int | None
    value: float | None
    reason: str = ""


class RankingSpec(msgspec.Struct, frozen=True):
    """Which ranking a client wants to follow."""

    metric: str = "price"
    by: str = "stddev"
    quote: str | None = None
    pairs: tuple[str, ...] = ()
    """Rank these among themselves; empty for all."""
    floor: float = 0.0
    """Only pairs that traded this much in 24 h, in US dollars."""
    limit: int = 20
    window: str = ""
    """Span of the statistics, ``10m`` to ``30d``; empty for the published one."""
    source: str | None = None
    exclude: tuple[str, ...] = ()
    """Leave out pairs whose base is of these classes."""
    unique_base: bool = False
    """One pair an asset, the one that trades most."""


class RankingWire(Event, frozen=True, kw_only=True, tag="ranking"):
    """A whole ranking, the first ``limit`` places of it; replaces the one before."""

    spec: RankingSpec
    ranked: int
    places: tuple[PlaceWire, ...]


class Polling(Event, frozen=True, kw_only=True):
    """A poll was asked for; it will leave at ``at_ms``."""

    at_ms: int


class Pong(Event, frozen=True, kw_only=True):
    """The answer to a ping."""

    ping: int


class Trouble(Event, frozen=True, kw_only=True):
    """A command that could not be followed; the connection goes on."""

    title: str
    detail: str = ""
    id: str | None = None
    number: int | None = None
    """Of the question that is not answered."""
    spec: RankingSpec | None = None
    """The ranking that is not followed."""


class HoursWire(msgspec.Struct, frozen=True):
    """See ``Hours``; each column holds doubles, lowest byte first."""

    start_ms: int
    opens: bytes
    highs: bytes
    lows: bytes
    closes: bytes
    volumes: bytes = b""
    missing: str = ""


class StretchWire(msgspec.Struct, frozen=True, array_like=True):
    """See ``Stretch``; values are doubles, lowest byte first."""

    id: str
    metric: str
    values: bytes
    provenance: bytes


class RollupWire(msgspec.Struct, frozen=True, array_like=True):
    """See ``Rollup``, whose fields come in the same order."""

    hour_ms: int
    open: float
    high: float
    low: float
    close: float
    mean: float
    stddev: float
    count: int
    volume: float | None


class KeptWire(msgspec.Struct, frozen=True):
    """See ``Kept``; spans are (first minute, last minute)."""

    source: str
    minutes: tuple[int, int] | None
    hours: tuple[int, int] | None
    instruments: tuple[InstrumentWire, ...]
    ids: tuple[str, ...]


class Answer(Event, frozen=True, kw_only=True):
    """The answer to a question, in the field that goes with it."""

    number: int
    hours: HoursWire | None = None
    minutes: tuple[StretchWire, ...] | None = None
    rollups: tuple[tuple[str, tuple[RollupWire, ...]], ...] | None = None
    kept: KeptWire | None = None
    window: int | None = None
    """Minutes that rows are over from here on."""


class Ask(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question; the answer, or a trouble, has its number."""

    number: int
    what: str
    """``window`` (set it for the rows), ``hours``, ``minutes``, ``rollups`` or ``kept``."""
    ids: tuple[str, ...] | None = None
    """Of instruments; absent for all."""
    metrics: tuple[str, ...] = ()
    start_ms: int = 0
    count: int = 0
    """Minutes of a window or a stretch; hours of a line or of sums."""


class Resume(msgspec.Struct, frozen=True):
    """Where a client left off."""

    epoch: str
    seq: int


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a client wants; one message may say several things."""

    subscribe: tuple[str, ...] = ()
    """Pairs whose samples are wanted, in any usual spelling; what follows uses their ids."""
    unsubscribe: tuple[str, ...] = ()
    windows: tuple[tuple[str, str], ...] = ()
    """(id, metric) whose samples alone are wanted, beside those of ``subscribe``."""
    metrics: tuple[str, ...] | None = None
    """Of the pairs to subscribe to, or to unsubscribe from; absent for the price, or to unsubscribe from all of them.
    Of ``windows`` the price alone ends then."""
    statistics: bool = True
    """Whether figures and ranks of the pairs are wanted beside their samples."""
    ranking: RankingSpec | bool | None = None
    """Follow this ranking beside those before; ``false`` for none any more."""
    rows: bool | None = None
    """Whether all rows and the source's report are wanted."""
    resume: Resume | None = None
    """Counts for what the same message subscribes to, all of which the client followed when it left off."""
    prioritise: tuple[str, ...] | None = None
    poll: bool = False
    ping: int | None = None
    ask: Ask | None = None
    """Comes before everything else that the message wants."""
