"""The way to a server: proxy variables, checked before httpx honours them, and addresses."""

import importlib.util
import re
from collections.abc import Mapping
from ipaddress import IPv6Address
from typing import Final

from tui_tracker.core.errors import ConfigError
from tui_tracker.core.text import clean

NEXT_ADDRESS_S: Final = 0.25
"""After so much silence of one address the next is tried beside it, as httpx does (RFC 8305)."""
_HOST: Final = re.compile(rb"[A-Za-z0-9._:\-]+")


def check_proxies(environ: Mapping[str, str]) -> None:
    """Check the proxy variables that httpx would honour, before it does.

    Args:
        environ: The environment; a lower-case name wins over an upper-case one, as in ``urllib.request.getproxies``.

    Raises:
        ConfigError: Naming the variable that cannot be used.
    """
    found = {kind: _effective(environ, f"{kind}_proxy") for kind in ("http", "https", "all", "no")}
    exceptions = found.pop("no")
    if exceptions is not None and "*" in [host.strip() for host in exceptions[1].split(",")]:
        return
    for variable in found.values():
        if variable is not None:
            _check_proxy(*variable)
    if exceptions is not None:
        for host in exceptions[1].split(","):
            _check_exception(exceptions[0], host.strip())


def proxy_of(url: str) -> str | None:
    """The proxy that the environment names for a URL, as httpx finds it; WebSockets go the way of http and https.

    A SOCKS proxy looks names up itself (``socks5h``), as it does for httpx.
    """
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    proxies = getproxies()
    found = proxies.get(parts.scheme.replace("ws", "http", 1)) or proxies.get("all")
    if not found or proxy_bypass(parts.hostname or ""):
        return None
    return found.replace("socks5://", "socks5h://", 1) if "://" in found else f"http://{found}"


def place_of(proxy: str) -> str:
    """Where a proxy is, without who may use it; safe to show."""
    scheme, _, rest = proxy.rpartition("://")
    return clean(f"{scheme}://{rest.rpartition('@')[2]}".rstrip("/"), 80)


def _effective(environ: Mapping[str, str], lower: str) -> tuple[str, str] | None:
    """Name and value of the variable in force."""
    if lower in environ:
        return (lower, environ[lower]) if environ[lower] else None
    if lower == "http_proxy" and "REQUEST_METHOD" in environ:
        return None
    return next(((name, value) for name, value in environ.items() if value and name.lower() == lower), None)


def _check_proxy(name: str, value: str) -> None:
    import httpx

    hint = f"set {name} to something like http://proxy.example:3128, or unset it"
    if not value.isprintable() or " " in value:
        raise ConfigError(f"{name} is not the address of a proxy", hint)
    try:
        url = httpx.Proxy(value if "://" in value else f"http://{value}").url
    except (ValueError, httpx.InvalidURL) as error:
        raise ConfigError(f"{name} is not the address of a proxy", hint) from error
    if not _HOST.fullmatch(url.raw_host) or not 0 < (url.port or 1) < 65536:
        raise ConfigError(f"{name} is not the address of a proxy", hint)
    if url.scheme.startswith("socks") and not _has_socks():
        raise ConfigError(
            f"{name} is a SOCKS proxy, for which a package is missing", "install it: pip install 'crypto-tui[socks]'"
        )


def is_of_socks(error: Exception) -> bool:
    """Whether it is of the package that speaks to SOCKS proxies for httpx, which passes such errors on as they are."""
    return type(error).__module__.partition(".")[0] == "socksio"


def _has_socks() -> bool:
    """Whether requests and WebSockets can go through a SOCKS proxy."""
    return all(importlib.util.find_spec(name) is not None for name in ("socksio", "python_socks"))


def _check_exception(name: str, host: str) -> None:
    """Check one entry of ``NO_PROXY``, by letting httpx build the pattern that it would."""
    import httpx

    if not host:
        return
    try:
        IPv6Address(host.partition("/")[0])
    except ValueError:
        pattern = host if "://" in host else f"all://*{host}"
    else:
        pattern = f"all://[{host}]"
    try:
        httpx.AsyncClient(transport=httpx.AsyncBaseTransport(), trust_env=False, mounts={pattern: None})
    except (ValueError, httpx.InvalidURL) as error:
        raise ConfigError(f"{name} has an entry that is no host: {clean(host, 60)!r}", f"correct {name}") from error
