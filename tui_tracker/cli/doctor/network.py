"""Sources, the clock, proxies and certificates."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tui_tracker.cli.doctor.findings import Finding, note, ok, problem
from tui_tracker.cli.source_check import PATIENCE_S, SKEW_NOTED_MS, SourceCheck, check_sources
from tui_tracker.config.model import Settings
from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import RateLimitedError, SourceError, TrackerError
from tui_tracker.core.text import clean
from tui_tracker.sources.base import ServerTime

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
        yield ok("certificates", "those of the system")


async def sources(
    names: Sequence[str], settings: Settings, clock: Clock, patience_s: float = PATIENCE_S
) -> tuple[Finding, ...]:
    """Ask some sources for their time, all at once: one request each."""
    checks = await check_sources(names, settings, clock, patience_s)
    return tuple(finding for check in checks for finding in _found(check, is_watched=check.name in settings.sources))


def _found(check: SourceCheck, *, is_watched: bool) -> list[Finding]:
    name, place, reading, error = check.name, check.place, check.reading, check.error
    if isinstance(error, RateLimitedError):
        text = clean(error.message if name in error.message else f"{name}: {error.message}")
        return [problem("sources", text, error.hint or "wait a while") if is_watched else note("sources", text)]
    if isinstance(error, SourceError):
        return [_unreachable(name, place, error.message, is_watched)]
    if error is not None or reading is None:
        return [problem("sources", f"{name}: {error.message}", error.hint)] if error is not None else []
    found = [ok("sources", f"{name} at {place} answers in {check.latency_ms:,} ms")]
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
