"""``crypto-tui serve``: collect, and let others watch and ask."""

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tui_tracker.cli.diagnostics import Exit, say
from tui_tracker.cli.options import COLLECTING, Composition, Invocation, pass_invocation, setting_flags
from tui_tracker.config.model import Settings
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.text import clean

if TYPE_CHECKING:
    from tui_tracker.api.server import ServeOptions
    from tui_tracker.cli.service import Notifier

GRACE_S: Final = 4.5
"""How long the server may take to drain after a signal, in seconds."""
SHORTEST_TOKEN: Final = 8
_HOST: Final = re.compile(r"[\w-]+(\.[\w-]+)*")
SERVED: Final = tuple(name for name in COLLECTING if name not in ("connect", "quote"))


@click.command(short_help="Serve what is collected over HTTP and WebSocket.")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Listen at this address.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, help="… and port; 0 for any.")
@click.option(
    "--cert", metavar="PATH", type=click.Path(path_type=Path), help="Speak https with this certificate (PEM)."
)
@click.option("--key", metavar="PATH", type=click.Path(path_type=Path), help="… and its key (PEM).")
@click.option("--allow-host", "hosts", metavar="NAME", multiple=True, help="Answer under this name too. Repeatable.")
@click.option(
    "--proxy",
    "proxies",
    metavar="ADDRESS",
    multiple=True,
    help="Believe the proxy at this address, or network, whom it asks for. Repeatable.",
)
@click.option("--allow-origin", "origins", metavar="URL", multiple=True, help="Let pages from there ask. Repeatable.")
@click.option(
    "--rate",
    type=click.FloatRange(0, 1e6),
    default=100.0,
    show_default=True,
    metavar="N",
    help="Requests a second that one address may make; 0 for no limit.",
)
@click.option(
    "--max-streams",
    type=click.IntRange(1, 100_000),
    default=4_096,
    show_default=True,
    metavar="N",
    help="Open streams.",
)
@click.option("--web", is_flag=True, help='Offer the app at / to browsers too. Needs the extra "web".')
@click.option(
    "--max-browsers",
    type=click.IntRange(1, 1_000),
    default=8,
    show_default=True,
    metavar="N",
    help="Browsers at a time; each takes a process.",
)
@setting_flags("interval", "stream", "window", "min_coverage", *SERVED)
@pass_invocation
def serve(
    invocation: Invocation,
    host: str,
    port: int,
    cert: Path | None,
    key: Path | None,
    hosts: tuple[str, ...],
    proxies: tuple[str, ...],
    origins: tuple[str, ...],
    rate: float,
    max_streams: int,
    web: bool,
    max_browsers: int,
) -> int:
    """Collect, and serve it: REST and WebSocket under /app/v1, docs at /app/v1/docs, /metrics for Prometheus.

    At another address than loopback a token is needed: CRYPTO_TUI_TOKEN, --token-file, or one that is made and printed
    once. Needs the extra "server". Requests are logged to stderr. Ends at SIGTERM or ctrl+c, within 5 s.

    \b
    Examples:
      crypto-tui serve
      crypto-tui serve --web
      crypto-tui serve --host 0.0.0.0 --token-file /run/secrets/token
      crypto-tui --connect http://127.0.0.1:8080
    """
    _check_extra(web)
    from tui_tracker.api.security import Access, Limits
    from tui_tracker.api.server import ServeOptions, check_place
    from tui_tracker.api.web.browsers import WebOptions
    from tui_tracker.cli.headless import run_headless
    from tui_tracker.cli.logs import log_to_stderr
    from tui_tracker.cli.service import Notifier

    if key is not None and cert is None:
        raise ConfigError("--key: there is no certificate to it", "name it with --cert")
    _check_names(hosts, origins)
    _check_proxies(proxies)
    settings = invocation.load().settings
    access = Access("", frozenset(name.lower() for name in (*hosts, host)), frozenset(origins))
    options = ServeOptions(
        host,
        port,
        access,
        Limits(rate_per_s=rate, burst=int(rate * 4) or 1, streams=max_streams),
        cert,
        key,
        WebOptions(max_browsers) if web else None,
        proxies,
    )
    check_place(options)
    options = replace(options, access=replace(access, token=_token(settings, host)))
    log_to_stderr(debug=invocation.is_debug)
    _raise_file_limit()
    composition, notifier = invocation.compose(), Notifier(os.environ)
    run_headless(lambda: _serve(composition, settings, options, notifier), GRACE_S)
    return Exit.OK


