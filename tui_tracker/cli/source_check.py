"""Asking sources whether they answer here: how fast, how their clocks stand, and what to do where they don't."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tui_tracker.config.model import Settings
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import (
    MalformedDataError,
    RateLimitedError,
    RejectedError,
    SourceError,
    TimedOutError,
    TrackerError,
)
from tui_tracker.core.status import RequestReport

if TYPE_CHECKING:
    from tui_tracker.sources.base import ServerTime, Stream

PATIENCE_S: Final = 5.0
"""Longest that a source may take to tell its time."""
SKEW_NOTED_MS: Final = 2_000
OPENS: Final = "opens"


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """What became of one question for the time."""

    name: str
    place: str
    """Where it was asked."""
    reading: "ServerTime | None"
    error: TrackerError | None
    """Why there is no reading."""
    requests: RequestReport | None = None
    has_stream: bool = False
    """Whether its stream was tried, as it is where one is wanted and the source answers."""
    stream_error: SourceError | None = None
    """Why its stream doesn't open."""

    @property
    def stream(self) -> str:
        """``opens``, or why its stream doesn't; empty where it wasn't tried."""
        if self.stream_error is not None:
            return self.stream_error.message
        return OPENS if self.has_stream else ""

    @property
    def latency_ms(self) -> int | None:
        """From leaving to the whole answer, with the making of the connection; ``None`` without an answer."""
        return None if self.reading is None else self.reading.received_ms - self.reading.sent_ms

    @property
    def is_blocked(self) -> bool:
        """Whether it answers, but not to this country or network."""
        return isinstance(self.error, SourceError) and self.error.is_barred

    def advice(self, answering: Sequence[str]) -> str:
        """What to do about it, in one line; empty where nothing has to be done.

        Args:
            answering: Sources that do answer here.
        """
        error = self.error
        named = ", ".join(answering[:3])
        if error is None:
            return "; ".join(self._remarks())
        if self.is_blocked:
            instead = f"watch {named} instead, or " if answering else ""
            return f"it doesn't serve this country or network: {instead}name another place, --base-url {self.name}=URL"
        if not isinstance(error, SourceError):
            return error.hint
        meanwhile = f"; meanwhile {named} answer{'s' if len(answering) == 1 else ''}" if answering else ""
        if isinstance(error, RateLimitedError) and error.hint:
            return f"{error.hint}{meanwhile}"
        if isinstance(error, RateLimitedError):
            return f"too much was asked of it from this address: wait, and ask less{meanwhile}"
        if isinstance(error, RejectedError | MalformedDataError):
            return f"it is reached, but gives no usable answer: wait, or see what its status page says{meanwhile}"
        return f"check network and proxy (crypto-tui doctor){meanwhile}"

    def _remarks(self) -> Iterator[str]:
        """What is to be done although it answers."""
        if self.reading is not None and abs(self.reading.offset_ms) > SKEW_NOTED_MS:
            yield "the clock here is off: it is corrected for, but best set by NTP"
        if self.stream_error is not None:
            is_limited = isinstance(self.stream_error, RateLimitedError)
            why = (
                "too many came from this address: wait" if is_limited else "a proxy or firewall may keep WebSockets out"
            )
            yield f"{self.stream_error.message}: it is polled; {why}"


async def check_sources(
    names: Iterable[str], settings: Settings, clock: Clock, patience_s: float = PATIENCE_S
) -> tuple[SourceCheck, ...]:
    """Ask each source for its time, all at once: one request each, and a connection where it is to be streamed."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(check_source(name, settings, clock, patience_s)) for name in names]
    return tuple(task.result() for task in tasks)


async def check_source(name: str, settings: Settings, clock: Clock, patience_s: float = PATIENCE_S) -> SourceCheck:
    """Ask one source for its time, and open its stream if one is wanted."""
    from tui_tracker.cli.shared_history import ban_of
    from tui_tracker.sources.budget import LeftAloneError
    from tui_tracker.sources.registry import SOURCES, create, open_stream, request_budget

    url = settings.base_urls.get(name)
    place = url or (SOURCES[name].base_url if name in SOURCES else "its own hosts")
    budget = request_budget(name, clock, memory=ban_of(settings, name, clock))
    log = budget.log
    if (left_s := budget.next_slot_s()) > patience_s:
        return SourceCheck(name, place, None, LeftAloneError(name, left_s))
    try:
        source = create(
            name, clock=clock, base_url=url, interval_s=settings.interval, budget=budget, ca_file=settings.ca_file
        )
    except TrackerError as error:
        return SourceCheck(name, place, None, error)
    try:
        async with asyncio.timeout(patience_s):
            reading = await source.server_time()
    except TimeoutError:
        return SourceCheck(name, place, None, TimedOutError(f"no answer in {patience_s:g} s"), log.report())
    except SourceError as error:
        return SourceCheck(name, place, None, error, log.report())
    finally:
        await source.aclose()
    stream = None
    if replace(settings, source=name).is_streamed:
        stream = open_stream(name, clock=clock, base_url=url, budget=budget, ca_file=settings.ca_file)
    stream_error = None if stream is None else await _tried(stream, patience_s)
    return SourceCheck(name, place, reading, None, log.report(), stream is not None, stream_error)


async def _tried(stream: "Stream", patience_s: float) -> SourceError | None:
    """Open a stream; return why it didn't open."""
    try:
        async with asyncio.timeout(patience_s):
            await stream.try_open()
    except TimeoutError:
        return TimedOutError(f"its stream was not opened in {patience_s:g} s")
    except SourceError as error:
        return error
    return None
