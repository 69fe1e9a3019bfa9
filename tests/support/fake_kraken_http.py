"""HTTP/1.1 by hand, so that every way of breaking it is possible."""

import asyncio
import gzip
import socket
import struct
import zlib
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit

MAX_HEAD = 64 * 1024
_REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}
_REASONS |= {418: "I'm a teapot", 451: "Unavailable For Legal Reasons"}
_REASONS |= {429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}
_REASONS |= {504: "Gateway Timeout", 520: ""}


class BadRequestError(Exception):
    """What a client sent is no HTTP request."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as it came."""

    method: str
    target: str
    """As sent; absolute if the client takes this server for a proxy."""
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""

    @property
    def keeps_alive(self) -> bool:
        """Whether the client will reuse the connection."""
        return self.headers.get("connection", "").lower() != "close"

    @property
    def accepts_gzip(self) -> bool:
        """Whether the client takes compressed answers."""
        return "gzip" in self.headers.get("accept-encoding", "")


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer before it is put on the wire."""

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self, request: HttpRequest, *, extra_length: int = 0) -> bytes:
        """The bytes on the wire; ``extra_length`` more are promised than sent."""
        body, headers = self.body, dict(self.headers)
        if request.accepts_gzip and len(body) > 1_000:
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body) + extra_length)
        return head(self.status, self.content_type, headers) + (b"" if request.method == "HEAD" else body)


def head(status: int, content_type: str, headers: dict[str, str]) -> bytes:
    """Status line and headers."""
    fields = {"Date": formatdate(usegmt=True), "Server": "cloudflare", "Content-Type": content_type, **headers}
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def read_request(reader: asyncio.StreamReader) -> HttpRequest | None:
    """Read one request, its body dropped; ``None`` if the client is done.

    Raises:
        BadRequestError: If it is no HTTP/1.x request, or its head is over 64 KiB.
    """
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BadRequestError("request cut short") from error
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequestError("head too long") from error
    start, *lines = raw.decode("latin-1").split("\r\n")
    parts = start.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError(f"no request line: {start!r}")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_HEAD:
        raise BadRequestError("body too long")
    await reader.readexactly(int(length))
    url = urlsplit(parts[1])
    query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
    return HttpRequest(parts[0], parts[1], url.path, query, headers)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN; what was not sent yet is dropped."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def send_endless(writer: asyncio.StreamWriter, limit: int = 1 << 30) -> None:
    """Send a chunked JSON text that never ends (1 GiB at most)."""
    writer.write(head(200, "application/json; charset=utf-8", {"Transfer-Encoding": "chunked"}))
    chunk = b'{"error":[],"result":{"' + b"A" * 65_000
    sent = 0
    while sent < limit:
        writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        await writer.drain()
        sent += len(chunk)
        chunk = b"A" * 65_536


def gzip_bomb(megabytes: int = 256) -> bytes:
    """A gzip stream of about 1 kB a megabyte of spaces.

    One megabyte is packed once and repeated, which a full flush between blocks allows; the checksum is missing.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    opening = packer.compress(b'{"error":[],') + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return opening + block * megabytes


async def send_slowly(writer: asyncio.StreamWriter, data: bytes, seconds_a_byte: float) -> None:
    """Send the head at once and the body byte by byte."""
    end = data.index(b"\r\n\r\n") + 4
    writer.write(data[:end])
    for index in range(end, len(data)):
        await writer.drain()
        await asyncio.sleep(seconds_a_byte)
        writer.write(data[index : index + 1])
