"""What is the same in the answers of all exchanges: bodies, waiting times, broken connections."""

import json
import socket
import ssl
import zlib
from collections.abc import AsyncIterator
from datetime import UTC
from typing import Final, TypeVar

import msgspec

from tui_tracker.core.errors import MalformedDataError
from tui_tracker.core.text import clean
from tui_tracker.sources.budget import LONGEST_PAUSE_S

T = TypeVar("T")
_ROWS: Final = msgspec.json.Decoder(list[msgspec.Raw])
"""A list whose entries are decoded one by one, so that a bad one costs no other."""
ANYTHING: Final = msgspec.json.Decoder()


async def read_body(raw_pieces: AsyncIterator[bytes], encoding: str, max_bytes: int) -> bytes:
    """Read and decompress a body of at most ``max_bytes``; a small one that would unfold to more is refused.

    Decompression is ours and not httpx's, whose decoders unfold a whole piece (and nested encodings) without bound.
    """
    encoding = encoding.strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip"):
        raise MalformedDataError(f"the answer is encoded as {clean(encoding, 40)!r}, which was not asked for")
    unpacker = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    pieces: list[bytes] = []
    raw_size = size = 0
    async for raw in raw_pieces:
        raw_size += len(raw)
        try:
            piece = raw if unpacker is None else unpacker.decompress(raw, max_bytes - size + 1)
        except zlib.error as error:
            raise MalformedDataError("the answer cannot be decompressed") from error
        size += len(piece)
        if max(size, raw_size) > max_bytes:
            raise MalformedDataError(f"the answer is longer than {max_bytes / 1e6:g} MB")
        pieces.append(piece)
    if unpacker is not None and raw_size and not unpacker.eof:
        raise MalformedDataError("the compressed answer ends too early")
    return b"".join(pieces)


def read_retry_after(text: str | None, now_ms: int, longest_s: float = LONGEST_PAUSE_S) -> float | None:
    """Read a ``Retry-After`` header (RFC 9110, 10.2.3): seconds or a date; 0 to one hour, ``None`` if unreadable."""
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), longest_s)
    instant_s = _http_date(text)
    return None if instant_s is None else min(max(instant_s - now_ms / 1000, 0.0), longest_s)


def read_date(text: str | None) -> int | None:
    """Read a ``Date`` header (RFC 9110, 6.6.1): ms, in the middle of its second; ``None`` if unreadable."""
    instant_s = _http_date(text) if text else None
    return None if instant_s is None or instant_s <= 0 else int(instant_s) * 1000 + 500


def _http_date(text: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        instant = parsedate_to_datetime(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, IndexError):
        return None


def _chain(error: BaseException) -> list[BaseException]:
    """An error and what caused it, down to the bottom."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and len(chain) < 16:
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain


def is_untrusted(error: BaseException) -> bool:
    """Whether a connection failed because nobody vouches for the server."""
    return any(isinstance(link, ssl.SSLCertVerificationError) for link in _chain(error))


def reason(error: BaseException) -> str:
    """Say in a few words why a connection failed, from the error at the bottom of the chain."""
    for link in _chain(error):
        match link:
            case socket.gaierror():
                return f"the host name cannot be resolved ({clean(link.strerror or str(link), 80)})"
            case ssl.SSLCertVerificationError():
                return f"the server's certificate is not trusted ({clean(getattr(link, 'verify_message', ''), 80)})"
            case ssl.SSLError():
                return f"no secure connection ({clean(getattr(link, 'reason', None) or str(link), 80)})"
            case ConnectionRefusedError():
                return "connection refused"
            case ConnectionError():
                return "the connection was reset"
            case OSError(strerror=str() as strerror) if strerror:
                return clean(strerror.lower(), 80)
    return clean(str(error)).rstrip(".") or "the connection broke"


def remedy(error: BaseException) -> str:
    """What to do about a failed connection, where waiting alone doesn't help; empty where it may."""
    for link in _chain(error):
        match link:
            case socket.gaierror():
                return "is the name right, and the network up?"
            case ssl.SSLCertVerificationError():
                return "sign in where a page asks for it, or name the authority with --ca-file"
            case ssl.SSLError():
                return "does the server speak https there?"
    return ""


def decoded(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw, what: str) -> T:
    """Decode JSON.

    Raises:
        MalformedDataError: Saying ``what`` could not be read, and why.
    """
    try:
        return decoder.decode(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedDataError(f"the {what} cannot be read: {clean(str(error), 100)}") from error


def tried(decoder: msgspec.json.Decoder[T], body: bytes) -> T | None:
    """Decode what may be something else: ``None`` if it is."""
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError):
        return None


def without_constants(body: bytes) -> bytes:
    """Replace bare ``NaN`` and ``Infinity``, which are no JSON, by ``null``: one bad row must not cost the others.

    Raises:
        ValueError: If it is no JSON otherwise.
    """
    if b"NaN" not in body and b"Infinity" not in body:
        return body
    return msgspec.json.encode(json.loads(body, parse_constant=lambda _: None))


def opened(decoder: msgspec.json.Decoder[T], body: bytes, exchange: str) -> T:
    """Decode a whole answer, bare ``NaN`` as ``null``.

    Raises:
        MalformedDataError: Telling how it begins, where it is something else than ``exchange`` sends.
    """
    try:
        return decoder.decode(without_constants(body))
    except (ValueError, RecursionError) as error:
        if body.lstrip()[:1] == b"<":
            raise MalformedDataError(
                f"{exchange} answered with a web page instead of data: a sign-in page, a proxy, or maintenance"
            ) from error
        start = clean(body[:60].decode("utf-8", "replace"))
        raise MalformedDataError(f"no answer of {exchange}'s API (it begins with {start!r})") from error


def opened_rows(body: bytes, exchange: str) -> list[msgspec.Raw]:
    """The entries of an answer that is a list; see ``opened``."""
    return opened(_ROWS, body, exchange)
