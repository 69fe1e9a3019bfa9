"""Which sources there are, and how one is opened."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.symbols import CCXT
from tui_tracker.core.text import clean
from tui_tracker.sources.base import Source, Stream

if TYPE_CHECKING:
    from tui_tracker.sources.budget import Memory, RequestBudget
    from tui_tracker.sources.dialogue import Dialogue
    from tui_tracker.sources.http import HttpClient

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._\-]*[A-Za-z0-9.])?|[0-9A-Fa-f:.]+")
_PATH: Final = re.compile(r"[A-Za-z0-9._~/\-]*")
_IDLE_MARGIN_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """Live quotes of an exchange."""

    url: str
    """Where they are, unless the exchange is configured to be elsewhere."""
    kind: str
    """The class of what is said there, in the module of the source's name and ``_stream``."""
    allows: str
    """What the exchange takes there, as documented."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """An exchange that can be watched."""

    name: str
    """The prefix of its instrument ids."""
    title: str
    """Its name for people."""
    base_url: str
    """Where its API is, unless configured otherwise."""
    spacing_s: float
    """Least time between two requests."""
    """… of weight 1, where an exchange weighs them: at least a tenth more than it asks for."""
    allows: str
    """What it allows, as documented."""
    kind: str
    """The class that speaks to it, in the module of its name."""
    bans: Mapping[int, float] = field(default_factory=dict)
    """Statuses by which it shuts an address out, and for how many seconds at least."""
    second_way_to: str = ""
    """The source that has the same pairs another way; empty for most."""
    stream: StreamInfo | None = None
    """Its live quotes, where they are read."""

    def connect(self, http: "HttpClient") -> Source:
        """Make the source; imports its module, and sends nothing."""
        source: Source = getattr(import_module(f"tui_tracker.sources.{self.name}"), self.kind)(http)
        return source

    def dialogue(self) -> "type[Dialogue]":
        """What is said on connections of its live quotes, if there are any; imports its module."""
        assert self.stream is not None
        kind: type[Dialogue] = getattr(import_module(f"tui_tracker.sources.{self.name}_stream"), self.stream.kind)
        return kind


def request_budget(
    name: str, clock: Clock, spacing_s: float | None = None, memory: "Memory | None" = None
) -> "RequestBudget":
    """The pace of a source's requests, for the source and what reads its live quotes.

    Args:
        name: Of the source.
        clock: Schedules.
        spacing_s: Another pace than the exchange's own (tests).
        memory: Of bans.
    """
    from tui_tracker.sources.budget import RequestBudget

    if spacing_s is None:
        spacing_s = SOURCES[name].spacing_s if name in SOURCES else 0.0
    return RequestBudget(clock, spacing_s, memory)


def create(
    name: str,
    *,
    clock: Clock,
    base_url: str | None = None,
    interval_s: float,
    spacing_s: float | None = None,
    budget: "RequestBudget | None" = None,
    ca_file: str = "",
) -> Source:
    """Make a source. Nothing is sent, and httpx isn't loaded unless a proxy is set.

    Args:
        name: A key of ``SOURCES``, or ``ccxt:`` and a name of ccxt's.
        clock: Stamps and schedules.
        base_url: Another place to find the exchange at.
        interval_s: Time between polls; connections outlive two of them.
        spacing_s: Another pace of requests (tests).
        budget: See ``request_budget``; one of its own unless given.
        ca_file: Certificates of authorities that are trusted beside those of the system; empty for none.

    Raises:
        ConfigError: An unknown name, an unusable URL, proxy variable or file of certificates.
    """
    from tui_tracker.sources.http import HttpClient
    from tui_tracker.sources.proxies import check_proxies

    check_name(name)
    check_proxies(os.environ)
    if ca_file:
        from tui_tracker.core.trust import trusting

        trusting(ca_file)
    url = None if base_url is None else checked_base_url(base_url)
    info = SOURCES.get(name)
    idle_s = 2 * interval_s + _IDLE_MARGIN_S
    budget = budget or request_budget(name, clock, spacing_s)
    if info is None:
        from tui_tracker.sources.through_ccxt import CcxtSource

        http = HttpClient("", clock, budget, idle_s=idle_s, bans=_CCXT_BANS, ca_file=ca_file)
        return CcxtSource(name.removeprefix(CCXT), http, url, keeps_pace=spacing_s is None)
    http = HttpClient(url or info.base_url, clock, budget, idle_s=idle_s, bans=info.bans, ca_file=ca_file)
    return info.connect(http)


def open_stream(
    name: str,
    *,
    clock: Clock,
    base_url: str | None = None,
    budget: "RequestBudget | None" = None,
    ca_file: str = "",
) -> Stream | None:
    """Make what reads the live quotes of a source; ``None`` where there is none. Nothing is sent.

    Args:
        name: Of the source.
        clock: Spaces messages.
        base_url: Another place to find the exchange at; the stream is then there too, at the same path.
        budget: Of the requests to the exchange, which wait while the stream is told to; one of its own unless given.
        ca_file: Certificates of authorities that are trusted beside those of the system; empty for none.
    """
    info = SOURCES.get(name)
    if info is None or info.stream is None:
        return None
    from tui_tracker.sources.stream import SocketStream

    url = info.stream.url
    if base_url is not None:
        url = checked_base_url(base_url).replace("http", "ws", 1) + urlsplit(url).path
    return SocketStream(url, clock, info.dialogue(), budget or request_budget(name, clock), ca_file, info.bans)


def all_names() -> tuple[str, ...]:
    """Every exchange with a module of its own, once."""
    return tuple(name for name, info in SOURCES.items() if not info.second_way_to)


def check_name(name: str) -> None:
    """Check that there is such a source.

    Raises:
        ConfigError: With near names, or with what to install.
    """
    if name in SOURCES:
        return
    own = name.removeprefix(CCXT)
    if own == name:
        near = get_close_matches(name.lower(), SOURCES, n=3)
        hint = f"did you mean {', '.join(near)}? " if near else ""
        known = f"known: {', '.join(SOURCES)}, and {CCXT}NAME for others"
        raise ConfigError(f"there is no source {clean(name, 40)!r}", hint + known)
    if own in SOURCES:
        raise ConfigError(f"{own} needs no ccxt", f"use --source {own}")
    from tui_tracker.sources.through_ccxt import check_name as check_ccxt

    check_ccxt(own)


def check_stream(name: str) -> None:
    """Check that quotes of a source can be read live.

    Raises:
        ConfigError: With those of which they can.
    """
    check_name(name)
    if name not in SOURCES or SOURCES[name].stream is None:
        known = ", ".join(info.name for info in SOURCES.values() if info.stream is not None)
        raise ConfigError(f"quotes of {clean(name, 40)} can't be read live", f"of these they can: {known}")


def checked_base_url(text: str) -> str:
    """Return a usable base URL without a trailing slash.

    Raises:
        ConfigError: Unless it is ``http`` or ``https`` with a host, and perhaps a port and a path.
    """
    problem = ""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        problem = "it cannot be read"
    else:
        if parts.scheme not in ("http", "https"):
            problem = "it must begin with http:// or https://"
        elif "@" in parts.netloc:
            problem = "it must not hold a user name or password"
        elif not parts.hostname or not _HOST.fullmatch(parts.hostname) or port == 0:
            problem = "it needs a host"
        elif "?" in text or "#" in text:
            problem = "it must not hold a query or fragment"
        elif not _PATH.fullmatch(parts.path) or not text.isprintable():
            problem = "its path has characters that do not belong there"
    if problem:
        shown = clean(re.sub(r"//[^/]*@", "//…@", text), 80)
        raise ConfigError(f"base URL {shown!r} cannot be used: {problem}", "for example http://127.0.0.1:8080")
    return text.rstrip("/")


_MINUTE_S: Final = 60.0
_CCXT_BANS: Final[Mapping[int, float]] = MappingProxyType({418: 2 * _MINUTE_S})
"""Of whatever exchange: those that answer so took it over from Binance."""

SOURCES: Final[Mapping[str, SourceInfo]] = MappingProxyType(
    {
        info.name: info
        for info in (
            SourceInfo(
                "kraken",
                "Kraken",
                "https://api.kraken.com",
                1.12,
                "1 request a second",
                "KrakenSource",
                stream=StreamInfo(
                    "wss://ws.kraken.com/v2", "KrakenDialogue", "as many messages as its load lets through"
                ),
            ),
            SourceInfo(
                "binance",
                "Binance",
                "https://data-api.binance.vision",
                0.0125,
                "a weight of 6,000 a minute",
                "BinanceSource",
                {403: 5 * _MINUTE_S, 418: 2 * _MINUTE_S},
                stream=StreamInfo(
                    "wss://data-stream.binance.vision/stream",
                    "BinanceDialogue",
                    "1,024 streams a connection, 5 messages a second",
                ),
            ),
            SourceInfo("bitfinex", "Bitfinex", "https://api-pub.bitfinex.com", 2.5, "30 a minute", "BitfinexSource"),
            SourceInfo(
                "bitstamp", "Bitstamp", "https://www.bitstamp.net", 0.1, "10,000 in 10 minutes", "BitstampSource"
            ),
            SourceInfo(
                "bybit",
                "Bybit",
                "https://api.bybit.com",
                0.02,
                "600 in 5 s",
                "BybitSource",
                {403: 10 * _MINUTE_S},
                stream=StreamInfo(
                    "wss://stream.bybit.com/v5/public/spot",
                    "BybitDialogue",
                    "10 topics a message, 21,000 characters of them",
                ),
            ),
            SourceInfo(
                "coinbase",
                "Coinbase",
                "https://api.coinbase.com",
                0.125,
                "10 a second",
                "CoinbaseSource",
                stream=StreamInfo(
                    "wss://advanced-trade-ws.coinbase.com",
                    "CoinbaseDialogue",
                    "8 messages and 8 connections a second",
                ),
            ),
            SourceInfo(
                "coinbase_exchange",
                "Coinbase Exchange",
                "https://api.exchange.coinbase.com",
                0.125,
                "10 a second",
                "CoinbaseExchangeSource",
                second_way_to="coinbase",
            ),
            SourceInfo("gate", "Gate", "https://api.gateio.ws", 0.0625, "200 in 10 s", "GateSource"),
            SourceInfo("kucoin", "KuCoin", "https://api.kucoin.com", 0.01, "a weight of 4,000 in 30 s", "KucoinSource"),
            SourceInfo(
                "okx",
                "OKX",
                "https://www.okx.com",
                0.125,
                "20 in 2 s",
                "OkxSource",
                stream=StreamInfo(
                    "wss://ws.okx.com:8443/ws/v5/public",
                    "OkxDialogue",
                    "480 messages an hour, 64 KB of names, 3 connections a second",
                ),
            ),
        )
    }
)
"""All sources with a module of their own, by name."""
