"""Names and addresses as a test wants them."""

import contextlib
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

HAS_IPV6: Final = socket.has_ipv6 and Path("/proc/net/if_inet6").exists()


class Names:
    """What a name stands for, and how often that was asked for.

    Args:
        monkeypatch: Ends it with the test.
        host: The name.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
        self._host = host
        self.addresses: list[tuple[int, str]] | None = [(socket.AF_INET, "127.0.0.1")]
        self.asked: list[str] = []
        self._resolve = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self.resolve)

    def resolve(self, host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host not in (self._host, self._host.encode()):
            return self._resolve(host, port, *rest, **more)
        self.asked.append(self._host)
        if self.addresses is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        stream = socket.SOCK_STREAM
        return [(family, stream, 6, "", (address, int(port or 0))) for family, address in self.addresses]


@contextlib.contextmanager
def black_hole(port: int) -> Iterator[None]:
    """A port of ::1 where connections are neither made nor refused: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_INET6))
        listener.bind(("::1", port))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket(socket.AF_INET6))
            waiting.setblocking(False)
            waiting.connect_ex(("::1", port))
        yield
