"""A program on a pseudo-terminal of its own, which ends with whoever opened it, however that ends."""

import asyncio
import errno
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

LEAVE_S: Final = 1.5
"""Seconds that a program has to end in once its terminal is gone."""
_CHUNK: Final = 65_536
_TAKE_TERMINAL: Final = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
"""Makes stdin the controlling terminal of a new session and goes on as the program: only then does the kernel hang the
program up once the other end of the terminal is closed, be it by SIGKILL."""


class Terminal:
    """The end of a pseudo-terminal at which a person sits.

    Args:
        master: Its descriptor, which does not block.
        process: What runs on it.
    """

    def __init__(self, master: int, process: Process) -> None:
        self._master, self._process = master, process

    async def read(self) -> bytes:
        """What the program has written; empty once it has ended."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return os.read(self._master, _CHUNK)
            except BlockingIOError:
                await self._ready(loop.add_reader, loop.remove_reader)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                return b""

    async def write(self, data: bytes) -> None:
        """Type, as fast as the program reads."""
        loop = asyncio.get_running_loop()
        while data:
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                await self._ready(loop.add_writer, loop.remove_writer)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                return

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, which the program is told of."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    async def _ready(self, add: Callable[..., Any], remove: Callable[[int], Any]) -> None:
        ready = asyncio.get_running_loop().create_future()

        def tell() -> None:
            if not ready.done():
                ready.set_result(None)

        add(self._master, tell)
        try:
            await ready
        finally:
            remove(self._master)


@asynccontextmanager
async def opened(
    command: Sequence[str], environ: Mapping[str, str], columns: int, rows: int
) -> AsyncIterator[Terminal]:
    """Run a program on a terminal while inside; on leaving it is hung up, and after ``LEAVE_S`` killed.

    Args:
        command: Path of the program and its arguments.
        environ: All of its environment.
        columns: Of the terminal.
        rows: Of the terminal.

    Raises:
        OSError: If there is no terminal to be had, or no process.
    """
    master, slave = pty.openpty()
    try:
        os.set_blocking(master, False)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        process = await create_subprocess_exec(
            sys.executable, "-c", _TAKE_TERMINAL, *command,
            stdin=slave, stdout=DEVNULL, stderr=slave, env=environ, start_new_session=True,
        )  # fmt: skip
    except BaseException:
        os.close(master)
        raise
    finally:
        os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        os.close(master)
        await asyncio.shield(_reap(process))


async def _reap(process: Process) -> None:
    """Wait for a program whose terminal is gone; what doesn't leave by itself is killed, with all that it started."""
    try:
        async with asyncio.timeout(LEAVE_S):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
