"""How a source is doing: the same words on every surface."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

OURS: Final = "this session"
"""Who collects, where that is this process."""
STREAMING: Final = "live"
"""``SourceStatus.stream`` where quotes of all pairs are read live."""
NOT_OPEN: Final = "not open yet"
"""``SourceStatus.stream`` of one that has not been tried."""
ELSEWHERE: Final = "where it is collected"
"""``SourceStatus.stream`` where another process has it, of which polls alone are followed."""


class SourceState(StrEnum):
    """Whether the numbers can be trusted to be recent."""

    LIVE = "live"
    """The last good poll is at most 2.5 intervals old, or all pairs are streamed."""
    STALE = "stale"
    """Neither, or the last answer was bad and not all are streamed."""
    OFFLINE = "offline"
    """The connection fails and not all are streamed, or there was no good poll yet."""


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """How far the loading of history has come: instruments of the step that is being loaded."""

    done: int = 0
    total: int = 0
    failed: tuple[str, ...] = ()
    """Ids that could not be loaded, and are tried again after some minutes."""
    remaining_s: float | None = None
    """Estimate of the time left for all steps, in seconds."""
    step_minutes: int | None = None
    """Length of the candles that are being loaded; ``None`` when nothing is."""

    @property
    def is_running(self) -> bool:
        """Whether there is something left to load."""
        return self.done < self.total

    @property
    def share(self) -> float:
        """How much is loaded, 0 to 1; 1 where nothing is to be."""
        return self.done / self.total if self.total else 1.0


@dataclass(frozen=True, slots=True)
class HistoryStatus:
    """How the history on disk is doing."""

    stored_ms: int | None = None
    """The newest minute that is on disk; ``None`` before the first."""
    error: str = ""
    """Why the last minute could not be stored, in one line; empty if it could."""
    hint: str = ""
    """What the person can do about it."""
    held: int = 0
    """Minutes that wait in memory until they can be stored."""
    is_stopped: bool = False
    """Whether nothing will be stored any more, whatever happens."""
    notice: str = ""
    """What became of a damaged history; empty if nothing did."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A past minute that is shown, and whether time goes on from there."""

    minute_ms: int
    is_playing: bool = False
    is_moving: bool = False
    """Whether another minute is being read."""
    first_ms: int = 0
    """First and last minute that can be shown."""
    last_ms: int = 0


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source at one instant. Instants are corrected wall clock, ms since the epoch."""

    source: str
    state: SourceState
    is_simulated: bool = False
    last_good_ms: int | None = None
    """Instant of the last good poll."""
    last_attempt_ms: int | None = None
    next_poll_ms: int | None = None
    error: str = ""
    """Why the last poll failed, in one line; empty after a good one."""
    limited_until_ms: int | None = None
    """The exchange asked to wait until then."""
    skew_ms: int | None = None
    """Exchange's clock minus ours, as measured; ``None`` before the first measurement."""
    instruments: int = 0
    """Instruments that the exchange lists."""
    malformed: int = 0
    """Rows of the last answer that could not be read."""
    unknown: int = 0
    """Rows of the last answer that belong to no known instrument."""
    refused: int = 0
    """Samples refused since the start: too old, too far ahead, or no acceptable number."""
    backfill: BackfillProgress = BackfillProgress()
    history: HistoryStatus | None = None
    """``None`` where everything is kept in memory alone."""
    collector: str = ""
    """Who polls for all sessions of this history: ``this session``, or ``pid 1234 by ada``; empty where none is shared,
    or nobody does."""
    asked_at: str = ""
    """Where another session asks the exchange for this one too, if this one was to ask somewhere else."""
    moment: Moment | None = None
    """Which past moment this is, where it isn't live."""
    parts: "tuple[SourceStatus, ...]" = ()
    """Where several sources are watched at once, each of them; this is then the sum of them all."""
    stream: str = ""
    """``live``, or why live quotes don't come so that polls are all there is; empty where none are wanted."""
    streamed_ms: int | None = None
    """Instant of the newest live quote while those of all pairs came; ``None`` where they didn't yet."""

    @property
    def quoted_ms(self) -> int | None:
        """Instant up to which all pairs were quoted, by polls or live."""
        return max((at_ms for at_ms in (self.last_good_ms, self.streamed_ms) if at_ms is not None), default=None)

    @property
    def is_streamed(self) -> bool:
        """Whether quotes of all pairs come live, whatever polls do."""
        return self.state is SourceState.LIVE and self.stream == STREAMING

    @property
    def stream_trouble(self) -> str:
        """Why live quotes of some pairs don't come although they are wanted, or empty."""
        return "" if self.stream in ("", STREAMING, NOT_OPEN, ELSEWHERE) else self.stream

    @property
    def is_starting(self) -> bool:
        """Whether it has neither answered nor failed yet."""
        return not self.error and self.last_good_ms is None


@dataclass(frozen=True, slots=True)
class ErrorTally:
    """How often a source failed in one way."""

    kind: str
    """``unreachable``, ``timed out``, ``rate-limited``, ``rejected`` or ``malformed``."""
    count: int
    last_ms: int
    """Instant of the last one, local wall clock."""
    message: str
    """Of the last one; from outside, so not safe to show."""


@dataclass(frozen=True, slots=True)
class RequestReport:
    """How the last requests to one server went."""

    answered: int = 0
    """Usable answers since the start."""
    failed: int = 0
    """Requests refused or without a whole answer since the start."""
    measured: int = 0
    """Answers that the quantiles rest on."""
    p50_ms: int | None = None
    """Median time from leaving to the whole answer; ``None`` before the first."""
    p95_ms: int | None = None
    last_minute: int = 0
    """Requests that left in the last 60 s."""
    most_a_minute: int | None = None
    """What the request budget allows in that time; ``None`` where there is no limit."""
    waiting: int = 0
    """Requests that wait for the budget now."""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """Everything that is known of how a source is doing."""

    status: SourceStatus
    requests: RequestReport | None = None
    """``None`` where nothing is asked over a network."""
    errors: tuple[ErrorTally, ...] = ()
    """By kind, the latest first."""
    skipped: tuple[tuple[str, str], ...] = ()
    """(symbol, reason) of what the last answers held and could not be used; from outside, so not safe to show."""
    parts: "tuple[SourceReport, ...]" = ()
    """Where several sources are watched at once, each of them."""
    place: str = ""
    """Where the exchange is asked, if not at its usual place."""
    interval_s: int = 0
    """Seconds between polls; 0 where that isn't known."""
