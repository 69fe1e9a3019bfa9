"""Who issued a certificate that isn't trusted: the only thing that tells whom to ask about it."""

import asyncio
import socket
import ssl
from base64 import b64encode
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import unquote, urlsplit

from tui_tracker.core.text import clean

_PATIENCE_S: Final = 3.0
_NAMES: Final = (bytes([0x55, 4, 3]), bytes([0x55, 4, 10]))
"""OIDs of a common name and of an organisation, in DER."""
_VERSION: Final = 0xA0
_MOST_PARTS: Final = 64


async def issuer_of(host: str, port: int, proxy: str | None = None) -> str:
    """Who says that a server is who it says, in its own words, safe to show; empty where that can't be known.

    Connects once more, through the proxy if there is one, takes the certificate, and sends nothing.
    """
    try:
        return issuer_in(await asyncio.to_thread(_certificate, host, port, proxy))
    except (OSError, HTTPException, ValueError, IndexError):
        return ""


def _connected(host: str, port: int, proxy: str | None) -> socket.socket:
    """A connection to a server.

    Raises:
        OSError: If there is none.
        HTTPException: The proxy gave no answer of its kind.
    """
    if proxy is None:
        return socket.create_connection((host, port), _PATIENCE_S)
    parts = urlsplit(proxy)
    if parts.scheme != "http":
        return _through_socks(host, port, proxy)
    headers = {}
    if parts.username is not None:
        who = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(who.encode()).decode()}"
    tunnel = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_PATIENCE_S)
    tunnel.set_tunnel(host, port, headers)
    tunnel.connect()
    return tunnel.sock


def _through_socks(host: str, port: int, proxy: str) -> socket.socket:
    from python_socks import ProxyError
    from python_socks.sync import Proxy

    try:
        way = Proxy.from_url(proxy.replace("socks5h://", "socks5://"), rdns=True)
        line: socket.socket = way.connect(host, port, timeout=_PATIENCE_S)
    except ProxyError as error:
        raise OSError(str(error)) from error
    return line


def _certificate(host: str, port: int, proxy: str | None) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is looked at because it isn't trusted
    with (
        _connected(host, port, proxy) as line,
        context.wrap_socket(line, server_hostname=host) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def issuer_in(certificate: bytes) -> str:
    """The issuer's name in a certificate (X.509, DER): its common name, else its organisation, else nothing.

    Raises:
        ValueError: If it is no certificate.
        IndexError: If it is cut off.
    """
    (whole,) = _parts(certificate)[:1]
    told = _parts(_parts(whole[1])[0][1])
    issuer = told[2 + (told[0][0] == _VERSION)]
    names: dict[bytes, str] = {}
    for _, part in _parts(issuer[1]):
        for _, pair in _parts(part):
            (_, kind), (_, value), *_more = _parts(pair)
            names.setdefault(kind, clean(value.decode("utf-8", "replace"), 60))
    return next((names[kind] for kind in _NAMES if kind in names), "")


def _parts(data: bytes) -> list[tuple[int, bytes]]:
    """(tag, content) of each element in some DER, the first few."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data) and len(found) < _MOST_PARTS:
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + length > len(data):
            raise ValueError("an element is cut off")
        found.append((tag, data[at : at + length]))
        at += length
    return found
