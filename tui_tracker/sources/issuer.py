"""Who issued a certificate that isn't trusted: the only thing that tells whom to ask about it."""

import asyncio
import socket
import ssl
from typing import Final

from tui_tracker.core.text import clean

_PATIENCE_S: Final = 3.0
_NAMES: Final = (bytes([0x55, 4, 3]), bytes([0x55, 4, 10]))
"""OIDs of a common name and of an organisation, in DER."""
_VERSION: Final = 0xA0
_MOST_PARTS: Final = 64


async def issuer_of(host: str, port: int) -> str:
    """Who says that a server is who it says, in its own words, safe to show; empty where that can't be known.

    Connects once more, takes the certificate, and sends nothing.
    """
    try:
        return issuer_in(await asyncio.to_thread(_certificate, host, port))
    except (OSError, ValueError, IndexError):
        return ""


def _certificate(host: str, port: int) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is looked at because it isn't trusted
    with (
        socket.create_connection((host, port), _PATIENCE_S) as line,
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
