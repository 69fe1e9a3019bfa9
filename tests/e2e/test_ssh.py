"""The app over ssh, for who gets no shell: sshd as the README configures it, and a client."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncssh
import pyte
import pytest

from tests.cli.test_serve import serving
from tests.e2e.commands import COMMAND
from tests.e2e.test_browser import apps_of

TOKEN = "open-sesame"
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
EMPTY = Path("/run/sshd")
"""A folder that sshd wants, empty, when root runs it."""
CONFIG = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
SetEnv CRYPTO_TUI_TOKEN={token} XDG_CONFIG_HOME={folder} XDG_STATE_HOME={folder} LANG=C.UTF-8

ForceCommand {command} --connect {url}
DisableForwarding yes
PermitUserRC no
"""
pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(SSHD is None, reason="there is no sshd here (openssh-server)"),
]


@contextmanager
def ssh_server(folder: Path, url: str) -> Iterator[int]:
    """An sshd that lets in one key, to the app alone; and its port."""
    host, client = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    host.write_private_key(folder / "host")
    client.write_private_key(folder / "client")
    client.write_public_key(folder / "authorized")
    os.chmod(folder / "host", 0o600)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(CONFIG.format(port=port, folder=folder, token=TOKEN, command=COMMAND, url=url), encoding="utf-8")
    assert SSHD is not None
    has_made = os.geteuid() == 0 and not EMPTY.is_dir()
    if has_made:
        EMPTY.mkdir(mode=0o755)
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        assert any("listening" in line for line in process.stderr), "sshd ended"
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=10)
        if has_made:
            EMPTY.rmdir()


class Terminal:
    """The app as the other side of the line shows it."""

    def __init__(self, process: "asyncssh.SSHClientProcess[bytes]", columns: int, rows: int) -> None:
        self.process = process
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def width(self) -> int:
        return max(len(line.rstrip()) for line in self._screen.display)

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        self.process.change_terminal_size(columns, rows)

    async def until(self, text: str, at_least: int = 0) -> None:
        """Read on until something is shown, so wide."""
        async with asyncio.timeout(40):
            while not (any(text in line for line in self._screen.display) and self.width >= at_least):
                data = await self.process.stdout.read(65_536)
                assert data, "it ended"
                self._stream.feed(data)


@asynccontextmanager
async def connected(folder: Path, port: int) -> AsyncIterator[asyncssh.SSHClientConnection]:
    options = {"client_keys": [str(folder / "client")], "known_hosts": None, "config": [], "agent_path": None}
    async with asyncssh.connect("127.0.0.1", port, username=os.environ.get("USER", "root"), **options) as line:
        yield line


async def opened(line: asyncssh.SSHClientConnection) -> Terminal:
    process = await line.create_process("id", term_type="xterm-256color", term_size=(100, 30), encoding=None)
    terminal = Terminal(process, 100, 30)
    await terminal.until(" 1/")
    return terminal


async def test_the_app_and_nothing_else_over_ssh(tmp_path: Path) -> None:
    with serving(tmp_path / "server", CRYPTO_TUI_TOKEN=TOKEN) as (_, url), ssh_server(tmp_path, url) as port:
        async with connected(tmp_path, port) as line:
            terminal = await opened(line)
            assert 90 <= terminal.width <= 100
            terminal.resize(140, 40)
            await terminal.until(" 1/", at_least=130)
            terminal.process.stdin.write(b"?")
            await terminal.until("Esc closes")
            terminal.process.stdin.write(b"qq")
            await terminal.process.wait()
            assert terminal.process.exit_status == 0
            plain = await line.run("id; cat /etc/passwd")
            assert plain.exit_status == 2
            assert "the app needs a terminal" in str(plain.stderr)
            assert plain.stdout == ""
        async with connected(tmp_path, port) as line:
            await opened(line)
            (app,) = apps_of(url)
            watched, loop, gone = os.pidfd_open(app), asyncio.get_running_loop(), asyncio.Event()
            loop.add_reader(watched, gone.set)
            line.abort()
            async with asyncio.timeout(20):
                await gone.wait()
            loop.remove_reader(watched)
            os.close(watched)
        assert apps_of(url) == []
