"""``crypto-tui collect``: the collector without a screen, for a service."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import click

from tui_tracker.cli.diagnostics import Exit
from tui_tracker.cli.options import Composition, Invocation, pass_invocation, setting_flags
from tui_tracker.core.errors import ConfigError

if TYPE_CHECKING:
    from tui_tracker.cli.service import Notifier
    from tui_tracker.config.model import Settings
    from tui_tracker.core.snapshot import Snapshot
    from tui_tracker.core.status import SourceStatus

GRACE_S: Final = 5.0
"""How long the end may take: what is being written is finished."""


@click.command(short_help="Collect without a screen, for all sessions of this history.")
@setting_flags(
    "source",
    "base_urls",
    "ca_file",
    "interval",
    "stream",
    "window",
    "data_dir",
    "raw_days",
    "rollup_days",
    "max_disk",
    "debug",
)
@pass_invocation
def collect(invocation: Invocation) -> int:
    """Poll the exchange and keep the history, without a screen, until stopped by SIGTERM or ctrl+c.

    Sessions with the same --data-dir show what it collects. Where another session collects already, this one stands by
    and takes over when that ends. Logs go to stderr. Under systemd (Type=notify) it says when it is ready, how it does
    and, with WatchdogSec, that it lives.

    \b
    Examples:
      crypto-tui collect
      crypto-tui collect --data-dir /var/lib/crypto-tui --raw-days 60
    """
    import os

    from tui_tracker.cli.headless import run_headless
    from tui_tracker.cli.logs import log_to_stderr
    from tui_tracker.cli.service import Notifier

    settings = invocation.load().settings
    if settings.demo or not settings.history:
        raise ConfigError("collect keeps a history, which --demo and --no-history exclude", "leave them out")
    log_to_stderr(debug=settings.debug)
    composition, notifier = invocation.compose(), Notifier(os.environ)
    run_headless(lambda: _collect(composition, settings, notifier), grace_s=GRACE_S)
    return Exit.OK


async def _collect(composition: Composition, settings: "Settings", notifier: "Notifier") -> None:
    """Collect until cancelled."""
    import asyncio

    async with composition.collect_live(settings) as feed, asyncio.TaskGroup() as group:
        alive = group.create_task(notifier.keep_alive())
        try:
            async with aclosing(_changes(feed.updates())) as changes:
                is_ready = False
                async for status in changes:
                    if not is_ready:
                        is_ready = True
                        notifier.tell("READY=1")
                    _report(status, notifier)
        finally:
            notifier.tell("STOPPING=1")
            alive.cancel()


async def _changes(updates: "AsyncIterator[Snapshot]") -> "AsyncGenerator[SourceStatus, None]":
    """The status whenever something in it is worth a line."""
    seen: tuple[object, ...] | None = None
    async for snapshot in updates:
        status, history = snapshot.status, snapshot.status.history
        said = (status.state, status.error, status.collector, history and (history.error, history.notice))
        if said != seen:
            seen = said
            yield status


def _report(status: "SourceStatus", notifier: "Notifier") -> None:
    import logging

    from tui_tracker.core.text import clean

    log = logging.getLogger(__name__)
    who = f"collected by {status.collector}" if status.collector else "nobody collects yet"
    text = clean(f"{status.source} {status.state.value}, {status.instruments} pairs, {who}")
    log.info("%s%s", text, f": {status.error}" if status.error else "")
    history = status.history
    if history is not None and history.error:
        log.warning("%s", f"{history.error}; {history.hint}" if history.hint else history.error)
    if history is not None and history.notice:
        log.warning("%s", history.notice)
    notifier.tell(f"STATUS={text}")
