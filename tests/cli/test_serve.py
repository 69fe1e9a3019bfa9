"""``crypto-tui serve`` as a process, and the clients of it."""

import asyncio
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.cli.conftest import Outcome
from tests.cli.scripted import ScriptedComposition
from tests.e2e.commands import COMMAND, environment
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.status import SourceState
from tui_tracker.feed.remote import RemoteFeed

HANDSHAKE = (
    "GET /app/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
Run = Callable[..., Outcome]
BTC = "simulated:BTC-USD"


@contextmanager
def serving(
    home: Path, *arguments: str, prefix: tuple[str, ...] = (), **environ: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that collects a simulated market; and its URL."""
    home.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [*prefix, COMMAND, "serve", "--demo", "--port", "0", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home, **environ),
        cwd=home,
    )
    assert process.stderr is not None
    try:
        line = next(line for line in process.stderr if "serving at" in line)
        yield process, line.split("serving at ")[1].split(",")[0]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def ranked(url: str) -> None:
    """Wait until there is something to rank."""
    with httpx.Client(trust_env=False, base_url=url) as http:
        while True:
            answer = http.get("/app/v1/ranking", params={"limit": 1})
            if answer.status_code == 200 and answer.json()["ranked"]:
                return


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_it_serves_and_ends_at_a_signal_telling_its_streams(tmp_path: Path, number: int, code: int) -> None:
    with serving(tmp_path) as (process, url):
        with connect(url.replace("http", "ws", 1) + "/app/v1/stream", proxy=None) as stream:
            assert json.loads(stream.recv())["events"][0]["type"] == "hello"
            process.send_signal(number)
            with pytest.raises(ConnectionClosed) as caught:
                stream.recv(timeout=10)
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1001, "the server stops; try again soon")
        out, err = process.communicate(timeout=5)
        assert (process.returncode, out) == (code, "")
        assert "Traceback" not in err


def test_it_ends_as_the_first_process_of_a_container(tmp_path: Path) -> None:
    prefix = ("unshare", "--fork", "--pid", "--kill-child=SIGTERM")
    if os.geteuid() != 0 or subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs the right to make a PID namespace")
    with serving(tmp_path, prefix=prefix) as (process, url):
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
        os.kill(int(children[0]), signal.SIGTERM)
        assert process.wait(timeout=5) == 143


def test_it_may_open_as_many_files_as_its_user_may(tmp_path: Path) -> None:
    with serving(tmp_path, prefix=("prlimit", "--nofile=256:3000")) as (process, _):
        limits = Path(f"/proc/{process.pid}/limits").read_text(encoding="ascii")
        assert re.search(r"Max open files\s+3000\s+3000", limits)


def test_without_descriptors_it_goes_on_says_so_once_and_recovers(tmp_path: Path) -> None:
    with serving(tmp_path, prefix=("prlimit", "--nofile=48:48")) as (process, url), ExitStack() as stack:
        port = int(url.rpartition(":")[2])
        known = stack.enter_context(httpx.Client(trust_env=False, base_url=url))
        assert known.get("/healthz").status_code == 200
        crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(90)]
        fds = Path(f"/proc/{process.pid}/fd")
        while len(list(fds.iterdir())) < 48:
            assert known.get("/healthz").status_code == 200
        for _ in range(30):
            assert known.get("/app/v1/status").status_code == 200
        with pytest.raises(httpx.TimeoutException):
            httpx.get(f"{url}/healthz", trust_env=False, timeout=1.5)
        for one in crowd:
            one.close()
        assert httpx.get(f"{url}/healthz", trust_env=False, timeout=10).status_code == 200
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=5)
        assert process.returncode == 143
        told = [line for line in err.splitlines() if "GET /" not in line]
        assert sum("no client is let in for now" in line for line in told) == 1
        assert len(told) < 20, told


async def test_clients_of_a_server_that_is_killed_go_on_with_the_next(tmp_path: Path) -> None:
    async def soon(_: float) -> None:
        await asyncio.sleep(0.05)

    async def is_whole(feed: RemoteFeed, http: httpx.AsyncClient) -> None:
        """Wait until the feed has what the server has, sample by sample: one doubled or missing would stay so."""
        async with asyncio.timeout(30):
            async for snapshot in feed.updates():
                if snapshot.status.state is not SourceState.LIVE:
                    continue
                here = await feed.series(BTC, Metric.PRICE)
                there = (await http.get(f"/app/v1/pairs/{BTC}/history")).json()["points"]
                known = {here.start_ms + at * MINUTE_MS: value for at, value in enumerate(here.values)}
                if {at: None if value != value else value for at, value in known.items()} == dict(map(tuple, there)):
                    return

    async with AsyncExitStack() as stack:
        feeds: list[RemoteFeed] = []
        port = "0"
        for turn in range(2):
            with serving(tmp_path, "--rate", "0", "--port", port, CRYPTO_TUI_DEMO_PAIRS="20") as (process, url):
                port = url.rpartition(":")[2]
                http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, base_url=url))
                if turn == 0:
                    feeds = [RemoteFeed(url, sleep=soon) for _ in range(4)]
                    for feed in feeds:
                        await stack.enter_async_context(feed.running())
                await asyncio.gather(*(is_whole(feed, http) for feed in feeds))
                process.kill()
                process.wait(timeout=10)
            for feed in feeds:
                async with asyncio.timeout(20):
                    async for snapshot in feed.updates():
                        if snapshot.status.state is SourceState.OFFLINE:
                            assert snapshot.rows
                            break


def test_a_client_that_never_reads_does_not_delay_the_end(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        ranked(url)
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as stuck:
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stuck.sendall(HANDSHAKE.format(port).encode())
            assert stuck.recv(12) == b"HTTP/1.1 101"
            command = b'{"rows": true}'
            stuck.sendall(bytes([0x81, 0x80 | len(command), 0, 0, 0, 0]) + command)
            assert httpx.get(f"{url}/app/v1/status", trust_env=False).json()["clients"] == 1
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=5.5)
            assert process.returncode == 143


def test_commands_over_the_line_and_a_thin_client_is_thin(tmp_path: Path) -> None:
    with serving(tmp_path, CRYPTO_TUI_TOKEN="secret") as (_, url):
        with httpx.Client(trust_env=False, headers={"Authorization": "Bearer secret"}, base_url=url) as http:
            while not http.get("/readyz").is_success or http.get("/app/v1/ranking").json()["ranked"] < 20:
                pass
        program = (
            "import sys; from tui_tracker.cli.main import main; code = main(sys.argv[1:]);"
            "print(*sorted(sys.modules), sep='\\n', file=sys.stderr); sys.exit(code)"
        )
        for command in (["rank", "--limit", "3", "--json"], ["pairs", "--json"], ["watch", "--count", "1"]):
            run = subprocess.run(
                [sys.executable, "-c", program, *command, "--connect", url],
                capture_output=True,
                text=True,
                check=False,
                timeout=50,
                env=environment(tmp_path, CRYPTO_TUI_TOKEN="secret"),
                cwd=Path(__file__).parents[2],
            )
            assert run.returncode == 0, run.stderr[-2_000:]
            assert json.loads(run.stdout)["pairs"]
            loaded = set(run.stderr.split())
            assert "tui_tracker.feed.remote" in loaded
            assert not [name for name in loaded if name.startswith(("tui_tracker.engine", "tui_tracker.storage"))]
            assert loaded.isdisjoint({"sqlite3", "httpx", "fastapi", "textual"})
        refused = subprocess.run(
            [COMMAND, "rank", "--connect", url], capture_output=True, text=True, check=False, env=environment(tmp_path)
        )
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "CRYPTO_TUI_TOKEN" in refused.stderr
        assert refused.stderr.count("\n") == 1
    gone = subprocess.run(
        [COMMAND, "rank", "--connect", url], capture_output=True, text=True, check=False, env=environment(tmp_path)
    )
    assert (gone.returncode, gone.stdout, gone.stderr.count("\n")) == (3, "", 1)
    assert "out of reach" in gone.stderr


def test_without_the_extra_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find(name))
    outcome = run("serve")
    assert (outcome.code, outcome.out) == (2, "")
    assert "serve needs uvicorn; install it with: pip install 'crypto-tui[server]'" in outcome.err
    assert outcome.err.count("\n") == 1


def test_beyond_loopback_a_token_is_needed(run: Run, tmp_path: Path) -> None:
    composition = ScriptedComposition()
    assert run("serve", "--port", "0", composition=composition).code == 1
    assert composition.options is not None
    assert composition.options.access.token == ""
    outcome = run("serve", "--host", "0.0.0.0", "--port", "0", composition=composition)
    token = composition.options.access.token
    assert len(token) >= 40
    assert outcome.err.count(token) == 1
    run("serve", "--host", "0.0.0.0", "--port", "0", composition=composition, CRYPTO_TUI_TOKEN="mine-alone")
    assert composition.options.access.token == "mine-alone"
    held = tmp_path / "token"
    held.write_text("from-file\n", encoding="ascii")
    outcome = run("serve", "--port", "0", "--token-file", str(held), composition=composition)
    assert composition.options.access.token == "from-file"
    assert "from-file" not in outcome.err + repr(composition.settings)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--token-file", "/nowhere/token"], "the token cannot be read"),
        (["--key", "/nowhere/key"], "--cert"),
        (["--port", "99999"], "--port"),
        (["--rate", "-1"], "--rate"),
        (["--allow-host", "http://x/"], "--allow-host http://x/: a name alone, such as x"),
        (["--allow-host", "x:8080"], "--allow-host x:8080: a name alone, such as x"),
        (["--allow-origin", "foo"], "--allow-origin foo: as https://example.org"),
        (["--allow-origin", "https://foo.org/page"], "--allow-origin https://foo.org/page: as https://foo.org"),
        (["--cert", "/nowhere/cert"], "the certificate /nowhere/cert cannot be used"),
        (["--host", "no.such.host.invalid"], "--host no.such.host.invalid"),
    ],
)
def test_wrong_use(run: Run, arguments: list[str], said: str) -> None:
    outcome = run("serve", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://a@b", "x", "http://a?b=c"])
def test_a_wrong_url_is_refused(run: Run, url: str) -> None:
    outcome = run("rank", "--connect", url)
    assert outcome.code == 2
    assert "--connect" in outcome.err


def test_an_address_in_use_is_told_before_anything_is_collected(run: Run) -> None:
    composition = ScriptedComposition()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outcome = run("serve", "--port", str(taken.getsockname()[1]), composition=composition)
    assert (outcome.code, outcome.out) == (1, "")
    assert "cannot listen" in outcome.err
    assert composition.settings is None


def test_a_token_that_can_be_guessed_is_refused_beyond_loopback(run: Run) -> None:
    composition = ScriptedComposition()
    outcome = run("serve", "--host", "0.0.0.0", "--port", "0", composition=composition, CRYPTO_TUI_TOKEN="1234567")
    assert outcome.code == 2
    assert "at least 8 characters" in outcome.err
    assert "1234567" not in outcome.err


def test_the_url_of_the_calls_is_that_of_the_server(run: Run) -> None:
    for path in ("/app/v1", "/app/v1/", "/app/v1/docs"):
        outcome = run("config", "--connect", f"http://127.0.0.1:8080{path}")
        assert outcome.code == 0
        assert re.search(r"^connect +http://127\.0\.0\.1:8080 +--connect$", outcome.out, re.MULTILINE)


def test_a_token_is_never_shown(run: Run) -> None:
    outcome = run("config", CRYPTO_TUI_TOKEN="hidden")
    assert outcome.code == 0
    assert "hidden" not in outcome.out
    assert "token-file" in outcome.out
    for wrong in ("with space", "x" * 600, "ü"):
        assert run("config", CRYPTO_TUI_TOKEN=wrong).code == 2
