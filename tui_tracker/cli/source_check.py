"""Asking sources whether they answer here: how fast, how their clocks stand, and what to do where they don't."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tui_tracker.config.model import Settings
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import RateLimitedError, SourceError, TrackerError
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
    stream: str = ""
    """``opens``, or why its stream doesn't; empty where none is wanted or the source doesn't answer."""

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
        if error is None:
            offset_ms = 0 if self.reading is None else self.reading.offset_ms
            is_off = abs(offset_ms) > SKEW_NOTED_MS
            told = ["the clock here is off: it is corrected for, but best set by NTP"] if is_off else []
            if self.stream not in ("", OPENS):
                told.append(f"{self.stream}: it is polled; a proxy or firewall may keep WebSockets out")
            return "; ".join(told)
        if self.is_blocked:
            instead = f"watch {', '.join(answering[:3])} instead, or " if answering else ""
            return f"it doesn't serve this country or network: {instead}name another place, --base-url {self.name}=URL"
        if isinstance(error, RateLimitedError):
            return "too much was asked of it from this address: wait, and ask less"
        if isinstance(error, SourceError):
            instead = f"; meanwhile {', '.join(answering[:3])} answer{'s' if len(answering) == 1 else ''}"
            return f"check network and proxy (crypto-tui doctor){instead if answering else ''}"
        return error.hint


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
    from tui_tracker.core.errors import TimedOutError
    from tui_tracker.sources.budget import LASTING_S, left_alone
    from tui_tracker.sources.registry import SOURCES, create, open_stream, request_budget

    url = settings.base_urls.get(name)
    place = url or (SOURCES[name].base_url if name in SOURCES else "its own hosts")
    budget = request_budget(name, clock, memory=ban_of(settings, name, clock))
    log = budget.log
    if (left_s := budget.next_slot_s()) > LASTING_S:
        return SourceCheck(name, place, None, left_alone(name, left_s))
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
    told = ""
    if replace(settings, source=name).is_streamed:
        stream = open_stream(name, clock=clock, base_url=url, budget=budget, ca_file=settings.ca_file)
        told = "" if stream is None else await _tried(stream, patience_s)
    return SourceCheck(name, place, reading, None, log.report(), told)


async def _tried(stream: "Stream", patience_s: float) -> str:
    """Open a stream; say how that went."""
    try:
        async with asyncio.timeout(patience_s):
            await stream.try_open()
    except TimeoutError:
        return f"its stream was not opened in {patience_s:g} s"
    except SourceError as error:
        return error.message
    return OPENS