async def _serve(composition: Composition, settings: Settings, options: "ServeOptions", notifier: "Notifier") -> None:
    """Serve until cancelled, under whatever supervises this process, or as the first process of a container."""
    import asyncio

    from tui_tracker.cli.reaping import reap_orphans

    async with composition.serve(settings, options) as server, asyncio.TaskGroup() as group:
        app = f", the app at {server.url}/" if options.web else ""
        say(f"serving at {server.url}, docs at {server.url}/app/v1/docs{app}")
        notifier.tell("READY=1", f"STATUS=serving at {server.url}")
        jobs = [group.create_task(notifier.keep_alive())]
        if os.getpid() == 1:
            jobs.append(group.create_task(reap_orphans()))
        try:
            await asyncio.Event().wait()
        finally:
            notifier.tell("STOPPING=1")
            for job in jobs:
                job.cancel()


def _check_extra(web: bool) -> None:
    from importlib.util import find_spec

    missing = [
        name for name in ("fastapi", "fastapi_offline", "uvicorn", "prometheus_client") if find_spec(name) is None
    ]
    if not missing and web and find_spec("textual_serve") is None:
        raise ConfigError("--web needs textual_serve", "install it with: pip install 'crypto-tui[server,web]'")
    if missing:
        raise ConfigError(f"serve needs {', '.join(missing)}", "install it with: pip install 'crypto-tui[server]'")


def _check_names(hosts: Iterable[str], origins: Iterable[str]) -> None:
    """Refuse what no request could ever name."""
    from urllib.parse import urlsplit

    for given in hosts:
        if not _HOST.fullmatch(given):
            name = _HOST.search(given.rpartition("://")[2])
            example = name[0] if name else "tracker.lan"
            raise ConfigError(f"--allow-host {clean(given)}: a name alone, such as {clean(example)}")
    for given in origins:
        try:
            parts = urlsplit(given)
        except ValueError:
            parts = urlsplit("")
        is_web = parts.scheme in ("http", "https") and bool(parts.netloc)
        if not is_web or given != f"{parts.scheme}://{parts.netloc}".lower():
            example = f"{parts.scheme}://{parts.netloc}".lower() if is_web else "https://example.org"
            raise ConfigError(f"--allow-origin {clean(given)}: as {clean(example)}, without a slash behind")


def _check_proxies(proxies: Iterable[str]) -> None:
    import ipaddress

    for given in proxies:
        try:
            ipaddress.ip_network(given)
        except ValueError:
            raise ConfigError(f"--proxy {clean(given)}: an address or a network, such as 10.0.0.0/8") from None


def _token(settings: Settings, host: str) -> str:
    """What everyone must know; made and told here if it is needed and there is none."""
    from tui_tracker.api.security import is_loopback

    if is_loopback(host):
        return settings.token
    if settings.token:
        if len(settings.token) < SHORTEST_TOKEN:
            raise ConfigError(
                f"--host {clean(host)}: beyond this machine the token has at least {SHORTEST_TOKEN} characters",
                "leave it out, and one is made",
            )
        return settings.token
    from secrets import token_urlsafe

    token = token_urlsafe(32)
    say(f"token, told this once: {token}")
    return token


def _raise_file_limit() -> None:
    """Allow as many open files, and so streams, as this user may have."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:  # a sandbox may forbid it
            say(f"note: at most {soft} open files: {error}")
