"""A proxy on 127.0.0.1 that speaks HTTP (absolute targets, CONNECT) and SOCKS5, and may want a password.

Whatever host is asked for, it connects to 127.0.0.1, at the port that was asked for.
"""

import asyncio
import contextlib

import pytest

from tests.support.listener import Listener

DENIED = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
_CREDENTIALS = b"Basic bmFtZTpwYXNzd29yZA=="


def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment of a test name no proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Proxy(Listener):
    """Both kinds at one port.

    Args:
        is_closed: Whether it wants ``name:password`` of who comes over HTTP.
    """

    def __init__(self, *, is_closed: bool = False) -> None:
        super().__init__()
        self.asked: list[str] = []
        """What was asked for: ``GET``, ``CONNECT`` or ``SOCKS5``, and the place."""
        self._is_closed = is_closed

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                first = await reader.readexactly(1)
                await (self._socks(reader, writer) if first == b"\x05" else self._http(first, reader, writer))
        finally:
            writer.transport.abort()

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly((await reader.readexactly(1))[0])
        writer.write(b"\x05\x00")
        kind = (await reader.readexactly(4))[3]
        length = (await reader.readexactly(1))[0] if kind == 3 else {1: 4, 4: 16}[kind]
        host = await reader.readexactly(length)
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(f"SOCKS5 {host.decode('latin-1') if kind == 3 else '.'.join(map(str, host))}:{port}")
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        await _tunnel(reader, writer, port, b"")

    async def _http(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = first + await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        place = target.removeprefix("http://").partition("/")[0]
        self.asked.append(f"{method} {place}")
        if self._is_closed and _CREDENTIALS not in head:
            writer.write(DENIED)
            await writer.drain()
        elif method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await _tunnel(reader, writer, int(place.rpartition(":")[2]), b"")
        else:
            await _tunnel(
                reader, writer, int(place.rpartition(":")[2]), head.replace(f"http://{place}".encode(), b"", 1)
            )


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, begun: bytes) -> None:
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
    far_writer.write(begun)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(reader, far_writer))
            group.create_task(_copy(far_reader, writer))
    finally:
        far_writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()
