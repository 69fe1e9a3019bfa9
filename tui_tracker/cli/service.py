"""What a service tells systemd: that it is ready, how it does, and that it lives (sd_notify(3)); without a library."""

import logging
import os
import socket
from collections.abc import Mapping
from typing import Final

_log = logging.getLogger(__name__)
_MICROSECONDS: Final = 1_000_000


class Notifier:
    """Sends datagrams to whoever supervises this process; does nothing where nobody does.

    Args:
        environ: ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID`` of the process.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address: Final = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_s: Final = _watchdog_s(environ) if address else None
        """Without a sign of life for this long the process is ended; ``None`` where nobody waits for one."""

    def tell(self, *lines: str) -> None:
        """Send assignments, such as ``READY=1``."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)
                channel.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            _log.info("the supervisor was not told: %s", error)

    async def keep_alive(self) -> None:
        """Give signs of life from the event loop, twice in the time that is allowed, until cancelled."""
        import asyncio

        while self.watchdog_s is not None:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s / 2)


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    pid, span = environ.get("WATCHDOG_PID", ""), environ.get("WATCHDOG_USEC", "")
    if not span.isdecimal() or int(span) == 0 or pid not in ("", str(os.getpid())):
        return None
    return int(span) / _MICROSECONDS
