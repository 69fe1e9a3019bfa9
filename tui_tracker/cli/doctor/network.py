"""Sources, the clock, proxies and certificates."""

import asyncio
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tui_tracker.cli.doctor.findings import Finding, note, ok, problem
from tui_tracker.config.model import Settings
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import SourceError, TrackerError
from tui_tracker.core.text import clean
from tui_tracker.sources.base import ServerTime

PATIENCE_S: Final = 5.0
"""Longest that a source may take to tell its time."""
SKEW_NOTED_MS: Final = 2_000
SKEW_WARNED_MS: Final = 30_000
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_CERTIFICATES: Final = {"SSL_CERT_FILE": Path.is_file, "SSL_CERT_DIR": Path.is_dir}
_CREDENTIALS: Final = re.compile(r"//[^/@]*@")


def surroundings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Proxy and certificate settings."""
    from tui_tracker.sources.proxies import check_proxies

    set_ones = {name: value for name, value in sorted(environ.items()) if name.lower() in _PROXIES and value}
    try:
        check_proxies(environ)
    except TrackerError as error:
        yield problem("proxy", error.message, error.hint)
    else:
        told = ", ".join(f"{name}={clean(_CREDENTIALS.sub('//…@', value), 80)}" for name, value in set_ones.items())
        yield ok("proxy", told or "none is set")
    for name, is_there in _CERTIFICATES.items():
        if value := environ.get(name):
            if is_there(Path(value)):
                yield ok("certificates", f"{name}={clean(value, 120)}")
            else:
                yield problem("certificates", f"{name} names {clean(value, 120)}, which isn't there", f"unset {name}")
    if not any(environ.get(name) for name in _CERTIFICATES):
        yield ok("certificates", "those that come with the program")


async def sources(
    names: Sequence[str], settings: Settings, clock: Clock, patience_s: float = PATIENCE_S
) -> tuple[Finding, ...]:
    """Ask some sources for their time, all at once: one request each."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_ask(name, settings, clock, patience_s)) for name in names]
    return tuple(finding for task in tasks for finding in task.result())


async def _ask(name: str, settings: Settings, clock: Clock, patience_s: float) -> list[Finding]:
    from tui_tracker.sources.registry import SOURCES, create

    url = settings.base_urls.get(name)
    place = url or (SOURCES[name].base_url if name in SOURCES else "its own hosts")
    is_watched = name == settings.source
    try:
        source = create(name, clock=clock, base_url=url, interval_s=settings.interval)
    except TrackerError as error:
        return [problem("sources", f"{name}: {error.message}", error.hint)]
    try:
        async with asyncio.timeout(patience_s):
            reading = await source.server_time()
    except TimeoutError:
        return [_unreachable(name, place, f"no answer in {patience_s:g} s", is_watched)]
    except SourceError as error:
        return [_unreachable(name, place, error.message, is_watched)]
    finally:
        await source.aclose()
    latency_ms = reading.received_ms - reading.sent_ms
    found = [ok("sources", f"{name} at {place} answers in {latency_ms:,} ms")]
    return [*found, skew(name, reading)] if is_watched else found


def _unreachable(name: str, place: str, reason: str, is_watched: bool) -> Finding:
    text = f"{name} at {place} does not answer: {clean(reason)}"
    if not is_watched:
        return note("sources", text)
    where = " ".join(key for key in sorted(os.environ) if key.lower() in _PROXIES[:3])
    return problem("sources", text, f"check the network{f' and {where}' if where else ''}, or name --base-url")


def skew(name: str, reading: ServerTime) -> Finding:
    """How far the clock here is from that of the exchange; whole seconds of its answers are allowed for."""
    offset_ms = reading.offset_ms
    text = f"the clock here is {abs(offset_ms) / 1000:.1f} s {'behind' if offset_ms > 0 else 'ahead of'} that of {name}"
    if abs(offset_ms) > SKEW_WARNED_MS:
        return problem("clock", text, "set it, best by NTP: timedatectl set-ntp true")
    if abs(offset_ms) > SKEW_NOTED_MS:
        return note("clock", text, "it is corrected for, but best set by NTP")
    return ok("clock", f"the clock here and that of {name} agree to {abs(offset_ms) / 1000:.1f} s")
